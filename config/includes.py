"""The first file and all it includes -> one tree."""

from __future__ import annotations

import glob
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.errors import ConfigError, Problem
from config.friendly import shown
from config.merging import merge
from config.nodes import Document, parse, read
from config.places import Block, Listing, Where, dotted, place_of
from config.sources import INCLUDE, Sources, real_path

MAX_FILES = 500
MAX_NODES = 300_000
_BEGINNING = "a configuration begins with a section such as services:"


def gather(path: Path, sources: Sources) -> None:
    """The file and everything it includes; what cannot be read is noted."""
    sources.enter(path)
    try:
        document = read(path)
    except ConfigError as error:
        sources.whole = False
        for problem in error.problems:
            sources.note(problem)
        return
    if document.tree is None:
        sources.note(Problem("holds no section, only comments", str(path), hint=_BEGINNING))
    _add(sources, path, document, ())


def gather_again(texts: Mapping[str, bytes], sources: Sources) -> None:
    """The files as they were read before, in their order; none is opened, and no include is looked up."""
    for file, packed in texts.items():
        sources.enter(Path(file))
        sources.texts[file] = packed
        document = parse(zlib.decompress(packed).decode(), file)
        if isinstance(document.tree, Block):
            merge(sources, document.tree)


def _add(sources: Sources, path: Path, document: Document, chain: tuple[Path, ...]) -> None:
    sources.texts[str(path)] = zlib.compress(document.text.encode(), 1)
    for problem in document.problems:
        sources.note(problem)
    sources.nodes += document.nodes
    tree = document.tree
    if tree is None:
        return
    if not isinstance(tree, Block):
        sources.whole = False
        sources.note(Problem(f"expected sections, got {shown(tree)}", str(path), 1, 1, hint=_BEGINNING))
        return
    merge(sources, tree)
    if tree.get(INCLUDE) is not None:
        _Includes(sources, path, tree, (*chain, real_path(path))).follow()


def _matching(pattern: str, folder: Path) -> list[str]:
    return glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob refuses a leading /


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
            sources.whole = False
            self._blame(where, f"more than {MAX_FILES} files are included")
        elif _is_missing(file):
            self._blame(where, f"includes {shown(str(file))}, which does not exist")
        elif sources.enter(file):
            self._read(file, where)

    def _read(self, file: Path, where: Where) -> None:
        try:
            document = read(file)
        except ConfigError as error:
            self._unreadable(error, file, where)
            return
        if self.sources.nodes + document.nodes > MAX_NODES:
            self.sources.whole = False
            self._blame(where, f"the files hold more than {MAX_NODES:,} values together")
            return
        _add(self.sources, file, document, self.chain)

    def _unreadable(self, error: ConfigError, file: Path, where: Where) -> None:
        """What is wrong in the file is said of its place there; what is wrong with the file, of the include."""
        self.sources.whole = False
        for problem in error.problems:
            if problem.line:
                self.sources.note(problem)
            else:
                self._blame(where, f"{shown(str(file))} {problem.message}", problem.hint)

    def _blame(self, where: Where, message: str, hint: str | None = None) -> None:
        place = place_of(self.tree, where)
        assert place is not None  # it was written, or nobody would look at it
        self.sources.note(Problem(message, *place, dotted(where), hint))
