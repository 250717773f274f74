"""Is a condition true of what was seen? Three-valued, and it never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from config.conditions.compare import all_of, any_of, compare, length, opposite
from config.conditions.facts import Facts
from config.conditions.seen import seen_text, seen_value, unit_of
from config.conditions.tree import (
    And,
    Body,
    Comparison,
    Condition,
    Exists,
    Header,
    JsonPath,
    Length,
    Literal,
    Node,
    Not,
    Operand,
    Special,
    Value,
)
from config.conditions.verdict import Leaf, Verdict
from config.conditions.work import TooMuchWork, Work

_MOST_WRITTEN_OUT = 16
# Measured, in steps.
_PER_QUESTION = 700


def evaluate(condition: Condition, facts: Facts) -> Verdict:
    """Every leaf is answered, also where an earlier one has decided, so that messages can show all."""
    run = _Run(facts, _work(condition, facts))
    result, causes = run.answer(condition.tree)
    return Verdict(result, tuple(run.leaves), causes)


def holds(condition: Condition, facts: Facts) -> bool | None:
    """The result alone, at a fraction of the cost: most looks are good, and nobody asks them why."""
    return _truth(condition.tree, facts, _work(condition, facts))


def _work(condition: Condition, facts: Facts) -> Work:
    """What is left for looking when every question has been asked and its answer written down."""
    work = facts.work()
    work.reserve(_PER_QUESTION * _questions(condition.tree))
    return work


def _questions(node: Node) -> int:
    if isinstance(node, (Comparison, Exists)):
        return 1
    return _questions(node.of) if isinstance(node, Not) else sum([_questions(part) for part in node.parts])


def _truth(node: Node, facts: Facts, work: Work) -> bool | None:
    if isinstance(node, (Comparison, Exists)):
        return _answer(node, facts, work).verdict
    if isinstance(node, Not):
        return opposite(_truth(node.of, facts, work))
    join = all_of if isinstance(node, And) else any_of
    return join([_truth(part, facts, work) for part in node.parts])


@dataclass(slots=True)
class _Run:
    """One evaluation: the leaves answered so far, and what was made fit to be shown, by operand and unit."""

    facts: Facts
    work: Work
    leaves: list[Leaf] = field(default_factory=list)
    shown: dict[tuple[str, str | None], object] = field(default_factory=dict)

    def answer(self, node: Node) -> tuple[bool | None, tuple[int, ...]]:
        """The answer of a node and the places of the leaves that decided it."""
        if isinstance(node, (Comparison, Exists)):
            self.leaves.append(self._leaf(node))
            return self.leaves[-1].verdict, (len(self.leaves) - 1,)
        if isinstance(node, Not):
            answer, causes = self.answer(node.of)
            return opposite(answer), causes
        parts = [self.answer(part) for part in node.parts]
        join = all_of if isinstance(node, And) else any_of
        result = join([answer for answer, _ in parts])
        return result, tuple(place for answer, causes in parts if answer is result for place in causes)

    def _leaf(self, node: Comparison | Exists) -> Leaf:
        verdict, found, why = _answer(node, self.facts, self.work)
        unit = ""
        if isinstance(node, Comparison) and isinstance(node.right, Literal):
            unit = unit_of(node.right.text)
        operands = _operands(node)
        seen = tuple(
            [
                (one.text, self._text(one, what, unit))
                for one, what in zip(operands, found, strict=True)
                if one.__class__ is not Literal
            ]
        )
        return Leaf(node.text, self._value(operands[0], found[0]), verdict, seen, why)

    def _value(self, operand: Operand, found: object) -> object:
        if (operand.text, None) not in self.shown:
            self.shown[operand.text, None] = seen_value(self._brief(found))
        return self.shown[operand.text, None]

    def _text(self, operand: Operand, found: object, unit: str) -> str:
        if (operand.text, unit) not in self.shown:
            self.shown[operand.text, unit] = seen_text(self._brief(found), unit)
        return str(self.shown[operand.text, unit])

    def _brief(self, found: object) -> object:
        """Writing out lists and objects takes time: after the first few only their size is told."""
        if isinstance(found, (list, dict)) and len(self.shown) > _MOST_WRITTEN_OUT:
            return f"{len(found)} {'elements' if isinstance(found, list) else 'members'}"
        return found


class _Answer(NamedTuple):
    """The answer of one question, what its operands were, and why it is unknown where a limit made it so."""

    verdict: bool | None
    found: list[object]
    why: str


def _answer(node: Comparison | Exists, facts: Facts, work: Work) -> _Answer:
    found: list[object] = []
    try:
        for operand in _operands(node):
            found.append(_look(operand, facts, work))
        answer = _judged(node, found, work)
    except TooMuchWork as error:
        found += [Special.UNKNOWN] * (len(_operands(node)) - len(found))
        return _Answer(None, found, str(error))
    return _Answer(opposite(answer) if node.negated else answer, found, "")


def _judged(node: Comparison | Exists, found: list[object], work: Work) -> bool | None:
    if isinstance(node, Exists):
        return _exists(found[0])
    return compare(node.operator, found[0], found[1], work)


def _operands(node: Comparison | Exists) -> tuple[Operand, ...]:
    return (node.left, node.right) if isinstance(node, Comparison) else (node.of,)


def _exists(found: object) -> bool | None:
    return None if found is Special.UNKNOWN else found is not Special.ABSENT


def _look(operand: Operand, facts: Facts, work: Work) -> object:
    return _LOOKS[operand.__class__](operand, facts, work)


# Not a chain of questions: this is asked for every word of every condition.
_LOOKS: Mapping[type, Callable[[Any, Facts, Work], object]] = {
    Literal: lambda operand, _facts, _work: operand.value,
    Value: lambda operand, facts, _work: facts.value(operand.name),
    Header: lambda operand, facts, work: facts.header(operand.name, work),
    Body: lambda _operand, facts, _work: facts.text(),
    JsonPath: lambda operand, facts, work: facts.select(operand.path, work),
    Length: lambda operand, facts, work: length(_look(operand.of, facts, work), work),
}
