"""What a reading, the passing of time, or a person's move changes: pure steps put together on a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.memory import LAST_READINGS, Address, CheckMemory, Draft
from alerting.desk import sla, text
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from alerting.incidents import (
    Incident,
    IncidentSpec,
    NewIds,
    Turn,
    decide,
    removed,
    watch_ended,
)
from alerting.slo.spans import DownWhen, Klass
from alerting.slo.track import (
    OF_STATE,
    Track,
    TrackChange,
    backdated,
    change,
    first_change,
    pruned,
    service_track,
    turned,
)
from alerting.state import Flip, StateSpec, step
from checks.base import Reading, Status
from config.conditions import Condition, Hold
from config.models import Check, Config, Service

_SECOND = 1_000_000
DAEMON = "tocsin"


class NoSuchTicket(Exception):
    """There is no ticket of that number."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The configuration in the form that decisions want, made once per load."""

    services: Mapping[str, Service]
    checks: Mapping[Address, Check]
    state_specs: Mapping[Address, StateSpec]
    down_when: Mapping[str, DownWhen]
    counting: Mapping[str, tuple[Address, ...]]
    members: Mapping[str, tuple[Address, ...]]

    @classmethod
    def of(cls, config: Config) -> Rulebook:
        checks = {(check.service, check.name): check for check in config.checks()}
        return cls(
            services=config.services,
            checks=checks,
            state_specs={address: state_spec(check) for address, check in checks.items()},
            down_when={name: DownWhen.parse(service.down_when) for name, service in config.services.items()},
            counting={
                name: tuple(
                    (name, check.name) for check in service.checks.values() if check.counts_for_uptime
                )
                for name, service in config.services.items()
            },
            members={
                name: tuple((name, check.name) for check in service.checks.values())
                for name, service in config.services.items()
            },
        )


def state_spec(check: Check) -> StateSpec:
    """How this check's flips are confirmed."""
    return StateSpec(check.confirm, check.recover, (_hold(check.degraded), _hold(check.down)))


def _hold(conditions: tuple[Condition, ...]) -> Hold | None:
    return next((condition.must_hold for condition in conditions if condition.must_hold), None)


def take(draft: Draft, rules: Rulebook, address: Address, reading: Reading) -> Flip | None:
    """One reading: state, spans of check and service, incident and ticket. Readings of dropped checks are ignored."""
    check = rules.checks.get(address)
    if check is None:
        return None
    before = draft.check(address)
    state, flip = step(before.state, reading, rules.state_specs[address])
    track = _track_after(before, reading, OF_STATE[state.state or Status.UNKNOWN], flip, check.valid_for)
    memory = CheckMemory(state, track, (*before.readings, reading)[-LAST_READINGS:], reading.memo)
    draft.checks.put(address, memory)
    draft.readings.append((address, check.kind, reading))
    _write_track(draft, rules, address, before.track, track)
    if flip is not None:
        draft.flips.append((address, flip))
        draft.tell(
            "check.flipped", check=check.address, before=flip.before, after=flip.after, reason=flip.reason
        )
        _to_incident(draft, rules, address, flip)
    return flip


def _track_after(
    before: CheckMemory, reading: Reading, confirmed: Klass, flip: Flip | None, valid_for: float
) -> Track:
    track = before.track
    believed_until = _believed_until(before, valid_for)
    if track and reading.at > believed_until:
        track = turned(track, believed_until, Klass.UNKNOWN)
    klass = Klass.UNKNOWN if reading.status is Status.UNKNOWN else confirmed
    if flip is None:
        return turned(track, reading.at, klass)
    return turned(backdated(track, flip), reading.at, klass)


def _write_track(draft: Draft, rules: Rulebook, address: Address, before: Track, after: Track) -> None:
    """Ledger rows of the check, and of its service when the check counts for uptime."""
    since = first_change(before, after)
    if since is None:
        return
    service = address[0]
    draft.spans.append((*address, change(before, after)))
    if address in rules.counting.get(service, ()):
        _judge_service(draft, rules, service, since, after[-1][0])
    _prune(draft, rules, service)


