"""Is a condition true of what was seen? Three-valued, and it never raises."""

from __future__ import annotations

from dataclasses import dataclass, field

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


def evaluate(condition: Condition, facts: Facts) -> Verdict:
    """Every leaf is answered, also where an earlier one has decided, so that messages can show all."""
    run = _Run(facts)
    result, causes = run.answer(condition.tree)
    return Verdict(result, tuple(run.leaves), causes)


def holds(condition: Condition, facts: Facts) -> bool | None:
    """The result alone, at a fraction of the cost: most looks are good, and nobody asks them why."""
    return _truth(condition.tree, facts)


def _truth(node: Node, facts: Facts) -> bool | None:
    if isinstance(node, (Comparison, Exists)):
        return _answer(node, facts)[0]
    if isinstance(node, Not):
        return opposite(_truth(node.of, facts))
    join = all_of if isinstance(node, And) else any_of
    return join([_truth(part, facts) for part in node.parts])


@dataclass(slots=True)
class _Run:
    """One evaluation: the leaves answered so far."""

    facts: Facts
    leaves: list[Leaf] = field(default_factory=list)

    def answer(self, node: Node) -> tuple[bool | None, tuple[int, ...]]:
        """The answer of a node and the places of the leaves that decided it."""
        if isinstance(node, (Comparison, Exists)):
            self.leaves.append(_leaf(node, self.facts))
            return self.leaves[-1].verdict, (len(self.leaves) - 1,)
        if isinstance(node, Not):
            answer, causes = self.answer(node.of)
            return opposite(answer), causes
        parts = [self.answer(part) for part in node.parts]
        join = all_of if isinstance(node, And) else any_of
        result = join([answer for answer, _ in parts])
        return result, tuple(place for answer, causes in parts if answer is result for place in causes)


def _answer(node: Comparison | Exists, facts: Facts) -> tuple[bool | None, list[object]]:
    """The answer of one question, and what its operands were."""
    operands = _operands(node)
    found = [_look(operand, facts) for operand in operands]
    answer = _exists(found[0]) if isinstance(node, Exists) else compare(node.operator, found[0], found[1])
    return (opposite(answer) if node.negated else answer), found


def _operands(node: Comparison | Exists) -> tuple[Operand, ...]:
    return (node.left, node.right) if isinstance(node, Comparison) else (node.of,)


def _leaf(node: Comparison | Exists, facts: Facts) -> Leaf:
    verdict, found = _answer(node, facts)
    pairs = zip(_operands(node), found, strict=True)
    unit = ""
    if isinstance(node, Comparison) and isinstance(node.right, Literal):
        unit = unit_of(node.right.text)
    return Leaf(
        text=node.text,
        value=seen_value(found[0]),
        verdict=verdict,
        seen=tuple((one.text, seen_text(what, unit)) for one, what in pairs if not isinstance(one, Literal)),
    )


def _exists(found: object) -> bool | None:
    return None if found is Special.UNKNOWN else found is not Special.ABSENT


def _look(operand: Operand, facts: Facts) -> object:
    match operand:
        case Literal():
            return operand.value
        case Value():
            return facts.value(operand.name)
        case Header():
            return facts.header(operand.name)
        case Body():
            return facts.text()
        case JsonPath():
            return facts.select(operand.path)
        case Length():
            return length(_look(operand.of, facts))
