"""What tickets say of many problems that belong together."""

from __future__ import annotations

from collections.abc import Iterable

from alerting.incidents.problem import Hold, Why

_FEW = 12
_HELD = {
    Why.MAINTENANCE: "held back by planned work",
    Why.SILENCE: "held back by silence",
    Why.PAUSE: "held back by pause",
    Why.PARENT_HELD: "held back, with what it depends on, by",
    Why.LEFT_BEHIND: "has a moment to recover after",
    Why.WAITS_FOR_PARENTS: "waits until it is known of",
    Why.WAITS_FOR_OTHERS: "waits for others with",
}


def storm_title(label: str) -> str:
    """One line: what the services that fail together share."""
    return f"Services with {label} fail together"


def storm_reason(label: str, services: Iterable[str]) -> str:
    """How many services fail, and which."""
    names = sorted(set(services))
    return f"{_counted(len(names), 'service')} with {label} {'fails' if len(names) == 1 else 'fail'}: {some(names)}"


def storm_over(label: str, services: Iterable[str]) -> str:
    """That all of them are well again."""
    names = sorted(set(services))
    return f"all of {_counted(len(names), 'service')} with {label} are well again: {some(names)}"


def held_words(hold: Hold, told: str) -> str:
    """What holds a problem back, with the reason that a person gave for it."""
    return f"{_HELD[hold.why]} {hold.by}{f' ({told})' if told else ''}"


def affected(names: Iterable[str], all_in_all: int) -> str:
    """What an incident affects besides, by `service.check`."""
    return f"also affected: {some(sorted(names))} ({all_in_all} in all)"


def some(names: list[str]) -> str:
    """A list that fits: the first names, and how many more."""
    if len(names) <= _FEW:
        return ", ".join(names)
    return f"{', '.join(names[: _FEW - 1])} and {len(names) - _FEW + 1} more"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
