"""YAML without traps: scalars stay text, duplicate keys are mistakes, bombs and tags are refused.

PyYAML gives the events; the tree is built here without recursion, so that depth, size and the weight of
aliases are bounded while reading, and every key and value keeps its line and column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from config.errors import ConfigError, Problem

Tree: TypeAlias = dict[str, Any] | list[Any] | str | None
Where: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 50
MAX_NODES = 400_000
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(slots=True)
class Document:
    """A file as read: text, lists and mappings, and where each key and value stands."""

    tree: Tree
    values: dict[Where, Mark] = field(default_factory=dict)
    keys: dict[Where, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read."""

    where: Where
    content: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    key_mark: Mark | None = None
    weight: int = 1
    expects_key: bool = True


def read(path: Path) -> Document:
    """The document in `path`; raises ConfigError when the file cannot be read or is no YAML."""
    return parse(_text_of(path), str(path))


def parse(text: str, file: str) -> Document:
    """The document in `text`; raises ConfigError with file, line and column when it is no YAML."""
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ConfigError(
            [Problem(_plain(error.problem), file, line, column, hint=_yaml_hint(text, line))]
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem(_plain(str(error).split("\n", 1)[0]), file, 1, 1)]) from None
    return builder.document


def _text_of(path: Path) -> str:
    try:
        if not path.is_file():
            reason = "no such file" if not path.exists() else "is not a regular file"
            raise ConfigError([Problem(reason, str(path))])
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(f"cannot be read: {error.strerror}", str(path))]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([Problem("is larger than 4 MiB", str(path), hint="split it with include:")])
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError([Problem("is UTF-16", str(path), hint="save it as UTF-8")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem("is not UTF-8 text", str(path), line, 1)]) from None


def _plain(text: str | None) -> str:
    words = "".join(char if char.isprintable() else "?" for char in (text or "is no valid YAML"))
    return f"is no valid YAML: {words[:200]}"


def _yaml_hint(text: str, line: int) -> str | None:
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())]:
        return "YAML indents with spaces, not with tabs"
    if ": " in shown and shown.count(":") > 1:
        return "a text that holds ': ' or starts with a sign wants quotes"
    return None


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.document = Document(None)
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(event, "holds a second document", "one file, one document: remove the ---")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close()

    def _scalar(self, event: Any) -> None:
        if event.tag and event.tag != "!" and event.tag != "tag:yaml.org,2002:str":
            raise self._error(event, "tags are not supported", "write the plain value")
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.content, dict) and top.expects_key:
            self._key(top, event)
            return
        value = None if event.style is None and event.value in _NULLS else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(event, value, 1)

    def _key(self, top: _Open, event: Any) -> None:
        key, mark = event.value, self._mark(event)
        assert isinstance(top.content, dict)
        if key in top.content and key != "<<":
            first = self.document.keys.get((*top.where, key))
            where = f", first at line {first.line}" if first else ""
            self.document.problems.append(
                Problem(
                    f'the key "{key[:60]}" stands twice{where}',
                    self.file,
                    mark.line,
                    mark.column,
                    _dotted(top.where),
                )
            )
        else:
            self.document.keys[(*top.where, key)] = mark
        top.key, top.key_mark, top.expects_key = key, mark, False

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise self._error(event, f"*{event.anchor[:60]} refers to an anchor that is not complete here")
        value, weight = self._anchors[event.anchor]
        self._put(event, value, weight)

    def _open(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.content, dict) and top.expects_key:
            raise self._error(event, "a key must be a plain text")
        if event.tag and event.tag != "!":
            raise self._error(event, "tags are not supported", "write the plain value")
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH} levels")
        where = self._where_next()
        self.document.values[where] = self._mark(event)
        content: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._stack.append(_Open(where, content, event.anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        if isinstance(done.content, dict) and "<<" in done.content:
            _merge(done.content)
        if done.anchor:
            self._anchors[done.anchor] = (done.content, done.weight)
        self._attach(done.content, done.weight)

    def _put(self, event: Any, value: Any, weight: int) -> None:
        self._nodes += weight
        if self._nodes > MAX_NODES:
            raise self._error(
                event, "grows too large when its aliases are expanded", "use templates: instead of aliases"
            )
        self.document.values[self._where_next()] = self._mark(event)
        self._attach(value, weight)

    def _attach(self, value: Any, weight: int) -> None:
        if not self._stack:
            self.document.tree = value
            return
        top = self._stack[-1]
        top.weight += weight
        if isinstance(top.content, list):
            top.content.append(value)
            return
        assert top.key is not None
        top.content.setdefault(top.key, value)
        top.expects_key = True

    def _where_next(self) -> Where:
        if not self._stack:
            return ()
        top = self._stack[-1]
        return (*top.where, len(top.content) if isinstance(top.content, list) else str(top.key))

    def _mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _error(self, event: Any, message: str, hint: str | None = None) -> ConfigError:
        mark = self._mark(event)
        path = _dotted(self._where_next()) if self._stack else ""
        return ConfigError([Problem(message, self.file, mark.line, mark.column, path, hint)])


def _merge(content: dict[str, Any]) -> None:
    """YAML's merge key: what stands in the mapping itself wins, then the first of the merged ones."""
    merged = content.pop("<<")
    for other in merged if isinstance(merged, list) else [merged]:
        for key, value in other.items() if isinstance(other, dict) else ():
            content.setdefault(key, value)


def _dotted(where: Where) -> str:
    return ".".join(str(part) for part in where)
