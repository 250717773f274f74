"""What a ticket says: title, description with evidence, and the lines of its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from alerting.desk.together import some
from alerting.incidents.change import Change
from alerting.incidents.incident import Incident, Turn
from alerting.state import Flip
from checks.base import Reading
from config.burn import BUDGET
from config.conditions import Leaf
from config.models import Check, Service
from config.units import show_duration

_SECOND = 1_000_000
_MOST_OUTPUT, _LONGEST_LINE, _LONGEST_TEXT = 20, 300, 16_000


def title(service: Service, check: Check, incident: Incident) -> str:
    """One line: what is broken and how badly."""
    return f"{service.title}: {check.name} is {incident.level}"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a ticket tells beside the readings: all that can be known when it is opened. Everything in it is masked.

    `changed` is what differs from the last good reading, `changes` are configuration changes and deploy markers of the
    hours before, `impact` lines of what it costs, `held` what holds, or held, alerts back; `why_severe` is the reason
    of its severity.
    """

    last_good: Reading | None = None
    changed: Sequence[str] = ()
    changes: Sequence[Change] = ()
    impact: Sequence[str] = ()
    held: Sequence[str] = ()
    why_severe: str = ""


NO_GROUNDS = Grounds()


def description(
    service: Service, check: Check, flip: Flip, readings: Sequence[Reading], grounds: Grounds = NO_GROUNDS
) -> str:
    """What a person needs to begin: since when, why, what changed, what it costs, values, phases, where to read on.

    `readings` are the latest ones, the newest last.
    """
    newest = readings[-1]
    lines = [
        f"{service.title} ({check.address}, {check.kind}) is {flip.after}.",
        f"Reason: {flip.reason}",
        *([f"Kind of error: {newest.error_kind.value}"] if newest.error_kind else []),
        f"First failing reading: {when(flip.since)}, confirmed: {when(flip.at)}",
        *([f"Severity: {grounds.why_severe}"] if grounds.why_severe else []),
    ]
    lines += background(grounds)
    lines += _conditions(newest) + _phases(newest, grounds.last_good) + _last(readings)
    lines += _output(newest)
    if newest.notes:
        lines += ["", "Seen besides (masked):", *(f"  {note}" for note in newest.notes)]
    if newest.excerpt:
        lines += ["", "Begin of the answer (masked):", f"  {newest.excerpt}"]
    runbook = check.labels.get("runbook") or service.labels.get("runbook")
    return "\n".join([*_capped(lines), *(["", f"Runbook: {runbook}"] if runbook else [])])


def background(grounds: Grounds) -> list[str]:
    """Impact, what changed, changes made, what held back: each with a heading, and only where there is any."""
    good = grounds.last_good
    since = f"Changed since the last good reading ({when(good.at)}):" if good is not None else ""
    said = grounds.changed or ["nothing that was seen"]
    return [
        *_listed("Impact:", grounds.impact),
        *_listed(since, said if good is not None else ()),
        *_listed("Changes made in the hours before:", [change_line(each) for each in grounds.changes]),
        *_listed("Held back:", grounds.held),
    ]


def change_line(change: Change) -> str:
    """`2026-11-21 22:04:05 UTC  deploy 2.3 (shop) by ci: new basket`."""
    version = f" {change.version}" if change.version else ""
    whose = f" ({some(list(change.services))})" if change.services else ""
    said = f": {change.text}" if change.text else ""
    return f"{when(change.at)}  {change.kind}{version}{whose} by {change.by}{said}"


def _capped(lines: list[str]) -> list[str]:
    """As many as fit a ticket in any helpdesk."""
    room, kept = _LONGEST_TEXT, list[str]()
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return [*kept, "", f"and {len(lines) - len(kept)} more lines"]
        kept.append(line)
    return kept


def _listed(heading: str, lines: Sequence[str]) -> list[str]:
    return ["", heading, *(f"  {line}" for line in lines)] if lines else []


def _output(reading: Reading) -> list[str]:
    """What a program wrote, as far as its first line is not the reason already."""
    lines = [*(reading.text or "").splitlines(), *(reading.long_text or "").splitlines()]
    if len(lines) < 2:
        return []
    more = [f"and {len(lines) - _MOST_OUTPUT} more lines"] if len(lines) > _MOST_OUTPUT else []
    return _listed("Output (masked):", [*(line[:_LONGEST_LINE] for line in lines[:_MOST_OUTPUT]), *more])


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


def _phases(reading: Reading, good: Reading | None) -> list[str]:
    """Each beside what it took in the last good reading, where that is known."""
    if not reading.phases:
        return []
    before = good.phases if good is not None else {}
    shown = (
        f"{name} {show_duration(seconds)}"
        + (f" (last good {show_duration(before[name])})" if name in before else "")
        for name, seconds in reading.phases.items()
    )
    return ["", f"Phases: {', '.join(shown)}"]


def _last(readings: Sequence[Reading]) -> list[str]:
    shown = [f"  {when(reading.at)}  {reading.status:<8}  {reading.message}" for reading in readings]
    return ["", "Last readings:", *shown]
