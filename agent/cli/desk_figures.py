"""The figures of the desk as a document, and as a page of text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from agent.cli.output import print_table, rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.store.reader import Reader
    from alerting.desk.ticket import Ticket
    from config.policies import Policy

DAYS = 30


def document(store: Reader, in_force: Mapping[str, Policy], now: int, days: int = DAYS) -> dict[str, Any]:
    """Times are seconds, ratios 0 to 1; the window is that many days until now."""
    from alerting.desk.figures import TIMES, counted, on_time, spread, tally, took
    from config.policies import DEFAULT_POLICY

    since = now - days * 86_400 * 1_000_000
    tickets = [each for each in store.tickets() if counted(each)]
    policies = {**(in_force or {DEFAULT_POLICY.name: DEFAULT_POLICY}), **store.policies()}
    recent = [each for each in tickets if each.opened_at >= since]
    happened = tally(tickets, since)
    return {
        "at": rfc3339(now),
        "since": rfc3339(since),
        "days": days,
        "open": _open([each for each in tickets if each.is_open], now),
        "opened": len(recent),
        "times": {
            what: _spread(spread(time for each in recent if (time := took(each, what)) is not None))
            for what in TIMES
        },
        "breaches": [
            {"clock": clock, "priority": priority, "count": count}
            for (clock, priority), count in sorted(happened["breaches"].items())
        ],
        "escalations": [
            {"tier": int(tier), "count": count} for (tier,), count in sorted(happened["escalations"].items())
        ],
        "follow_ups_missed": sum(happened["follow_ups_missed"].values()),
        "on_time": [
            {
                "policy": each.policy,
                "within": each.within,
                "target": None if each.target is None else float(each.target),
                "tickets": each.tickets,
                "on_time": each.on_time,
                "ratio": None if each.ratio is None else float(each.ratio),
                "met": each.met,
            }
            for each in on_time(tickets, policies, since, now)
        ],
        "notices_unsent": sum(each.unsent for each in store.notices()),
    }


def _open(tickets: Sequence[Ticket], now: int) -> dict[str, Any]:
    from alerting.desk.figures import ages, overdue

    def by(name: str) -> dict[str, int]:
        return dict(sorted(Counter(str(getattr(each, name) or "") for each in tickets).items()))

    return {
        "total": len(tickets),
        "state": by("state"),
        "priority": by("priority"),
        "tier": by("tier"),
        "team": by("team"),
        "overdue": sum(overdue(each, now) for each in tickets),
        "oldest": max(ages(tickets, now), default=None),
    }


def _spread(found: Any) -> dict[str, Any]:
    return {"count": found.count, "mean": found.mean, "median": found.median, "p90": found.p90}


def show(found: dict[str, Any]) -> None:
    """For people."""
    from config.units import show_duration

    def lasted(seconds: float | None) -> str:
        return "" if seconds is None else show_duration(round(seconds))

    still = found["open"]
    print(
        f"open: {still['total']}, past their target: {still['overdue']}, oldest: {lasted(still['oldest']) or 'none'}"
    )
    for name in ("state", "priority", "tier", "team"):
        listed = ", ".join(f"{word or 'none'} {count}" for word, count in still[name].items())
        if listed:
            print(f"  by {name}: {listed}")
    days = "day" if found["days"] == 1 else f"{found['days']} days"
    print(f"\nthe last {days}: {found['opened']} opened, {found['follow_ups_missed']} follow-ups missed")
    rows = [
        [what, each["count"], lasted(each["median"]), lasted(each["mean"]), lasted(each["p90"])]
        for what, each in found["times"].items()
    ]
    print_table(["until", "tickets", "median", "mean", "90% within"], rows, empty="")
    print()
    late = [[each["clock"], each["priority"], each["count"]] for each in found["breaches"]]
    print_table(["breached", "priority", "times"], late, empty="no target was breached")
    if found["escalations"]:
        told = ", ".join(f"to tier {each['tier']}: {each['count']}" for each in found["escalations"])
        print(f"escalations: {told}")
    print()
    judged = [
        [
            each["policy"],
            each["within"],
            each["tickets"],
            each["on_time"],
            _share(each["ratio"]),
            _share(each["target"]),
            _VERDICT[each["met"]],
        ]
        for each in found["on_time"]
    ]
    print_table(
        ["policy", "within", "tickets", "on time", "share", "target", "met"], judged, empty="no policies"
    )


_VERDICT = {True: "yes", False: "no", None: ""}


def _share(ratio: float | None) -> str:
    """Cut after one place, so that 94.99 % is not said to be 95 %."""
    return "" if ratio is None else f"{int(ratio * 1000 + 1e-9) / 10:g}%"
