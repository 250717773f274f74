"""The figures of the desk: how many tickets are open, how long things took, what was late, of a number of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.store.reader import Reader
from alerting.desk.figures import TIMES, ages, counted, on_time, overdue, spread, tally, took
from alerting.desk.ticket import Ticket
from alerting.slo.figures import rfc3339
from config.policies import DEFAULT_POLICY, Policy

DAYS = 30


def desk_figures(
    store: Reader,
    in_force: Mapping[str, Policy],
    now: int,
    days: int = DAYS,
    seen: Callable[[Ticket], bool] = lambda _ticket: True,
) -> dict[str, Any]:
    """Times are seconds, ratios 0 to 1; the window is that many days until now. Only tickets that are `seen` count."""
    since = now - days * 86_400 * 1_000_000
    tickets = [each for each in store.tickets() if counted(each) and seen(each)]
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
