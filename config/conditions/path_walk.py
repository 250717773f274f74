"""Walking a JSON document along a path of RFC 9535, counting every node looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from config.conditions.work import Work

Nodes = list[Any]
# Measured, in steps.
_PER_NODE, _PER_CONTAINER = 8, 14


@dataclass(slots=True)
class Walk:
    """One walk: the document, the steps left, and what queries from the root have already found."""

    document: Any
    work: Work
    found: dict[int, Nodes]


Selector = Callable[[Any, Walk], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: from each node, or from it and all below it, what any of the selectors picks."""

    selectors: tuple[Selector, ...]
    descends: bool


def walk(segments: Sequence[Segment], start: Any, going: Walk) -> Nodes:
    """The nodes selected, in document order. Raises TooMuchWork."""
    nodes = [start]
    for segment in segments:
        nodes = _containers(nodes, going.work) if segment.descends else list(filter(holds, nodes))
        going.work.spend(_PER_NODE * (len(nodes) * len(segment.selectors) + 4))
        found: Nodes = []
        for node in nodes:
            for selector in segment.selectors:
                found += selector(node, going)
        nodes = found
    return nodes


def holds(node: Any) -> bool:
    """Whether it has members or elements."""
    return node.__class__ is dict or node.__class__ is list


def _containers(nodes: Nodes, work: Work) -> Nodes:
    """Each node that holds others, and all such below it, parents first."""
    found: Nodes = []
    pending = list(filter(holds, reversed(nodes)))
    left = work.left
    while pending:
        here = pending.pop()
        found.append(here)
        left -= _PER_CONTAINER + 2 * len(here)
        if left < 0:
            break
        inner = here.values() if here.__class__ is dict else here
        # Asked here and not by holds(), and counted here and not by spend(): calls would double the time.
        deeper = [child for child in inner if child.__class__ is dict or child.__class__ is list]
        if deeper:
            deeper.reverse()
            pending += deeper
    work.spend(work.left - left)
    return found


def name(wanted: str) -> Selector:
    """The member of that name."""
    return lambda node, _going: (node[wanted],) if node.__class__ is dict and wanted in node else ()


def index(wanted: int) -> Selector:
    """The element at a place; below zero it counts from the end."""

    def pick(node: Any, _going: Walk) -> Sequence[Any]:
        inside = isinstance(node, list) and -len(node) <= wanted < len(node)
        return (node[wanted],) if inside else ()

    return pick


def part(wanted: slice) -> Selector:
    """The elements of a slice; none when its step is zero."""

    def pick(node: Any, going: Walk) -> Sequence[Any]:
        if not isinstance(node, list) or wanted.step == 0:
            return ()
        going.work.spend(len(range(*wanted.indices(len(node)))))
        found: Sequence[Any] = node[wanted]
        return found

    return pick


def every(node: Any, going: Walk) -> Sequence[Any]:
    """All members or elements."""
    going.work.spend(len(node))
    found: Sequence[Any] = list(node.values()) if node.__class__ is dict else node
    return found


def those(test: Callable[[Any, Walk], bool], cost: int) -> Selector:
    """The members or elements that pass the test, which takes about `cost` steps."""

    def pick(node: Any, going: Walk) -> Sequence[Any]:
        going.work.spend(len(node) * cost)
        inner = node.values() if isinstance(node, dict) else node
        return [child for child in inner if test(child, going)]

    return pick
