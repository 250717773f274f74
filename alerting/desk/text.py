"""What a ticket says: title, description with evidence, and the lines of its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from alerting.incidents.incident import Incident, Turn
from alerting.state import Flip
from checks.base import Reading
from config.burn import BUDGET
from config.conditions import Leaf
from config.models import Check, Service
from config.units import show_duration

_SECOND = 1_000_000


def title(service: Service, check: Check, incident: Incident) -> str:
    """One line: what is broken and how badly."""
    return f"{service.title}: {check.name} is {incident.level}"


def description(service: Service, check: Check, flip: Flip, readings: Sequence[Reading]) -> str:
    """What a person needs to begin: since when, why, values seen, phases, last readings, where to read on.

    `readings` are the latest ones, the newest last.
    """
    newest = readings[-1]
    lines = [
        f"{service.title} ({check.address}, {check.kind}) is {flip.after}.",
        f"Reason: {flip.reason}",
        *([f"Kind of error: {newest.error_kind.value}"] if newest.error_kind else []),
        f"First failing reading: {when(flip.since)}, confirmed: {when(flip.at)}",
    ]
    lines += _conditions(newest) + _phases(newest) + _last(readings)
    if newest.notes:
        lines += ["", "Seen besides (masked):", *(f"  {note}" for note in newest.notes)]
    if newest.excerpt:
        lines += ["", "Begin of the answer (masked):", f"  {newest.excerpt}"]
    if runbook := check.labels.get("runbook") or service.labels.get("runbook"):
        lines += ["", f"Runbook: {runbook}"]
    return "\n".join(lines)


def story(turn: Turn, incident: Incident, why: str) -> str:
    """A line for the timeline on what the daemon did, and why."""
    seen = f": {why}" if why else ""
    budget = incident.rule == BUDGET
    if turn is Turn.OPENED:
        return f"opened by monitoring, severity {incident.severity}{seen}"
    if turn is Turn.REOPENED:
        return f"the problem came back (for the {ordinal(incident.reopened)} time), severity {incident.severity}{seen}"
    if turn in (Turn.WORSENED, Turn.EASED):
        level = f"{incident.level}, " if not budget else ""
        return f"now {level}severity {incident.severity}{seen}"
    if turn is Turn.RECOVERED:
        since = when(incident.resolved_at or 0)
        over = "no burn-rate rule fires" if budget else "good readings"
        return f"recovered: {over} since {since}{seen}"
    if turn is Turn.REMOVED:
        return f"resolved because the {'service' if budget else 'check'} is {why}"
    return "no recurrence while it was watched"


def when(at: int) -> str:
    """A moment for people and machines: 2026-11-21 22:04:05 UTC."""
    return f"{datetime.fromtimestamp(at / _SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _conditions(reading: Reading) -> list[str]:
    verdicts = {True: "true", False: "false", None: "unknown"}
    shown = []
    for judged in reading.conditions:
        hold = f", must hold {judged.must_hold}" if judged.must_hold else ""
        shown.append(f"  {judged.level} when {judged.text}{hold}")
        shown += [f"    {leaf.text}: {verdicts[leaf.verdict]}, seen {_seen(leaf)}" for leaf in judged.leaves]
    return ["", "Conditions:", *shown] if shown else []


def _seen(leaf: Leaf) -> str:
    return ", ".join(shown for _, shown in leaf.seen)


def _phases(reading: Reading) -> list[str]:
    if not reading.phases:
        return []
    shown = ", ".join(f"{name} {show_duration(seconds)}" for name, seconds in reading.phases.items())
    return ["", f"Phases: {shown}"]


def _last(readings: Sequence[Reading]) -> list[str]:
    shown = [f"  {when(reading.at)}  {reading.status:<8}  {reading.message}" for reading in readings]
    return ["", "Last readings:", *shown]
