"""From the library's reading of a JSON path to our own segments and tests."""

from __future__ import annotations

from typing import Any

from jsonpath import JSONPath
from jsonpath.filter import (
    FilterExpressionLiteral,
    FilterQuery,
    FunctionExtension,
    InfixExpression,
    Nil,
    PrefixExpression,
    RootFilterQuery,
)
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import Filter, IndexSelector, NameSelector, SliceSelector, WildcardSelector

from config.conditions import path_filter as tests
from config.conditions.path_filter import Query, Reader
from config.conditions.path_walk import Segment, Selector, Test, every, index, name, part, several, those
from config.conditions.paths import PathError
from config.conditions.patterns import iregexp


def read_segments(path: Any) -> tuple[Segment, ...]:
    """The steps of a compiled path. Raises PathError."""
    if not isinstance(path, JSONPath):
        raise PathError("not a JSON path", 0)
    return tuple(
        Segment(_selectors(segment.selectors), isinstance(segment, JSONPathRecursiveDescentSegment))
        for segment in path.segments
    )


def _selectors(selectors: Any) -> Selector:
    return _selector(selectors[0]) if len(selectors) == 1 else several([_selector(one) for one in selectors])


def _selector(selector: Any) -> Selector:
    if isinstance(selector, NameSelector):
        return name(selector.name)
    if isinstance(selector, IndexSelector):
        return index(selector.index)
    if isinstance(selector, SliceSelector):
        return part(selector.slice)
    if isinstance(selector, WildcardSelector):
        return every
    if isinstance(selector, Filter):
        try:
            return those(_test(selector.expression.expression))
        except PathError:
            raise
        except ValueError as error:
            raise PathError(str(error), selector.token.index) from None
    raise PathError("no such selector in RFC 9535", selector.token.index)


def _test(expression: Any) -> Test:
    """A question of yes or no. Raises ValueError."""
    turned = False
    while isinstance(expression, PrefixExpression):
        turned, expression = not turned, expression.right
    test = _plain_test(expression)
    return tests.opposite(test) if turned else test


def _plain_test(expression: Any) -> Test:
    if isinstance(expression, FilterQuery):
        return tests.exists(_query(expression))
    if isinstance(expression, InfixExpression):
        if not expression.logical:
            if expression.operator == "==" and isinstance(expression.right, (FilterExpressionLiteral, Nil)):
                return tests.equals(_value(expression.left), getattr(expression.right, "value", None))
            return tests.compared(_value(expression.left), expression.operator, _value(expression.right))
        join = tests.both if expression.operator == "&&" else tests.either
        return join([_test(part) for part in tests.flattened(expression, expression.operator)])
    if isinstance(expression, FunctionExtension) and expression.name in ("match", "search"):
        return _pattern_test(expression)
    raise ValueError("not a JSON path: this must be compared with something")


def _pattern_test(call: FunctionExtension) -> Test:
    text, pattern = call.args
    whole = call.name == "match"
    if isinstance(pattern, FilterExpressionLiteral) and isinstance(pattern.value, str):
        return tests.matched(_value(text), iregexp(pattern.value, whole=whole))
    return tests.found_by(_value(text), _value(pattern), whole=whole)


def _value(expression: Any) -> Reader:
    """Something that can be compared. Raises ValueError."""
    if isinstance(expression, Nil):
        return tests.constant(None)
    if isinstance(expression, FilterExpressionLiteral):
        return tests.constant(expression.value)
    if isinstance(expression, FilterQuery):
        return _query(expression).values
    if isinstance(expression, FunctionExtension):
        if expression.name == "length":
            return tests.length(_value(expression.args[0]))
        if expression.name == "count":
            return tests.count(_query(expression.args[0]))
        if expression.name == "value":
            return _query(expression.args[0]).values
    raise ValueError("not a JSON path: only values can be compared")


def _query(query: Any) -> Query:
    singular = query.path.singular_query()
    steps = tuple(_step(segment.selectors[0]) for segment in query.path.segments) if singular else None
    return Query(read_segments(query.path), steps, isinstance(query, RootFilterQuery))


def _step(selector: Any) -> str | int:
    found: str | int = selector.name if isinstance(selector, NameSelector) else selector.index
    return found
