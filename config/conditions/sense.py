"""Can a condition ever be true, and ever be false? What cannot is a mistake, found before it is trusted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from config.conditions.compare import all_of, any_of, compare, opposite
from config.conditions.errors import ConditionError
from config.conditions.measures import Measure
from config.conditions.tree import And, Comparison, Exists, Literal, Node, Not, Or, Range, Special, Value
from config.conditions.work import Work

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
Known = Mapping[str, Measure]


def refuse_senseless(tree: Node, known: Known, text: str) -> None:
    """Raises ConditionError for a question, or questions joined about one value, with only one possible answer."""
    if isinstance(tree, Comparison):
        _refuse_leaf(tree, known, text)
    elif isinstance(tree, Not):
        refuse_senseless(tree.of, known, text)
    elif isinstance(tree, (And, Or)):
        for part in tree.parts:
            refuse_senseless(part, known, text)
        _refuse_joined(tree, known, text)


def _refuse_leaf(leaf: Comparison, known: Known, text: str) -> None:
    name = _about(leaf, known)
    if name is None:
        return
    points = _points([leaf], known[name])
    if not any(_true(leaf, point) for point in (*points, Special.ABSENT)):
        what = "can never be true"
    elif all(_true(leaf, point) for point in points):
        what = "is always true"
    else:
        return
    message = f'"{leaf.text}" {what}: {known[name].limits(name)}'
    raise ConditionError(message, leaf.start, _percent_hint(leaf, known[name]), text)


def _percent_hint(leaf: Comparison, known: Measure) -> str | None:
    numbers = list(_numbers(leaf))
    written = leaf.right.text
    if known.unit != "ratio" or "%" in written or min(numbers) < 1 or max(numbers) > 100:
        return None
    return f"did you mean {_NUMBER.sub(lambda found: found[0] + '%', written)}?"


def _refuse_joined(tree: And | Or, known: Known, text: str) -> None:
    groups: dict[str, list[Node]] = {}
    for part in tree.parts:
        name = _about(part, known)
        if name is not None:
            groups.setdefault(name, []).append(part)
    for name, parts in groups.items():
        if len(parts) > 1:
            _refuse_group(tree, parts, known[name], text)


def _refuse_group(tree: And | Or, parts: Sequence[Node], known: Measure, text: str) -> None:
    leaves = [leaf for part in parts for leaf in _leaves(part)]
    points = _points(leaves, known)
    shown = [f'"{leaf.text}"' for leaf in leaves]
    if isinstance(tree, And):
        if any(all(_true(part, point) for part in parts) for point in (*points, Special.ABSENT)):
            return
        equal = all(leaf.operator in ("==", "in") and not leaf.negated for leaf in leaves)
        message, hint = (
            f"{' and '.join(shown)} can never be true together",
            "did you mean or?" if equal else None,
        )
    else:
        if not all(any(_true(part, point) for part in parts) for point in points):
            return
        message, hint = f"{' or '.join(shown)} is always true", "did you mean and?"
    raise ConditionError(message, leaves[-1].start, hint, text)


def _about(node: Node, known: Known) -> str | None:
    """The one declared number that the whole node asks about, by its name."""
    names = set()
    for leaf in _leaves(node):
        left = leaf.left
        plain = isinstance(left, Value) and left.name in known and not known[left.name].text
        if (
            not plain
            or leaf.operator not in ("==", "<", "<=", ">", ">=", "range", "in")
            or not list(_numbers(leaf))
        ):
            return None
        names.add(left.name if isinstance(left, Value) else "")
    return names.pop() if len(names) == 1 and not _has_exists(node) else None


def _leaves(node: Node) -> Iterator[Comparison]:
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Not):
        yield from _leaves(node.of)
    elif isinstance(node, (And, Or)):
        for part in node.parts:
            yield from _leaves(part)


def _has_exists(node: Node) -> bool:
    if isinstance(node, Not):
        return _has_exists(node.of)
    return any(map(_has_exists, node.parts)) if isinstance(node, (And, Or)) else isinstance(node, Exists)


def _numbers(leaf: Comparison) -> Iterator[float]:
    """What it compares with, if that is nothing but numbers."""
    value = leaf.right.value if isinstance(leaf.right, Literal) else None
    found = (
        (value.low, value.high)
        if isinstance(value, Range)
        else value
        if isinstance(value, tuple)
        else (value,)
    )
    if all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in found):
        yield from (float(each) for each in found)  # type: ignore[arg-type]  # looked at in the line above


def _points(leaves: Iterable[Comparison], known: Measure) -> list[float]:
    """One number out of every stretch on which no answer can change."""
    marks = sorted({number for leaf in leaves for number in _numbers(leaf)} | set(_finite(known)))
    outside = (marks[0] - 1 - abs(marks[0]), marks[-1] + 1 + abs(marks[-1]))
    spots = [*outside, *marks, *((low + high) / 2 for low, high in pairwise(marks))]
    if known.whole:
        round_: tuple[Callable[[float], int], ...] = (math.floor, math.ceil)
        spots = [way(spot) + step for spot in spots for way in round_ for step in (-1, 0, 1)]
    return [spot for spot in spots if known.least <= spot <= known.most]


def _finite(known: Measure) -> Iterator[float]:
    return (limit for limit in (known.least, known.most) if math.isfinite(limit))


def _true(node: Node, point: object) -> bool:
    return _answer(node, point) is True


def _answer(node: Node, point: object) -> bool | None:
    if isinstance(node, Comparison):
        assert isinstance(node.right, Literal)
        answer = compare(node.operator, point, node.right.value, Work(1_000_000))
        return opposite(answer) if node.negated else answer
    if isinstance(node, Not):
        return opposite(_answer(node.of, point))
    assert isinstance(node, (And, Or))
    join = all_of if isinstance(node, And) else any_of
    return join([_answer(part, point) for part in node.parts])
