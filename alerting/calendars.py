"""When a calendar is open: hours of the week and days off in a zone, as moments in UTC.

Moments are integer microseconds. A local time stands for the first moment at which the zone's clocks show
it or have gone past it: one that the clocks leave out begins at their jump, an hour that they show twice
counts once, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from config.calendars import Timetable
from config.hours import WHOLE_DAY
from config.public_holidays import holidays_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
# The days that lie within the years 1 to 9999 whatever the zone; further ones are closed.
_DAYS = range(2, date.max.toordinal())
# Hours repeat within a week, or two when a zone leaves out a day; a country's holidays within a year or two.
_WEEKS, _YEARS = 16, 800
_MOST_TURNS = 100
# Who waits for so many days waits in vain.
_FURTHEST = 10 * 366


@dataclass(frozen=True, slots=True)
class Calendar:
    """One timetable, asked about moments."""

    timetable: Timetable

    def open_at(self, moment: int) -> bool:
        """Whether it is open at the moment. A span holds its start and not its end."""
        day = self._day(moment)
        return any(start <= moment < end for start, end in self._spans(day - 1, day + 2))

    def next_change(self, moment: int) -> int | None:
        """The first moment after this one at which it opens or closes; None when none is known to come."""
        first = self._day(moment) - 1
        last = self._known_to(first)
        for start, end in self._spans(first, last):
            if start > moment:
                return start
            if end > moment:
                return end if end < _moment(last * WHOLE_DAY, self._zone) else None
        return None

    def open_seconds(self, since: int, until: int) -> float:
        """How long it is open between two moments; 0 when the second is not the later one."""
        return sum(end - start for start, end in self._open_within(since, until)) / _SECOND

    def closed_within(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """When it is closed between two moments, in order; nothing when the second is not the later one."""
        at = since
        for start, end in self._open_within(since, until):
            if at < start:
                yield at, start
            at = end
        if at < until:
            yield at, until

    def days_from(self, since: int) -> Iterator[list[tuple[int, int]]]:
        """The open spans of each local day that has any, whole and in order, from the day before the moment on.

        They end after ten years.
        """
        zone, first = self._zone, self._day(since) - 1
        for day in range(max(first, _DAYS.start), min(first + _FURTHEST, _DAYS.stop)):
            spans = list(
                _joined((_moment(start, zone), _moment(end, zone)) for start, end in self._of_day(day))
            )
            if spans:
                yield spans

    def _open_within(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        spans = self._spans(self._day(since) - 1, self._day(until) + 2)
        cut = ((max(start, since), min(end, until)) for start, end in spans)
        return ((start, end) for start, end in cut if start < end)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timetable.zone)

    def _day(self, moment: int) -> int:
        """The local day as its ordinal."""
        try:
            return (_EPOCH + moment * _MICROSECOND).astimezone(self._zone).toordinal()
        except OverflowError:
            return _DAYS.start if moment < 0 else _DAYS.stop

    def _known_to(self, day: int) -> int:
        """No day from this one on is the first to differ from what the days before it lead to expect."""
        table = self.timetable
        furthest = max((each.toordinal() for each in table.dates), default=day)
        return max(day + _YEARS if table.regions else day, furthest) + _WEEKS

    def _spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The open spans of the days from `first` to before `last`, as moments."""
        zone = self._zone
        days = range(max(first, _DAYS.start), min(last, _DAYS.stop))
        local = _joined(span for day in days for span in self._of_day(day))
        return _joined((_moment(start, zone), _moment(end, zone)) for start, end in local)

    def _of_day(self, day: int) -> Iterable[tuple[int, int]]:
        """The open spans of a day, in minutes of local time since the day before 0001-01-01."""
        if self._is_off(day):
            return ()
        midnight = day * WHOLE_DAY
        return [(midnight + start, midnight + end) for start, end in self.timetable.week[(day - 1) % 7]]

    def _is_off(self, day: int) -> bool:
        table = self.timetable
        if not table.regions and not table.dates:
            return False
        local = date.fromordinal(day)
        return local in table.dates or any(
            local in holidays_of(region, local.year) for region in table.regions
        )


def local_moment(day: date, minute: int, zone: str) -> int:
    """The moment that a minute of a day stands for in the zone, see above."""
    return _moment(day.toordinal() * WHOLE_DAY + minute, ZoneInfo(zone))


def opens_at(calendars: Sequence[Calendar], moment: int) -> int | None:
    """The first moment from this one on at which all of them are open; None when none is known to come."""
    for _ in range(_MOST_TURNS):
        turns = [each.next_change(moment) for each in calendars if not each.open_at(moment)]
        known = [turn for turn in turns if turn is not None]
        if len(known) < len(turns):
            return None
        if not known:
            return moment
        moment = max(known)
    return None


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans that come in order: those that touch are one, empty ones are left out."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if start >= end:
            continue
        if last is not None and start <= last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last


def _moment(minutes: int, zone: ZoneInfo) -> int:
    """The moment that a local time stands for, see above."""
    day, minute = divmod(minutes, WHOLE_DAY)
    wall = datetime.fromordinal(day) + timedelta(minutes=minute)
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before > after:
        # Left out: read by the old offset it lies after the jump, by the new one before it.
        before = _jump(after, before, zone)
    return (before - _EPOCH) // _MICROSECOND


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second at which the zone is at its new offset."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, round((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)
