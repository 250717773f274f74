"""Readings and flips for tests, short to write."""

from __future__ import annotations

from checks.base import Reading, Status

SECOND = 1_000_000
WORDS = {"o": Status.OK, "g": Status.DEGRADED, "d": Status.DOWN, "u": Status.UNKNOWN}


def reading(word: str, at: float, *, firm: str | None = None, message: str = "") -> Reading:
    """A reading: `o`k, de`g`raded, `d`own or `u`nknown, at a second."""
    status = WORDS[word]
    return Reading(status, WORDS[firm] if firm else status, int(at * SECOND), 0.01, message or status.value)
