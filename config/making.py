"""A block with `targets:` or `targets_file:` -> one block for each target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.errors import Problem
from config.friendly import shown
from config.places import Block, Where, laid_over, place_of
from config.reader import good_id
from config.sources import Sources
from config.target_entries import Entries
from config.targets import Form, Target, Unfit, as_ending, made_name
from config.targets_file import files_of, read_targets

KEYS = ("targets", "targets_file")
_NAME = "a path or a pattern, from the directory of this file"


def has_targets(block: Any) -> bool:
    """Whether the block of a service or check is there for several."""
    return isinstance(block, dict) and any(block.get(key) is not None for key in KEYS)


def without_targets(block: Mapping[str, Any]) -> Block:
    """The block that is left for each of them."""
    left = laid_over({}, block)
    for key in KEYS:
        left.pop(key, None)
    return left


class Maker:
    """Makes blocks; notes what is wrong in `sources`, and which files of targets there are."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._files: dict[str, list[Target]] = {}

    def each(
        self, block: Mapping[str, Any], where: Where, taken: dict[str, str]
    ) -> Iterator[tuple[str, Block | None]]:
        """The name and block for each target; None for a target that cannot be filled in.

        `taken` are the names that are in use already, with the target each was made for; it is added to.
        """
        targets, left = self._targets(block, where), without_targets(block)
        name = str(where[-1]) if good_id(self.sources, where) else as_ending(str(where[-1])) or "x"
        form, things = Form(left), 1 + len(left.get("checks") or ())
        self.sources.filled_in |= form.spots
        lacking: dict[str, list[Target]] = {}
        for target in targets:
            made = made_name(name, target.ending)
            if made in taken:
                self._blame_twice(made, target, taken[made])
                continue
            taken[made] = target.text
            self.sources.target_at[(*where[:-1], made)] = target.text
            self.sources.make(form.cost + len(target.labels), where, things=things)
            missing = form.lacking(target.words)
            for label in missing:
                lacking.setdefault(label, []).append(target)
            yield made, None if missing else self._filled(form, target, where)
        for label, without in lacking.items():
            self._blame_lacking(label, without, (*where, *form.wanted[f"label.{label}"]))

    def _filled(self, form: Form, target: Target, where: Where) -> Block | None:
        try:
            made = form.filled(target.words)
        except Unfit as unfit:
            message = (
                f"with {shown(target.text)} filled in, this would refer to something that is not written here"
            )
            self.sources.blame((*where, *unfit.where), message, "write a reference whole, as ${env:NAME}")
            return None
        return _labelled(made, target)

    def _targets(self, block: Mapping[str, Any], where: Where) -> list[Target]:
        """All that the block names, in order; none is allowed, and warned of."""
        listed, files, noted = block.get("targets"), block.get("targets_file"), len(self.sources.problems)
        found: list[Target] = []
        if listed is not None:
            place = (*where, "targets")
            found += Entries(self.sources, self.sources.tree, place).read(listed)
        for number, name in enumerate(files if isinstance(files, list) else [files]):
            if files is not None:
                found += self._in_files(name, (*where, "targets_file", number))
        if not found and len(self.sources.problems) == noted:
            key = next(key for key in KEYS if block.get(key) is not None)
            self.sources.warn((*where, key), "names no target: nothing is made of this", key=True)
        return found

    def _in_files(self, name: Any, where: Where) -> list[Target]:
        if not isinstance(name, str) or not name or "\0" in name or "${" in name:
            self.sources.blame(where, f"expected a file or a pattern, got {shown(name)}", _NAME)
            return []
        place = place_of(self.sources.tree, where)
        pattern = str(Path(place[0]).parent / name) if place else name
        self.sources.targets_files[pattern] = None
        files = files_of(pattern)
        if files == [pattern] and not Path(pattern).is_symlink() and not Path(pattern).exists():
            self.sources.blame(where, f"there is no file {shown(pattern)}", _NAME)
            return []
        return [target for file in files for target in self._in_file(file)]

    def _in_file(self, file: str) -> list[Target]:
        """Read once, however many services and checks name it."""
        if file not in self._files:
            self._files[file] = read_targets(Path(file), self.sources)
        return self._files[file]

    def _blame_twice(self, made: str, target: Target, other: str) -> None:
        if other == target.text:
            self.sources.note(
                Problem(f"the target {shown(other)} stands twice", *target.place, hint="leave one out")
            )
            return
        of = f"for {shown(other)} as well" if other else "by hand"
        message = f"{shown(target.text)} would be called {shown(made)}, and that name is given {of}"
        self.sources.note(Problem(message, *target.place, hint="give it an id: of its own"))

    def _blame_lacking(self, label: str, without: list[Target], where: Where) -> None:
        first, others = without[0], len(without) - 1
        message = f"target {shown(first.text)} has no label {shown(label)}" + (
            f"; {others} more lack it" if others else ""
        )
        has = ", ".join(sorted(first.labels))
        self.sources.blame(where, message, f"it has {has}" if has else "it has no labels")


def _labelled(made: Block, target: Target) -> Block:
    """With the target's labels under the block's own."""
    own, labels = made.get("labels"), target.public
    if labels and (own is None or isinstance(own, dict)):
        if "labels" not in made.places:
            made.places = {**made.places, "labels": (*target.place, *target.place[1:])}
        made["labels"] = laid_over(labels, own or {})
    return made
