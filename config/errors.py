"""The operator's mistakes: where, what and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` and `column` count from 1; `path` is dotted (`services.web.checks.home.every`).

    `excerpt` is for people only: the lines that show the spot, with a caret under it.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    hint: str | None = None
    excerpt: str = ""

    def __str__(self) -> str:
        place = (
            f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: " if self.file else ""
        )
        path = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return one_line(f"{place}{path}{self.message}{hint}", _LONGEST)


class ConfigError(Exception):
    """Everything wrong with the operator's files, found in one run."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = (Problem(problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def one_line(text: str, longest: int) -> str:
    """The text fit for one line of a terminal: nothing that moves the cursor, and not endless."""
    short = text if len(text) <= longest else text[: longest - 3] + "..."
    return short if short.isprintable() else "".join(char if char.isprintable() else "?" for char in short)
