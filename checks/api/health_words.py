"""API: the words by which services say how they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Health(StrEnum):
    """How a service is by its own word, from best to worst but for UNKNOWN."""

    OPERATIONAL = "operational"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    OUTAGE = "outage"


# Written without spaces, dashes and capitals.
_NAMED: Mapping[Health, str] = {
    Health.OPERATIONAL: "pass passing passed ok okay up healthy green operational available alive ready live running"
    " success serving normal good active online",
    Health.DEGRADED: "warn warning warnings degraded yellow amber partial impaired unstable minor",
    Health.OUTAGE: "fail failed failing failure error down unhealthy critical red outofservice outage unavailable dead"
    " notserving offline major notready maintenance fatal",
    Health.UNKNOWN: "unknown",
}
_WORDS = {word: health for health, words in _NAMED.items() for word in words.split()}
_LONGEST = 40


def health_of(word: object) -> Health | None:
    """What a word, or a plain yes or no, says; None where it is not known."""
    if isinstance(word, bool):
        return Health.OPERATIONAL if word else Health.OUTAGE
    if not isinstance(word, str) or len(word) > _LONGEST:
        return None
    return _WORDS.get("".join(mark for mark in word.casefold() if mark.isalnum()))


def worst(several: Iterable[Health | None]) -> Health | None:
    """The worst of them; None where none is known."""
    order = list(Health)
    return max((each for each in several if each is not None), key=order.index, default=None)
