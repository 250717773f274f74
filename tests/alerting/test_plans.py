"""Planned work: when it comes again, through changes of clocks, and what a change of plans leaves untouched."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.plans import Edition, in_force, occurrences, planned
from alerting.slo.periods import moment
from config.maintenance import MaintenanceWindow

HORIZON = 30
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def window(zone: str = "UTC", *, hours: float = 1, **more: Any) -> MaintenanceWindow:
    return MaintenanceWindow("w", (), zone, hours * 3600, **more)


def found(each: MaintenanceWindow, since: str, until: str) -> list[str]:
    """Where it begins, in UTC."""
    spans = occurrences(each, moment(since, "UTC"), moment(until, "UTC"))
    return [f"{datetime.fromtimestamp(start / 1_000_000, UTC):%m-%d %H:%M}" for start, _ in spans]


def test_a_window_keeps_its_local_hour_through_a_change_of_clocks() -> None:
    nightly = window("Europe/Berlin", start=23 * 60, days=tuple(range(7)))
    assert found(nightly, "2026-03-28", "2026-03-31") == ["03-28 22:00", "03-29 21:00", "03-30 21:00"]


def test_a_beginning_that_the_clocks_leave_out_comes_later_by_the_gap() -> None:
    nightly = window("Europe/Berlin", start=2 * 60 + 30, days=tuple(range(7)))
    assert found(nightly, "2026-03-28T12:00Z", "2026-03-30T12:00Z") == ["03-29 01:30", "03-30 00:30"]


def test_a_beginning_that_comes_twice_is_the_first_and_the_window_comes_once() -> None:
    nightly = window("Europe/Berlin", start=2 * 60 + 30, days=tuple(range(7)))
    assert found(nightly, "2026-10-25", "2026-10-26") == ["10-25 00:30"]


def test_a_zone_that_moves_by_half_an_hour_is_right_too() -> None:
    # Lord Howe goes from +10:30 to +11 on 2026-10-04 at 02:00.
    nightly = window("Australia/Lord_Howe", start=3 * 60, days=tuple(range(7)))
    assert found(nightly, "2026-10-02T12:00Z", "2026-10-04T12:00Z") == ["10-02 16:30", "10-03 16:00"]


def test_a_window_across_midnight_is_found_from_its_second_day() -> None:
    weekly = window(start=23 * 60, days=(0,), hours=3)
    assert found(weekly, "2026-11-24T01:00Z", "2026-11-24T02:00Z") == ["11-23 23:00"]
    assert found(weekly, "2026-11-24T02:00Z", "2026-11-24T03:00Z") == []


def test_cron_names_its_own_days() -> None:
    assert found(window(cron="0 4 * * 7"), "2026-11-16", "2026-11-30") == ["11-22 04:00", "11-29 04:00"]


def test_a_window_is_for_the_services_it_names_and_for_all_when_it_names_none() -> None:
    named = MaintenanceWindow("n", ("shop",), "UTC", 60.0, start=0, days=(0,))
    day = (moment("2026-11-23", "UTC"), moment("2026-11-24", "UTC"))
    assert len(planned([named, window(start=0, days=(0,))], "shop", *day)) == 2
    assert len(planned([named, window(start=0, days=(0,))], "mail", *day)) == 1


def test_peers_cases_of_being_in_maintenance(shared: Path) -> None:
    cases = json.loads((shared / "real" / "cases_maintenance.json").read_text(encoding="utf-8"))
    judged = [case for case in cases if "now" in case]
    assert len(judged) == 8
    for case in judged:
        told = case["window"]
        hour, minute = map(int, told["start"].split(":"))
        days = tuple(WEEKDAYS.index(day) for day in told.get("every", WEEKDAYS))
        each = window(
            told.get("timezone", "UTC"), hours=told["duration_s"] / 3600, start=60 * hour + minute, days=days
        )
        now = moment(case["now"], "UTC")
        assert bool(list(occurrences(each, now, now + 1))) == case["expect"]["in_maintenance"], case["id"]


spans = st.tuples(st.integers(0, HORIZON), st.integers(0, HORIZON)).map(sorted)
edition = st.builds(lambda at, span: Edition(at, *span), st.integers(0, HORIZON), spans)
plans = st.lists(edition, max_size=5, unique_by=lambda each: each.at)


@given(plans)
def test_each_moment_is_judged_by_the_latest_plan_of_then(editions: list[Edition]) -> None:
    covered = in_force(editions)
    for now in range(HORIZON):
        known = max((each for each in editions if each.at <= now), key=lambda each: each.at, default=None)
        assert any(start <= now < end for start, end in covered) == (
            known is not None and known.start <= now < known.end
        )


@given(plans, edition)
def test_what_is_recorded_later_never_changes_what_has_passed(
    editions: list[Edition], later: Edition
) -> None:
    last = max((each.at for each in editions), default=0)
    changed = Edition(max(last + 1, later.at), later.start, later.end)
    for now in range(changed.at):
        before, after = (
            any(start <= now < end for start, end in in_force(each))
            for each in (editions, [*editions, changed])
        )
        assert before == after


@pytest.mark.parametrize("cancelled_at", [5, 15])
def test_a_cancelled_window_covers_only_what_had_passed(cancelled_at: int) -> None:
    kept = in_force([Edition(0, 10, 20), Edition(cancelled_at, 10, 10)])
    assert kept == ([] if cancelled_at == 5 else [(10, 15)])


def test_windows_end_with_the_calendar() -> None:
    since, until = moment("9999-12-30", "UTC"), moment("9999-12-31T23:59:59", "UTC")
    assert len(planned([window(start=0, days=tuple(range(7)))], "shop", since, until)) == 2
    assert planned([window(start=0)], "shop", moment("0001-01-01", "UTC"), moment("0001-01-02", "UTC")) == []
