"""Vendors: a ticket is handed to one with its evidence, they are reminded when they are late, and it comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.evidence_pack import Material, evidence_pack, markdown
from agent.desk.keeping import kept
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from agent.store.save import last_reading
from alerting.desk.parts import VendorCase
from alerting.desk.plan import Step
from alerting.desk.text import when
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from alerting.desk.vendor_case import is_nag, promised, steps
from alerting.slo.figures import rfc3339
from checks.masking import secretless
from config.friendly import nearest, shown
from config.policies import Policy, Role
from config.units import parse_duration
from config.vendors import LONGEST_EXPECTED, Vendor

__all__ = ["act", "steps", "vendor"]
DAEMON = "tocsin"
_SECOND = 1_000_000
_OURS: tuple[Role, ...] = ("assignee", "lead")


def vendor(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """Hand the ticket `to` a vendor, tell of another `expected` time or `reference`, or that they are `done`."""
    ticket, policy = kept(draft, rules, asked.ticket(draft), asked.now)
    if not ticket.is_open:
        remedy = f"reopen it first: tocsin tickets reopen {ticket.id}"
        raise CannotDo(f"{ticket.id} is {ticket.state}: nobody works on it ({remedy})")
    if asked.flag("done"):
        return _take_back(draft, rules, ticket, asked)
    name = _named(rules, ticket, asked)
    case = ticket.vendor if _with(ticket) else None
    if case is not None and case.vendor != name:
        remedy = f"tocsin tickets vendor {ticket.id} --done"
        raise CannotDo(f"{ticket.id} is with {case.vendor} already: take it back first ({remedy})")
    if case is not None:
        return _promise(draft, rules, ticket, asked)
    return _hand_over(draft, rules, (ticket, policy), asked, name)


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """A reminder to a vendor who is late, or the look whether their fix holds."""
    case = ticket.vendor
    if case is None:
        return
    if is_nag(step.key):
        _nag(draft, rules, ticket, step, now)
        return
    said = f"{_title(rules, case)} said {when(case.ended_at or now)} that it is mended: look whether it holds"
    told = tell(
        draft,
        rules,
        ticket,
        Telling("vendor_watch", step.key, _OURS, f"{ticket.id}: {said}.", falls_back=True),
        now,
    )
    draft.events.append(TicketEvent(ticket.number, now, DAEMON, "vendor_watch", _with_told(said, told)))
    draft.tell("ticket.vendor_watched", ticket=ticket.id, vendor=case.vendor, told=told)


def _hand_over(
    draft: Draft, rules: Rulebook, known: tuple[Ticket, Policy], asked: Asked, name: str
) -> dict[str, Any]:
    (ticket, policy), of = known, rules.vendors[name]
    by, now = acting(rules, asked), asked.now
    before = ticket.vendor
    case = VendorCase(
        name,
        now,
        secretless(asked.text("reference")),
        _expected(ticket, policy, asked, of),
        nagged=before.nagged if before is not None else 0,
        nag_every=of.nag_every,
    )
    if ticket.state is TicketState.PENDING:
        ticket = moved(ticket, Move.START, now, by)
    ticket = replace(moved(ticket, Move.PEND, now, by, "vendor"), vendor=case)
    told = tell(draft, rules, ticket, _evidence(draft, rules, ticket, asked, of), now)
    tell(draft, rules, ticket, _inside(rules, ticket, case), now)
    draft.tickets.put(ticket.number, ticket)
    how = (
        f"evidence goes to {of.contact}"
        if told and rules.notices
        else "no channel: the evidence was not sent"
    )
    until = f", expected by {when(case.expected)}" if case.expected is not None else ""
    draft.events.append(
        TicketEvent(ticket.number, now, by, "vendor", f"handed to {_title(rules, case)}{until}; {how}")
    )
    draft.tell("ticket.vendor", ticket=ticket.id, vendor=name, by=by, expected=case.expected)
    sent_to = of.contact if told and rules.notices else None
    return {**_shown(ticket), "handed_over": True, "sent_to": sent_to}


def _promise(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked) -> dict[str, Any]:
    """They are at it already, and said something of it."""
    case, by = ticket.vendor, acting(rules, asked)
    assert case is not None
    reference, seconds = secretless(asked.text("reference")) or case.reference, _seconds(asked)
    expected = case.expected if seconds is None else asked.now + round(seconds * _SECOND)
    if (reference, expected) == (case.reference, case.expected):
        raise CannotDo(f"{ticket.id} is with {case.vendor} already: say --expected, --reference or --done")
    after = replace(
        ticket, vendor=replace(case, reference=reference, expected=expected), version=ticket.version + 1
    )
    draft.tickets.put(after.number, after)
    until = f", expected by {when(expected)}" if expected is not None else ""
    under = f" under {reference}" if reference else ""
    draft.events.append(
        TicketEvent(after.number, asked.now, by, "vendor", f"{_title(rules, case)} works on it{under}{until}")
    )
    draft.tell("ticket.vendor", ticket=after.id, vendor=case.vendor, by=by, expected=expected)
    return {**_shown(after), "handed_over": False, "sent_to": None}


def _take_back(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked) -> dict[str, Any]:
    case, by = ticket.vendor, acting(rules, asked)
    if case is None or not _with(ticket):
        raise CannotDo(f"{ticket.id} is with no vendor")
    after = replace(ticket, vendor=replace(case, ended_at=asked.now), version=ticket.version + 1)
    waits = any(pause.end is None and pause.why == "vendor" for pause in after.pauses)
    if after.state is TicketState.PENDING and waits:
        after = moved(after, Move.START, asked.now, by)
    draft.tickets.put(after.number, after)
    draft.events.append(
        TicketEvent(
            after.number, asked.now, by, "vendor_done", f"{_title(rules, case)} is done; it goes on here"
        )
    )
    draft.tell("ticket.vendor_done", ticket=after.id, vendor=case.vendor, by=by)
    return {**_shown(after), "handed_over": False, "sent_to": None}


def _nag(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    case = ticket.vendor
    assert case is not None
    of = rules.vendors.get(case.vendor)
    late = f"{_title(rules, case)} has not mended it by {when(case.expected or now)}"
    under = f" (your reference: {case.reference})" if case.reference else ""
    title = evidence_pack(Material(ticket, members=_members(rules)))["title"]
    ask = (
        f"We still wait for you on {ticket.id}{under}: {title}\n\n"
        f"It was expected to be mended by {when(case.expected or now)}. "
        "Please tell us how it stands, and when it will be."
    )
    told: tuple[str, ...] = ()
    if of is not None:
        told = tell(
            draft, rules, ticket, Telling("vendor", step.key, (of.contact,), ask, str(title), alone=True), now
        )
    ours: tuple[Role, ...] = (*_OURS, "manager") if case.nagged else _OURS
    heard = tell(
        draft,
        rules,
        ticket,
        Telling("vendor_late", step.key, ours, f"{ticket.id}: {late}.", falls_back=True),
        now,
    )
    draft.tickets.put(
        ticket.number,
        replace(ticket, vendor=replace(case, nagged=case.nagged + 1), version=ticket.version + 1),
    )
    draft.events.append(
        TicketEvent(
            ticket.number, now, DAEMON, "vendor_late", _with_told(f"{late}: reminded", (*told, *heard))
        )
    )
    draft.tell("ticket.vendor_late", ticket=ticket.id, vendor=case.vendor, told=(*told, *heard))


def _evidence(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked, of: Vendor) -> Telling:
    """The pack for the vendor: masked, and without persons."""
    case = ticket.vendor
    assert case is not None
    readings = draft.check((ticket.service, ticket.check)).readings if ticket.check else ()
    service = rules.services.get(ticket.service)
    pack = evidence_pack(
        Material(
            ticket,
            asked.timeline,
            [last_reading(each) for each in readings],
            _members(rules),
            service.environment if service else "",
        )
    )
    until = f" We expect it to be mended by {when(case.expected)}." if case.expected is not None else ""
    under = f" Your reference: {case.reference}." if case.reference else ""
    text = f"Please look at this: it seems to have its cause on your side.{until}{under}\n\n{markdown(pack)}"
    return Telling("vendor", f"vendor:{case.since}", (of.contact,), text, str(pack["title"]), alone=True)


def _inside(rules: Rulebook, ticket: Ticket, case: VendorCase) -> Telling:
    until = f", expected by {when(case.expected)}" if case.expected is not None else ""
    said = f"{ticket.id} was handed to {_title(rules, case)}{until}."
    return Telling("vendor_told", f"vendor:{case.since}", ("lead",), said)


def _named(rules: Rulebook, ticket: Ticket, asked: Asked) -> str:
    """The vendor that is meant: named, or the one it is with, or that of its service."""
    service = rules.services.get(ticket.service)
    usual = ticket.vendor.vendor if ticket.vendor is not None and _with(ticket) else None
    name = asked.text("to") or usual or (service.vendor if service is not None else None)
    if name is None:
        raise CannotDo(f"whose? {ticket.id} has no vendor of its own: say --to NAME", usage=True)
    if name not in rules.vendors:
        known = nearest(name, rules.vendors) or f"known: {', '.join(sorted(rules.vendors)) or 'none'}"
        raise CannotDo(f"no vendor is called {shown(name)} ({known}; they stand in vendors:)", usage=True)
    return name


def _expected(ticket: Ticket, policy: Policy, asked: Asked, of: Vendor) -> int | None:
    seconds = _seconds(asked)
    seconds = of.expected if seconds is None else seconds
    if seconds is not None:
        return asked.now + round(seconds * _SECOND)
    return promised(ticket, policy, asked.now, policy.vendor.expected)


def _seconds(asked: Asked) -> float | None:
    """How soon they said that they will have mended it. Raises CannotDo."""
    said = asked.text("expected")
    if not said:
        return None
    try:
        seconds = parse_duration(said)
    except ValueError as error:
        raise CannotDo(f"expected: {error}", usage=True) from None
    if not 1 <= seconds <= LONGEST_EXPECTED:
        raise CannotDo("expected: must be 1s to 366d", usage=True)
    return seconds


def _with(ticket: Ticket) -> bool:
    return ticket.vendor is not None and ticket.vendor.ended_at is None


def _members(rules: Rulebook) -> list[str]:
    return [member.name for team in rules.teams.values() for member in team.members]


def _title(rules: Rulebook, case: VendorCase) -> str:
    known = rules.vendors.get(case.vendor)
    return (known.title if known is not None else None) or case.vendor


def _with_told(said: str, told: tuple[str, ...]) -> str:
    return f"{said}; told: {', '.join(told)}" if told else f"{said}; nobody could be told"


def _shown(ticket: Ticket) -> dict[str, Any]:
    case = ticket.vendor
    assert case is not None
    return {
        "id": ticket.id,
        "state": ticket.state.value,
        "version": ticket.version,
        "vendor": case.vendor,
        "reference": case.reference or None,
        "since": rfc3339(case.since),
        "expected": None if case.expected is None else rfc3339(case.expected),
        "ended_at": None if case.ended_at is None else rfc3339(case.ended_at),
    }
