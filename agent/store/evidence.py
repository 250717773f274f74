"""Evidence: what single readings and flips say of the moments at which a service's checks changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from agent.store import schema
from agent.store.distinct import distinct
from agent.store.packing import MILLISECOND, unpacked
from alerting.slo.spans import Klass
from alerting.slo.track import OF_STATE
from checks.base import Status

Entry: TypeAlias = Sequence[Any]  # at, status, took, message: as readings are packed
_HOUR = 3600 * 1_000_000
_MOST_HOURS = 400  # that are unpacked for one answer; what is asked first is answered first


@dataclass(frozen=True, slots=True)
class Sight:
    """A single reading that is still kept."""

    at: int
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A flip: since when the check was `after`, and the moment `at` of the reading that confirmed it."""

    since: int
    at: int
    after: Klass
    reason: str


class Evidence:
    """What is kept of the checks of one service. Valid as long as the connection."""

    def __init__(self, connection: Connection, agent: str, service: str) -> None:
        self._connection, self._agent, self._service = connection, agent, service
        self._hours_left = _MOST_HOURS
        self._rows, self._flips = cache(self._read_rows), cache(self._read_flips)
        self._hours, self._unpacked = cache(self._read_hours), cache(self._read_packed)

    def spans(self, since: int) -> dict[str, list[tuple[int, int | None, Klass]]]:
        """The spans of each of the service's checks that end after `since`."""
        rows = schema.spans.c
        checks = distinct(rows.check_id, rows.agent_id == self._agent, rows.check_id > "")
        query = select(rows.check_id, rows.start, rows.end, rows.klass).where(
            rows.agent_id == self._agent,
            rows.check_id.in_(select(checks.c.value)),
            rows.service == self._service,
            rows.end.is_(None) | (rows.end > since),
        )
        found: dict[str, list[tuple[int, int | None, Klass]]] = {}
        for check, start, end, klass in self._connection.execute(query.order_by(rows.check_id, rows.start)):
            found.setdefault(check, []).append((start, end, Klass(klass)))
        return found

    def sight(self, check: str, at: int) -> Sight | None:
        """The reading that began at that very moment, or, once it is packed, in the same millisecond."""
        whole = at // MILLISECOND * MILLISECOND
        packed = self._unpacked(check, at // _HOUR * _HOUR)
        for readings, first, last in ((self._rows(check), at, at), (packed, whole, at)):
            found = bisect_left(readings, first, key=itemgetter(0))
            if found < len(readings) and readings[found][0] <= last:
                return _sight(readings[found])
        return None

    def last_before(self, check: str, at: int) -> Sight | None:
        """The last reading before the moment, where it is still kept; of packed ones before its millisecond."""
        whole = at // MILLISECOND * MILLISECOND
        packed = ((readings, whole) for readings in self._packed_before(check, whole))
        for readings, bound in chain([(self._rows(check), at)], packed):
            found = bisect_left(readings, bound, key=itemgetter(0))
            if found:
                return _sight(readings[found - 1])
        return None

    def between(self, check: str, start: int, end: int) -> list[Sight]:
        """The readings from one moment to another, both included, that are still kept; in order."""
        hours = [hour for hour in self._hours(check) if start // _HOUR * _HOUR <= hour <= end]
        entries = chain(*(self._unpacked(check, hour) for hour in hours), self._rows(check))
        first = start // MILLISECOND * MILLISECOND  # packed ones have the moment of their millisecond
        return [_sight(entry) for entry in entries if first <= entry[0] <= end]

    def kept_since(self, check: str) -> int | None:
        """From when on readings of the check are kept; None where there is none."""
        hours, rows = self._hours(check), self._rows(check)
        return hours[0] if hours else rows[0][0] if rows else None

    def first_seen(self, check: str, since: int = 0) -> int | None:
        """When the check was first looked at, from `since` on anew; None where it never was."""
        rows = schema.spans.c
        mine = (rows.agent_id == self._agent, rows.check_id == check, rows.service == self._service)
        query = select(rows.start).where(*mine, rows.start >= since)
        return self._connection.execute(query.order_by(rows.start).limit(1)).scalar()

    def last_flip(self, check: str, at: int) -> Confirmed | None:
        """The flip that was confirmed last by that moment."""
        before = [flip for flip in self._flips(check) if flip.at <= at]
        return max(before, key=attrgetter("at"), default=None)

    def flips_between(self, check: str, start: int, end: int) -> list[Confirmed]:
        """The flips that were confirmed from one moment to another, both included, or are back-dated into it."""
        return [flip for flip in self._flips(check) if flip.since <= end and start <= flip.at]

    def confirmed(self, check: str, at: int, klass: Klass) -> Confirmed | None:
        """The flip that made the check what it was from `at` on: back-dated to then or before, or in force since."""
        flips = self._flips(check)
        number = bisect_right(flips, at, key=attrgetter("since"))
        latest = flips[number - 1] if number else None
        # A confirmed down tells also of the degraded time before it.
        return latest if latest is not None and (at <= latest.at or latest.after is klass) else None

    def _packed_before(self, check: str, at: int) -> list[list[Entry]]:
        """The hour of the moment, and that before it of which anything is kept; the newer first."""
        hours = self._hours(check)
        number = bisect_right(hours, at)
        return [self._unpacked(check, hour) for hour in reversed(hours[max(number - 2, 0) : number])]

    def _read_rows(self, check: str) -> list[Entry]:
        rows = schema.readings.c
        query = select(rows.at, rows.status, rows.took, rows.message).where(
            rows.agent_id == self._agent, rows.service == self._service, rows.check_id == check
        )
        return list(self._connection.execute(query.order_by(rows.at)))

    def _read_flips(self, check: str) -> list[Confirmed]:
        rows = schema.flips.c
        query = select(rows.since, rows.at, rows.after, rows.reason).where(
            rows.agent_id == self._agent, rows.service == self._service, rows.check_id == check
        )
        found = self._connection.execute(query.order_by(rows.since, rows.at))
        return [Confirmed(since, at, OF_STATE[Status(after)], reason) for since, at, after, reason in found]

    def _read_hours(self, check: str) -> list[int]:
        rows = schema.packed_readings.c
        hours = distinct(rows.hour, rows.agent_id == self._agent)
        query = select(rows.hour).where(
            rows.agent_id == self._agent,
            rows.hour.in_(select(hours.c.value)),
            rows.service == self._service,
            rows.check_id == check,
        )
        return list(self._connection.execute(query.order_by(rows.hour)).scalars())

    def _read_packed(self, check: str, hour: int) -> list[Entry]:
        hours = self._hours(check)
        number = bisect_left(hours, hour)
        if number == len(hours) or hours[number] != hour or not self._hours_left:
            return []
        self._hours_left -= 1
        rows = schema.packed_readings.c
        mine = (rows.agent_id == self._agent, rows.service == self._service, rows.check_id == check)
        blob = self._connection.execute(select(rows.packed).where(*mine, rows.hour == hour)).scalar_one()
        return sorted(unpacked(blob), key=itemgetter(0))


def _sight(entry: Entry) -> Sight:
    return Sight(entry[0], entry[1], entry[3])
