"""Metrics: which series are meant: `name{label="x", other!~"y|z"}`, as in Prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from checks.metrics.exposition import LABEL_NAME, NAME, shown, unescaped
from checks.text import visible
from config.conditions.patterns import Pattern, regex

_LONGEST = 1024
_HEAD = re.compile(rf"\s*({NAME})\s*(\{{)?")
_MATCHER = re.compile(
    rf"\s*({LABEL_NAME})\s*(=~|!~|!=|=)\s*"
    r"""("[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+')\s*(,)?""",
    re.DOTALL,
)
_EXAMPLE = 'node_filesystem_avail_bytes{mountpoint="/"}'


@dataclass(frozen=True, slots=True)
class Matcher:
    """One demand on a label; a label that is not there counts as empty. A pattern matches the whole value."""

    label: str
    sign: str
    text: str
    pattern: Pattern | None = None

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.label, "")
        same = value == self.text if self.pattern is None else self.pattern.found_in(value.encode())
        return same != self.sign.startswith("!")


@dataclass(frozen=True, slots=True)
class Selector:
    """A name, and demands on its labels. `written` is the operator's text."""

    written: str
    name: str
    matchers: tuple[Matcher, ...] = ()

    def fits(self, labels: Mapping[str, str]) -> bool:
        return all(each.holds(labels) for each in self.matchers)

    def named(self, name: str) -> Selector:
        """The same demands on series of another name."""
        return Selector(self.written, name, self.matchers)


def selector(text: str) -> Selector:
    """Raises ValueError saying what is wrong with it."""
    if len(text) > _LONGEST:
        raise ValueError(f"a selector is at most {_LONGEST} characters long")
    head = _HEAD.match(text)
    if not head:
        raise ValueError(f"{shown(text)} begins with no metric name (write {_EXAMPLE})")
    rest, matchers = text[head.end() :], []
    if head[2]:
        while found := _MATCHER.match(rest):
            matchers.append(_matcher(found))
            rest = rest[found.end() :]
            if not found[4]:
                break
        if not rest.lstrip().startswith("}"):
            raise ValueError(f'expected label="value" or }} at {shown(rest)} (write {_EXAMPLE})')
        rest = rest.lstrip()[1:]
    if rest.strip():
        hint = "a rate is told by measure: rate" if "[" in rest or "(" in rest else f"write {_EXAMPLE}"
        raise ValueError(f"{shown(rest.strip())} follows the selector ({hint})")
    return Selector(text, head[1], tuple(matchers))


def _matcher(found: re.Match[str]) -> Matcher:
    label, sign, quoted = found[1], found[2], unescaped(found[3][1:-1])
    return Matcher(label, sign, quoted, _whole(quoted) if sign.endswith("~") else None)


def _whole(pattern: str) -> Pattern:
    """The pattern for a whole value. By itself it must be one, too: `a)|(b` is none."""
    try:
        regex(pattern)
        return regex(rf"\A(?s:{pattern})\z")
    except ValueError as error:
        raise ValueError(visible(str(error))) from None


class _Written:
    """Lets a model read a selector from its text, and write it as that again."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        as_written = core_schema.plain_serializer_function_ser_schema(lambda each: each.written)
        return core_schema.no_info_after_validator_function(
            selector, core_schema.str_schema(), serialization=as_written
        )


Series = Annotated[Selector, _Written]
