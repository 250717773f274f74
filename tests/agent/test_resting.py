"""`active:` acted upon: no looks outside the calendar, no verdict either; and everything as before inside it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from agent.resting import Resting
from agent.scheduler import TICK, Scheduler
from agent.store.reader import reading
from checks.registry import all_kinds
from config.hours import DAY_NAMES
from config.loader import load
from config.models import Check
from tests.moving_clock import SECOND, START, Driven, MovingClock
from tests.site import Site

TOCSIN = Path(sys.executable).with_name("tocsin")
EVERY = 10
# The moving clock starts on a Friday at 08:00 UTC.
SHIFTS = {"shift": {"hours": "fri 08:00-08:05, 08:20-09:00"}}
CLOSES, OPENS = 5 * 60, 20 * 60


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def web(site: Site, **options: object) -> dict[str, object]:
    check = {"type": "http", "url": site.url, "every": f"{EVERY}s", "timeout": "2s"}
    return {"web": {"checks": {"home": check}, **options}}


def classes(driven: Driven) -> list[tuple[str, int]]:
    """The classes of the service's time, each with its first second."""
    with reading(driven.directory / "state", "test") as store:
        spans = store.ledger("web").spans
    return [(klass.value, (start - START) // SECOND) for start, _, klass in spans]


def incidents(driven: Driven) -> list[tuple[str, int]]:
    with reading(driven.directory / "state", "test") as store:
        return [(each.state.value, (each.opened_at - START) // SECOND) for each in store.incidents()]


@run
async def test_outside_its_calendar_a_check_is_not_looked_at_and_its_time_is_unknown(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, active="shift"), calendars=SHIFTS) as driven:
            await driven.advance(CLOSES)
            seen = site.seen
            assert seen >= CLOSES / EVERY - 1
            site.status = 503
            await driven.advance(OPENS - CLOSES - 1)
            assert site.seen == seen
            assert incidents(driven) == []
            (up, _), (unknown, since) = classes(driven)
            assert (up, unknown) == ("up", "unknown")
            assert CLOSES + 2 <= since <= CLOSES + 2 * EVERY + 2
            await driven.advance(1 + 3 * EVERY)
            assert site.seen > seen
            ((state, opened),) = incidents(driven)
            assert state == "open"
            assert OPENS <= opened <= OPENS + EVERY


@run
async def test_an_open_incident_stays_open_while_the_check_rests_and_ends_after_it(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 503
        async with Driven(tmp_path, web(site, active="shift"), calendars=SHIFTS) as driven:
            await driven.advance(CLOSES)
            ((state, _),) = incidents(driven)
            assert state == "open"
            site.status = 200
            await driven.advance(OPENS - CLOSES - 1)
            assert [state for state, _ in incidents(driven)] == ["open"]
            assert [klass for klass, _ in classes(driven)] == ["down", "unknown"]
            await driven.advance(1 + 3 * EVERY)
            assert [state for state, _ in incidents(driven)] == ["watching"]
            assert [klass for klass, _ in classes(driven)] == ["down", "unknown", "up"]


@run
async def test_a_reload_with_other_hours_is_followed_at_the_next_turn(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, active="shift"), calendars=SHIFTS) as driven:
            await driven.advance(CLOSES + 60)
            seen = site.seen
            driven.write(web(site, active="shift"), calendars={"shift": {"hours": "24x7"}})
            await driven.app.reload(load(driven.file, all_kinds()))
            await driven.advance(2 * EVERY)
            assert site.seen > seen


@run
async def test_status_says_that_a_check_rests_and_until_when(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    opening = today + timedelta(days=3)
    calendars = {
        "later": {"hours": f"{DAY_NAMES[opening.weekday()]} 08:00-17:00"},
        "never": {"hours": "24x7", "holidays": []},
    }
    with Site() as site:
        services = web(site, active="later")
        services["host"] = {"checks": {"cpu": {"type": "cpu", "active": "never"}}, "disabled": "moved away"}
        async with Driven(tmp_path, services, calendars=calendars) as driven:
            await driven.advance(EVERY)
    command = [str(TOCSIN), "status", "--config", str(driven.file)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True, timeout=60).stdout
    service, host, _itself = json.loads(told)["services"]
    (home,) = service["checks"]
    if (
        datetime.now(UTC).date() == today
    ):  # the rare midnight in between says nothing wrong, but something else
        assert (home["resting"], home["resting_until"]) == (True, f"{opening}T08:00:00Z")
        assert f"rests until {opening} 08:00:00" in shown
    assert host["disabled"] == {"cpu": "moved away"}
    assert "moved away" in shown


class Round:
    """A scheduler on a movable clock that notes when each check looked, in seconds since the start."""

    def __init__(self, folder: Path, every: str, hours: str) -> None:
        self.clock = MovingClock()
        self.looks: list[float] = []
        self.scheduler = Scheduler(self.clock, self._look)
        self.scheduler.use(self._checks(folder, every, hours))

    def _checks(self, folder: Path, every: str, hours: str) -> list[Check]:
        path = folder / "tocsin.yaml"
        path.write_text(
            f"calendars: {{c: {{hours: '{hours}'}}}}\n"
            f"services: {{s: {{checks: {{load: {{type: load, every: {every}, active: c}}}}}}}}\n"
        )
        return load(path, all_kinds()).checks()

    async def _look(self, check: Check) -> bool:
        self.looks.append((self.clock.now() - START) / SECOND)
        return False

    async def advance(self, seconds: float, step: float = TICK) -> None:
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            await self.scheduler.tick()
            await asyncio.sleep(0)


@run
async def test_a_check_keeps_its_rhythm_over_a_closing_but_for_the_look_at_the_opening(
    tmp_path: Path,
) -> None:
    round_ = Round(tmp_path, "60s", "08:00-08:10, 08:20-09:00")
    await round_.advance(1800)
    before = [at for at in round_.looks if at < 600]
    first, *after = [at for at in round_.looks if at >= 600]
    assert 1200 <= first <= 1210
    assert {at % 60 for at in after} == {before[-1] % 60}
    assert all(after[number] - after[number - 1] == 60 for number in range(1, len(after)))


@run
async def test_hours_shorter_than_the_interval_are_met_all_the_same(tmp_path: Path) -> None:
    round_ = Round(tmp_path, "6h", "10:15-10:20")
    await round_.advance(3 * 86400, step=1)
    days = [int(at + 8 * 3600) // 86400 for at in round_.looks]
    assert days == [0, 1, 2]
    assert all(0 <= (at + 8 * 3600) % 86400 - (10 * 3600 + 900) < 300 for at in round_.looks)


def test_a_clock_that_is_set_back_or_forward_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(
        "calendars: {day: {hours: '08:00-17:00'}, late: {hours: '12:00-20:00'}}\n"
        "services: {s: {active: day, checks: {a: {type: cpu, active: late}, b: {type: load}, c: {type: cpu}}}}\n"
    )
    resting = Resting()
    resting.use(load(path, all_kinds()).checks(), START)
    assert resting.turn_in("s.b", START) is None
    assert resting.turn_in("s.a", START) == 4 * 3600
    assert resting.turn_in("s.a", START + 5 * 3600 * SECOND) is None
    assert resting.turn_in("s.a", START + 10 * 3600 * SECOND) == 2 * 3600
    assert resting.turn_in("s.b", START + 10 * 3600 * SECOND) is not None
    assert resting.turn_in("s.b", START) is None
    assert resting.turn_in("s.unknown", START) is None
