"""What a person asks of the desk, as it comes through the socket or the API, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.ticket import Channel, Ticket, TicketEvent
from checks.text import visible, visible_lines
from config.friendly import nearest

_LONGEST_NAME = 200


class Refusal(Exception):
    """It cannot be done; the text is for the person who asked."""


class NoSuchTicket(Refusal):
    """There is no ticket of that number."""


class NotNow(Refusal):
    """The store cannot write: later it may be done."""


class CannotDo(Refusal):
    """Not like this, or not now. `usage`: it never could be."""

    def __init__(self, text: str, *, usage: bool = False) -> None:
        super().__init__(text)
        self.usage = usage


class Conflict(Refusal):
    """Somebody else changed the ticket meanwhile."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its arguments as JSON, who asks, through which channel, and the moment (microseconds UTC).

    `timeline` is that of the ticket, for the verbs that hand it on.
    """

    arguments: Mapping[str, Any]
    by: str
    now: int
    channel: Channel = "phone"
    timeline: tuple[TicketEvent, ...] = ()

    def ticket(self, draft: Draft, name: str = "ticket") -> Ticket:
        """The ticket it is about. Raises NoSuchTicket, CannotDo, or Conflict where `version` names another one."""
        number = self.arguments.get(name)
        if not isinstance(number, int) or isinstance(number, bool):
            raise CannotDo(f"{name}: expected the number of a ticket", usage=True)
        ticket = draft.tickets.get(number)
        if ticket is None:
            raise NoSuchTicket(f"there is no ticket T-{number}")
        version = self.arguments.get("version") if name == "ticket" else None
        if version is not None and version != ticket.version:
            raise Conflict(
                f"{ticket.id} was changed meanwhile: it is at version {ticket.version}, not {version} "
                "(look at it again)"
            )
        return ticket

    def text(self, name: str, longest: int = _LONGEST_NAME, *, needed: bool = False) -> str:
        """One line, made visible; empty when it was not given. Raises CannotDo."""
        return visible(self._said(name, longest, needed=needed), longest)

    def lines(self, name: str, longest: int, *, needed: bool = False) -> str:
        """A text of several lines, made visible. Raises CannotDo."""
        return visible_lines(self._said(name, longest, needed=needed), longest)

    def number(self, name: str) -> int | None:
        """A whole number; None when it was not given. Raises CannotDo."""
        said = self.arguments.get(name)
        if said is not None and (not isinstance(said, int) or isinstance(said, bool)):
            raise CannotDo(f"{name}: expected a whole number", usage=True)
        return said

    def flag(self, name: str) -> bool:
        """Yes, or no where it was not given. Raises CannotDo."""
        said = self.arguments.get(name)
        if not isinstance(said, bool | None):
            raise CannotDo(f"{name}: expected true or false", usage=True)
        return said is True

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts. Raises CannotDo."""
        said = self.arguments.get(name)
        listed = [] if said is None else said
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise CannotDo(f"{name}: expected a list of names", usage=True)
        return tuple(visible(each, _LONGEST_NAME) for each in listed)

    def choice(self, name: str, known: Collection[str]) -> str:
        """One of the known words; empty when it was not given. Raises CannotDo."""
        said = self.text(name)
        if said and said not in known:
            hint = nearest(said, known) or f"known: {', '.join(known)}"
            raise CannotDo(f'{name}: unknown "{said}" ({hint})', usage=True)
        return said

    def _said(self, name: str, longest: int, *, needed: bool) -> str:
        said = self.arguments.get(name)
        if said is not None and not isinstance(said, str):
            raise CannotDo(f"{name}: expected a text", usage=True)
        if said is not None and len(said) > longest:
            raise CannotDo(f"{name}: at most {longest} characters, got {len(said)}", usage=True)
        if needed and not (said or "").strip():
            raise CannotDo(f"{name}: is missing", usage=True)
        return (said or "").strip()


# What a request makes of a draft; what it gives is printed as JSON.
Verb = Callable[[Draft, Rulebook, Asked], Any]
