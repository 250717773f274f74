"""The merged tree of all files, and what was found wrong in it, each with its place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.errors import Problem, one_line
from config.nodes import MAX_PROBLEMS
from config.places import Block, Where, as_written, dotted, place_of

_LAST = 10**9
NAMED = ("templates", "teams", "calendars", "policies", "helpdesks", "channels", "services")
LISTS = ("routes",)
INCLUDE = "include"
SECTIONS = ("agent", INCLUDE, "defaults", *NAMED, *LISTS)


class TooManyProblems(Exception):
    """So much is wrong that looking on would only scroll away what matters."""


@dataclass(slots=True)
class Sources:
    """The merged tree of all files, and what was found wrong so far.

    `whole` is False when a file could not be read: what seems to be missing may stand there.
    """

    tree: Block = field(default_factory=Block)
    files: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    nodes: int = 0
    whole: bool = True
    _seen: set[tuple[str, int, int, str]] = field(default_factory=set)
    _paths: set[Path] = field(default_factory=set)

    def blame(
        self, where: Where, message: str, hint: str | None = None, *, key: bool = False, excerpt: str = ""
    ) -> None:
        """Note a mistake at a place; raises TooManyProblems when there are far too many."""
        self.note(replace(self.problem(where, message, hint, key=key), excerpt=excerpt))

    def warn(self, where: Where, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note what is legal and unwise."""
        problem = self.problem(where, message, hint, key=key)
        if self._is_new(problem) and len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(problem)

    def note(self, problem: Problem) -> None:
        """Note a mistake; one that a template hands to many services is noted once."""
        if not self._is_new(problem):
            return
        if len(self.problems) >= MAX_PROBLEMS:
            self.problems.append(Problem("more mistakes follow; they are not listed", self.files[0]))
            raise TooManyProblems
        self.problems.append(problem)

    def problem(self, where: Where, message: str, hint: str | None = None, *, key: bool = False) -> Problem:
        """A problem with file, line and column of the place, or of its nearest parent that was written."""
        where = as_written(self.tree, where)
        place = place_of(self.tree, where, key=key)
        path = one_line(dotted(where), 200)
        if place is None:
            return Problem(message, self.files[0] if self.files else "", path=path, hint=hint)
        return Problem(message, *place, path, hint)

    def in_order(self, problems: Iterable[Problem]) -> list[Problem]:
        """As the operator would read them: by file in the order of inclusion, by line, by column."""
        rank = {name: number for number, name in enumerate(self.files)}
        return sorted(
            problems, key=lambda found: (rank.get(found.file, len(rank)), found.line or _LAST, found.column)
        )

    def enter(self, path: Path) -> bool:
        """Remember a file; False when it was read before."""
        real = real_path(path)
        if real in self._paths:
            return False
        self._paths.add(real)
        self.files.append(str(path))
        return True

    def _is_new(self, problem: Problem) -> bool:
        size = len(self._seen)
        self._seen.add(
            (problem.file, problem.line, problem.column, problem.message if problem.line else str(problem))
        )
        return len(self._seen) > size


def real_path(path: Path) -> Path:
    """The path with links followed; Path.resolve would raise on a link that points to itself."""
    return Path(os.path.realpath(path))