def _judge_service(draft: Draft, rules: Rulebook, service: str, since: int, at: int) -> None:
    """A service begins with the first reading that is committed; what a late one says of before is left out."""
    old = draft.services.get(service) or ()
    tracks = [track for each in rules.counting[service] if (track := draft.check(each).track)]
    first = max(since, old[0][0] if old else min((track[0][0] for track in tracks), default=since))
    # A look that began earlier may come in later: what the others said after it is judged anew as well.
    last = max(at, first, *(track[-1][0] for track in tracks))
    missing = len(rules.counting[service]) - len(tracks)
    new = service_track(old, [*tracks, *([()] * missing)], rules.down_when[service], first, last)
    changes = change(old, new)
    if changes:
        draft.spans.append((service, "", changes))
        draft.services.put(service, new)


def _prune(draft: Draft, rules: Rulebook, service: str) -> None:
    """Forget what nothing can change any more: no pending flip, and no reading that is still under way."""
    memories = {address: draft.check(address) for address in rules.members.get(service, ())}
    keep_from = min((_changeable_from(memory) for memory in memories.values()), default=0)
    for address, memory in memories.items():
        shorter = pruned(memory.track, keep_from)
        if len(shorter) < len(memory.track):
            draft.checks.put(address, replace(memory, track=shorter))
    track = draft.services.get(service)
    if track:
        draft.services.put(service, pruned(track, keep_from))


def _changeable_from(memory: CheckMemory) -> int:
    """A check's next reading may be of any moment after its last one (0 before its first)."""
    pending = memory.state.unsettled_since
    return memory.state.last_at if pending is None else min(pending, memory.state.last_at)


def _believed_until(memory: CheckMemory, valid_for: float) -> int:
    """A reading holds until the next one, or this long."""
    return memory.state.last_at + int(valid_for * _SECOND)


def _to_incident(draft: Draft, rules: Rulebook, address: Address, flip: Flip) -> None:
    service = rules.services[address[0]]
    spec = IncidentSpec(service.criticality, service.watch_for, service.reopen_within)
    ids = NewIds(draft.last_incident + 1, draft.last_ticket + 1)
    decided = decide(draft.incidents.get(address), flip, address, spec, ids)
    if decided is None:
        return
    incident, turn = decided
    draft.incidents.put(address, incident)
    if turn is Turn.OPENED:
        draft.last_incident, draft.last_ticket = ids.incident, ids.ticket
        _open_ticket(draft, rules, address, incident, flip)
    else:
        _follow_ticket(draft, incident, turn, flip.at, text.story(turn, incident, flip))
    _tell(draft, incident, turn)


def _tell(draft: Draft, incident: Incident, turn: Turn) -> None:
    draft.tell(
        f"incident.{turn}",
        incident=incident.id,
        service=incident.service,
        rule=incident.rule,
        severity=incident.severity,
        ticket=f"T-{incident.ticket}",
        reason=incident.reason,
    )


def _open_ticket(draft: Draft, rules: Rulebook, address: Address, incident: Incident, flip: Flip) -> None:
    service, check = rules.services[address[0]], rules.checks[address]
    priority = sla.priority(incident.severity)
    ticket = Ticket(
        number=incident.ticket,
        service=service.name,
        check=check.name,
        state=TicketState.NEW,
        severity=incident.severity,
        priority=priority,
        title=text.title(service, check, incident),
        description=text.description(service, check, flip, draft.check(address).readings),
        opened_at=incident.opened_at,
        due=sla.due(incident.opened_at, priority),
    )
    draft.tickets.put(ticket.number, ticket)
    draft.events.append(
        TicketEvent(ticket.number, flip.at, DAEMON, Turn.OPENED, text.story(Turn.OPENED, incident, flip))
    )


