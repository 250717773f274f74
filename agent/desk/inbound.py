"""Alerts of other tools on a draft: the first opens a ticket, those that follow are counted, the last resolves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.linking import current
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import sla
from alerting.desk.parts import Alarm, Earlier
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved, recurred
from config.inbound import DEFAULT_REOPEN
from config.models import Severity

DAEMON = "tocsin"
_SECOND = 1_000_000
_MOST_ENDED = 1000
_EACH_IS_TOLD = 5
# Who says that it began longer ago has no clock, or means something else.
_OLDEST = 30 * 86_400 * _SECOND


@dataclass(frozen=True, slots=True)
class Told:
    """An alert, made safe: what a ticket says of it. `origin` is what the ticket is known by; moments as in Alert.

    `said` is the name of the service as the tool has it. A recurrence within `reopen_within` seconds of the end opens
    the same ticket again; None: as the service says.
    """

    origin: str
    source: str
    key: str
    title: str
    description: str
    firing: bool
    severity: Severity
    service: str
    said: str
    reopen_within: float | None
    started: int | None
    ended: int | None


def take(draft: Draft, rules: Rulebook, asked: Asked) -> list[dict[str, Any]]:
    """What became of each alert, in their order. They come through `agent.inbound` alone."""
    told = asked.arguments.get("told")
    if not isinstance(told, tuple) or not all(isinstance(each, Told) for each in told):
        raise CannotDo("alerts of other tools come to /api/v1/inbound/NAME", usage=True)
    known: dict[str, int] = {}
    for number, ticket in draft.tickets.items():
        if ticket.origin is not None:
            known[ticket.origin] = max(number, known.get(ticket.origin, 0))
    return [_taken(draft, rules, each, known, asked.now) for each in told]


def _taken(draft: Draft, rules: Rulebook, told: Told, known: dict[str, int], now: int) -> dict[str, Any]:
    first = draft.tickets.get(known.get(told.origin, 0))
    if first is None:
        ticket, did = _heard_first(draft, rules, told, now)
    elif _is_late(told, first.alarm or Alarm(0)):
        ticket, did = current(draft, first), "late"
        reason = "it was over already" if told.firing else "it fired again since"
        draft.tell("inbound.late", source=told.source, key=told.key, ticket=ticket.id, reason=reason)
    elif first.merged_into is not None:
        ticket, did = _goes_on_elsewhere(draft, rules, told, first, now)
    elif told.firing:
        ticket, did = _fires(draft, rules, told, first, now)
    else:
        ticket, did = first, _is_over(draft, told, first, now)
    if ticket is not None and did == "opened":
        known[told.origin] = ticket.number
    return {"key": told.key, "did": did, "ticket": ticket.id if ticket is not None else None}


def _is_late(told: Told, alarm: Alarm) -> bool:
    """Whether more is known already than is told here."""
    if told.firing:
        return told.started is not None and alarm.ended is not None and told.started <= alarm.ended
    return told.ended is not None and alarm.started is not None and told.ended < alarm.started


def _heard_first(draft: Draft, rules: Rulebook, told: Told, now: int) -> tuple[Ticket | None, str]:
    if not told.firing:
        _remember(draft, told.origin, min(told.ended or now, now))
        draft.tell("inbound.nothing_open", source=told.source, key=told.key)
        return None, "unknown"
    ended = draft.ended_alerts.get(told.origin)
    if ended is not None and told.started is not None and told.started <= ended:
        draft.tell("inbound.late", source=told.source, key=told.key, reason="it was over already")
        return None, "late"
    return _opened(draft, rules, told, now), "opened"


def _goes_on_elsewhere(
    draft: Draft, rules: Rulebook, told: Told, first: Ticket, now: int
) -> tuple[Ticket, str]:
    """Its ticket was merged: the other one is noted what is told, and is what its own people make of it.

    When that one has ended and the alert fires anew, it is new trouble.
    """
    alarm, ticket = first.alarm or Alarm(0), current(draft, first)
    if told.firing and not ticket.is_open and _is_new(alarm, told):
        return _opened(draft, rules, told, now, Earlier(ticket.number, _end_of(ticket))), "opened"
    if told.firing:
        times = alarm.times + 1
        after = Alarm(times, _latest(alarm, told), None if _is_new(alarm, told) else alarm.ended)
        said = f"still fires (told {times} times)" if _is_told(times) else ""
    else:
        after = replace(alarm, ended=max(min(told.ended or now, now), alarm.ended or 0))
        said = "is over" if alarm.ended is None else ""
    draft.tickets.put(first.number, replace(first, alarm=after))
    if said:
        _note(draft, ticket, now, "counted", f"{told.source} says that its alert {told.key} {said}")
    draft.tell("inbound.noted", ticket=ticket.id, source=told.source, key=told.key)
    return ticket, "noted"


def _fires(draft: Draft, rules: Rulebook, told: Told, ticket: Ticket, now: int) -> tuple[Ticket, str]:
    alarm = ticket.alarm or Alarm(0)
    if ticket.is_open:
        return _again(draft, told, ticket, alarm, now), "counted"
    if not _is_new(alarm, told):
        draft.tickets.put(ticket.number, replace(ticket, alarm=replace(alarm, times=alarm.times + 1)))
        draft.tell(
            "inbound.counted", ticket=ticket.id, source=told.source, key=told.key, reason="ended by a person"
        )
        return ticket, "counted"
    if now - _end_of(ticket) <= _reopen_within(rules, told) * _SECOND:
        return _reopened(draft, told, ticket, alarm, now), "reopened"
    before = Earlier(ticket.number, _end_of(ticket))
    return _opened(draft, rules, told, now, before), "opened"


def _is_new(alarm: Alarm, told: Told) -> bool:
    """Whether it fires anew. A person's hand wins: what they ended while it lasted stays so until it is over there."""
    if alarm.ended is not None:
        return True
    return alarm.started is not None and told.started is not None and told.started > alarm.started


