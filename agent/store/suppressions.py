"""Silences and pauses in the store: recorded, changed, read; and the rows of planned work. No row is ever changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.rows import dumps
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Suppression, dump, restore

_ROWS = schema.suppressions.c
_LETTERS = {Why.SILENCE: "S", Why.PAUSE: "P", Why.MAINTENANCE: "M"}
Pen = Callable[[int, Suppression], None]  # takes down what a suppression is from a moment on


class NoSuchSuppression(Exception):
    """There is no such silence or pause, or it cannot be changed that way; the text is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Record:
    """A silence or pause with all that was ever said of it: (when it was recorded, what it was from then on)."""

    history: tuple[tuple[int, Suppression], ...]

    @property
    def now(self) -> Suppression:
        """As it stands."""
        return self.history[-1][1]

    @property
    def author(self) -> str:
        return self.history[0][1].by


def number_of(suppression: Suppression) -> int:
    """The number in its id."""
    return int(suppression.id.partition("-")[2])


def write_down(connection: Connection, agent: str, at: int, suppression: Suppression) -> None:
    """The row that says what a suppression is from `at` on, later than those before it."""
    planned = suppression.why is Why.MAINTENANCE
    rows = (schema.maintenance if planned else schema.suppressions).c
    mine = [rows.agent_id == agent, rows.number == number_of(suppression)]
    mine += [] if planned else [_ROWS.kind == suppression.why.value]
    last = connection.execute(select(sql.max(rows.at)).where(*mine)).scalar()
    row = {
        "agent_id": agent,
        "number": number_of(suppression),
        "at": at if last is None else max(at, last + 1),
        "start": suppression.start,
        "end": suppression.end,
        "reason": suppression.reason,
        "by": suppression.by,
    }
    if planned:
        more = {"services": json.dumps(suppression.match.names), "plan": suppression.plan}
        connection.execute(schema.maintenance.insert().values({**row, **more}))
    else:
        more = {"kind": suppression.why.value, "match": dumps(dump(suppression.match))}
        connection.execute(schema.suppressions.insert().values({**row, **more}))


class Suppressions:
    """One agent's silences and pauses, within the transaction of the caller; `pen` writes rows unless another does."""

    def __init__(self, connection: Connection, agent: str, pen: Pen | None = None) -> None:
        self._connection, self._agent = connection, agent
        self._pen = pen or (lambda at, suppression: write_down(connection, agent, at, suppression))

    def all(self, why: Why) -> list[Record]:
        """All that were ever recorded of a kind, by number."""
        query = (
            select(schema.suppressions)
            .where(_ROWS.agent_id == self._agent, _ROWS.kind == why.value)
            .order_by(_ROWS.number, _ROWS.at)
        )
        found: dict[int, Record] = {}
        for row in self._connection.execute(query).mappings():
            stood = Suppression(
                id=f"{_LETTERS[why]}-{row['number']}",
                why=why,
                start=row["start"],
                end=row["end"],
                reason=row["reason"],
                by=row["by"],
                match=restore(json.loads(row["match"])),
            )
            before = found[row["number"]].history if row["number"] in found else ()
            found[row["number"]] = Record((*before, (row["at"], stood)))
        return list(found.values())

    def lasting(self, since: int) -> tuple[Suppression, ...]:
        """Silences and pauses that end after that moment."""
        every = [record.now for why in (Why.SILENCE, Why.PAUSE) for record in self.all(why)]
        return tuple(each for each in every if each.start < each.end > since)

    def add(self, suppression: Suppression, now: int) -> Record:
        """Record a silence or pause under the next number; its own id does not count."""
        kind = suppression.why
        mine = (_ROWS.agent_id == self._agent, _ROWS.kind == kind.value)
        last = self._connection.execute(select(sql.max(_ROWS.number)).where(*mine)).scalar() or 0
        return self._write(Record(()), replace(suppression, id=f"{_LETTERS[kind]}-{last + 1}"), now)

    def end(self, record: Record, by: str, now: int) -> Record:
        """Over from now on; what has not begun is called off. Raises NoSuchSuppression."""
        stands = record.now
        state = stands.state(now)
        if state not in ("planned", "running"):
            raise NoSuchSuppression(f"{stands.id} is {state} already")
        return self._write(record, replace(stands, end=max(stands.start, min(now, stands.end)), by=by), now)

    def change(self, record: Record, to: Suppression, now: int) -> Record:
        """From now on it is `to`, under the id that it has."""
        return self._write(record, replace(to, id=record.now.id), now)

    def found(self, why: Why, number: int) -> Record:
        """Raises NoSuchSuppression."""
        wanted = f"{_LETTERS[why]}-{number}"
        record = next((each for each in self.all(why) if each.now.id == wanted), None)
        if record is None:
            raise NoSuchSuppression(f"there is no {why.value} {wanted}")
        return record

    def _write(self, record: Record, suppression: Suppression, now: int) -> Record:
        """A row of its own, later than those before it."""
        at = max(now, *(before + 1 for before, _ in record.history)) if record.history else now
        self._pen(at, suppression)
        return Record((*record.history, (at, suppression)))
