"""The filters of a JSON path: tests of RFC 9535, made once and run on many nodes at a time."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

from config.conditions.path_equal import NOTHING, equal
from config.conditions.path_walk import Nodes, Segment, Test, Walk, walk
from config.conditions.patterns import Pattern, iregexp
from config.conditions.work import Work

# For each node its value, or NOTHING.
Reader = Callable[[Nodes, Walk], Nodes]
_NUMBERS = frozenset({int, float})
_SIZED: Final[frozenset[Any]] = frozenset({str, list, dict})
_LONGEST_FOREIGN = 128
_FOREIGN_COST = 40_000
# Measured, in steps.
_PER_TEST, _PER_VALUE, _PER_PAIR, _PER_ORDER, _PER_QUERY = 40, 5, 9, 16, 100
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A path inside a filter. `steps` are its names and places when it can only find one node, else None."""

    segments: tuple[Segment, ...]
    steps: tuple[str | int, ...] | None
    from_root: bool

    def found(self, nodes: Nodes, going: Walk) -> list[Nodes]:
        """What it selects from each node; from the root it is asked once a walk."""
        going.work.spend(_PER_QUERY * len(nodes))
        if not self.from_root:
            return [walk(self.segments, node, going) for node in nodes]
        if id(self) not in going.found:
            going.found[id(self)] = walk(self.segments, going.document, going)
        return [going.found[id(self)]] * len(nodes)

    def values(self, nodes: Nodes, going: Walk) -> Nodes:
        """The one node it selects from each node, or NOTHING."""
        if self.steps is None:
            return [found[0] if len(found) == 1 else NOTHING for found in self.found(nodes, going)]
        if not self.from_root:
            return self._at(nodes, going)
        going.work.spend(len(nodes))
        return self._at([going.document], going) * len(nodes)

    def _at(self, nodes: Nodes, going: Walk) -> Nodes:
        for step in self.steps or ():
            going.work.spend(_PER_TEST + _PER_VALUE * len(nodes))
            nodes = _members(nodes, step) if isinstance(step, str) else _elements(nodes, step)
        return nodes


def _members(nodes: Nodes, name: str) -> Nodes:
    return [node.get(name, NOTHING) if node.__class__ is dict else NOTHING for node in nodes]


def _elements(nodes: Nodes, place: int) -> Nodes:
    least = place + 1 if place >= 0 else -place
    return [node[place] if node.__class__ is list and len(node) >= least else NOTHING for node in nodes]


def exists(query: Query) -> Test:
    """Whether it selects anything; false, null and 0 are something."""
    if query.steps is None:
        return query.found

    def test(nodes: Nodes, going: Walk) -> Sequence[Any]:
        going.work.spend(_PER_TEST + _PER_VALUE * len(nodes))
        return [value is not NOTHING for value in query.values(nodes, going)]

    return test


def both(tests: Sequence[Test]) -> Test:
    """Whether all are true; a node is asked until one is not."""
    return lambda nodes, going: _unless(nodes, going, tests, decides=False)


def either(tests: Sequence[Test]) -> Test:
    """Whether any is true; a node is asked until one is."""
    return lambda nodes, going: _unless(nodes, going, tests, decides=True)


def _unless(nodes: Nodes, going: Walk, tests: Sequence[Test], *, decides: bool) -> list[bool]:
    """`decides` for each node of which some test says so, else the opposite."""
    answers = [decides] * len(nodes)
    places: Sequence[int] = range(len(nodes))
    for test in tests:
        flags = test(nodes, going)
        going.work.spend(_PER_TEST + _PER_VALUE * len(nodes))
        if decides:
            flags = [not flag for flag in flags]
        places, nodes = list(compress(places, flags)), list(compress(nodes, flags))
        if not nodes:
            break
    for place in places:
        answers[place] = not decides
    return answers


def opposite(test: Test) -> Test:
    """Whether it is not so."""

    def turned(nodes: Nodes, going: Walk) -> Sequence[Any]:
        going.work.spend(_PER_TEST + _PER_VALUE * len(nodes))
        return [not flag for flag in test(nodes, going)]

    return turned


