"""YAML without traps: scalars stay text, duplicate keys are mistakes, bombs and tags are refused.

PyYAML gives the events; the tree is built here without recursion, so that depth, size and the weight of
aliases are bounded while reading, and every entry keeps the place it was written at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from config.errors import ConfigError, Problem, one_line
from config.file_text import text_of
from config.json_value import Quoted
from config.places import Block, Listing, Where, dotted
from config.yaml_words import broken

Tree: TypeAlias = Block | Listing | str | None

MAX_DEPTH = 50
MAX_NODES = 75_000  # 5,000 checks of 15 values each; at about 8 µs and 250 bytes a value
MAX_PROBLEMS = 500
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})
_TAG_HINT = "leave it out: whatever stands there is read as text"
_STAR = 'a text that begins with * wants "quotes"'
_MERGE = "<<"
# libyaml compares each %TAG line with all before it: a file of nothing else would take minutes.
_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)
_MAX_DIRECTIVES = 20
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """A file as read: mappings, lists and text; and mistakes that did not stop the reading."""

    tree: Tree
    text: str = ""
    nodes: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read; `key` is the last one read, at `key_line` and `key_column`."""

    content: Block | Listing
    anchor: str | None
    mark: Any
    wants_key: bool
    key: str = ""
    key_line: int = 0
    key_column: int = 0
    weight: int = 1
    repeated: bool = False


def read(path: Path) -> Document:
    """The document in `path`; raises ConfigError when the file cannot be read or is no YAML."""
    text = text_of(path)
    document = parse(text, str(path))
    document.text = text
    return document


def parse(text: str, file: str) -> Document:
    """The document in `text`; raises ConfigError with file, line and column when it is no YAML."""
    _refuse_directives(text, file)
    builder = _Builder(file)
    events = None
    try:
        events = _Loader(text)
        builder.read(events.get_event)
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
        self._top: _Open | None = None
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._steps = {
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.DocumentStartEvent: self._begin,
        }

    def read(self, next_event: Callable[[], Any]) -> None:
        """Take events up to the end of the text."""
        step_for, scalar, end = self._steps.get, yaml.ScalarEvent, yaml.StreamEndEvent
        while True:
            event = next_event()
            sort = type(event)
            if sort is scalar:  # nearly all are: the short way
                self._scalar(event)
            elif sort is end:
                return
            elif step := step_for(sort):
                step(event)

    def _begin(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._error(event, "holds a second document", "one file, one document: remove the ---")

    def _scalar(self, event: Any) -> None:
        if event.tag not in _TEXT_TAGS:
            raise self._error(event, f"tags like {_tag(event.tag)} are not supported", _TAG_HINT)
        value, mark, top = event.value, event.start_mark, self._top
        if top is not None and top.wants_key:
            top.key, top.wants_key = value, False
            top.key_line, top.key_column = mark.line + 1, mark.column + 1
            if value in top.content:
                self._twice(top, value)
        else:
            if event.style:
                value = Quoted(value)
            elif value in _NULLS:
                value = None
            self._count(event, 1)
            self._attach(value, mark, 1)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)

    def _twice(self, top: _Open, key: str) -> None:
        top.repeated = True
        first = top.content.places[key]  # type: ignore[call-overload]  # only mappings want keys
        message = f'the key "{one_line(key, 60)}" stands twice, first at line {first[3]}'
        path = dotted((*self._where()[:-1], key))
        self.document.problems.append(Problem(message, self.file, top.key_line, top.key_column, path))
        if len(self.document.problems) >= MAX_PROBLEMS:
            more = Problem("has more mistakes than are worth listing", self.file)
            raise ConfigError([*self.document.problems, more])

    def _alias(self, event: Any) -> None:
        if self._top is not None and self._top.wants_key:
            raise self._error(event, "a key must be a plain text, not an alias")
        if event.anchor not in self._anchors:
            name = one_line(event.anchor, 60)
            raise self._error(event, f"no &{name} is complete before this *{name}", _STAR)
        value, weight = self._anchors[event.anchor]
        self._count(event, weight)
        self._attach(value, event.start_mark, weight)

    def _open(self, event: Any) -> None:
        if self._top is not None and self._top.wants_key:
            raise self._error(
                event, "a key must be a plain text", 'a value that starts with { or [ wants "quotes"'
            )
        if event.tag not in (None, "!"):
            raise self._error(event, f"tags like {_tag(event.tag)} are not supported", _TAG_HINT)
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH} levels")
        self._count(event, 1)
        is_block = isinstance(event, yaml.MappingStartEvent)
        self._top = _Open(
            Block() if is_block else Listing(), event.anchor, event.start_mark, wants_key=is_block
        )
        self._stack.append(self._top)

    def _close(self, _event: Any) -> None:
        done = self._stack.pop()
        self._top = self._stack[-1] if self._stack else None
        if isinstance(done.content, Block) and _MERGE in done.content:
            _, line, column, *_ = done.content.places[_MERGE]
            if not _merged(done.content):
                message, hint = "<<: wants a mapping, or a list of mappings", "such as <<: *name"
                raise self._error_at(line, column, message, hint)
        if done.anchor:
            self._anchors[done.anchor] = (done.content, done.weight)
        self._attach(done.content, done.mark, done.weight)

    def _count(self, event: Any, weight: int) -> None:
        self.document.nodes += weight
        if self.document.nodes > MAX_NODES:
            message = f"holds more than {MAX_NODES:,} values, those of an alias counted each time it is used"
            raise self._error(event, message, "use templates: for what repeats, include: for what is long")

    def _attach(self, value: Any, mark: Any, weight: int) -> None:
        top = self._top
        if top is None:
            self.document.tree = value
            return
        top.weight += weight
        line, column, content = mark.line + 1, mark.column + 1, top.content
        if isinstance(content, Listing):
            content.append(value)
            content.places.append((self.file, line, column, line, column))
            return
        if top.repeated:
            top.repeated = False
        else:
            key, key_line = top.key, top.key_line
            content[key] = value
            # Mostly on one line: then the number is kept once.
            line = key_line if line == key_line else line
            content.places[key] = (self.file, line, column, key_line, top.key_column)
        top.wants_key = True

    def _where(self) -> Where:
        """The path of what is being read; only messages ask."""
        return tuple(
            len(level.content) if isinstance(level.content, Listing) else "" if level.wants_key else level.key
            for level in self._stack
        )

    def _error(self, event: Any, message: str, hint: str | None = None) -> ConfigError:
        return self._error_at(event.start_mark.line + 1, event.start_mark.column + 1, message, hint)

    def _error_at(self, line: int, column: int, message: str, hint: str | None) -> ConfigError:
        path = dotted(tuple(part for part in self._where()[:6] if part != ""))
        problem = Problem(message, self.file, line, column, path, hint)
        return ConfigError([*self.document.problems, problem])


def _refuse_directives(text: str, file: str) -> None:
    if "%TAG" not in text:
        return
    found = next(islice(_DIRECTIVE.finditer(text), _MAX_DIRECTIVES, None), None)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        message, hint = f"holds more than {_MAX_DIRECTIVES} %TAG lines", "remove them: tags are not supported"
        raise ConfigError([Problem(message, file, line, 1, hint=hint)])


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