def _end_of(ticket: Ticket) -> int:
    return next((at for at in (ticket.resolved_at, ticket.closed_at) if at is not None), ticket.opened_at)


def _reopen_within(rules: Rulebook, told: Told) -> float:
    service = rules.services.get(told.service)
    if told.reopen_within is not None:
        return told.reopen_within
    return service.reopen_within if service is not None else DEFAULT_REOPEN


def _opened(draft: Draft, rules: Rulebook, told: Told, now: int, before: Earlier | None = None) -> Ticket:
    draft.last_ticket += 1
    began = told.started if told.started and now - _OLDEST <= told.started <= now else now
    priority = sla.priority(told.severity)
    service = rules.services.get(told.service)
    ticket = Ticket(
        number=draft.last_ticket,
        service=told.service,
        check="",
        state=TicketState.NEW,
        severity=told.severity,
        priority=priority,
        title=told.title,
        description=told.description,
        opened_at=began,
        due=sla.due(began, priority),
        channel="inbound",
        team=service.team if service is not None else None,
        stamps={"detected": began, "reported": now, "submitted": now},
        origin=told.origin,
        alarm=Alarm(1, told.started, severity=told.severity),
        earlier=before,
    )
    draft.tickets.put(ticket.number, ticket)
    _note(draft, ticket, now, "opened", f"opened by {told.source}, whose alert {told.key} fires")
    facts = {"source": told.source, "key": told.key, "service": told.service, "severity": told.severity}
    draft.tell("inbound.opened", ticket=ticket.id, **facts)
    if told.said and not told.service:
        draft.tell("inbound.unknown_service", ticket=ticket.id, source=told.source, said=told.said)
    return ticket


def _again(draft: Draft, told: Told, ticket: Ticket, alarm: Alarm, now: int) -> Ticket:
    """Its version stays: nobody's work on the ticket is touched by hearing the same again."""
    times, before = alarm.times + 1, alarm.severity or ticket.severity
    after = replace(
        ticket,
        alarm=replace(alarm, times=times, started=_latest(alarm, told), severity=told.severity),
    )
    if told.severity != before == ticket.severity:  # what a person says of it stands
        after = replace(after, severity=told.severity, version=ticket.version + 1)
        _note(draft, ticket, now, "severity", f"{told.source} says {told.severity} now, {before} before")
    draft.tickets.put(ticket.number, after)
    if _is_told(times):
        _note(draft, ticket, now, "counted", f"{told.source} says it still fires (told {times} times)")
    draft.tell("inbound.counted", ticket=ticket.id, source=told.source, key=told.key, times=times)
    return after


def _latest(alarm: Alarm, told: Told) -> int | None:
    return max(filter(None, (alarm.started, told.started)), default=None)


def _is_told(times: int) -> bool:
    """Whether the timeline says so: the first few times, then ever more rarely."""
    return times <= _EACH_IS_TOLD or times & (times - 1) == 0


def _reopened(draft: Draft, told: Told, ticket: Ticket, alarm: Alarm, now: int) -> Ticket:
    after = recurred(ticket, now, DAEMON)
    after = replace(after, alarm=Alarm(alarm.times + 1, told.started, severity=told.severity))
    draft.tickets.put(ticket.number, after)
    _note(draft, ticket, now, Move.REOPEN, f"opened again by {told.source}, whose alert fires anew")
    draft.tell("inbound.reopened", ticket=ticket.id, source=told.source, key=told.key)
    return after


def _is_over(draft: Draft, told: Told, ticket: Ticket, now: int) -> str:
    alarm, ended = ticket.alarm or Alarm(0), min(told.ended or now, now)
    alarm = replace(alarm, ended=max(ended, alarm.ended or 0))
    if not ticket.is_open:
        draft.tickets.put(ticket.number, replace(ticket, alarm=alarm))
        return "already"
    after = moved(ticket, Move.RESOLVE, max(ended, ticket.opened_at), DAEMON)
    draft.tickets.put(ticket.number, replace(after, alarm=alarm))
    _note(draft, ticket, now, Move.RESOLVE, f"resolved: {told.source} says that it is over")
    draft.tell("inbound.resolved", ticket=ticket.id, source=told.source, key=told.key)
    return "resolved"


def _remember(draft: Draft, origin: str, ended: int) -> None:
    """The end came before the beginning: an older beginning that is still under way opens nothing."""
    draft.ended_alerts.put(origin, max(ended, draft.ended_alerts.get(origin) or 0))
    kept = draft.ended_alerts.keys()
    for each in kept[: max(0, len(kept) - _MOST_ENDED)]:
        draft.ended_alerts.drop(each)


def _note(draft: Draft, ticket: Ticket, at: int, what: str, said: str) -> None:
    draft.events.append(TicketEvent(ticket.number, at, DAEMON, what, said))
