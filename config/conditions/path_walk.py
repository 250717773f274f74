"""Walking a JSON document along a compiled path, counting every node looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jsonpath import JSONPath
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import (
    Filter,
    FilterContext,
    IndexSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

from config.conditions.paths import TooMuchWork


class _Node:
    """A selected value, as the library's filters want it."""

    __slots__ = ("obj",)

    def __init__(self, obj: object) -> None:
        self.obj = obj

    @property
    def value(self) -> object:
        return self.obj


class _Walk:
    """One evaluation: the document, the work left, and the answers of queries that start at its root."""

    __slots__ = ("answers", "document", "left")

    def __init__(self, document: Any, limit: int) -> None:
        self.document = document
        self.left = limit
        self.answers: dict[int, list[_Node]] = {}

    def spend(self, nodes: int) -> None:
        self.left -= nodes
        if self.left < 0:
            raise TooMuchWork


class _Counted(JSONPath):
    """A query inside a filter, which spends the work of the walk that it belongs to."""

    def finditer(self, data: Any, *, filter_context: Any = None) -> Any:
        walk: _Walk = filter_context["walk"]
        if data is not walk.document:
            return _nodes(self, data, walk)
        if id(self) not in walk.answers:
            walk.answers[id(self)] = _nodes(self, data, walk)
        return walk.answers[id(self)]


def counted(path: JSONPath) -> JSONPath:
    """The same query, counting its work."""
    return _Counted(env=path.env, segments=path.segments)


def select(path: JSONPath, document: Any, limit: int) -> list[object]:
    """The values selected. Raises TooMuchWork when more than `limit` nodes are looked at."""
    walk = _Walk(document, limit)
    return list(_values(path, document, walk))


def _nodes(path: JSONPath, start: object, walk: _Walk) -> list[_Node]:
    return [_Node(value) for value in _values(path, start, walk)]


def _values(path: JSONPath, start: object, walk: _Walk) -> Iterable[object]:
    values: Iterable[object] = [start]
    for segment in path.segments:
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            values = _descend(values, walk)
        values = _chosen(values, segment.selectors, walk)
    return values


def _chosen(values: Iterable[object], selectors: Iterable[Any], walk: _Walk) -> Iterator[object]:
    for value in values:
        if isinstance(value, (dict, list)):
            for selector in selectors:
                walk.spend(1)
                yield from _pick(selector, value, walk)


def _descend(values: Iterable[object], walk: _Walk) -> Iterator[object]:
    """Each value and all containers below it, parents first."""
    for value in values:
        pending = [value]
        while pending:
            here = pending.pop()
            yield here
            inner: list[object] = (
                list(here.values()) if isinstance(here, dict) else here if isinstance(here, list) else []
            )
            walk.spend(len(inner))
            pending.extend(child for child in reversed(inner) if isinstance(child, (dict, list)))


def _pick(selector: Any, value: Any, walk: _Walk) -> Iterable[object]:
    if isinstance(selector, NameSelector):
        return [value[selector.name]] if isinstance(value, dict) and selector.name in value else []
    if isinstance(selector, IndexSelector):
        inside = isinstance(value, list) and -len(value) <= selector.index < len(value)
        return [value[selector.index]] if inside else []
    if isinstance(selector, SliceSelector):
        wanted = value[selector.slice] if isinstance(value, list) and selector.slice.step != 0 else []
        walk.spend(len(wanted))
        return wanted
    children = list(value.values()) if isinstance(value, dict) else value
    walk.spend(len(children))
    if isinstance(selector, WildcardSelector):
        return children
    if isinstance(selector, Filter):
        return _filtered(selector, children, walk)
    raise TypeError(f"no such selector in RFC 9535: {type(selector).__name__}")


def _filtered(selector: Filter, children: Iterable[object], walk: _Walk) -> Iterator[object]:
    context = FilterContext(env=selector.env, current=None, root=walk.document, extra_context={"walk": walk})
    for child in children:
        context.current = child
        if selector.expression.evaluate(context):
            yield child
