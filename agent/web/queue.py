"""The queue as it is asked for: which part of it, chosen by what, in which order; and its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from agent.store.reader import NoStore
from agent.views.tickets import Wanted, due_next, late, names_of
from agent.web.visit import Visit
from alerting.desk.ticket import Ticket
from config.policies import PRIORITIES

FILTERS = ("state", "priority", "team", "assignee", "service", "reporter", "search")
TABS = {
    "mine": "Mine",
    "team": "My team's",
    "unassigned": "Unassigned",
    "overdue": "Overdue",
    "open": "Open",
    "all": "All",
}
SORTS = {
    "due": "due first",
    "-due": "due last",
    "priority": "highest priority",
    "-priority": "lowest priority",
    "newest": "newest",
    "oldest": "oldest",
    "changed": "changed last",
    "-changed": "changed first",
}
# By the word in their heads: the sort of a column, and the same the other way round.
COLUMNS = {
    "Priority": ("priority", "-priority"),
    "Due": ("due", "-due"),
    "Opened": ("newest", "oldest"),
    "Changed": ("changed", "-changed"),
}
_USUAL_TAB, _USUAL_SORT = "open", "due"
_LONGEST = 200
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of the queue; `filters` are as `tocsin tickets list` has them, those that say something."""

    tab: str = _USUAL_TAB
    sort: str = _USUAL_SORT
    filters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, said: Mapping[str, str]) -> Asked:
        """What is not understood is as usual."""
        tab, sort = said.get("tab", ""), said.get("sort", "")
        told = {name: said.get(name, "")[:_LONGEST] for name in FILTERS}
        return cls(
            tab if tab in TABS else _USUAL_TAB,
            sort if sort in SORTS else _USUAL_SORT,
            {name: text for name, text in told.items() if text},
        )

    @classmethod
    def of_query(cls, query: str) -> Asked:
        """What an address says, as `query` gives it."""
        try:
            return cls.read(dict(parse_qsl(query[:2000], max_num_fields=20)))
        except ValueError:
            return cls()

    def query(self, **changes: str) -> str:
        """For an address, with other values for some; the same for the same part."""
        told = {"tab": self.tab, "sort": self.sort, **self.filters, **changes}
        return urlencode([(name, told[name]) for name in ("tab", "sort", *FILTERS) if told.get(name)])

    @property
    def wanted(self) -> Wanted:
        words: dict[str, Any] = dict(self.filters)
        return Wanted(**words)


def fits(visit: Visit) -> dict[str, Callable[[Ticket], bool]]:
    """What is in each part, for the one who asks."""
    teams, mine = visit.daemon.config().teams, names_of(visit.person.name, visit.daemon.config().teams)
    own = {
        name
        for name, team in teams.items()
        if any(each.login == visit.person.name or each.name in mine for each in team.members)
    } | (visit.person.teams or set())
    return {
        "mine": lambda each: each.is_open and each.assignee in mine,
        "team": lambda each: each.is_open and each.team in own,
        "unassigned": lambda each: each.is_open and not each.assignee,
        "overdue": lambda each: late(each, visit.now),
        "open": lambda each: each.is_open,
        "all": lambda _each: True,
    }


def current(visit: Visit) -> list[Ticket]:
    """Those that are not closed, from memory."""
    return [each for each in visit.daemon.world().tickets.values() if visit.sees_ticket(each)]


def chosen(visit: Visit, asked: Asked, current: Sequence[Ticket]) -> list[Ticket]:
    """The tickets of a part, in its order. To be used on a thread."""
    among = _ever(visit) if asked.tab == "all" else current
    of, wanted = fits(visit)[asked.tab], asked.wanted
    found = [each for each in among if of(each) and wanted.fits(each, visit.now)]
    if asked.sort.endswith("changed"):
        at, way = changed(visit, found), 1 if asked.sort.startswith("-") else -1
        return sorted(found, key=lambda each: way * at.get(each.number, each.opened_at))
    return sorted(found, key=_KEYS[asked.sort])


def changed(visit: Visit, tickets: Sequence[Ticket]) -> Mapping[int, int]:
    """By number, when something was written on each last. To be used on a thread."""
    try:
        with visit.daemon.store() as store:
            return store.last_events([each.number for each in tickets])
    except NoStore:
        return {}


def _priority(ticket: Ticket) -> int:
    return PRIORITIES.index(ticket.priority) if ticket.priority in PRIORITIES else len(PRIORITIES)


# What is never due comes last, either way.
_KEYS: Mapping[str, Callable[[Ticket], Any]] = {
    "due": lambda each: (due_next(each) or _NEVER, each.number),
    "-due": lambda each: (-(due_next(each) or 0), each.number),
    "priority": lambda each: (_priority(each), each.number),
    "-priority": lambda each: (-_priority(each), each.number),
    "newest": lambda each: -each.number,
    "oldest": lambda each: each.number,
}


def _ever(visit: Visit) -> list[Ticket]:
    try:
        with visit.daemon.store() as store:
            return [each for each in store.tickets() if visit.sees_ticket(each)]
    except NoStore:
        return []
