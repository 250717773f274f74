"""Planned work in the store: recorded, planned anew, read. No row is ever changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.suppressions import Pen, write_down
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Match, Suppression
from alerting.plans import Edition, occurrences
from config.maintenance import MaintenanceWindow

# The daemon records what the configuration plans this long ahead, and looks more often than that.
AHEAD = 600 * 1_000_000
_ROWS = schema.maintenance.c
_OURSELVES = "configuration"


class NoSuchWork(Exception):
    """There is no such work, or it cannot be changed that way; the text is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Work:
    """Planned work as it was last planned; no service means all of them. `editions` are all its plans.

    `by` planned it last, `announced_by` first.
    """

    number: int
    services: tuple[str, ...]
    start: int
    end: int
    reason: str
    by: str
    plan: str | None = None
    editions: tuple[Edition, ...] = ()
    announced_by: str = ""

    @property
    def id(self) -> str:
        return f"M-{self.number}"

    @property
    def suppression(self) -> Suppression:
        """As it holds back what would open."""
        match, why = Match(names=self.services), Why.MAINTENANCE
        return Suppression(self.id, why, self.start, self.end, self.reason, self.by, match, self.plan)

    def state(self, now: int) -> str:
        """`planned`, `running`, `over` or `cancelled`."""
        return self.suppression.state(now)


def by_service(works: Iterable[Work]) -> Mapping[str, list[tuple[Edition, ...]]]:
    """The editions of each work by the services they are for; what is for all services under the empty name.

    An edition that is not for a service lasts no time there: so work that is given to another service excuses the
    one until that moment, and the other from then on.
    """
    found: dict[str, list[tuple[Edition, ...]]] = {}
    for work in works:
        for service in {name for edition in work.editions for name in _names(edition)}:
            mine = (
                edition if service in _names(edition) else replace(edition, end=edition.start)
                for edition in work.editions
            )
            found.setdefault(service, []).append(tuple(mine))
    return found


def _names(edition: Edition) -> tuple[str, ...]:
    return edition.services or ("",)


class PlannedWork:
    """One agent's planned work, within the transaction of the caller; `pen` writes rows unless another does."""

    def __init__(self, connection: Connection, agent: str, pen: Pen | None = None) -> None:
        self._connection, self._agent = connection, agent
        self._pen = pen or (lambda at, suppression: write_down(connection, agent, at, suppression))
        self._last: int | None = None

    def all(self, until_after: int | None = None) -> list[Work]:
        """All that was ever recorded, by number; or only what by any of its plans ends after that moment."""
        query = select(schema.maintenance).where(_ROWS.agent_id == self._agent)
        if until_after is not None:
            late = select(_ROWS.number).where(_ROWS.agent_id == self._agent, _ROWS.end > until_after)
            query = query.where(_ROWS.number.in_(late))
        found: dict[int, Work] = {}
        for row in self._connection.execute(query.order_by(_ROWS.number, _ROWS.at)).mappings():
            earlier = found.get(row["number"])
            before = earlier.editions if earlier else ()
            services = tuple(json.loads(row["services"]))
            found[row["number"]] = Work(
                number=row["number"],
                services=services,
                start=row["start"],
                end=row["end"],
                reason=row["reason"],
                by=row["by"],
                plan=row["plan"],
                editions=(*before, Edition(row["at"], row["start"], row["end"], services)),
                announced_by=earlier.announced_by if earlier else row["by"],
            )
        return list(found.values())

    def record(self, work: Work, now: int) -> Work:
        """Record planned work under the next number; its own number does not count."""
        if self._last is None:
            query = select(sql.max(_ROWS.number)).where(_ROWS.agent_id == self._agent)
            self._last = self._connection.execute(query).scalar() or 0
        self._last += 1
        return self._write(replace(work, number=self._last), now)

    def end(self, number: int, at: int, by: str, now: int) -> Work:
        """Let running or coming work end at `at`, earlier or later than was planned. Raises NoSuchWork."""
        work = self._found(number)
        if work.state(now) not in ("planned", "running"):
            raise NoSuchWork(f"{work.id} is {work.state(now)} already")
        if at <= work.start or at < now:
            raise NoSuchWork(f"{work.id} cannot end before it begins, nor in the past")
        return self._write(replace(work, end=at, by=by), now)

    def cancel(self, number: int, by: str, now: int) -> Work:
        """Call off what has not begun. Raises NoSuchWork."""
        work = self._found(number)
        if work.state(now) == "running":
            raise NoSuchWork(f"{work.id} is running: end it with `tocsin maintenance end {work.id}`")
        if work.state(now) != "planned":
            raise NoSuchWork(f"{work.id} is {work.state(now)} already")
        return self._write(replace(work, end=work.start, by=by), now)

    def follow(self, windows: Iterable[MaintenanceWindow], now: int) -> None:
        """Record what the configuration plans for the next minutes, and call off what it plans no more.

        What a person has changed by hand stays as that person left it.
        """
        coming = {
            (window.name, start): Work(
                0, window.services, start, end, window.reason or "", _OURSELVES, window.name
            )
            for window in windows
            for start, end in occurrences(window, now, now + AHEAD)
        }
        for work in self.all(until_after=now):
            planned = coming.pop((work.plan or "", work.start), None)
            if work.plan is None or work.by != _OURSELVES or (planned is None and work.end <= now):
                continue
            end, services = (
                (planned.end, planned.services) if planned else (max(work.start, now), work.services)
            )
            if (end, services) != (work.end, work.services):
                self._write(replace(work, end=end, services=services), now)
        for work in coming.values():
            self.record(work, now)

    def lasting(self, since: int) -> tuple[Suppression, ...]:
        """What ends after that moment, as it holds back what would open."""
        works = (work for work in self.all(until_after=since) if work.start < work.end > since)
        return tuple(work.suppression for work in works)

    def _found(self, number: int) -> Work:
        work = next((each for each in self.all() if each.number == number), None)
        if work is None:
            raise NoSuchWork(f"there is no planned work M-{number}")
        return work

    def _write(self, work: Work, now: int) -> Work:
        """A row of its own, later than those before it."""
        at = max(now, *(edition.at + 1 for edition in work.editions)) if work.editions else now
        self._pen(at, work.suppression)
        editions = (*work.editions, Edition(at, work.start, work.end, work.services))
        return replace(work, editions=editions, announced_by=work.announced_by or work.by)
