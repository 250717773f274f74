"""Which checks rest: those outside the calendars of `active:`, of the check and of its service alike."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from alerting.calendars import Calendar, opens_at
from alerting.slo.figures import rfc3339
from config.calendars import Timetable
from config.models import Check

log = structlog.get_logger()
_SECOND = 1_000_000
_ALL_TIME = 2**63


class Resting:
    """Asked before every look: between two changes of a calendar the answer costs a comparison."""

    def __init__(self) -> None:
        self._shared: dict[tuple[Timetable, ...], _Hours] = {}
        self._of: dict[str, _Hours] = {}

    def use(self, checks: Iterable[Check], now: int) -> None:
        """Follow exactly these checks; calendars that stay as they were keep what is known of them.

        Each is asked once here, so that what its holidays need is loaded before any look waits for it.
        """
        known = self._shared
        self._shared, self._of = {}, {}
        for check in checks:
            if check.active:
                hours = known.get(check.active) or self._shared.get(check.active) or _Hours(check.active)
                self._shared[check.active] = self._of[check.address] = hours
        for hours in self._shared.values():
            hours.open_at(now)

    def turn_in(self, address: str, now: int) -> float | None:
        """None when the check is to look now; else the seconds until it may be another answer."""
        hours = self._of.get(address)
        return None if hours is None or hours.open_at(now) else (hours.until - now) / _SECOND


class _Hours:
    """Calendars that must all be open, and the stretch of time for which that was found out."""

    __slots__ = ("_calendars", "_open", "_since", "until")

    def __init__(self, timetables: tuple[Timetable, ...]) -> None:
        self._calendars = [Calendar(each) for each in timetables]
        self._open, self._since, self.until = True, 0, 0

    def open_at(self, now: int) -> bool:
        # A clock that is set back leaves the stretch as well.
        if not self._since <= now < self.until:
            self._find_out(now)
        return self._open

    def _find_out(self, now: int) -> None:
        turns = [turn for each in self._calendars if (turn := each.next_change(now)) is not None]
        before = self._open
        self._open = all(each.open_at(now) for each in self._calendars)
        self._since, self.until = now, min(turns, default=_ALL_TIME)
        if self._open != before:
            self._tell(now)

    def _tell(self, now: int) -> None:
        names = [each.timetable.name for each in self._calendars]
        if self._open:
            log.info("calendar.open", calendars=names)
        else:
            opens = opens_at(self._calendars, now)
            log.info("calendar.closed", calendars=names, until=None if opens is None else rfc3339(opens))
