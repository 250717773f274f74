"""Which tickets there are, chosen by what they are and whose; and their cells in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.units import show_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alerting.desk.ticket import Ticket
    from config.teams import Team

COLUMNS = ("id", "state", "priority", "due", "assignee", "title")
_SECOND, _MINUTE, _HOUR = 1_000_000, 60, 3600


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a ticket must be like to be listed; None, or empty, says nothing. `mine` are names of one person."""

    only_open: bool = False
    unassigned: bool = False
    overdue: bool = False
    mine: tuple[str, ...] = ()
    state: str | None = None
    priority: str | None = None
    team: str | None = None
    assignee: str | None = None
    service: str | None = None
    reporter: str | None = None
    search: str | None = None

    def fits(self, ticket: Ticket, now: int) -> bool:
        """Whether the ticket is one of them at that moment."""
        plain = (
            (self.state, ticket.state.value),
            (self.priority, ticket.priority),
            (self.team, ticket.team or ""),
            (self.assignee, ticket.assignee or ""),
            (self.service, ticket.service),
        )
        return (
            all(wanted is None or wanted.casefold() == has.casefold() for wanted, has in plain)
            and (ticket.is_open or not (self.only_open or self.unassigned))
            and not (self.unassigned and ticket.assignee)
            and (not self.overdue or late(ticket, now))
            and (not self.mine or ticket.assignee in self.mine)
            and (self.reporter is None or _holds(_person(ticket), self.reporter))
            and (self.search is None or _holds(_texts(ticket), self.search))
        )


def names_of(login: str, teams: Mapping[str, Team]) -> tuple[str, ...]:
    """What somebody is called in tickets: by the login, and as a member of teams."""
    members = (member for team in teams.values() for member in team.members)
    return (login, *(each.name for each in members if each.login == login))


def row(ticket: Ticket, now: int) -> list[object]:
    """The cells of a ticket."""
    return [ticket.id, ticket.state, ticket.priority, _due(ticket, now), ticket.assignee, ticket.title]


def late(ticket: Ticket, now: int) -> bool:
    """Whether something that is still to be done on it was due before."""
    return any(at < now for at in _to_come(ticket).values())


def in_words(seconds: float) -> str:
    """So much time in few signs: 3d4h, 5h20m, 12m."""
    unit = _HOUR if seconds >= 24 * _HOUR else _MINUTE
    return show_duration(seconds // unit * unit) if seconds >= unit else show_duration(seconds // 1)


def _to_come(ticket: Ticket) -> Mapping[str, int]:
    if not ticket.is_open:
        return {}
    done = {"acknowledge"} if ticket.acknowledged_at is not None else set()
    return {name: at for name, at in ticket.sure_due.items() if name not in done}


def due_next(ticket: Ticket) -> int | None:
    """When something is due of it next, or was; None when nothing is to come."""
    return min(_to_come(ticket).values(), default=None)


def left_until(at: int, now: int) -> str:
    """`in 20m`, `1h late`."""
    left = (at - now) / _SECOND
    return f"in {in_words(left)}" if left >= 0 else f"{in_words(-left)} late"


def _due(ticket: Ticket, now: int) -> str:
    at = due_next(ticket)
    return "" if at is None else left_until(at, now)


def _person(ticket: Ticket) -> Iterable[str]:
    of = ticket.reporter
    return (of.name, of.email, of.phone, of.account, of.user_id) if of else ()


def _texts(ticket: Ticket) -> Iterable[str]:
    return (ticket.id, ticket.title, ticket.description, *ticket.fields.values(), *_person(ticket))


def _holds(texts: Iterable[str], word: str) -> bool:
    return any(word.casefold() in text.casefold() for text in texts)
