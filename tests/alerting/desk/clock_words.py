"""Tickets and policies for tests of clocks, and moments as people write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alerting.desk.parts import Reporter
from alerting.desk.ticket import Ticket, TicketState
from config.calendars import Timetable
from config.hours import week_of
from config.policies import DEFAULT_POLICY, Policy

SECOND = 1_000_000
HOUR = 3600 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str) -> int:
    """Microseconds UTC of `2026-06-01T09:15+02:00`."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def words(at: int) -> str:
    """The other way, in UTC."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat()


def timetable(name: str, zone: str, hours: str, holidays: list[str] | None = None) -> Timetable:
    days = [each for each in holidays or () if each[:1].isdigit()]
    regions = tuple(each for each in holidays or () if each not in days)
    return Timetable(name, zone, week_of([hours]), regions, frozenset(map(date.fromisoformat, days)))


def ticket(opened_at: int, priority: str = "high", **more: Any) -> Ticket:
    """One that has its priority by hand, from a reporter."""
    steps = {"priority:by_hand": opened_at}
    made = Ticket(1, "", "", TicketState.NEW, "high", priority, "Slow", "", opened_at, {}, steps=steps)
    return replace(made, **{"reporter": Reporter("Buyer", "buyer@example.org"), **more})


def policy(**more: Any) -> Policy:
    return replace(DEFAULT_POLICY, **more)
