"""Planned work in the store: what was announced stands, and what the configuration plans is recorded in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.maintenance import NoSuchWork, PlannedWork, Work, by_service
from agent.store.migrate import migrate
from alerting.plans import in_force
from alerting.slo.periods import moment
from config.maintenance import MaintenanceWindow

MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOON = moment("2026-11-23T12:00Z", "UTC")  # a Monday
NIGHTLY = MaintenanceWindow("nightly", ("shop",), "UTC", 3600.0, start=13 * 60, days=(0,), reason="backup")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = writing_engine(tmp_path / FILE_NAME)
    migrate(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def works(connection: Connection) -> PlannedWork:
    return PlannedWork(connection, "test")


def work(start: int, end: int, *services: str) -> Work:
    return Work(0, services, start, end, "new disks", "anna")


def shop(works: PlannedWork, name: str = "shop") -> list[tuple[int, int]]:
    return [window for editions in by_service(works.all()).get(name, ()) for window in in_force(editions)]


def test_work_announced_before_it_begins_covers_all_of_it(works: PlannedWork) -> None:
    assert works.record(work(NOON + HOUR, NOON + 2 * HOUR, "shop"), NOON).id == "M-1"
    assert shop(works) == [(NOON + HOUR, NOON + 2 * HOUR)]


def test_nothing_is_excused_afterwards(works: PlannedWork) -> None:
    works.record(work(NOON - HOUR, NOON + HOUR, "shop"), NOON)
    assert shop(works) == [(NOON, NOON + HOUR)]


def test_work_that_ends_early_or_late_covers_what_it_really_took(works: PlannedWork) -> None:
    works.record(work(NOON, NOON + HOUR, "shop"), NOON)
    works.end(1, NOON + 2 * HOUR, "bert", NOON + 30 * MINUTE)
    assert shop(works) == [(NOON, NOON + 30 * MINUTE), (NOON + 30 * MINUTE, NOON + 2 * HOUR)]
    ended = works.end(1, NOON + 40 * MINUTE, "bert", NOON + 40 * MINUTE)
    assert (ended.state(NOON + 41 * MINUTE), ended.by) == ("over", "bert")
    assert sum(end - start for start, end in shop(works)) == 40 * MINUTE


def test_what_has_begun_is_ended_and_what_has_not_is_called_off(works: PlannedWork) -> None:
    works.record(work(NOON, NOON + HOUR), NOON)
    with pytest.raises(NoSuchWork, match="is running: end it"):
        works.cancel(1, "bert", NOON)
    works.record(work(NOON + HOUR, NOON + 2 * HOUR), NOON)
    assert works.cancel(2, "bert", NOON).state(NOON) == "cancelled"
    assert shop(works, "") == [(NOON, NOON + HOUR)]
    with pytest.raises(NoSuchWork, match="M-2 is cancelled already"):
        works.end(2, NOON + 3 * HOUR, "bert", NOON)
    with pytest.raises(NoSuchWork, match="no planned work M-9"):
        works.cancel(9, "bert", NOON)


def test_the_configurations_windows_are_recorded_once_and_before_they_begin(works: PlannedWork) -> None:
    for minute in range(180):
        works.follow([NIGHTLY], NOON + minute * MINUTE)
    (recorded,) = works.all()
    assert recorded.editions[0].at == NOON + 51 * MINUTE
    assert (recorded.plan, recorded.reason, recorded.services) == ("nightly", "backup", ("shop",))
    assert shop(works) == [(NOON + HOUR, NOON + 2 * HOUR)]


def test_a_window_that_leaves_the_configuration_keeps_what_has_passed_of_it(works: PlannedWork) -> None:
    works.follow([NIGHTLY], NOON + 59 * MINUTE)
    works.follow([], NOON + 90 * MINUTE)
    assert shop(works) == [(NOON + HOUR, NOON + 90 * MINUTE)]
    works.follow([], NOON + 91 * MINUTE)
    assert len(works.all()[0].editions) == 2


def test_a_window_of_the_configuration_that_a_person_ended_stays_ended(works: PlannedWork) -> None:
    works.follow([NIGHTLY], NOON + 59 * MINUTE)
    works.end(1, NOON + 70 * MINUTE, "anna", NOON + 70 * MINUTE)
    works.follow([NIGHTLY], NOON + 71 * MINUTE)
    assert shop(works) == [(NOON + HOUR, NOON + 70 * MINUTE)]
    assert len(works.all()) == 1


def test_a_window_that_comes_back_into_the_configuration_covers_the_rest_of_its_time(
    works: PlannedWork,
) -> None:
    works.follow([NIGHTLY], NOON + 59 * MINUTE)
    works.follow([], NOON + 80 * MINUTE)
    works.follow([NIGHTLY], NOON + 90 * MINUTE)
    assert shop(works) == [(NOON + HOUR, NOON + 80 * MINUTE), (NOON + 90 * MINUTE, NOON + 2 * HOUR)]
    assert len(works.all()) == 1


def test_a_window_that_is_given_to_other_services_changes_nothing_that_has_passed(works: PlannedWork) -> None:
    works.follow([NIGHTLY], NOON + 59 * MINUTE)
    works.follow([replace(NIGHTLY, services=("desk",))], NOON + 70 * MINUTE)
    works.follow([replace(NIGHTLY, services=())], NOON + 80 * MINUTE)
    assert shop(works) == [(NOON + HOUR, NOON + 70 * MINUTE)]
    assert shop(works, "desk") == [(NOON + 70 * MINUTE, NOON + 80 * MINUTE)]
    assert shop(works, "") == [(NOON + 80 * MINUTE, NOON + 2 * HOUR)]


def test_what_is_told_of_a_change_is_what_stands_in_the_store(works: PlannedWork) -> None:
    assert works.record(work(NOON, NOON + HOUR, "shop"), NOON - HOUR) == works.all()[0]
    assert works.end(1, NOON + 2 * HOUR, "bert", NOON + 30 * MINUTE) == works.all()[0]
