"""`/tickets/T-n/edit`: the fields of a ticket, all on one form; only what was changed is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.desk.field_words import LONGEST_DESCRIPTION, LONGEST_TITLE, OF_REPORTER, SEVERITIES, value_of
from agent.web.doing import seen_ticket, version
from agent.web.sight import seen_service, seen_services
from agent.web.visit import Address, Visit
from alerting.desk.fields import FIELDS
from alerting.desk.ticket import Ticket, parse_id
from config.categories import categories_of
from config.policies import PRIORITIES

_WORDS = {"reporter": "name", "email": "e-mail", "user_id": "id as a user", "product_id": "product"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of the form; with `choices` one of them, else a text, of one line unless it is `long`."""

    name: str
    label: str
    value: str
    longest: int = LONGEST_TITLE
    choices: Sequence[str] = ()
    about: str = ""

    @property
    def long(self) -> bool:
        return self.longest > LONGEST_TITLE


def edit(visit: Visit) -> Response:
    """The form."""
    return _page(visit, _ticket(visit))


def _ticket(visit: Visit) -> Ticket:
    found = seen_ticket(visit, parse_id(visit.request.path_params["ticket"][:20]))
    if found is None:
        raise HTTPException(404, "there is no such ticket")
    return found


def _page(visit: Visit, found: Ticket, wrong: str = "", written: Mapping[str, str] | None = None) -> Response:
    texts = {name: value_of(found, name) for name in _names(found)}
    shown = {**texts, **(written or {})}
    return visit.page(
        "ticket_edit.html",
        409 if wrong else 200,
        ticket=found,
        groups=_groups(visit, found, shown),
        before=texts if written else {},
        wrong=wrong,
    )


def _names(found: Ticket) -> list[str]:
    """What can be set by hand. Monitoring knows itself what its tickets are about."""
    own = ["title", "description", "priority", "severity", "category", "team", "urgent"]
    service = [] if found.channel == "monitoring" else ["service"]
    return [*own, *service, *OF_REPORTER, *FIELDS]


def _groups(visit: Visit, found: Ticket, shown: Mapping[str, str]) -> list[tuple[str, list[Entry]]]:
    config, names = visit.daemon.config(), _names(found)
    choices: dict[str, Sequence[str]] = {
        "priority": PRIORITIES,
        "severity": SEVERITIES,
        "urgent": ("no", "yes"),
        "category": ("", *categories_of(config.desk.categories)),
        "team": ("", *config.teams),
        "service": ("", *(each.name for each in seen_services(config, visit.person))),
        **{name: ("", *each.choices) for name, each in FIELDS.items() if each.choices},
    }

    def entry(name: str) -> Entry:
        field = FIELDS.get(name)
        longest = field.longest if field else LONGEST_DESCRIPTION if name == "description" else LONGEST_TITLE
        label = _WORDS.get(name, name.replace("_", " ")).capitalize()
        known, value = choices.get(name, ()), shown[name]
        listed = known if not known or value in known else (*known, value)
        return Entry(name, label, value, longest, listed, field.about if field else "")

    own = [name for name in names if name not in FIELDS and name not in OF_REPORTER]
    parts = (("The ticket", own), ("Who reported it", list(OF_REPORTER)), ("What is known", list(FIELDS)))
    return [(title, [entry(name) for name in part]) for title, part in parts]


async def change(visit: Visit) -> Response:
    """What differs from what the form began with is set; on another version of the ticket it is refused."""
    found = await visit.aside(lambda: _ticket(visit))
    written = {name: visit.form[name] for name in _names(found) if name in visit.form}
    changes = {name: text for name, text in written.items() if text.strip() != value_of(found, name).strip()}
    at = version(visit.form.get("made_of", ""))
    try:
        if at is None:
            raise Refused("load the page again")
        if name := changes.get("service", ""):
            _must_see(visit, name)
        if changes:
            await visit.desk("tickets.set", ticket=found.number, changes=changes, version=at)
    except Refused as error:
        said = str(error)
        return await visit.aside(lambda: _page(visit, _ticket(visit), said, written))
    return RedirectResponse(f"/tickets/{found.id}", 303)


def _must_see(visit: Visit, name: str) -> None:
    if seen_service(visit.daemon.config(), visit.person, name) is None:
        raise Refused(f"there is no service {name[:63]}")


ADDRESSES = (
    Address("/tickets/{ticket}/edit", "GET", Right.WORK, edit),
    Address("/tickets/{ticket}/edit", "POST", Right.WORK, change),
)
