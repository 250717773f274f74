"""The saved views that somebody sees: their own, and those that are shared with a team of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from agent.store.saved_views import SavedView
from agent.views.tickets import names_of
from agent.web.queue import Asked
from agent.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Saved:
    """A view, its address as it is now, whether it is the person's own, and whether it is what is shown."""

    view: SavedView
    query: str
    own: bool
    shown: bool = False


def saved(visit: Visit, shown: str = "") -> list[Saved]:
    """The person's own first; `shown` is what the queue shows."""
    name, book = visit.person.name, visit.daemon.saved_views.all
    seen = [each for each in book if each.who == name or (each.shared and _reaches(visit, each.who))]
    listed = []
    for each in seen:
        query = Asked.of_query(each.query).query()
        listed.append(Saved(each, query, each.who == name, query == shown))
    return sorted(listed, key=lambda each: (not each.own, each.view.name.casefold()))


def _reaches(visit: Visit, who: str) -> bool:
    """Whether what they share is for the person: they have a team in common, or the person sees all teams."""
    return visit.person.teams is None or bool(_teams(visit, who) & _teams(visit, visit.person.name))


def _teams(visit: Visit, who: str) -> frozenset[str]:
    """Those that somebody is a member of, or is bound to."""
    teams = visit.daemon.config().teams
    names = names_of(who, teams)
    own = {name for name, team in teams.items() if any(each.name in names for each in team.members)}
    user = visit.daemon.reception.book.users.get(who)
    return frozenset(own | ((user.teams or set()) if user is not None else set()))
