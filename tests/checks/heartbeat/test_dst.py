"""Hourly and daily jobs over both switches of the clocks, run as a cron daemon in that zone runs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.checks.heartbeat.test_schedule import SWITCHES
from tests.checks.heartbeat.told import Told

DAY, GRACE = 86400, 600
# By the expression: the hour (None: each), and the minute.
JOBS: dict[str, tuple[int | None, int]] = {
    "0 * * * *": (None, 0),
    "45 * * * *": (None, 45),
    "15 2 * * *": (2, 15),
    "30 2 * * *": (2, 30),
    "45 1 * * *": (1, 45),
    "0 3 * * *": (3, 0),
    "0 22 * * *": (22, 0),
}
each_zone = pytest.mark.parametrize("zone", SWITCHES)
each_job = pytest.mark.parametrize("cron", JOBS)


def _switches(zone: str) -> Iterator[int]:
    for moment in SWITCHES[zone]:
        yield round(datetime.fromisoformat(moment).timestamp())


def _runs(cron: str, zone: ZoneInfo, start: int, end: int) -> list[int]:
    """As cron(8) tells of itself: what runs every hour goes by the face of the clocks; a fixed time that is left
    out runs at the jump, and one that is shown twice runs once.
    """
    (hour, minute), found, days = JOBS[cron], [], set()
    for at in range(start - start % 60 + 60, end, 60):
        local, before = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(at - 60, zone)
        if hour is None:
            found += [at] if local.minute == minute else []
            continue
        wall, earlier = (each.hour * 60 + each.minute for each in (local, before))
        if (wall == hour * 60 + minute or earlier < hour * 60 + minute < wall) and local.date() not in days:
            days.add(local.date())
            found.append(at)
    return found


@each_job
@each_zone
def test_nothing_is_late_that_came_and_nothing_missed_that_did_not(zone: str, cron: str) -> None:
    for switch in _switches(zone):
        start, quiet = switch - DAY, switch + DAY // 2
        told = Told({"cron": cron, "zone": zone, "grace": f"{GRACE}s"}, now=start, listening=start)
        told.say()
        for at in _runs(cron, ZoneInfo(zone), start, quiet):
            told.wait(at + GRACE - 60 - told.now, turn=120)
            assert told.status() == "ok", f"false late at {datetime.fromtimestamp(at, ZoneInfo(zone))}"
            told.say()
        following = _runs(cron, ZoneInfo(zone), quiet - 60, quiet + 2 * DAY)[0]
        told.wait(following + GRACE - 1 - told.now, turn=120)
        assert told.status() == "ok"
        told.wait(1)
        assert told.status() == "down"