def compared(left: Reader, sign: str, right: Reader) -> Test:
    """One comparison: only numbers and texts have an order, and nothing equals nothing."""
    if sign == "==":
        return lambda nodes, going: _same(left(nodes, going), right(nodes, going), going.work)
    if sign == "!=":
        return opposite(compared(left, "==", right))
    return lambda nodes, going: _ordered(left(nodes, going), sign, right(nodes, going), going.work)


def _same(left: Nodes, right: Nodes, work: Work) -> list[bool]:
    work.spend(_PER_TEST + _PER_PAIR * len(left))
    return [
        one is other or equal(one, other, work)
        if one.__class__ is dict or one.__class__ is list
        else one == other and (one.__class__ is bool) is (other.__class__ is bool)
        for one, other in zip(left, right, strict=True)
    ]


def _ordered(left: Nodes, sign: str, right: Nodes, work: Work) -> list[bool]:
    order, or_equal = _ORDER[sign], "=" in sign
    work.spend(_PER_TEST + _PER_ORDER * len(left))
    return [
        order(one, other)
        if (one.__class__ in _NUMBERS and other.__class__ in _NUMBERS)
        else _text_order(order, one, other, work)
        if one.__class__ is str and other.__class__ is str
        else or_equal and equal(one, other, work)
        for one, other in zip(left, right, strict=True)
    ]


def _text_order(order: Callable[[Any, Any], bool], one: str, other: str, work: Work) -> bool:
    """Long texts that begin alike take their time."""
    work.spend(4 + min(len(one), len(other)) // 16)
    return order(one, other)


def equals(left: Reader, literal: Any) -> Test:
    """The comparison with a literal, which is most of them and can be quicker."""

    def test(nodes: Nodes, going: Walk) -> Sequence[Any]:
        going.work.spend(_PER_TEST + _PER_VALUE * len(nodes))
        values = left(nodes, going)
        if literal is None or isinstance(literal, bool):
            return [value is literal for value in values]
        if isinstance(literal, str):
            return [value == literal for value in values]
        return [value == literal and value.__class__ is not bool for value in values]

    return test


def constant(value: Any) -> Reader:
    """A literal."""

    def read(nodes: Nodes, going: Walk) -> Nodes:
        going.work.spend(len(nodes))
        return [value] * len(nodes)

    return read


def length(of: Reader) -> Reader:
    """Characters, elements or members; anything else has none."""

    def read(nodes: Nodes, going: Walk) -> Nodes:
        going.work.spend(_PER_TEST + 2 * _PER_VALUE * len(nodes))
        return [len(value) if value.__class__ in _SIZED else NOTHING for value in of(nodes, going)]

    return read


def count(query: Query) -> Reader:
    """How many nodes it selects."""
    return lambda nodes, going: list(map(len, query.found(nodes, going)))


def matched(text: Reader, pattern: Pattern) -> Test:
    """Whether a text matches a pattern that stands in the path; what is no text does not."""
    return lambda nodes, going: pattern.found_in_each(text(nodes, going), going.work)


def found_by(text: Reader, pattern: Reader, *, whole: bool) -> Test:
    """The same for a pattern out of the document, which is kept until the next one; what is none finds nothing."""

    def test(nodes: Nodes, going: Walk) -> Sequence[Any]:
        going.work.spend(_PER_TEST + 2 * _PER_ORDER * len(nodes))
        known: dict[str, Pattern | None] = {}
        flags = []
        for value, wanted in zip(text(nodes, going), pattern(nodes, going), strict=True):
            compiled = None
            if isinstance(value, str) and isinstance(wanted, str):
                if wanted not in known:
                    known = {wanted: _foreign(wanted, going.work, whole=whole)}
                compiled = known[wanted]
            flags.append(compiled is not None and compiled.found_within(value, going.work))
        return flags

    return test


def _foreign(wanted: str, work: Work, *, whole: bool) -> Pattern | None:
    work.afford(_FOREIGN_COST, "too many patterns out of the document")
    try:
        return iregexp(wanted, whole=whole) if len(wanted) <= _LONGEST_FOREIGN else None
    except ValueError:
        return None


def flattened(expression: Any, sign: str) -> Iterator[Any]:
    """The parts of `a && b && c`, however they are nested, without recursion."""
    pending = [expression]
    while pending:
        here = pending.pop()
        if getattr(here, "operator", None) == sign and hasattr(here, "left"):
            pending += [here.right, here.left]
        else:
            yield here
