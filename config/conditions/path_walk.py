"""Walking a JSON document along a path of RFC 9535, many nodes at a time, each paid for before it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any

from config.conditions.path_below import Below
from config.conditions.work import Work

Nodes = list[Any]
_HOLDERS = frozenset({dict, list})
# Measured, in steps.
_PER_SEGMENT, _PER_NODE, _PER_SLICE = 60, 4, 150
_PER_HOLDER, _PER_CHILD = 8, 0.4


@dataclass(slots=True)
class Walk:
    """One walk: the document, the steps left, what lies below its nodes, and what queries from the root found."""

    document: Any
    work: Work
    below: Below
    found: dict[int, Nodes]


# From all nodes at once to what it selects in them, in document order; any value may be asked of each node.
Selector = Callable[[Nodes, Walk], Nodes]
Test = Callable[[Nodes, Walk], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: from each node, or from it and all below it, what the selector picks."""

    pick: Selector
    descends: bool


def walk(segments: Sequence[Segment], start: Any, going: Walk) -> Nodes:
    """The nodes selected, in document order. Raises TooMuchWork."""
    nodes = [start]
    for segment in segments:
        if segment.descends:
            nodes = going.below.holders(nodes, going.work)
        nodes = segment.pick(nodes, going)
        if not nodes:
            break
    return nodes


def name(wanted: str) -> Selector:
    """The member of that name."""

    def pick(nodes: Nodes, going: Walk) -> Nodes:
        going.work.spend(_PER_SEGMENT + _PER_NODE * len(nodes))
        return [node[wanted] for node in nodes if node.__class__ is dict and wanted in node]

    return pick


def index(wanted: int) -> Selector:
    """The element at a place; below zero it counts from the end."""
    least = wanted + 1 if wanted >= 0 else -wanted

    def pick(nodes: Nodes, going: Walk) -> Nodes:
        going.work.spend(_PER_SEGMENT + _PER_NODE * len(nodes))
        return [node[wanted] for node in nodes if node.__class__ is list and len(node) >= least]

    return pick


def part(wanted: slice) -> Selector:
    """The elements of a slice; none when its step is zero."""

    def pick(nodes: Nodes, going: Walk) -> Nodes:
        lists = [node for node in nodes if node.__class__ is list]
        going.work.spend(_PER_SEGMENT + _PER_NODE * len(nodes) + _PER_SLICE * len(lists))
        if wanted.step == 0:
            return []
        going.work.spend(sum(len(range(*wanted.indices(len(node)))) for node in lists))
        return list(chain.from_iterable([node[wanted] for node in lists]))

    return pick


def every(nodes: Nodes, going: Walk) -> Nodes:
    """All members or elements."""
    going.work.spend(_PER_SEGMENT + _PER_HOLDER * len(nodes))
    inside = nodes
    if not _HOLDERS.issuperset(map(type, nodes)):
        inside = [node for node in nodes if node.__class__ is dict or node.__class__ is list]
    going.work.spend(int(_PER_CHILD * sum(map(len, inside))))
    found: Nodes = []
    for node in inside:
        found += node.values() if node.__class__ is dict else node
    return found


def those(test: Test) -> Selector:
    """The members or elements that pass the test."""

    def pick(nodes: Nodes, going: Walk) -> Nodes:
        inner = every(nodes, going)
        return list(compress(inner, test(inner, going))) if inner else inner

    return pick


def several(selectors: Sequence[Selector]) -> Selector:
    """What any of the selectors picks, node by node."""

    def pick(nodes: Nodes, going: Walk) -> Nodes:
        found: Nodes = []
        for node in nodes:
            alone = [node]
            for selector in selectors:
                found += selector(alone, going)
        return found

    return pick
