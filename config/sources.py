"""The merged tree of all files, and what was found wrong in it, each with its place."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from config.errors import Problem, one_line
from config.friendly import shown
from config.nodes import MAX_PROBLEMS
from config.places import Block, Where, as_written, dotted, place_of

Spot: TypeAlias = tuple[str, int, int]

_LAST = 10**9
NAMED = (
    "templates", "teams", "calendars", "maintenance", "policies", "vendors", "helpdesks", "channels", "inbound",
    "services", "status_pages",
)  # fmt: skip
LISTS = ("severity", "routes")
MAX_MADE = 1_000_000
MAX_THINGS = 20_000
_ENOUGH_OF_A_PLACE = 3
INCLUDE = "include"
SECTIONS = ("agent", INCLUDE, "defaults", "incidents", "desk", *NAMED, *LISTS)


@dataclass(frozen=True, slots=True)
class Referred:
    """A reference to what is kept elsewhere, where it stands, and whether something is there."""

    reference: str
    path: str
    is_set: bool


class TooManyProblems(Exception):
    """So much is wrong, or asked for, that looking on would help nobody."""


@dataclass(slots=True)
class Sources:
    """The merged tree of all files, and what was found wrong so far.

    `whole` is False when a file could not be read: what seems to be missing may stand there. `texts` are the
    files as read, packed. `groups` are the names under which several were made by targets: `web` or `web.ping`,
    and what they stand for. `target_at` tells for which target a block was made. `said`
    counts all that was found, what was noted before too.
    """

    tree: Block = field(default_factory=Block)
    files: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    referred: list[Referred] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)
    targets_files: dict[str, None] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    target_at: dict[Where, str] = field(default_factory=dict)
    filled_in: set[Spot] = field(default_factory=set)
    nodes: int = 0
    whole: bool = True
    said: int = 0
    _things: int = 0
    _made: int = 0
    _of_place: Counter[Spot] = field(default_factory=Counter)
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

    def refer(self, reference: str, where: Where, *, is_set: bool) -> None:
        """Remember that a secret is referred to at a place; its value is never asked for."""
        self.referred.append(Referred(reference, one_line(dotted(where), 200), is_set))

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
        if place in self.filled_in and (
            target := self.target_at.get(where[:2]) or self.target_at.get(where[:4])
        ):
            message = f"{message}, for target {shown(target)}"
        return Problem(message, *place, path, hint)

    def make(self, values: int, where: Where, *, things: int = 0) -> None:
        """Count what templates and targets make, and services and checks; raises TooManyProblems past the limit."""
        self._made += values
        self._things += things
        if self._made > MAX_MADE:
            self.blame(where, f"templates and targets make more than {MAX_MADE:,} values of what is written")
        elif self._things > MAX_THINGS:
            self.blame(
                where, f"more than {MAX_THINGS:,} services and checks", "share them among several agents"
            )
        else:
            return
        raise TooManyProblems

    def in_order(self, problems: Iterable[Problem]) -> list[Problem]:
        """As the operator would read them: by file in the order of inclusion, then files of targets; by line."""
        rank = {name: number for number, name in enumerate(self.files)}
        return sorted(
            problems,
            key=lambda found: (
                rank.get(found.file, len(rank)),
                found.file,
                found.line or _LAST,
                found.column,
            ),
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
        self.said += 1
        spot = (problem.file, problem.line, problem.column)
        seen = (*spot, problem.message if problem.line else str(problem))
        if seen in self._seen:
            return False
        self._seen.add(seen)
        if spot not in self.filled_in:
            return True
        self._of_place[spot] += 1  # each target has its own message there
        return self._of_place[spot] <= _ENOUGH_OF_A_PLACE


def real_path(path: Path) -> Path:
    """The path with links followed; Path.resolve would raise on a link that points to itself."""
    return Path(os.path.realpath(path))
