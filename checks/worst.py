"""Of several things of one sort, each judged by itself: the worst one's reading, which names the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from checks.base import LEVEL, Observation, Reading, Status
from checks.masking import masked
from checks.text import visible

_MESSAGE = 500
_NAMED = 20
_RANK = {Status.OK: 0, Status.UNKNOWN: 1, Status.DEGRADED: 2, Status.DOWN: 3}


def worst_of(readings: Mapping[str, Reading], seen: Observation) -> Reading:
    """One reading of all: what is asserted of any of them is asserted of the whole.

    Values and conditions are the worst one's; among equals the first one counts. The message tells of each
    that is not well, the notes of the others. `readings` must not be empty.
    """
    ranked = sorted(readings.items(), key=lambda item: -_RANK[item[1].status])
    name, worst = ranked[0]
    told = [(name, worst)] if worst.status is Status.OK else _not_well(ranked)
    others = ranked[len(told) :]
    return replace(
        worst,
        firm=_firm(worst.status, readings),
        message=visible("; ".join(f"{_shown(each)}: {reading.message}" for each, reading in told), _MESSAGE),
        notes=(*_own_notes(seen, worst.status), *_notes(told), *_others(others)),
        memo=seen.memo,
        forecast=all(each.forecast for each in readings.values() if each.status is worst.status),
    )


def _firm(status: Status, readings: Mapping[str, Reading]) -> Status:
    """The worst that needs no holding time, whichever thing it is said of."""
    if status is Status.UNKNOWN:
        return status
    return max((reading.firm for reading in readings.values()), key=lambda firm: LEVEL.get(firm, -1))


def _not_well(ranked: list[tuple[str, Reading]]) -> list[tuple[str, Reading]]:
    return [each for each in ranked if each[1].status is not Status.OK][:_NAMED]


def _own_notes(seen: Observation, status: Status) -> tuple[str, ...]:
    """Those of all together; what may reach a ticket is searched for secrets."""
    return seen.notes if status is Status.OK else tuple(map(masked, seen.notes))


def _notes(told: list[tuple[str, Reading]]) -> list[str]:
    return [f"{_shown(name)}: {note}" for name, reading in told for note in reading.notes]


def _others(others: list[tuple[str, Reading]]) -> list[str]:
    lines = [f"{_shown(name)}: {reading.message}" for name, reading in others[:_NAMED]]
    return [*lines, f"and {len(others) - _NAMED} more"] if len(others) > _NAMED else lines


def _shown(name: str) -> str:
    return visible(masked(name), 120)
