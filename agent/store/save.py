"""A draft -> rows, within the transaction of the caller."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, update

from agent.memory import Address, CheckMemory, Draft
from agent.store import schema
from agent.store.changes import save_changes
from agent.store.forgetting import forget
from agent.store.gaps import drop_confirmed, forget_gaps
from agent.store.notices import save_notices
from agent.store.outbox import save_outbox
from agent.store.rename import carry_over
from agent.store.requests import put_requests
from agent.store.rows import dumps, put
from agent.store.suppressions import write_down
from agent.store.tickets import save_attachments, save_events, save_policies, save_roster, save_tickets
from agent.store.troubles import save_troubles
from alerting.incidents.incident import Incident
from alerting.slo.blips import Blip
from alerting.slo.gaps import Gap
from alerting.slo.track import TrackChange
from alerting.state import Flip, dump
from checks.base import Reading

Row = dict[str, Any]


def save(connection: Connection, agent: str, draft: Draft, alive_until: int | None) -> None:
    """Write everything the draft holds, and that the agent was alive (None: nobody was looking)."""
    carry_over(connection, agent, draft.moves)
    for service, check in draft.checks.dropped:
        _forget(connection, agent, service, check)
    put(connection, schema.readings, [_reading(agent, *entry) for entry in draft.readings])
    put_requests(connection, agent, draft.readings)
    kinds = draft.told | {address: kind for address, kind, _ in draft.readings}
    states = [
        _state(agent, address, kind, draft.check(address))
        for address, kind in kinds.items()
        if address not in draft.checks.dropped
    ]
    put(connection, schema.checks, states)
    put(connection, schema.flips, [_flip(agent, *entry) for entry in draft.flips])
    for service, check, changes in draft.spans:
        _save_spans(connection, agent, (service, check), changes)
    # In order of their numbers: an earlier incident lets go of its key before the next one takes it.
    incidents = [draft.written_incidents[number] for number in sorted(draft.written_incidents)]
    put(connection, schema.incidents, [_incident(agent, incident) for incident in incidents])
    save_troubles(connection, agent, draft)
    save_changes(connection, agent, draft.changes)
    for at, suppression in draft.recorded:
        write_down(connection, agent, at, suppression)
    save_policies(connection, agent, draft.policies.changed.items())
    save_tickets(connection, agent, draft.tickets.changed.values())
    save_events(connection, agent, draft.events)
    save_attachments(connection, agent, draft.attachments)
    save_roster(connection, agent, draft.rostered)
    save_notices(connection, agent, draft.notices.changed.values())
    save_outbox(connection, agent, draft.outbox.changed.values())
    forget(connection, agent, draft.forgotten)
    put(connection, schema.blips, [_blip(agent, *entry) for entry in draft.blips])
    drop_confirmed(connection, agent, draft.flips)
    forget_gaps(connection, agent, draft.no_gaps)
    put(connection, schema.gaps, [_gap(agent, gap) for gap in draft.gaps])
    if alive_until is not None:
        alive = {"agent_id": agent, "started_at": alive_until, "alive_until": alive_until}
        put(connection, schema.agents, [alive])


def _forget(connection: Connection, agent: str, service: str, check: str) -> None:
    """The state of a check that is gone; its history stays."""
    table = schema.checks.c
    mine = (table.agent_id == agent, table.service == service, table.check_id == check)
    connection.execute(delete(schema.checks).where(*mine))


def _reading(agent: str, address: Address, _kind: str, reading: Reading) -> Row:
    return {
        "agent_id": agent,
        "service": address[0],
        "check_id": address[1],
        "at": reading.at,
        "status": reading.status.value,
        "took": reading.took,
        "message": reading.message,
        "values": dumps(reading.values),
    }


def _state(agent: str, address: Address, kind: str, memory: CheckMemory) -> Row:
    return {
        "agent_id": agent,
        "service": address[0],
        "check_id": address[1],
        "kind": kind,
        "state": dumps(dump(memory.state)),
        "last": dumps(last_reading(memory.last)) if memory.last else "null",
        "memo": dumps([memory.memo_of, memory.memo]) if memory.memo is not None else None,
        "good": _good(memory),
    }


def _good(memory: CheckMemory) -> str | None:
    """The latest good reading, as far as it is not the last one, which stands beside it."""
    good = memory.last_good
    if good is None or (memory.last is not None and memory.last.at == good.at):
        return None
    return dumps(last_reading(good))


def last_reading(reading: Reading) -> Row:
    """What commands show of a reading."""
    return {
        "status": reading.status.value,
        "at": reading.at,
        "took": reading.took,
        "message": reading.message,
        "error_kind": reading.error_kind.value if reading.error_kind else None,
        "values": reading.values,
        "phases": reading.phases,
        "versions": reading.versions,
    }


def _flip(agent: str, address: Address, flip: Flip) -> Row:
    return {
        "agent_id": agent,
        "service": address[0],
        "check_id": address[1],
        "at": flip.at,
        "since": flip.since,
        "before": flip.before.value,
        "after": flip.after.value,
        "reason": flip.reason,
    }


def _blip(agent: str, address: Address, blip: Blip) -> Row:
    return {
        "agent_id": agent,
        "service": address[0],
        "check_id": address[1],
        **asdict(blip),
        "worst": blip.worst.value,
    }


def _gap(agent: str, gap: Gap) -> Row:
    return {"agent_id": agent, **asdict(gap), "why": gap.why.value}


def _save_spans(connection: Connection, agent: str, address: Address, changes: TrackChange) -> None:
    table = schema.spans.c
    if changes.cut is not None:
        _cut_spans(connection, agent, address, changes.cut)
    if changes.removed:
        connection.execute(
            delete(schema.spans).where(
                table.agent_id == agent,
                table.service == address[0],
                table.check_id == address[1],
                table.start.in_(changes.removed),
            )
        )
    rows = [
        {
            "agent_id": agent,
            "service": address[0],
            "check_id": address[1],
            "start": start,
            "end": end,
            "klass": klass.value,
        }
        for start, end, klass in changes.written
    ]
    put(connection, schema.spans, rows)


def _cut_spans(connection: Connection, agent: str, address: Address, at: int) -> None:
    """Make way from `at` on: later rows go, and one that reaches past it ends there."""
    table = schema.spans.c
    of_one = (table.agent_id == agent, table.service == address[0], table.check_id == address[1])
    connection.execute(delete(schema.spans).where(*of_one, table.start >= at))
    past = table.end.is_(None) | (table.end > at)
    connection.execute(update(schema.spans).where(*of_one, past).values(end=at))


def _incident(agent: str, incident: Incident) -> Row:
    return {
        "agent_id": agent,
        **asdict(incident),
        "state": incident.state.value,
        "level": incident.level.value,
    }
