"""`was:` on a draft: a check under a new name goes on with its state, history, incident and ticket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.desk.tickets import DAEMON
from agent.memory import Address, Draft
from agent.rulebook import Rulebook
from alerting.desk.ticket import TicketEvent
from alerting.incidents.incident import Incident


def rename(draft: Draft, rules: Rulebook, now: int) -> None:
    """Take over what is known under earlier names, once: a check that has a past of its own takes over nothing."""
    moved: dict[Address, Address] = {}
    for new, names in rules.was.items():
        old = next((name for name in names if draft.checks.get(name) is not None), None)
        if old is None or old in rules.checks:
            continue
        if draft.checks.get(new) is not None:
            why = f"{_shown(new)} has a history of its own already"
            draft.tell("check.was_ignored", check=_shown(new), was=_shown(old), reason=why)
        else:
            _take_over(draft, old, new, now)
            moved[old] = new
    for ticket in list(draft.tickets.values()) if moved else ():
        heir = moved.get((ticket.service, ticket.check))
        if heir is not None:
            draft.tickets.put(ticket.number, replace(ticket, service=heir[0], check=heir[1]))
    _suppressions(draft, rules, now)


def _suppressions(draft: Draft, rules: Rulebook, now: int) -> None:
    """What was silenced, paused or announced under an old name is so under the new one."""
    for each in draft.suppressions:
        if each.plan is not None:  # the configuration itself says whom they are for
            continue
        names = tuple(dict.fromkeys(new for old in each.match.names for new in _names_now(old, rules)))
        if names != each.match.names:
            draft.record(now, replace(each, match=replace(each.match, names=names), by=DAEMON))
            draft.tell("suppression.renamed", id=each.id, before=list(each.match.names), after=list(names))


def _names_now(name: str, rules: Rulebook) -> Iterable[str]:
    """What a service or check is called now; the checks by themselves of a service that went into others."""
    service, is_check, check = name.partition(".")
    if is_check:
        heir = rules.heirs.get((service, check)) if (service, check) not in rules.checks else None
        return (_shown(heir),) if heir is not None else (name,)
    heirs = [new for old, new in rules.heirs.items() if old[0] == service]
    if service in rules.services or not heirs:
        return (name,)
    whole = {new[0] for new in heirs if set(rules.members[new[0]]) <= set(heirs)}
    return [new[0] if new[0] in whole else _shown(new) for new in heirs]


def _take_over(draft: Draft, old: Address, new: Address, now: int) -> None:
    draft.checks.put(new, draft.check(old))
    draft.checks.drop(old)
    draft.move(old, new)
    _incident(draft, old, new, now)
    draft.tell("check.renamed", before=_shown(old), after=_shown(new))


def _incident(draft: Draft, old: Address, new: Address, now: int) -> None:
    """Occurrences go on counting after those that the new name had in an earlier life."""
    _problem(draft, old, new)
    latest, former = draft.incidents.get(old), draft.incidents.get(new)
    lived = former.occurrence if former is not None else 0
    for number, incident in draft.written_incidents.items():
        if (incident.service, incident.rule) == old:
            draft.written_incidents[number] = _renamed(incident, new, lived)
    if latest is None:
        return
    draft.incidents.drop(old)
    draft.incidents.put(new, _renamed(latest, new, lived))
    if latest.holds_key:
        said = f"{_shown(old)} is called {_shown(new)} from now on"
        draft.events.append(TicketEvent(latest.ticket, now, DAEMON, "renamed", said))


def _problem(draft: Draft, old: Address, new: Address) -> None:
    """Its trouble goes on under the new name, where it belongs."""
    problem = draft.problems.get(old)
    if problem is None:
        return
    draft.problems.drop(old)
    draft.problems.put(new, replace(problem, service=new[0], rule=new[1]))
    if problem.incident is not None:
        members = draft.members.get(problem.incident) or ()
        renamed = (
            replace(each, service=new[0], rule=new[1]) if each.key == old else each for each in members
        )
        draft.members.put(problem.incident, tuple(renamed))


def _renamed(incident: Incident, new: Address, lived: int) -> Incident:
    return replace(incident, service=new[0], rule=new[1], occurrence=incident.occurrence + lived)


def _shown(address: Address) -> str:
    return ".".join(address)
