"""YAML without traps: scalars stay text, duplicate keys are mistakes, bombs and tags are refused.

PyYAML gives the events; the tree is built here without recursion, so that depth, size and the weight of
aliases are bounded while reading, and every entry keeps the place it was written at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from config.errors import ConfigError, Problem, one_line
from config.file_text import text_of
from config.places import Block, Listing, Place, Where, dotted
from config.yaml_words import broken

Tree: TypeAlias = Block | Listing | str | None

MAX_DEPTH = 50
MAX_NODES = 150_000
MAX_PROBLEMS = 500
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})
_TAG_HINT = "leave it out: whatever stands there is read as text"
_MERGE = "<<"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """A file as read: mappings, lists and text; and mistakes that did not stop the reading."""

    tree: Tree
    nodes: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read; `key` is None where a key is expected next."""

    content: Block | Listing
    anchor: str | None
    place: Place
    key: str | None = None
    key_mark: Any = None
    weight: int = 1
    repeated: bool = False


def read(path: Path) -> Document:
    """The document in `path`; raises ConfigError when the file cannot be read or is no YAML."""
    return parse(text_of(path), str(path))


def parse(text: str, file: str) -> Document:
    """The document in `text`; raises ConfigError with file, line and column when it is no YAML."""
    builder = _Builder(file)
    events = None
    try:
        events = _Loader(text)
        while builder.take(events.get_event()):
            pass
    except yaml.YAMLError as error:
        raise ConfigError([*builder.document.problems, broken(error, text, file)]) from None
    finally:
        if events is not None:
            events.dispose()
    return builder.document


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.document = Document(None)
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._steps = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.DocumentStartEvent: self._begin,
        }

    def take(self, event: Any) -> bool:
        """False at the end of the text."""
        step = self._steps.get(type(event))
        if step is not None:
            step(event)
            return True
        return not isinstance(event, yaml.StreamEndEvent)

    def _begin(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._error(event, "holds a second document", "one file, one document: remove the ---")

    def _scalar(self, event: Any) -> None:
        if event.tag not in _TEXT_TAGS:
            raise self._error(event, f"tags like {_tag(event.tag)} are not supported", _TAG_HINT)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and isinstance(top.content, Block):
            self._key(top, event)
            if event.anchor:
                self._anchors[event.anchor] = (event.value, 1)
            return
        value = None if not event.style and event.value in _NULLS else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._count(event, 1)
        self._attach(value, self._place(event), 1)

    def _key(self, top: _Open, event: Any) -> None:
        key = event.value
        top.key, top.key_mark, top.repeated = key, event.start_mark, key in top.content
        if top.repeated:
            first = top.content.places[key]
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            message = f'the key "{one_line(key, 60)}" stands twice, first at line {first.key_line}'
            path = dotted((*self._where()[:-1], key))
            self.document.problems.append(Problem(message, self.file, line, column, path))
            if len(self.document.problems) >= MAX_PROBLEMS:
                more = Problem("has more mistakes than are worth listing", self.file)
                raise ConfigError([*self.document.problems, more])

    def _alias(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and isinstance(top.content, Block):
            raise self._error(event, "a key must be a plain text, not an alias")
        if event.anchor not in self._anchors:
            name = one_line(event.anchor, 60)
            raise self._error(event, f"no &{name} is complete before this *{name}")
        value, weight = self._anchors[event.anchor]
        self._count(event, weight)
        self._attach(value, self._place(event), weight)

    def _open(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and isinstance(top.content, Block):
            raise self._error(
                event, "a key must be a plain text", 'a value that starts with { or [ wants "quotes"'
            )
        if event.tag not in (None, "!"):
            raise self._error(event, f"tags like {_tag(event.tag)} are not supported", _TAG_HINT)
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH} levels")
        self._count(event, 1)
        content = Block() if isinstance(event, yaml.MappingStartEvent) else Listing()
        self._stack.append(_Open(content, event.anchor, self._place(event)))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        if isinstance(done.content, Block) and _MERGE in done.content and not _merged(done.content):
            raise self._error(event, "<<: wants a mapping, or a list of mappings", "such as <<: *name")
        if done.anchor:
            self._anchors[done.anchor] = (done.content, done.weight)
        self._attach(done.content, done.place, done.weight)

    def _count(self, event: Any, weight: int) -> None:
        self.document.nodes += weight
        if self.document.nodes > MAX_NODES:
            message = f"holds more than {MAX_NODES:,} values, those of an alias counted each time it is used"
            raise self._error(event, message, "use templates: for what repeats, include: for what is long")

    def _attach(self, value: Any, place: Place, weight: int) -> None:
        if not self._stack:
            self.document.tree = value
            return
        top = self._stack[-1]
        top.weight += weight
        if isinstance(top.content, Listing):
            top.content.append(value)
            top.content.places.append(place)
            return
        assert top.key is not None  # two values in a row: the parser never says so
        if not top.repeated:
            top.content.write(top.key, value, place)
        top.key = None

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        key = self._stack[-1].key_mark if self._stack and self._stack[-1].key is not None else None
        if key is None:
            return Place(self.file, line, column, line, column)
        return Place(self.file, line, column, key.line + 1, key.column + 1)

    def _where(self) -> Where:
        """The path of what is being read; only messages ask."""
        return tuple(
            len(level.content) if isinstance(level.content, Listing) else level.key or ""
            for level in self._stack
        )

    def _error(self, event: Any, message: str, hint: str | None = None) -> ConfigError:
        mark, path = event.start_mark, dotted(tuple(part for part in self._where()[:6] if part != ""))
        problem = Problem(message, self.file, mark.line + 1, mark.column + 1, path, hint)
        return ConfigError([*self.document.problems, problem])


def _tag(tag: str) -> str:
    return one_line(tag.replace("tag:yaml.org,2002:", "!!"), 40)


def _merged(content: Block) -> bool:
    """YAML's merge key: what stands in the mapping itself wins, then the first of the merged ones."""
    given = content.pop(_MERGE)
    del content.places[_MERGE]
    sources = given if isinstance(given, Listing) else [given]
    for source in sources:
        if not isinstance(source, Block):
            return False
        for key, value in source.items():
            if key not in content:
                content.write(key, value, source.places.get(key))
    return True
