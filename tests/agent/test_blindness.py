"""Blind alert: a check that nobody can see for long has a low incident that says so, and costs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerting.desk.ticket import Ticket
from alerting.incidents.incident import Incident, IncidentState
from tests.moving_clock import SECOND, Driven, MovingClock

pytestmark = pytest.mark.anyio
MINUTE = 60
PATIENCE = 5 * MINUTE
SOON: dict[str, object] = {"blind_after": "5m"}


class Seen:
    """A check whose exit code the test writes: 0 is well, 2 down, 3 unknown."""

    def __init__(self, path: Path) -> None:
        self._file = path

    def __call__(self, code: int) -> None:
        self._file.write_text(str(code))

    @property
    def options(self) -> dict[str, object]:
        return {"type": "command", "command": ["/bin/sh", "-c", f"exit $(cat {self._file})"], "every": "30s"}


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    seen = Seen(tmp_path / "code")
    seen(3)
    return seen


def blind(driven: Driven, service: str = "web") -> Incident | None:
    return driven.app.pipeline.world.incidents.get((service, "blind"))


def ticket(driven: Driven, incident: Incident | None) -> Ticket:
    assert incident is not None
    return driven.app.pipeline.world.tickets[incident.ticket]


async def test_a_check_unknown_for_long_opens_a_low_incident_with_the_reason(
    tmp_path: Path, seen: Seen
) -> None:
    services: dict[str, object] = {"web": {"criticality": "critical", "checks": {"home": seen.options}}}
    async with Driven(tmp_path, services, defaults=SOON) as driven:
        await driven.advance(PATIENCE - MINUTE)
        assert blind(driven) is None
        await driven.advance(2 * MINUTE)
        incident = blind(driven)
        assert incident is not None
        assert (incident.severity, incident.state) == ("low", IncidentState.OPEN)
        assert "home" in incident.reason and "exit code 3" in incident.reason
        assert incident.opened_at <= driven.clock.at - PATIENCE * SECOND
        assert "cannot look at home" in ticket(driven, incident).title


async def test_it_ends_when_the_check_is_seen_even_if_it_is_seen_to_be_down(
    tmp_path: Path, seen: Seen
) -> None:
    async with Driven(tmp_path, {"web": {"checks": {"home": seen.options}}}, defaults=SOON) as driven:
        await driven.advance(PATIENCE + MINUTE)
        seen(2)
        broken_at = driven.clock.at
        await driven.advance(2 * MINUTE)
        incident = blind(driven)
        assert incident is not None and incident.resolved_at is not None
        assert incident.state is IncidentState.WATCHING
        assert broken_at <= incident.resolved_at <= broken_at + 31 * SECOND
        assert ticket(driven, incident).state == "resolved"
        own = driven.app.pipeline.world.incidents["web", "home"]
        assert own.state is IncidentState.OPEN


async def test_one_service_has_one_such_incident_however_many_checks_are_blind(
    tmp_path: Path, seen: Seen
) -> None:
    checks = {"home": seen.options, "api": seen.options, "load": {"type": "load", "every": "30s"}}
    async with Driven(tmp_path, {"web": {"checks": checks}}, defaults=SOON) as driven:
        await driven.advance(PATIENCE + MINUTE)
        problem = driven.app.pipeline.world.problems["web", "blind"]
        assert problem.names == ("api", "home")
        opened = [each for each in driven.app.pipeline.world.incidents.values() if each.rule == "blind"]
        assert len(opened) == 1
        assert len(driven.app.pipeline.world.tickets) == 1


async def test_blind_time_is_unknown_and_never_down(tmp_path: Path, seen: Seen) -> None:
    services: dict[str, object] = {"web": {"checks": {"home": {**seen.options, "counts_for_uptime": True}}}}
    async with Driven(tmp_path, services, defaults=SOON) as driven:
        seen(0)
        await driven.advance(2 * MINUTE)
        seen(3)
        await driven.advance(PATIENCE + MINUTE)
        classes = [klass.value for _, klass in driven.app.pipeline.world.services["web"]]
        assert blind(driven) is not None
        assert classes[-2:] == ["up", "unknown"]
        assert "down" not in classes


async def test_each_check_says_for_itself_how_long_or_its_service_or_the_defaults(
    tmp_path: Path, seen: Seen
) -> None:
    services: dict[str, object] = {
        "soon": {"checks": {"home": {**seen.options, "blind_after": "2m"}}},
        "later": {"blind_after": "4m", "checks": {"home": seen.options}},
        "usual": {"checks": {"home": seen.options}},
    }
    async with Driven(tmp_path, services, defaults={"blind_after": "6m"}) as driven:
        opened: dict[str, int] = {}
        for minutes in (2, 4, 6):
            await driven.advance(2 * MINUTE + 7)
            for name in services:
                if blind(driven, name) is not None:
                    opened.setdefault(name, minutes)
        assert opened == {"soon": 2, "later": 4, "usual": 6}


async def test_what_the_daemon_did_not_see_because_it_was_not_there_does_not_count(
    tmp_path: Path, seen: Seen
) -> None:
    clock = MovingClock()
    services: dict[str, object] = {"web": {"checks": {"home": seen.options}}}
    async with Driven(tmp_path, services, clock, defaults=SOON) as driven:
        await driven.advance(PATIENCE - MINUTE)
    clock.move(5 * 3600)
    async with Driven(tmp_path, services, clock, defaults=SOON) as driven:
        await driven.advance(PATIENCE - MINUTE)
        assert blind(driven) is None
        await driven.advance(2 * MINUTE)
        assert blind(driven) is not None


async def test_an_open_one_outlives_a_restart_and_ends_after_it(tmp_path: Path, seen: Seen) -> None:
    clock = MovingClock()
    services: dict[str, object] = {"web": {"checks": {"home": seen.options}}}
    async with Driven(tmp_path, services, clock, defaults=SOON) as driven:
        await driven.advance(PATIENCE + MINUTE)
    clock.move(600)
    async with Driven(tmp_path, services, clock, defaults=SOON) as driven:
        await driven.advance(20)
        incident = blind(driven)
        assert incident is not None and incident.state is IncidentState.OPEN
        seen(0)
        await driven.advance(MINUTE)
        incident = blind(driven)
        assert incident is not None and incident.state is IncidentState.WATCHING
        assert incident.occurrence == 1


async def test_a_check_that_rests_outside_its_calendar_is_not_blind(tmp_path: Path, seen: Seen) -> None:
    home = {**seen.options, "active": "office"}
    # The clock begins on a Friday at 08:00 UTC.
    hours: dict[str, Any] = {"hours": ["fri 07:00-08:02", "fri 08:20-09:00"]}
    async with Driven(
        tmp_path, {"web": {"checks": {"home": home}}}, defaults=SOON, calendars={"office": hours}
    ) as driven:
        seen(0)
        await driven.advance(15 * MINUTE)
        assert blind(driven) is None
        seen(3)
        await driven.advance(9 * MINUTE)
        assert blind(driven) is None, "it rested for most of this, and has been blind for four minutes"
        await driven.advance(2 * MINUTE)
        assert blind(driven) is not None


async def test_a_disabled_check_is_blind_no_more(tmp_path: Path, seen: Seen) -> None:
    load = {"type": "load", "every": "30s"}
    services: dict[str, object] = {"web": {"checks": {"home": seen.options, "load": load}}}
    async with Driven(tmp_path, services, defaults=SOON) as driven:
        await driven.advance(PATIENCE + MINUTE)
        assert blind(driven) is not None
        home = {**seen.options, "disabled": "until it is mended"}
        driven.write({"web": {"checks": {"home": home, "load": load}}}, defaults=SOON)
        outcome = await driven.app.reloads.ask()
        assert outcome.changes is not None, outcome.errors
        await driven.advance(20)
        incident = blind(driven)
        assert incident is not None and incident.state is not IncidentState.OPEN


async def test_a_job_that_is_not_due_yet_is_not_blind_and_one_that_never_reported_is(
    tmp_path: Path,
) -> None:
    checks = {"nightly": {"type": "heartbeat", "every": "15m", "grace": "1m"}}
    async with Driven(tmp_path, {"backup": {"checks": checks}}, defaults=SOON) as driven:
        await driven.advance(14 * MINUTE)
        assert blind(driven, "backup") is None
        await driven.advance(4 * MINUTE)
        incident = blind(driven, "backup")
        assert incident is not None
        assert "no report has come yet" in incident.reason


async def test_it_is_an_hour_unless_somebody_says_otherwise(tmp_path: Path, seen: Seen) -> None:
    driven = Driven(tmp_path, {"web": {"checks": {"home": seen.options}}})
    assert driven.app.config.services["web"].checks["home"].blind_after == 60 * MINUTE
