"""A heartbeat every minute over both switches of the clocks in four zones: real app, real
sockets, real store, moving time. Nothing is late that came in time, and nothing that did not come is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.agent.reporting import memory, report
from tests.moving_clock import SECOND, Driven, MovingClock

# The first moment of the new offset, to summer time and back.
SWITCHES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),
    "Africa/Casablanca": ("2026-03-22T02:00Z", "2026-02-15T02:00Z"),
}
GRACE = 30
AROUND = 40  # minutes before and after
TENTH = 10
NEAR = 2.0  # seconds
IN_TIME, LATE = {"cron": "ok", "interval": "ok"}, {"cron": "down", "interval": "down"}


@dataclass(frozen=True, slots=True)
class Switch:
    zone: str
    at: int

    def __str__(self) -> str:
        return f"{self.zone} {datetime.fromtimestamp(self.at, ZoneInfo(self.zone)):%Y-%m-%d}"


def switches() -> Iterator[Switch]:
    for zone, moments in SWITCHES.items():
        for moment in moments:
            yield Switch(zone, round(datetime.fromisoformat(moment).timestamp()))


SWITCHES_OF_ALL = list(switches())


def _services(zone: str) -> dict[str, object]:
    common = {"type": "heartbeat", "grace": f"{GRACE}s", "zone": zone}
    return {
        "jobs": {
            "checks": {
                "cron": {**common, "cron": "* * * * *", "key": "every-minute-cron"},
                "interval": {**common, "every": "60s", "key": "every-minute-interval"},
            }
        }
    }


def _statuses(driven: Driven) -> dict[str, str]:
    found = {}
    for check in ("cron", "interval"):
        last = memory(driven, check).last
        assert last is not None
        found[check] = last.status.value
    return found


def test_each_minute_over_all_switches_nothing_false_and_nothing_missed(tmp_path: Path) -> None:
    """All switches side by side, each with an app of its own: nearly all of the time is waiting for the disk."""

    async def run() -> None:
        over = [_over(switch, tmp_path / str(number)) for number, switch in enumerate(SWITCHES_OF_ALL)]
        assert await asyncio.gather(*over) == [2 * AROUND // TENTH - 1] * len(SWITCHES_OF_ALL)

    asyncio.run(run())


async def _over(switch: Switch, directory: Path) -> int:
    """Every minute a report just after the full one; each tenth is left out and must be called late. How many were."""
    directory.mkdir()
    start, left_out = switch.at - AROUND * 60, 0
    async with Driven(directory, _services(switch.zone), MovingClock((start - 5) * SECOND)) as driven:
        await _to(driven, start + 1)
        await _both(driven)
        for minute in range(1, 2 * AROUND):
            due = start + minute * 60
            await _to(driven, due + 1)
            assert _statuses(driven) == IN_TIME, f"{switch}, minute {minute}: false late"
            if minute % TENTH == 0:
                left_out += 1
                await _to(driven, due + GRACE - 1)
                assert _statuses(driven) == IN_TIME, f"{switch}, minute {minute}: late too early"
                await _to(driven, due + GRACE + 2)
                assert _statuses(driven) == LATE, f"{switch}, minute {minute}: missed late"
                await _to(driven, due + 40)
            await _both(driven)
            if minute % TENTH == 0:
                await _to(driven, due + 61)
                await _both(driven)  # the rhythm of the interval begins anew
    return left_out


async def _both(driven: Driven) -> None:
    answers = await asyncio.gather(
        report(driven, "every-minute-cron"), report(driven, "every-minute-interval")
    )
    assert [answer.status for answer in answers] == [200, 200]


async def _to(driven: Driven, moment: int) -> None:
    """Let time pass: in one stride to some seconds before the moment, then second by second."""
    clock = driven.clock
    while (left := moment - clock.now() / SECOND) > 0:
        for job in clock.move(left - NEAR if left > NEAR + 1 else min(1.0, left)):
            await job()
        await driven.settled()
