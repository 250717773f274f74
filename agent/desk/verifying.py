"""Verifying a ticket: the checks that stand behind it are looked at again, and what they say is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo, Verb
from agent.desk.persons import acting
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.ticket import Ticket, TicketEvent

GOOD, FAILING, UNKNOWN = "good", "failing", "unknown"
_FAILING = ("degraded", "down")
_STATUSES = ("ok", *_FAILING, UNKNOWN)


def checks(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """The names of the checks that stand behind a ticket."""
    return checks_of(draft, rules, asked.ticket(draft))


def checks_of(draft: Draft, rules: Rulebook, ticket: Ticket) -> list[str]:
    """The addresses of the checks to look at: its own and those its incidents affect, else all of its service."""
    found = [(ticket.service, ticket.check)] if ticket.check else []
    for incident in draft.incidents.values():
        if incident.ticket == ticket.number:
            found.append((incident.service, incident.rule))
            found += [each.key for each in draft.members.get(incident.id) or ()]
    known = [address for address in dict.fromkeys(found) if address in rules.checks]
    return [".".join(address) for address in known or rules.members.get(ticket.service, ())]


def outcome(statuses: Iterable[str], *, all_looked_at: bool) -> str:
    """`failing` when any fails; `good` when all were looked at and are well; else nobody knows."""
    listed = list(statuses)
    if any(each in _FAILING for each in listed):
        return FAILING
    return GOOD if listed and all_looked_at and all(each == "ok" for each in listed) else UNKNOWN


def verified(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """Note what was seen: `statuses` by check, and why others were `left_out`."""
    ticket = asked.ticket(draft)
    statuses, left_out = _texts(asked, "statuses"), _texts(asked, "left_out")
    if any(each not in _STATUSES for each in statuses.values()):
        raise CannotDo(f"statuses: expected {', '.join(_STATUSES)}", usage=True)
    found = outcome(statuses.values(), all_looked_at=not left_out)
    listed = [f"{name} {status}" for name, status in statuses.items()]
    listed += [f"{name} {why}" for name, why in left_out.items()]
    said = f"checks looked at again: {'; '.join(listed) or 'none'}: {found}"
    after = replace(ticket, version=ticket.version + 1)
    if found == GOOD:
        after = after.stamped("verified", asked.now)
    draft.tickets.put(ticket.number, after)
    by = acting(rules, asked)
    draft.events.append(TicketEvent(ticket.number, asked.now, by, "verify", said))
    draft.tell("ticket.verified", ticket=ticket.id, outcome=found, by=by)
    return {"id": after.id, "version": after.version, "outcome": found}


def _texts(asked: Asked, name: str) -> Mapping[str, str]:
    said = asked.arguments.get(name) or {}
    if not isinstance(said, dict) or not all(isinstance(each, str) for pair in said.items() for each in pair):
        raise CannotDo(f"{name}: expected texts by the names of checks", usage=True)
    return said


VERBS: Mapping[str, Verb] = {"tickets.checks": checks, "tickets.verified": verified}
