"""The filters of a JSON path: tests of RFC 9535, made once and run on every child."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from config.conditions.path_equal import NOTHING, equal
from config.conditions.path_walk import Nodes, Segment, Walk, walk
from config.conditions.patterns import Pattern, iregexp
from config.conditions.work import Work

Test = Callable[[Any, Walk], bool]
Reader = Callable[[Any, Walk], Any]
_NUMBERS = frozenset({int, float})
_LONGEST_FOREIGN = 128
_FOREIGN_COST = 40_000
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A path inside a filter. `steps` are its names and places when it can only find one node, else None."""

    segments: tuple[Segment, ...]
    steps: tuple[str | int, ...] | None
    from_root: bool

    def nodes(self, node: Any, going: Walk) -> Nodes:
        """What it selects; from the root it is asked once a walk."""
        if not self.from_root:
            return walk(self.segments, node, going)
        if id(self) not in going.found:
            going.found[id(self)] = walk(self.segments, going.document, going)
        return going.found[id(self)]

    def reader(self) -> Reader:
        """Gives the one node, or NOTHING."""
        if self.steps is None:
            return self._only
        if self.from_root or len(self.steps) > 1:
            return self._at
        return _member(self.steps[0]) if self.steps else lambda node, _going: node

    def _only(self, node: Any, going: Walk) -> Any:
        found = self.nodes(node, going)
        return found[0] if len(found) == 1 else NOTHING

    def _at(self, node: Any, going: Walk) -> Any:
        here = going.document if self.from_root else node
        for step in self.steps or ():
            if isinstance(step, str):
                here = here.get(step, NOTHING) if here.__class__ is dict else NOTHING
            else:
                here = _element(here, step)
        return here


def _member(step: str | int) -> Reader:
    if isinstance(step, str):
        return lambda node, _going: node.get(step, NOTHING) if node.__class__ is dict else NOTHING
    return lambda node, _going: _element(node, step)


def _element(node: Any, place: int) -> Any:
    return node[place] if node.__class__ is list and -len(node) <= place < len(node) else NOTHING


def exists(query: Query) -> Test:
    """Whether it selects anything; false, null and 0 are something."""
    if query.steps is None:
        return lambda node, going: bool(query.nodes(node, going))
    read = query.reader()
    return lambda node, going: read(node, going) is not NOTHING


def both(tests: Sequence[Test]) -> Test:
    """Whether all are true, looked at until one is not."""
    return lambda node, going: all(test(node, going) for test in tests)


def either(tests: Sequence[Test]) -> Test:
    """Whether any is true."""
    return lambda node, going: any(test(node, going) for test in tests)


def opposite(test: Test) -> Test:
    """Whether it is not so."""
    return lambda node, going: not test(node, going)


def compared(left: Reader, sign: str, right: Reader) -> Test:
    """One comparison: only numbers and texts have an order, and nothing equals nothing."""
    if sign == "==":
        return lambda node, going: equal(left(node, going), right(node, going), going.work)
    if sign == "!=":
        return lambda node, going: not equal(left(node, going), right(node, going), going.work)
    order, or_equal = _ORDER[sign], "=" in sign

    def test(node: Any, going: Walk) -> bool:
        one, other = left(node, going), right(node, going)
        if one.__class__ in _NUMBERS and other.__class__ in _NUMBERS:
            return order(one, other)
        if one.__class__ is str and other.__class__ is str:
            return order(one, other)
        return or_equal and equal(one, other, going.work)

    return test


def equals(left: Reader, literal: Any) -> Test:
    """The comparison with a literal, which is most of them and can be quicker."""
    if literal is None or isinstance(literal, bool):
        return lambda node, going: left(node, going) is literal
    if isinstance(literal, str):
        return lambda node, going: bool(left(node, going) == literal)

    def test(node: Any, going: Walk) -> bool:
        value = left(node, going)
        return bool(value == literal) and value.__class__ is not bool

    return test


def constant(value: Any) -> Reader:
    """A literal."""
    return lambda _node, _going: value


def length(of: Reader) -> Reader:
    """Characters, elements or members; anything else has none."""

    def read(node: Any, going: Walk) -> Any:
        value = of(node, going)
        return len(value) if isinstance(value, (str, list, dict)) else NOTHING

    return read


def count(query: Query) -> Reader:
    """How many nodes it selects."""
    return lambda node, going: len(query.nodes(node, going))


def found_by(text: Reader, pattern: Reader, *, whole: bool) -> Test:
    """Whether a text matches, wholly or in part; what is no text, or no pattern, does not."""
    known: dict[str, Pattern | None] = {}

    def test(node: Any, going: Walk) -> bool:
        value, wanted = text(node, going), pattern(node, going)
        if not isinstance(value, str) or not isinstance(wanted, str):
            return False
        if wanted not in known:
            known.clear()  # a pattern out of a document is kept until the next one
            known[wanted] = _foreign(wanted, going.work, whole=whole)
        compiled = known[wanted]
        return compiled is not None and compiled.found_within(value, going.work)

    return test


def matched(text: Reader, pattern: Pattern) -> Test:
    """The same for a pattern that stands in the path."""

    def test(node: Any, going: Walk) -> bool:
        value = text(node, going)
        return isinstance(value, str) and pattern.found_within(value, going.work)

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
