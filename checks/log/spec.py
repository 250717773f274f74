"""Log: the options an operator may set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from checks.log.levels import Level
from checks.paths import AbsolutePath
from config.conditions.hints import RESERVED
from config.conditions.patterns import Pattern, regex
from config.field_types import TextOrList
from config.units import DAY, duration_between

ERRORS = "errors"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_TAKEN = frozenset({ERRORS, "rate", "lines", "last", "behind", "took", *RESERVED})
_UNIT = re.compile(r"[\w:.@\\*?\[\]-]{1,255}")


def _pattern(text: str) -> str:
    if not text:
        raise ValueError("is an empty pattern, which every line matches")
    regex(text)
    by_line(text)
    return text


def by_line(pattern: str) -> Pattern:
    """The pattern compiled so that `^` and `$` stand at each line of an event."""
    return regex(f"(?m:{pattern})")


def _unit(text: str) -> str:
    if not _UNIT.fullmatch(text) or text.startswith("-"):
        raise ValueError(f'expected a unit like nginx.service, got "{text[:60]}"')
    return text


def _named(value: Any) -> Any:
    """A pattern, a list of them, or a mapping of names to patterns -> pairs of name and pattern."""
    if isinstance(value, Mapping):
        return tuple((_name(name), pattern) for name, pattern in value.items())
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return tuple(each if isinstance(each, tuple) else (ERRORS, each) for each in listed)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f'"{str(name)[:60]}" cannot name a pattern: small letters, digits and _')
    if name in _TAKEN:
        raise ValueError(f'"{name}" is taken: give the pattern another name')
    return name


Glob = AbsolutePath
RegEx = Annotated[str, AfterValidator(_pattern)]
Unit = Annotated[str, AfterValidator(_unit)]
Patterns = Annotated[
    tuple[tuple[str, RegEx], ...],
    BeforeValidator(_named, json_schema_input_type=str | list[str] | dict[str, str]),
]
Window = Annotated[float, duration_between(1.0, 31 * DAY), Field(description="a duration from 1s to 31d")]


class LogSource(Spec):
    """Where the lines come from."""

    path: Annotated[tuple[Glob, ...], TextOrList] = Field(
        (), description="log files, by name or pattern (`*`, `?`)", examples=["/var/log/app/*.log"]
    )
    unit: Annotated[tuple[Unit, ...], TextOrList] = Field(
        (),
        description="units whose entries in the journal are read, instead of files",
        examples=["app.service"],
    )
    directory: AbsolutePath | None = Field(
        None,
        description="directory of journal files to read instead of this host's own journal",
        examples=["/var/log/journal/remote"],
    )
    window: Window = Field(300.0, description="how far back lines are counted", examples=["5m"])

    @model_validator(mode="after")
    def _files_or_journal(self) -> LogSource:
        if self.path and (self.unit or self.directory):
            raise ValueError("path: and unit: (or directory:) are two checks: one reads files or the journal")
        return self


class LogSpec(LogSource):
    """Which log, which lines of it, over what time."""

    match: Patterns = Field(
        (),
        description="what to count: a RE2 pattern, several, or by name `{oom: 'Out of memory'}`; found anywhere "
        "in an event; without `match` and `level`: whatever calls itself an error or worse",
        examples=["ERROR|FATAL"],
    )
    ignore: Annotated[tuple[RegEx, ...], TextOrList] = Field(
        (),
        description="RE2 patterns: events that hold one of them count as nothing",
        examples=["connection reset"],
    )
    level: Level | None = Field(
        None,
        description="count only what is as grave as this or worse, by the level that a line, a JSON field or the "
        "journal gives",
        examples=["error"],
    )
    field: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="the field of JSON lines that patterns look at; dots lead into inner ones",
        examples=["message"],
    )
    begin: RegEx | None = Field(
        None,
        description="RE2 pattern that the first line of an event matches: all lines up to the next such line belong "
        "to it; without it, indented lines and traces of Java, Python and Go are joined",
        examples=[r"^\d{4}-\d\d-\d\d"],
    )
    existing: bool = Field(
        True,
        description="whether the first look counts lines that were there before it, as far as the window goes",
    )

    @model_validator(mode="after")
    def _somewhere(self) -> LogSpec:
        if not (self.path or self.unit or self.directory):
            raise ValueError("wants path: (files) or unit: (the journal)")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """What the operator called the patterns, in order."""
        return tuple(dict.fromkeys(name for name, _ in self.match if name != ERRORS))