def _follow_ticket(draft: Draft, incident: Incident, turn: Turn, at: int, story: str) -> None:
    """What the incident's turn does to its ticket; a person's own resolving or closing is not undone by easing."""
    ticket = draft.tickets.get(incident.ticket)
    if ticket is None:
        return
    if turn is Turn.REOPENED and not ticket.is_open:
        ticket = moved(ticket, Move.REOPEN, at, DAEMON)
    if turn in (Turn.REOPENED, Turn.WORSENED, Turn.EASED):
        priority = sla.priority(incident.severity)
        ticket = replace(
            ticket, severity=incident.severity, priority=priority, due=sla.due(ticket.opened_at, priority),
            version=ticket.version + 1,
        )  # fmt: skip
    if turn in (Turn.RECOVERED, Turn.REMOVED) and ticket.is_open:
        resolved_at = incident.resolved_at if incident.resolved_at is not None else at
        ticket = moved(ticket, Move.RESOLVE, resolved_at, DAEMON)
    draft.tickets.put(ticket.number, ticket)
    draft.events.append(TicketEvent(ticket.number, at, DAEMON, turn, story))


def sweep(draft: Draft, now: int) -> None:
    """What becomes due by time alone: watches that are over."""
    for incident in list(draft.incidents.values()):
        over = watch_ended(incident, now)
        if over is not None:
            draft.incidents.put((over.service, over.rule), over)
            _follow_ticket(draft, over, Turn.WATCH_ENDED, now, text.story(Turn.WATCH_ENDED, over, None))
            _tell(draft, over, Turn.WATCH_ENDED)


def drop_removed(
    draft: Draft, rules: Rulebook, known: Mapping[Address, CheckMemory], now: int
) -> list[Address]:
    """End the incidents and spans of checks that are no longer configured, and forget them; gives their addresses."""
    gone = [address for address in known if address not in rules.checks]
    for address in gone:
        _end_incident(draft, address, now)
        _close_track(draft, *address, draft.check(address).track, now)
        draft.forgotten.append(address)
    for service in {address[0] for address in gone}:
        if rules.counting.get(service):
            _judge_service(draft, rules, service, now, now)
        else:
            _close_track(draft, service, "", draft.services.get(service) or (), now)
            draft.ended_services.append(service)
    return gone


def _end_incident(draft: Draft, address: Address, now: int) -> None:
    incident = draft.incidents.get(address)
    if incident is None or not incident.holds_key:
        return
    over = removed(incident, now)
    draft.incidents.put(address, over)
    _follow_ticket(draft, over, Turn.REMOVED, now, text.story(Turn.REMOVED, over, None))
    _tell(draft, over, Turn.REMOVED)


def _close_track(draft: Draft, service: str, check: str, track: Track, now: int) -> None:
    if track:
        start, klass = track[-1]
        closed = TrackChange((), ((start, now, klass),)) if now > start else TrackChange((start,), ())
        draft.spans.append((service, check, closed))


def rejudge(draft: Draft, rules: Rulebook, now: int) -> None:
    """Judge every service anew from now on: its rule, or which checks count, may have changed."""
    for service in rules.services:
        if draft.services.get(service) and rules.counting[service]:
            _judge_service(draft, rules, service, now, now)


def mark_unseen(draft: Draft, rules: Rulebook, since: int) -> None:
    """The daemon itself was not there: everything is unknown from `since` on, whatever was last seen."""
    for address in rules.checks:
        memory = draft.check(address)
        if memory.track:
            after = turned(memory.track, since, Klass.UNKNOWN)
            draft.checks.put(address, replace(memory, track=after))
            _write_track(draft, rules, address, memory.track, after)


@dataclass(frozen=True, slots=True)
class PersonsMove:
    """What a person does to a ticket, and the line they leave in its timeline."""

    move: Move
    by: str
    note: str = ""


def move_ticket(draft: Draft, number: int, asked: PersonsMove, at: int) -> Ticket:
    """A person's move. Raises NoSuchTicket, or IllegalMove for an impossible move."""
    ticket = draft.tickets.get(number)
    if ticket is None:
        raise NoSuchTicket(f"there is no ticket T-{number}")
    after = moved(ticket, asked.move, at, asked.by)
    draft.tickets.put(number, after)
    said = asked.note or f"{after.state} by {asked.by}"
    draft.events.append(TicketEvent(number, at, asked.by, asked.move, said))
    draft.tell("ticket.moved", ticket=after.id, move=asked.move, by=asked.by, state=after.state)
    return after
