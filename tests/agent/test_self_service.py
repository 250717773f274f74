"""The daemon as the service `tocsin`: there without being configured, last of all, and honest about itself."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from agent.rulebook import Rulebook
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import examine, load
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
WEB: dict[str, object] = {"web": {"checks": {"load": {"type": "load"}}}}
PARTS = ["scheduler", "store", "outbox", "loop"]


async def test_it_is_the_last_service_and_up_though_nobody_configured_it(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        await driven.advance(70)
        assert list(driven.app.config.services) == ["web", "tocsin"]
        world = driven.app.pipeline.world
        assert {name for service, name in world.checks if service == "tocsin"} == set(PARTS)
        assert world.services["tocsin"][-1][1] == "up"
        page = driven.app.metrics.page().decode()
    assert 'tocsin_check_up{check="store",kind="self",service="tocsin"} 1.0' in page
    assert 'tocsin_self_lag_seconds{check="scheduler",service="tocsin"}' in page


async def test_its_envelope_is_the_operators_to_say(tmp_path: Path) -> None:
    services: dict[str, object] = {
        "tocsin": {"criticality": "critical", "team": "ops", "labels": {"site": "jhb"}},
        **WEB,
    }
    async with Driven(tmp_path, services, teams={"ops": {}}) as driven:
        itself = driven.app.config.services["tocsin"]
        assert list(driven.app.config.services) == ["web", "tocsin"]
        assert (itself.criticality, itself.team, itself.labels) == ("critical", "ops", {"site": "jhb"})
        assert list(itself.checks) == PARTS


async def test_it_is_high_whatever_the_defaults_say_of_others(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB, defaults={"criticality": "low"}) as driven:
        assert driven.app.config.services["tocsin"].criticality == "high"


async def test_switched_off_it_does_not_look_and_has_its_rules_all_the_same(tmp_path: Path) -> None:
    agent = {"listen": "127.0.0.1:0", "state_dir": str(tmp_path / "state"), "self_service": False}
    async with Driven(tmp_path, WEB, agent=agent) as driven:
        await driven.advance(70)
        assert list(driven.app.config.services) == ["web"]
        assert {service for service, _ in driven.app.pipeline.world.checks} == {"web"}
        assert driven.app.pipeline.rules.services["tocsin"].criticality == "high"


async def test_switched_off_by_a_reload_its_time_ends(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        await driven.advance(70)
        agent = {
            "id": "test",
            "listen": "127.0.0.1:0",
            "state_dir": str(tmp_path / "state"),
            "self_service": False,
        }
        driven.write(WEB, agent=agent)
        outcome = await driven.app.reloads.ask()
        assert outcome.changes is not None, outcome.errors
        await driven.advance(70)
        assert "tocsin" not in driven.app.pipeline.world.services
        assert not [each for each in driven.app.pipeline.world.checks if each[0] == "tocsin"]


async def test_a_store_that_could_not_write_is_told_once_it_can_again(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        await driven.advance(70)
        store = driven.app.config.services["tocsin"].checks["store"]
        with closing(sqlite3.connect(tmp_path / "state" / "tocsin.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = driven.app.pipeline.change(lambda draft: None)
            task = asyncio.ensure_future(waiting)
            await asyncio.sleep(0.1)
            driven.clock.move(45)
            reading = await driven.app.runner.look(store)
            other.rollback()
        await task
    assert reading.status == "down"
    assert "stalled > 30s" in reading.message


async def test_a_scheduler_that_was_held_up_is_told(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        await driven.advance(70)
        check = driven.app.config.services["tocsin"].checks["scheduler"]
        assert (await driven.app.runner.look(check)).status == "ok"
        scheduler = driven.app.scheduler
        assert scheduler.lag.turned_at is not None
        scheduler.lag.turned_at -= 40  # as if nothing had run for so long
        driven.clock.move(40)
        await scheduler.tick()
        held_up = await driven.app.runner.look(check)
        assert held_up.status == "down"
        assert (await driven.app.runner.look(check)).status == "ok", "what was told begins anew"


async def test_a_loop_that_stood_still_is_told(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        check = driven.app.config.services["tocsin"].checks["loop"]
        await asyncio.sleep(0)
        time.sleep(1.4)  # the very thing that is looked for: nothing else runs meanwhile
        await asyncio.sleep(0.05)
        reading = await driven.app.runner.look(check)
        assert isinstance(reading.values["blocked"], float) and reading.values["blocked"] > 0.2


def _written(path: Path, services: str) -> Path:
    file = path / "tocsin.yaml"
    file.write_text(f"agent: {{state_dir: state}}\nservices:\n{services}", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("  tocsin:\n    checks: {mine: {type: load}}\n", 4),
        ("  tocsin:\n    team: null\n    disabled: not wanted\n", 5),
        ("  tocsin: {targets: [a, b]}\n", 3),
        ("  tocsin: {down_when: all}\n", 3),
    ],
)
def test_what_cannot_be_said_of_it_is_a_mistake_at_its_place(tmp_path: Path, said: str, line: int) -> None:
    found = examine(_written(tmp_path, said), all_kinds())
    (mistake,) = found.errors
    assert mistake.line == line
    assert mistake.path.startswith("services.tocsin.")
    assert mistake.hint


def test_no_file_can_name_its_kind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='unknown kind of check "self"'):
        load(_written(tmp_path, "  web: {checks: {a: {type: self, part: loop}}}\n"), all_kinds())


def test_a_rulebook_has_it_even_from_a_configuration_without_checks(tmp_path: Path) -> None:
    config = load(_written(tmp_path, "  web: {checks: {a: {type: load}}}\n"), all_kinds())
    assert list(config.services) == ["web"]
    assert list(Rulebook.of(config).services) == ["web", "tocsin"]
