"""Files of targets: plain, or JSON and YAML as Prometheus' file_sd writes them. Nothing in them is followed."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.errors import ConfigError, Problem
from config.file_text import text_of
from config.friendly import shown
from config.nodes import MAX_NODES, parse
from config.places import Listing
from config.sources import Sources
from config.target_entries import Entries
from config.targets import Target

_STRUCTURED = (".json", ".yaml", ".yml")
_NOT_PLAIN = re.compile(r"- |\{|\[[\[{\"\s]|\[$|---$")
_COMMENT = re.compile(r"(^|\s)#.*")
# JSON writes signs beyond 16 bits as two halves, which YAML does not know; a doubled \ is none of them.
_ESCAPES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\.", re.DOTALL)
Stamp = tuple[tuple[object, ...], ...]


def files_of(pattern: str) -> list[str]:
    """The files that a path or pattern names, in the order of their names; a plain path is itself."""
    if not glob.has_magic(pattern):
        return [pattern]
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob refuses patterns that begin with /
    return sorted(name for name in found if not os.path.isdir(name))  # noqa: PTH112 - Path.is_dir may raise


def read_targets(path: Path, sources: Sources) -> list[Target]:
    """The targets in a file; what is wrong is noted with file and line."""
    try:
        tree = _tree(path)
    except ConfigError as error:
        for problem in error.problems:
            advice = problem.hint and "include" in problem.hint  # it speaks of configuration files
            sources.note(replace(problem, hint=None) if advice else problem)
        return []
    return Entries(sources, tree, file=str(path)).read(tree)


def stamp(files: Iterable[str]) -> Stamp:
    """What the files behind paths and patterns look like just now.

    It differs when one of them was written, replaced, came (by a pattern too) or went. It opens nothing and never
    raises.
    """
    return tuple(_look(name) for pattern in files for name in files_of(pattern))


def _look(name: str) -> tuple[object, ...]:
    try:
        seen = os.stat(name)  # noqa: PTH116 - a path that no file can have must not raise
    except (OSError, ValueError):
        return (name,)
    return (name, seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def _tree(path: Path) -> Any:
    text, file = text_of(path), str(path)
    if path.suffix.lower() not in _STRUCTURED:
        return _plain(text, file)
    if path.suffix.lower() == ".json":
        text = _ESCAPES.sub(_whole_sign, text)
    document = parse(text, file)
    if document.problems:
        raise ConfigError(document.problems)
    return Listing() if document.tree is None else document.tree


def _plain(text: str, file: str) -> Listing:
    """One target a line; # begins a comment at the start of a line or after a space."""
    found = Listing()
    for number, line in enumerate(text.split("\n"), 1):
        target = _COMMENT.sub("", line.rstrip("\r")).strip()
        if not target:
            continue
        place = (file, number, line.index(target) + 1)
        if _NOT_PLAIN.match(target):
            hint = "one target a line, or a file whose name ends in .yaml or .json"
            raise ConfigError([Problem(f"expected a target, got {shown(target)}", *place, hint=hint)])
        if len(found) >= MAX_NODES:
            raise ConfigError([Problem(f"holds more than {MAX_NODES:,} targets", *place)])
        found.append(target)
        found.places.append((*place, *place[1:]))
    return found


def _whole_sign(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0]
    return bytes.fromhex(found[1] + found[2]).decode("utf-16-be")
