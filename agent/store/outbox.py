"""The outbox: what other helpdesks are to hold and hold, written and read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from agent.store import schema
from agent.store.rows import dumps, put
from alerting.messages import Comment, Desired, Observed, Remark, RemoteState
from alerting.outgoing import Outgoing, Standing

_TABLE = schema.outbox.c
_OURS = ("helpdesk", "key", "ticket", "version", "done_version", "sent_priority", "epoch", "attempts", "next_at",
         "lease_until", "last_error", "first_at", "changed_at", "asked_state", "lag_until", "twins_at")  # fmt: skip


def save_outbox(connection: Connection, agent: str, entries: Iterable[Outgoing]) -> None:
    """Write entries, new or changed."""
    put(connection, schema.outbox, [_row(agent, entry) for entry in entries])


def unsent(connection: Connection, agent: str, tickets: Collection[int]) -> list[Outgoing]:
    """What is not known to be there, and what mirrors one of these tickets."""
    waits = _TABLE.state.not_in([Standing.DONE.value, Standing.DROPPED.value])
    return [
        *_found(connection, agent, waits),
        *_found(connection, agent, ~waits & _TABLE.ticket.in_(tickets)),
    ]


def mirrors_of(connection: Connection, agent: str, ticket: int) -> list[Outgoing]:
    """The mirrors of one ticket, however old."""
    return _found(connection, agent, _TABLE.ticket == ticket)


def known_there(
    connection: Connection, agent: str, helpdesk: str, keys: Collection[str], ids: Collection[str]
) -> list[Outgoing]:
    """Entries that may be meant by tickets over there with these keys and ids, however old.

    One that had several tickets there is known by the key of the first alone: all such are given.
    """
    meant = _TABLE.key.in_(keys) | _TABLE.remote_id.in_(ids) | (_TABLE.epoch > 0)
    return _found(connection, agent, _TABLE.helpdesk == helpdesk, meant)


def whole_outbox(connection: Connection, agent: str) -> list[Outgoing]:
    """Every entry there ever was, the latest change first."""
    return _found(connection, agent)


def _found(connection: Connection, agent: str, *which: ColumnElement[bool]) -> list[Outgoing]:
    query = select(schema.outbox).where(_TABLE.agent_id == agent, *which)
    ordered = query.order_by(_TABLE.changed_at.desc(), _TABLE.helpdesk, _TABLE.key)
    return [_entry(row) for row in connection.execute(ordered).mappings()]


def _row(agent: str, entry: Outgoing) -> dict[str, Any]:
    seen = entry.observed
    return {
        "agent_id": agent,
        **{name: getattr(entry, name) for name in _OURS},
        "state": entry.state.value,
        "desired": dumps(asdict(entry.desired)),
        "observed": dumps(asdict(seen)) if seen else None,
        "remote_id": seen.id if seen else None,
        "remote_url": seen.url if seen else None,
        "remote_state": seen.state.value if seen else None,
    }


def _entry(row: RowMapping) -> Outgoing:
    return Outgoing(
        **{name: row[name] for name in _OURS},
        desired=_desired(json.loads(row["desired"])),
        observed=_observed(json.loads(row["observed"])) if row["observed"] else None,
        state=Standing(row["state"]),
    )


def _desired(told: dict[str, Any]) -> Desired:
    return Desired(**{**told, "comments": tuple(Comment(**each) for each in told["comments"])})


def _observed(told: dict[str, Any]) -> Observed:
    fields = {**told, "state": RemoteState(told["state"]), "comments": tuple(told["comments"])}
    return Observed(**{**fields, "remarks": tuple(Remark(**each) for each in told["remarks"])})
