"""Rows of users, tokens, sessions, one-time links, and of what was done by page or API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy import func as sql

from agent.access.accounts import Link, Session, Token, User
from agent.access.person import Right, Role
from agent.store import schema
from agent.store.rows import put

KEPT_ENTRIES = 100_000
_SIGN_IN = "sign-in"
# Where it stands when each was last seen: table, key, column.
_SIGNS: Mapping[type, tuple[Table, str, str]] = {
    User: (schema.users, "name", "seen_at"),
    Session: (schema.sessions, "digest", "seen_at"),
    Token: (schema.tokens, "digest", "used_at"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit: who, which way, what they did, of what, how it ended (done, refused), from where."""

    who: str
    way: str
    what: str
    about: str = ""
    outcome: str = "done"
    whence: str = ""
    at: int = 0
    number: int = 0


class AccessRows:
    """Of one agent; to write, the connection must be the writer's."""

    def __init__(self, connection: Connection, agent: str) -> None:
        self._connection, self._agent = connection, agent

    def users(self) -> list[User]:
        return [
            User(**{**row, "role": Role(row["role"]), "teams": _teams(row["teams"])})
            for row in self._rows(schema.users)
        ]

    def tokens(self) -> list[Token]:
        return [
            Token(**{**row, "scope": Right(row["scope"]), "teams": _teams(row["teams"])})
            for row in self._rows(schema.tokens)
        ]

    def sessions(self) -> list[Session]:
        return [Session(**row) for row in self._rows(schema.sessions)]

    def links(self) -> list[Link]:
        """Those that nobody has used."""
        return [
            Link(row["digest"], json.loads(row["about"])["user"], row["ends_at"])
            for row in self._rows(schema.one_time_links)
            if row["what"] == _SIGN_IN and row["used_at"] is None
        ]

    def save_user(self, user: User) -> None:
        put(self._connection, schema.users, [self._row(asdict(user))])

    def save_token(self, token: Token) -> None:
        put(self._connection, schema.tokens, [self._row(asdict(token))])

    def save_session(self, session: Session) -> None:
        put(self._connection, schema.sessions, [self._row(asdict(session))])

    def seen(self, thing: User | Session | Token, at: int) -> None:
        """A sign of life of what is still there."""
        table, key, column = _SIGNS[type(thing)]
        row = table.c[key] == getattr(thing, key)
        self._connection.execute(
            update(table).where(table.c.agent_id == self._agent, row).values({column: at})
        )

    def save_link(self, link: Link, used_at: int | None = None) -> None:
        row = {"digest": link.digest, "what": _SIGN_IN, "about": json.dumps({"user": link.user})}
        put(
            self._connection, schema.one_time_links,
            [{"agent_id": self._agent, **row, "ends_at": link.ends_at, "used_at": used_at}],
        )  # fmt: skip

    def remove_user(self, name: str) -> None:
        self._remove(schema.users, "name", name)
        self._remove(schema.sessions, "user", name)

    def remove_token(self, digest: str) -> None:
        self._remove(schema.tokens, "digest", digest)

    def remove_session(self, digest: str) -> None:
        self._remove(schema.sessions, "digest", digest)

    def note(self, entry: Entry) -> None:
        """One more line; the oldest go when there are too many."""
        table = schema.audit
        mine = table.c.agent_id == self._agent
        last = self._connection.execute(select(sql.max(table.c.number)).where(mine)).scalar() or 0
        row = {**asdict(entry), "number": last + 1}
        put(self._connection, table, [{"agent_id": self._agent, **row}])
        if last % 100 == 0:
            self._connection.execute(delete(table).where(mine, table.c.number <= last - KEPT_ENTRIES))

    def audit(self, before: int | None, most: int, who: str = "") -> list[Entry]:
        """The newest first, from below a number on; of one person alone where a name is given."""
        table = schema.audit
        query = (
            select(table).where(table.c.agent_id == self._agent).order_by(table.c.number.desc()).limit(most)
        )
        if before is not None:
            query = query.where(table.c.number < before)
        if who:
            query = query.where(table.c.who == who)
        return [Entry(**_own(row)) for row in self._connection.execute(query).mappings()]

    def sweep(self, now: int) -> None:
        """Forget sessions and links that are over."""
        for table in (schema.sessions, schema.one_time_links):
            self._connection.execute(
                delete(table).where(table.c.agent_id == self._agent, table.c.ends_at < now)
            )

    def _rows(self, table: Table) -> list[dict[str, Any]]:
        query = select(table).where(table.c.agent_id == self._agent)
        return [_own(row) for row in self._connection.execute(query).mappings()]

    def _row(self, fields: dict[str, Any]) -> dict[str, Any]:
        if "teams" in fields:
            fields["teams"] = None if fields["teams"] is None else json.dumps(sorted(fields["teams"]))
        return {"agent_id": self._agent, **fields}

    def _remove(self, table: Table, column: str, value: str) -> None:
        self._connection.execute(
            delete(table).where(table.c.agent_id == self._agent, table.c[column] == value)
        )


def _own(row: Mapping[str, Any] | Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "agent_id"}


def _teams(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(json.loads(text))
