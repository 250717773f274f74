"""Files and includes -> one tree, each key and value still knowing its file and line."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.errors import ConfigError, Problem
from config.nodes import Mark, Where, read

MAX_FILES = 500
_NAMED = ("templates", "teams", "calendars", "policies", "helpdesks", "channels", "services")
_LISTS = ("routes",)
SECTIONS = ("agent", "include", "defaults", *_NAMED, *_LISTS)


@dataclass(slots=True)
class Sources:
    """The merged tree of all files, and where everything in it stands."""

    tree: dict[str, Any] = field(default_factory=dict)
    values: dict[Where, Mark] = field(default_factory=dict)
    keys: dict[Where, Mark] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def mark(self, where: Where, *, key: bool = False) -> Mark | None:
        """The place of a value (or of its key); of the nearest parent when it is not written down."""
        while True:
            found = (self.keys.get(where) or self.values.get(where)) if key else self.values.get(where)
            found = found or self.keys.get(where)
            if found or not where:
                return found
            where, key = where[:-1], True

    def blame(self, where: Where, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note a mistake at a place."""
        self.problems.append(self.problem(where, message, hint, key=key))

    def problem(self, where: Where, message: str, hint: str | None = None, *, key: bool = False) -> Problem:
        mark = self.mark(where, key=key)
        path = ".".join(str(part) for part in where)
        if mark is None:
            return Problem(message, self.files[0] if self.files else "", path=path, hint=hint)
        return Problem(message, mark.file, mark.line, mark.column, path, hint)


def gather(path: Path) -> Sources:
    """The file and everything it includes. Raises ConfigError only when the first file cannot be read at all."""
    sources = Sources()
    _add(sources, path, (), first=True)
    return sources


def _add(sources: Sources, path: Path, chain: tuple[Path, ...], *, first: bool = False) -> None:
    try:
        document = read(path)
    except ConfigError as error:
        if first:
            raise
        sources.problems.extend(error.problems)
        return
    sources.files.append(str(path))
    sources.problems.extend(document.problems)
    if document.tree is None:
        return
    if not isinstance(document.tree, dict):
        mark = document.values.get((), Mark(str(path), 1, 1))
        sources.problems.append(
            Problem(
                "expected sections like services:, found something else", str(path), mark.line, mark.column
            )
        )
        return
    _merge(sources, document.tree, document.values, document.keys)
    _follow_includes(sources, path, document.tree.get("include"), (*chain, path.resolve()))


def _merge(
    sources: Sources, tree: dict[str, Any], values: dict[Where, Mark], keys: dict[Where, Mark]
) -> None:
    shift = 0
    for section, content in tree.items():
        known = sources.tree.get(section)
        if section == "include" or content is None:
            sources.tree.setdefault(section, None)
        elif known is None:
            sources.tree[section] = content.copy() if isinstance(content, (dict, list)) else content
        elif section in _NAMED and isinstance(known, dict) and isinstance(content, dict):
            _merge_named(sources, section, content, keys)
        elif section in _LISTS and isinstance(known, list) and isinstance(content, list):
            shift = len(known)
            known.extend(content)
        else:
            mark = keys.get((section,))
            sources.problems.append(_twice(sources, (section,), section, mark))
    for place, target in ((values, sources.values), (keys, sources.keys)):
        for where, mark in place.items():
            target.setdefault(_shifted(where, shift), mark)


def _merge_named(sources: Sources, section: str, content: dict[str, Any], keys: dict[Where, Mark]) -> None:
    known = sources.tree[section]
    for name, block in content.items():
        if name in known:
            sources.problems.append(_twice(sources, (section, name), name, keys.get((section, name))))
        else:
            known[name] = block


def _twice(sources: Sources, where: Where, name: str, mark: Mark | None) -> Problem:
    first = sources.mark(where, key=True)
    hint = f"first at {first.file}:{first.line}" if first else None
    path = ".".join(str(part) for part in where)
    return Problem(
        f'"{name[:60]}" is defined twice', mark.file if mark else "", mark.line if mark else 0, mark.column if mark else 0,
        path, hint,
    )  # fmt: skip


def _shifted(where: Where, shift: int) -> Where:
    if shift and len(where) > 1 and where[0] in _LISTS and isinstance(where[1], int):
        return (where[0], where[1] + shift, *where[2:])
    return where


def _follow_includes(sources: Sources, path: Path, patterns: Any, chain: tuple[Path, ...]) -> None:
    if patterns is None:
        return
    for number, pattern in enumerate([patterns] if isinstance(patterns, str) else patterns):
        where: Where = ("include", number)
        if not isinstance(pattern, str):
            sources.blame(where, "expected a file name or a pattern like conf.d/*.yaml")
            continue
        found = sorted(glob.glob(pattern, root_dir=path.parent))
        if not found and not glob.has_magic(pattern):
            sources.blame(where, f'includes "{pattern}", which does not exist')
        for name in found:
            _include(sources, path.parent / name, chain, where)


def _include(sources: Sources, path: Path, chain: tuple[Path, ...], where: Where) -> None:
    if path.resolve() in chain:
        sources.blame(where, f"{path.name} includes itself", "break the circle")
    elif str(path) in sources.files:
        return
    elif len(sources.files) >= MAX_FILES:
        sources.blame(where, f"more than {MAX_FILES} files are included")
    else:
        _add(sources, path, chain)
