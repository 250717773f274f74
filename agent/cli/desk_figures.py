"""The figures of the desk as a page of text."""

from __future__ import annotations

from typing import Any

from agent.cli.output import print_table


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
