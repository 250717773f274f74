"""Earlier incidents like this one: which are, how long they lasted, and what a person did about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerting.desk.text import when
from alerting.incidents.incident import Incident
from config.units import show_duration

_SECOND = 1_000_000
_MOST = 5
_LONGEST, _LONGEST_FIX = 200, 500


@dataclass(frozen=True, slots=True)
class Precedent:
    """An earlier incident; `fix` is what the person wrote who resolved its ticket, empty when nobody did."""

    incident: Incident
    fix: str = ""


def alike(incident: Incident, others: Iterable[Incident], fixes: Mapping[int, str]) -> list[Precedent]:
    """The five that tell most: of the same check before others, with a fix before without, then the newest.

    Alike are incidents of the same service and rule, and those with the same kind of error. `fixes` are by ticket.
    """
    found = [
        (_distance(incident, each), Precedent(each, fixes.get(each.ticket, "")))
        for each in others
        if each.id != incident.id and each.merged_into is None and _is_alike(incident, each)
    ]
    found.sort(key=lambda each: (each[0], not each[1].fix, -each[1].incident.opened_at))
    return [precedent for _, precedent in found[:_MOST]]


def _is_alike(one: Incident, other: Incident) -> bool:
    same_kind = one.error_kind is not None and one.error_kind is other.error_kind
    return same_kind or (one.service, one.rule) == (other.service, other.rule)


def _distance(one: Incident, other: Incident) -> int:
    if one.service != other.service:
        return 2
    return 0 if one.rule == other.rule else 1


def told(precedents: Sequence[Precedent]) -> str:
    """The line of the timeline, and one below it for each of them."""
    return "\n".join(["similar incidents before:", *(f"    {_line(each)}" for each in precedents)])


def _line(precedent: Precedent) -> str:
    incident = precedent.incident
    name = f"T-{incident.ticket} {incident.service}.{incident.rule}"
    ended = incident.resolved_at
    lasted = f"lasted {show_duration((ended - incident.opened_at) / _SECOND)}" if ended else "still open"
    fix = f"; fix: {_short(precedent.fix)}" if precedent.fix else ""
    return f"{name}, {when(incident.opened_at)}, {lasted}: {incident.reason[:_LONGEST]}{fix}"


def _short(fix: str) -> str:
    return fix if len(fix) <= _LONGEST_FIX else f"{fix[: _LONGEST_FIX - 1]}…"
