"""Test tickets: apart from every incident, and over in the end, whoever is killed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import trial
from agent.memory import Draft
from agent.trial import Trial, by_service, end_tests, open_test
from alerting.incidents.incident import remote_key
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
# A check may be called as tests once were.
WEB: dict[str, object] = {"web": {"checks": {"test": {"type": "tcp", "host": "127.0.0.1", "port": 1}}}}


async def _opened(driven: Driven) -> str:
    pipeline, now = driven.app.pipeline, driven.clock.now()
    await pipeline.change(lambda draft: trial.tested(draft, pipeline.rules, (None, "web"), "jo", now))
    (number,) = (n for n, each in pipeline.world.tickets.items() if each.title.startswith("[TEST] "))
    return pipeline.world.tickets[number].state.value


async def _test_is(driven: Driven) -> list[str]:
    tickets = driven.app.pipeline.world.tickets.values()
    return [each.state.value for each in tickets if each.title.startswith("[TEST] ") and each.is_open]


async def test_one_that_was_open_when_the_daemon_ended_is_over_after_its_next_start(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        assert await _opened(driven) == "new"
    async with Driven(tmp_path, WEB, driven.clock) as driven:
        assert await _test_is(driven) == []
        await driven.advance(60)
        assert not any(each.rule.startswith("test:") for each in driven.app.pipeline.world.incidents.values())


async def test_one_that_nobody_ends_is_over_after_a_while_and_not_before(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        await _opened(driven)
        await driven.advance(1500)
        assert await _test_is(driven) == ["new"]
        await driven.advance(400)
        assert await _test_is(driven) == []


async def test_it_never_has_the_key_of_an_incident_of_a_check(tmp_path: Path) -> None:
    async with Driven(tmp_path, WEB) as driven:
        rules, world = driven.app.pipeline.rules, driven.app.pipeline.world
        draft = Draft(world)
        tried = Trial(1, by_service(rules, "web", driven.clock.now()).service, ("desk",))
        ticket = open_test(draft, rules, tried, "jo", driven.clock.now())
        ((_, key),) = draft.outbox.changed
        assert key != remote_key(rules.agent, "web", "test", ticket.number)
        end_tests(draft, driven.clock.now() + 1, older=0)
        assert not draft.tickets.changed[ticket.number].is_open
