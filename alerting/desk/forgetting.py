"""A person taken out of what is kept of tickets: their data, and texts that name them, become `[forgotten]`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from alerting.desk.masked import Personal, cleaner
from alerting.desk.notices import Notice
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.outgoing import Standing

FORGOTTEN = "[forgotten]"
T = TypeVar("T")
# Words of ours, ids and digests, not texts: they stay as they are.
_OURS = frozenset(
    {
        "state", "service", "check", "severity", "priority", "policy", "channel", "category", "team", "origin",
        "request", "steps", "stamps", "due", "token", "token_again", "why", "kind", "key", "helpdesk", "what", "id",
        "url", "memo", "remote", "sent_priority", "asked_state", "labels", "sha256", "type",
    }
)  # fmt: skip
# Names and addresses of people: other people's stay.
_NAMES = frozenset(
    {"by", "assignee", "owner", "done_by", "told", "vendor", "reference", "to", "name", "watchers"}
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Whom to forget: on the tickets that they `reported`, and where they are only `mentioned`."""

    personal: Personal
    reported: tuple[int, ...]
    mentioned: tuple[int, ...]

    def cleaner(self, ticket: int) -> Callable[[str], str]:
        """What takes them out of the texts of a ticket. On their own every contact goes: whose else would it be?"""
        if ticket in self.reported:
            return cleaner(self.personal, FORGOTTEN)
        elsewhere = self.personal.elsewhere
        return lambda text: elsewhere.without(text, FORGOTTEN)

    def name(self, text: str) -> str:
        """The same for who did something: a whole name or address."""
        return FORGOTTEN if self.is_theirs(text) else text

    def is_theirs(self, name: str) -> bool:
        """Whether a name or an address is the person's."""
        known = (*self.personal.names, *self.personal.emails)
        return name.strip().lower() in {each.lower() for each in known}


def is_of(reporter: Reporter | None, known_by: str) -> bool:
    """Whether it is the person who is known by that address or user id, or by that name where they have neither."""
    if reporter is None or not known_by or reporter.name == FORGOTTEN:
        return False
    ids = {reporter.user_id, reporter.email.lower()} - {""} or {reporter.name}
    return known_by in ids or known_by.lower() in ids


def forgotten_ticket(ticket: Ticket, wish: Forgotten) -> Ticket:
    """The ticket without the person; the same one where it holds nothing of them."""
    own = ticket.number in wish.reported
    after = _without(ticket, wish, wish.cleaner(ticket.number))
    after = replace(after, watchers=tuple(each for each in ticket.watchers if not wish.is_theirs(each)))
    if own:
        after = _without_their_words(after)
    return ticket if after == ticket else replace(after, version=ticket.version + 1)


def _without_their_words(ticket: Ticket) -> Ticket:
    """Nobody's any more; the figures stay, and the level of the account is one of them."""
    level = ticket.reporter.level if ticket.reporter else ""
    return replace(
        ticket,
        reporter=Reporter(FORGOTTEN, level=level),
        fields={name: text for name, text in ticket.fields.items() if name != "feedback"},
        survey=replace(ticket.survey, comment="", token="") if ticket.survey else None,
        ask=replace(ticket.ask, text="", token="", token_again="") if ticket.ask else None,
    )


def forgotten_event(event: TicketEvent, wish: Forgotten) -> TicketEvent:
    """A line of a timeline without the person."""
    after = _without(event, wish, wish.cleaner(event.ticket))
    if event.ticket in wish.reported and event.what == "attached" and event.by != "tocsin":
        return replace(
            after, text=f"attached {FORGOTTEN}"
        )  # names of files name people as nobody else writes them
    return after


def forgotten_notice(notice: Notice, wish: Forgotten) -> Notice:
    """A notice without the person; what they were still to be told is not sent."""
    theirs = wish.is_theirs(notice.to)
    after = _without(notice, wish, wish.cleaner(notice.ticket))
    if not theirs:
        return after
    state = Standing.DROPPED if notice.unsent else notice.state
    return replace(after, to=FORGOTTEN, name=FORGOTTEN, state=state, next_at=None, lease_until=None)


def without_person(value: T, ticket: int, wish: Forgotten) -> T:
    """What another helpdesk is to hold of a ticket, without the person."""
    return _without(value, wish, wish.cleaner(ticket))


def _without(value: T, wish: Forgotten, clean: Callable[[str], str]) -> T:
    """Every text in it cleaned, whatever it is made of."""
    return _cleaned(value, "", wish, clean)  # type: ignore[no-any-return]  # it is of the same type


def _cleaned(value: Any, name: str, wish: Forgotten, clean: Callable[[str], str]) -> Any:
    if name in _OURS or value is None or isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return wish.name(value) if name in _NAMES else clean(value)
    if isinstance(value, Reporter):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        found = {each.name: getattr(value, each.name) for each in fields(value)}
        changed = {key: _cleaned(inner, key, wish, clean) for key, inner in found.items()}
        return replace(value, **{key: inner for key, inner in changed.items() if inner != found[key]})
    if isinstance(value, Mapping):
        return {key: _cleaned(inner, str(key), wish, clean) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_cleaned(inner, name, wish, clean) for inner in value)
    return value
