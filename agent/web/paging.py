"""Long lists, a page at a time: `?page=2`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from agent.web.visit import Visit

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Page(Generic[Thing]):
    """`number` of `last`, of `count` things; links lead to its neighbours, empty where there is none."""

    items: Sequence[Thing]
    number: int
    last: int
    count: int
    before: str = ""
    after: str = ""


def paged(visit: Visit, things: Sequence[Thing], size: int) -> Page[Thing]:
    """The page that the address asks for, or the nearest that there is."""
    last = max(1, -(-len(things) // size))
    asked = visit.request.query_params.get("page", "1")
    number = min(last, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
    items = things[(number - 1) * size : number * size]
    before = _link(visit, number - 1) if number > 1 else ""
    return Page(items, number, last, len(things), before, _link(visit, number + 1) if number < last else "")


def _link(visit: Visit, number: int) -> str:
    """The same list, another page of it."""
    kept = [(name, value) for name, value in visit.request.query_params.multi_items() if name != "page"]
    return f"?{urlencode([*kept, ('page', number)])}"
