"""One act on many tickets: which of them it can be done to now, and why not to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.control import Refused
from agent.web.acts import ACTS, Act
from agent.web.doing import do
from agent.web.visit import Visit
from alerting.desk.root_cause import lacks_root_cause
from alerting.desk.ticket import Ticket
from config.policies import Policy

MOST = 150
DOINGS = ("take", "ack", "start", "assign", "assign-team", "priority", "note", "resolve", "close", "watch")


@dataclass(frozen=True, slots=True)
class Planned:
    """A ticket, and why nothing can be done to it; empty where it can."""

    ticket: Ticket
    why_not: str = ""

    @property
    def value(self) -> str:
        """As the form carries it: number and version."""
        return f"{self.ticket.number}:{self.ticket.version}"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one: why it was refused, empty where it was done."""

    name: str
    refused: str = ""


def planned(act: Act, tickets: Iterable[Ticket], policy: Callable[[Ticket], Policy]) -> list[Planned]:
    """Each with what stands against it by what is known now."""
    return [Planned(each, _against(act, each, policy)) for each in tickets]


def _against(act: Act, ticket: Ticket, policy: Callable[[Ticket], Policy]) -> str:
    if not act.can(ticket):
        return f"it is {ticket.state.value.replace('_', ' ')}"
    if act.name == "close":
        return lacks_root_cause(ticket, policy(ticket)) or ""
    return ""


def read(values: Iterable[str]) -> dict[int, int | None]:
    """Versions by number, as the forms carry them (`12:3`, or `12`); what is neither is left out."""
    found: dict[int, int | None] = {}
    for each in values:
        number, _, version = each.partition(":")
        if all(part.isascii() and part.isdigit() and len(part) < 10 for part in (number, version or "0")):
            found[int(number)] = int(version) if version else None
    return found


async def done(
    visit: Visit, act: Act, told: dict[str, object], versions: dict[int, int | None], seen: Iterable[int]
) -> list[Done]:
    """The act on each by itself, on the version that was looked at; what is not seen is not there."""
    there = set(seen)
    found = []
    for number, at in versions.items():
        name = f"T-{number}"
        if number not in there:
            found.append(Done(name, "there is no such ticket"))
            continue
        try:
            await do(visit, number, act, told, at)
        except Refused as error:
            found.append(Done(name, str(error)))
        else:
            found.append(Done(name))
    return found


def known(name: str) -> Act | None:
    """The act of that name, where it can be done to many."""
    return ACTS[name] if name in DOINGS else None
