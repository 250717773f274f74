"""The first file and all it includes -> one tree."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from config.errors import ConfigError, Problem
from config.friendly import shown
from config.merging import merge
from config.nodes import Document, read
from config.places import Block, Listing, Where, dotted, place_of
from config.sources import INCLUDE, Sources, real_path

MAX_FILES = 500
MAX_NODES = 1_000_000


def gather(path: Path, sources: Sources) -> None:
    """The file and everything it includes; what cannot be read is noted."""
    sources.enter(path)
    document = _readable(sources, path)
    if document is not None:
        _add(sources, path, document, ())


def _readable(sources: Sources, path: Path) -> Document | None:
    try:
        return read(path)
    except ConfigError as error:
        for problem in error.problems:
            sources.note(problem)
    sources.whole = False
    return None


def _add(sources: Sources, path: Path, document: Document, chain: tuple[Path, ...]) -> None:
    for problem in document.problems:
        sources.note(problem)
    sources.nodes += document.nodes
    tree = document.tree
    if tree is None:
        return
    if not isinstance(tree, Block):
        hint = "a configuration begins with a section such as services:"
        sources.note(Problem(f"expected sections, got {shown(tree)}", str(path), 1, 1, hint=hint))
        return
    merge(sources, tree)
    if tree.get(INCLUDE) is not None:
        _Includes(sources, path, tree, (*chain, real_path(path))).follow()


def _matching(pattern: str, folder: Path) -> list[str]:
    # Path.glob refuses patterns that begin with /.
    return glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # it is there: reading it will say what is wrong
    return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


class _Includes:
    """The includes of one file, relative to it."""

    def __init__(self, sources: Sources, path: Path, tree: Block, chain: tuple[Path, ...]) -> None:
        self.sources, self.path, self.tree, self.chain = sources, path, tree, chain

    def follow(self) -> None:
        given = self.tree[INCLUDE]
        if isinstance(given, str):
            self._pattern(given, (INCLUDE,))
        elif isinstance(given, Listing):
            for number, pattern in enumerate(given):
                self._pattern(pattern, (INCLUDE, number))
        else:
            self._blame(
                (INCLUDE,), f"expected a list of files, got {shown(given)}", "such as [conf.d/*.yaml]"
            )

    def _pattern(self, pattern: Any, where: Where) -> None:
        if not isinstance(pattern, str) or not pattern or "\0" in pattern:
            self._blame(where, f"expected a file or a pattern, got {shown(pattern)}", "such as conf.d/*.yaml")
            return
        globbed = glob.has_magic(pattern)
        found = sorted(_matching(pattern, self.path.parent)) if globbed else [pattern]
        for name in found:
            file = self.path.parent / name
            if not globbed or (real_path(file) != self.chain[-1] and not _is_folder(file)):
                self._include(file, where)

    def _include(self, file: Path, where: Where) -> None:
        sources = self.sources
        if real_path(file) in self.chain:
            circle = " -> ".join(
                path.name for path in (*self.chain[self.chain.index(real_path(file)) :], file)
            )
            self._blame(where, f"includes itself: {circle}", "break the circle")
        elif len(sources.files) >= MAX_FILES:
            self._blame(where, f"more than {MAX_FILES} files are included")
        elif _is_missing(file):
            self._blame(where, f"includes {shown(str(file))}, which does not exist")
        elif sources.enter(file):
            self._read(file, where)

    def _read(self, file: Path, where: Where) -> None:
        document = _readable(self.sources, file)
        if document is None:
            return
        if self.sources.nodes + document.nodes > MAX_NODES:
            self._blame(where, f"the files hold more than {MAX_NODES:,} values together")
            return
        _add(self.sources, file, document, self.chain)

    def _blame(self, where: Where, message: str, hint: str | None = None) -> None:
        place = place_of(self.tree, where)
        assert place is not None  # it was written, or nobody would look at it
        self.sources.note(Problem(message, *place, dotted(where), hint))
