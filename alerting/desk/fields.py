"""The texts of a ticket that people fill in: their names, what they are for, and how long they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONG, SHORT = 20_000, 200


@dataclass(frozen=True, slots=True)
class Field:
    """A text; `choices` are the only ones allowed where there are any."""

    about: str
    longest: int = LONG
    choices: tuple[str, ...] = ()


CAUSES = ("integration", "infrastructure", "code", "security", "scale", "third_party")
FIELDS: Mapping[str, Field] = {
    "environment": Field("where it happens", SHORT, ("live", "staging", "test")),
    "urgency": Field("how soon it hurts", SHORT, ("high", "medium", "low")),
    "users": Field("how many users are affected, as a number", SHORT),
    "workflows": Field("what cannot be done, or only with difficulty"),
    "steps_taken": Field("what was tried already"),
    "tests_run": Field("what was tested, and how it came out"),
    "cause": Field("what sort of cause it has", SHORT, CAUSES),
    "cause_text": Field("what it was caused by"),
    "workaround": Field("what helps until it is mended"),
    "public_workaround": Field("what reporters may be told that helps until it is mended"),
    "next_step": Field("what is done next"),
    "resolution": Field("what was done to mend it"),
    "prevention": Field("what keeps it from coming back"),
    "feedback": Field("what the reporter said of it"),
    "outcome": Field("how it ended", SHORT),
    "closing_note": Field("a last word when it is closed"),
}
