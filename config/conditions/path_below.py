"""What lies below the nodes of a JSON document: gone through once, however many paths descend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from config.conditions.work import TooMuchWork, Work

# Measured, in steps.
_PER_HOLDER, _PER_CHILD = 11, 2.2
_PER_START = 30


class Below:
    """The nodes of a document that have members or elements, parents first, each before the next of its level."""

    __slots__ = ("_document", "_holders", "_spans", "_steps")

    def __init__(self, document: Any) -> None:
        self._document = document
        self._holders: list[Any] = []
        self._steps = 0
        self._spans: dict[int, tuple[int, int]] = {}

    def holders(self, nodes: Sequence[Any], work: Work) -> list[Any]:
        """Those among these nodes, each followed by all below it. Raises TooMuchWork."""
        every = self._all(work)
        if len(nodes) == 1 and nodes[0] is self._document:
            return every
        work.spend_once("spans", self._steps)
        if not self._spans:
            _measure([self._document], 0, self._spans)
        work.spend(_PER_START * (len(nodes) + 1))
        spans = [self._spans[id(node)] for node in nodes if node.__class__ is dict or node.__class__ is list]
        work.spend(sum([end - start for start, end in spans]))
        return list(chain.from_iterable([every[start:end] for start, end in spans]))

    def _all(self, work: Work) -> list[Any]:
        if not self._steps:
            try:
                _gather([self._document], self._holders)
            except RecursionError:
                self._holders.clear()
                raise TooMuchWork("the answer is nested too deep") from None
            self._steps = cost_of_descent(len(self._holders), sum(map(len, self._holders)))
        work.spend_once("below", self._steps)
        return self._holders


def cost_of_descent(holders: int, children: int) -> int:
    """The steps that going through a whole document takes."""
    return _PER_START + _PER_HOLDER * holders + int(_PER_CHILD * children)


def _gather(nodes: Iterable[Any], found: list[Any]) -> None:
    # Asked here and not by a function of its own, which would double the time.
    for node in nodes:
        if node.__class__ is dict:
            found.append(node)
            _gather(node.values(), found)
        elif node.__class__ is list:
            found.append(node)
            _gather(node, found)


def _measure(nodes: Iterable[Any], at: int, spans: dict[int, tuple[int, int]]) -> int:
    """Where among all of them those at or below each node begin and end."""
    for node in nodes:
        if node.__class__ is dict or node.__class__ is list:
            end = _measure(node.values() if node.__class__ is dict else node, at + 1, spans)
            spans[id(node)] = (at, end)
            at = end
    return at
