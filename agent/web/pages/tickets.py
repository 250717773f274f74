"""`/tickets`: the queue, chosen, searched and sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from agent.access.person import Right
from agent.views.tickets import due_next, late
from agent.web import bulk
from agent.web.acts import ACTS
from agent.web.paging import paged
from agent.web.queue import COLUMNS, SORTS, TABS, Asked, changed, chosen, current, fits
from agent.web.saved import Saved, saved
from agent.web.visit import Address, Visit
from alerting.desk.ticket import Ticket, TicketState
from config.policies import PRIORITIES

_SIZE = 50


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue, with how many there are; those of all times are not counted."""

    name: str
    title: str
    link: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in the list."""

    ticket: Ticket
    due: int | None
    late: bool
    changed: int | None


@dataclass(frozen=True, slots=True)
class Head:
    """A column's: where its link leads, and how it is sorted now, in the words of aria-sort; empty where it is not."""

    title: str
    link: str = ""
    sorted: str = ""


def queue(visit: Visit) -> Response:
    """`?tab=mine|team|unassigned|overdue|open|all`, filters as `tocsin tickets list` has them, and `sort`."""
    asked = Asked.read(visit.request.query_params)
    now = current(visit)
    page = paged(visit, chosen(visit, asked, now), _SIZE)
    return visit.page(
        "tickets.html",
        page=page,
        listed=_rows(visit, page.items),
        tabs=list(_tabs(visit, asked, now)),
        heads=[_head(asked, each) for each in ("State", *COLUMNS, "Assignee", "Team", "Service")],
        asked=asked,
        query=asked.query(),
        views=_views(visit, asked),
        doings=[ACTS[name] for name in bulk.DOINGS],
        most=bulk.MOST,
        states=[each.value for each in TicketState],
        priorities=PRIORITIES,
        sorts=SORTS,
    )


def _rows(visit: Visit, tickets: Sequence[Ticket]) -> list[Row]:
    at: Mapping[int, int] = changed(visit, tickets)
    return [Row(each, due_next(each), late(each, visit.now), at.get(each.number)) for each in tickets]


def _tabs(visit: Visit, asked: Asked, now: Sequence[Ticket]) -> Iterator[Tab]:
    """Counted without the filters: how much there is."""
    for name, is_in in fits(visit).items():
        count = None if name == "all" else sum(map(is_in, now))
        yield Tab(name, TABS[name], asked.query(tab=name), count)


def _head(asked: Asked, title: str) -> Head:
    if title not in COLUMNS:
        return Head(title)
    first, other = COLUMNS[title]
    way = {first: "ascending", other: "descending"}.get(asked.sort, "")
    return Head(title, asked.query(sort=other if asked.sort == first else first), way)


def _views(visit: Visit, asked: Asked) -> list[Saved]:
    """Those that are kept under a name; the one that is shown is marked."""
    return saved(visit, asked.query())


ADDRESSES = (Address("/tickets", "GET", Right.LOOK, queue),)
