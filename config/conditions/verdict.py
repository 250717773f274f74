"""The answer of a condition, with what was seen at each of its questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question as written, the value seen (JSON-able, None = absent or unknown), and its answer.

    `seen` names everything that was looked at, readable: `(("status", "503"),)`. `why` is said of a question
    that a limit of ours left unknown.
    """

    text: str
    value: object
    verdict: bool | None
    seen: tuple[tuple[str, str], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`result` None = unknown. `causes` are the places in `leaves` of those that decided it."""

    result: bool | None
    leaves: tuple[Leaf, ...]
    causes: tuple[int, ...] = ()

    def failing(self) -> tuple[Leaf, ...]:
        """The leaves that made the result what it is, in the order written."""
        return tuple(self.leaves[index] for index in self.causes)
