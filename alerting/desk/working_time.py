"""How time counts for a target: round the clock, by the open hours of a calendar, or by its business days. Pure.

Amounts are exact: microseconds, open microseconds, or parts of a business day. Each local day on which the calendar
is open at all is one business day, and passes evenly with its open hours: what is opened on Friday an hour before the
end is due, after one business day, on Monday an hour before the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from alerting.calendars import Calendar
from config.calendars import Timetable
from config.hours import week_of
from config.policies import Policy, Term

_SECOND = 1_000_000
# What a business day is where neither the policy nor the team has a calendar.
OFFICE_HOURS = Timetable("office hours", "UTC", week_of(["mon-fri 08:00-17:00"]))
# Time that does not count: from a moment to another, or without an end so far.
Still = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """What counts, and in which unit: without a calendar every microsecond; `by_days` parts of business days."""

    calendar: Calendar | None = None
    by_days: bool = False

    def between(self, since: int, until: int) -> Fraction:
        """How much passes between two moments; 0 when the second is not the later one."""
        if self.calendar is None:
            return Fraction(max(0, until - since))
        passed = Fraction(0)
        for spans in self.calendar.days_from(since) if since < until else ():
            if spans[0][0] >= until:
                break
            rest = sum(max(0, min(end, until) - max(start, since)) for start, end in spans)
            passed += Fraction(rest, self._unit(spans))
        return passed

    def after(self, since: int, amount: Fraction) -> int | None:
        """The first moment by which so much has passed; None when the calendar is not open for so long."""
        if self.calendar is None or amount <= 0:
            return since + ceil(amount) if amount > 0 else since
        for spans in self.calendar.days_from(since):
            unit = self._unit(spans)
            for start, end in spans:
                begin = max(start, since)
                passes = Fraction(max(0, end - begin), unit)
                if 0 < amount <= passes:
                    return begin + ceil(amount * unit)
                amount -= passes
        return None

    def _unit(self, spans: list[tuple[int, int]]) -> int:
        return sum(end - start for start, end in spans) if self.by_days else 1


def measure_of(policy: Policy, priority: str, term: Term) -> Measure:
    """How the term counts for tickets of that priority: only business days, and what `business` names, by calendar."""
    if not term.business_days and priority not in policy.business:
        return Measure()
    return Measure(Calendar(policy.calendar or OFFICE_HOURS), by_days=bool(term.business_days))


def amount_of(term: Term) -> Fraction:
    """The term in the unit of its measure."""
    return Fraction(term.business_days) if term.business_days else Fraction(round(term.seconds * _SECOND))


def worked(measure: Measure, since: int, until: int, still: Iterable[Still]) -> Fraction:
    """How much counts between two moments when time stands still in these spans, which come in order."""
    passed, at = Fraction(0), since
    for start, end in still:
        if start >= until:
            break
        passed += measure.between(at, start)
        at = max(at, until if end is None else end)
    return passed + measure.between(at, until)


def moment_after(measure: Measure, since: int, amount: Fraction, still: Iterable[Still]) -> int | None:
    """When so much has counted since a moment; None while that cannot be said, since time stands still."""
    at, left = since, amount
    for start, end in still:
        passes = measure.between(at, start)
        if left <= passes:
            break
        left -= passes
        if end is None:
            return None
        at = max(at, end)
    return measure.after(at, left)
