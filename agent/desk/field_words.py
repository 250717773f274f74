"""The fields of a ticket that people set: how each is checked, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, get_args

from agent.desk.asked import Asked, CannotDo
from agent.rulebook import Rulebook
from alerting.desk.fields import FIELDS
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Ticket
from checks.masking import secretless
from config.categories import categories_of
from config.field_types import is_mail_address
from config.models import Severity
from config.policies import PRIORITIES

# The step that says: a person gave the ticket its priority.
BY_HAND = "priority:by_hand"
LONGEST_TITLE, LONGEST_DESCRIPTION = 200, 20_000
SEVERITIES: tuple[str, ...] = get_args(Severity)
_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}
_MOST_USERS = 10_000_000_000
Setter = Callable[[Rulebook, Ticket, str, Asked], Ticket]
# Names of `set`, and of the options of `open`, for the parts of Reporter.
OF_REPORTER: Mapping[str, str] = {
    "reporter": "name",
    "email": "email",
    "phone": "phone",
    "account": "account",
    "account_level": "level",
    "user_id": "user_id",
    "product_id": "product_id",
}


def value_of(ticket: Ticket, name: str) -> str:
    """What the field holds now, as text."""
    if name in FIELDS:
        return ticket.fields.get(name, "")
    if name in OF_REPORTER:
        return getattr(ticket.reporter, OF_REPORTER[name]) if ticket.reporter else ""
    found: Any = getattr(ticket, name)
    if isinstance(found, bool):
        return "yes" if found else "no"
    return str(found or "")


def field_text(asked: Asked, name: str) -> str:
    """A text of FIELDS, checked. Raises CannotDo."""
    field = FIELDS[name]
    if field.choices:
        return asked.choice(name, field.choices)
    if field.longest > LONGEST_TITLE:
        return secretless(asked.lines(name, field.longest))
    said = secretless(asked.text(name, field.longest))
    if name == "users" and said:
        return str(_whole_number(name, said))
    return said


def address(asked: Asked, name: str) -> str:
    """A mail address, or nothing. Raises CannotDo."""
    said = asked.text(name)
    if said and not is_mail_address(said):
        raise CannotDo(f"{name}: expected one mail address such as one@example.org", usage=True)
    return said


def known(asked: Asked, name: str, there: Collection[str]) -> str:
    """A name of the configuration, or nothing. Raises CannotDo."""
    if asked.text(name) and not there:
        raise CannotDo(f"{name}: the configuration has none", usage=True)
    return asked.choice(name, there)


def _whole_number(name: str, said: str) -> int:
    if not said.isascii() or not said.isdigit() or int(said[:12]) > _MOST_USERS or len(said) > 11:
        raise CannotDo(f"{name}: expected a whole number", usage=True)
    return int(said)


def _field(_rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    text = field_text(asked, name)
    others = {each: value for each, value in ticket.fields.items() if each != name}
    return replace(ticket, fields={**others, name: text} if text else others)


def _needed(choices: Collection[str]) -> Setter:
    def setter(_rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
        said = asked.choice(name, choices)
        if not said:
            raise CannotDo(f"{name}: expected one of {', '.join(choices)}", usage=True)
        return replace(ticket, **{name: said})  # type: ignore[arg-type]  # a name of a Ticket's text

    return setter


def _title(_rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    return replace(ticket, title=secretless(asked.text(name, LONGEST_TITLE, needed=True)))


def _description(_rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    return replace(ticket, description=secretless(asked.lines(name, LONGEST_DESCRIPTION)))


def _service(rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    if ticket.channel == "monitoring":
        raise CannotDo(f"{ticket.id} was opened by monitoring: its service stays")
    return replace(ticket, service=known(asked, name, rules.services))


def _team(rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    return replace(ticket, team=known(asked, name, rules.teams) or None)


def _category(rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    return replace(ticket, category=known(asked, name, categories_of(rules.desk.categories)))


def _mark(_rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    said = asked.choice(name, _YES_OR_NO)
    if not said:
        raise CannotDo(f"{name}: expected yes or no", usage=True)
    return replace(ticket, **{name: _YES_OR_NO[said]})  # type: ignore[arg-type]  # a name of a Ticket's mark


def _of_reporter(_rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    said = address(asked, name) if name == "email" else asked.text(name)
    reporter = replace(ticket.reporter or Reporter(""), **{OF_REPORTER[name]: said})
    return replace(ticket, reporter=reporter if any(_texts(reporter)) else None)


def _texts(reporter: Reporter) -> tuple[str, ...]:
    return tuple(getattr(reporter, name) for name in OF_REPORTER.values())


SETTERS: Mapping[str, Setter] = {
    **dict.fromkeys(FIELDS, _field),
    **dict.fromkeys(OF_REPORTER, _of_reporter),
    "title": _title,
    "description": _description,
    "severity": _needed(SEVERITIES),
    "priority": _needed(PRIORITIES),
    "service": _service,
    "team": _team,
    "category": _category,
    "urgent": _mark,
}
