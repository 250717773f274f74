"""Explanations of what an app went through while time was moved, against its log and the sites' own records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.explanation.incident import tell
from agent.store.reader import reading
from agent.views.explained_incident import as_document
from tests.end_to_end.journal import Journal, was_answered
from tests.moving_clock import Driven, MovingClock
from tests.site import Site

OFTEN = {"type": "http", "every": "10s", "retry_every": "5s"}
MANY = 6


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


class Street:
    """Sites that turn bad and good again, and the services that watch them."""

    def __init__(self, stack: ExitStack, clock: MovingClock, *names: str) -> None:
        self.clock = clock
        self.sites = {name: stack.enter_context(Site(clock.now)) for name in names}

    def home(self, name: str, **options: Any) -> dict[str, Any]:
        return {"checks": {"home": {**OFTEN, "url": self.sites[name].url, **options}}}

    def turn(self, status: int, *names: str) -> None:
        for name in names:
            self.sites[name].status = status


@pytest.fixture
def street() -> Iterator[Street]:
    with ExitStack() as stack:
        yield Street(stack, MovingClock(), "host", "guest", "restless", *(f"rack{n}" for n in range(MANY)))


def stories(directory: Path, now: int) -> dict[str, Any]:
    """The story of each incident, by its service."""
    with reading(directory / "state", "test") as store:
        return {each.service: as_document(tell(store, each, now)) for each in store.incidents()}


def decided(story: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    told = [each for each in story["story"] if each["kind"] == "decision"]
    return [(each["what"], each["service"], each["by"]) for each in told]


def held_against(street: Street, journal: Journal, told: Mapping[str, Any]) -> None:
    """Every story agrees with the log, and every reading in it with what the site answered."""
    for story in told.values():
        journal.is_told_by(story)
        for each in story["story"]:
            noted = each["facts"].get("readings", []) if each["kind"] == "decision" else [each]
            if each["kind"] != "ticket" and each["service"] in street.sites:
                was_answered(noted, street.sites[each["service"]].given)


@run
async def test_child_that_failed_first_is_adopted_by_the_parent_found_late(
    tmp_path: Path, street: Street
) -> None:
    services: dict[str, object] = {
        "host": street.home("host", confirm=5),
        "guest": {**street.home("guest"), "depends_on": ["host"]},
    }
    with capture_logs() as log:
        async with Driven(tmp_path, services, street.clock, incidents={"wait_for_parents": "5s"}) as driven:
            await driven.advance(60)
            street.turn(503, "guest")
            await driven.advance(8)
            street.turn(503, "host")
            await driven.advance(60)
            street.turn(200, "guest", "host")
            await driven.advance(60)
    told = stories(tmp_path, street.clock.at)
    held_against(street, Journal(log), told)
    assert decided(told["guest"])[-1] == ("adopted", "guest", "depends_on")
    assert ("folded", "guest", "depends_on") in decided(told["host"])
    assert told["guest"]["merged_into"] == told["host"]["id"]
    assert told["host"]["links"] == [
        {"relation": "duplicated_by", "ticket": told["guest"]["ticket"], "at": told["host"]["links"][0]["at"]}
    ]


@run
async def test_services_of_a_storm_are_told_by_the_label_that_they_share(
    tmp_path: Path, street: Street
) -> None:
    racks = [f"rack{n}" for n in range(MANY)]
    services: dict[str, object] = {name: {**street.home(name), "labels": {"host": "rack"}} for name in racks}
    with capture_logs() as log:
        async with Driven(tmp_path, services, street.clock) as driven:
            await driven.advance(60)
            street.turn(503, *racks)
            await driven.advance(60)
            street.turn(200, *racks)
            await driven.advance(60)
    told = stories(tmp_path, street.clock.at)
    held_against(street, Journal(log), told)
    story = told["tocsin"]
    assert story["rule"] == "storm:host=rack"
    assert {*story["affected"]} == {*racks}
    assert {service for what, service, by in decided(story) if (what, by) == ("folded", "storm")} == {*racks}


@run
async def test_restless_check_has_every_turn_of_its_one_incident_told(tmp_path: Path, street: Street) -> None:
    services: dict[str, object] = {"restless": street.home("restless", confirm=1, recover=1)}
    with capture_logs() as log:
        async with Driven(tmp_path, services, street.clock) as driven:
            await driven.advance(60)
            for _ in range(10):
                street.turn(503, "restless")
                await driven.advance(10)
                street.turn(200, "restless")
                await driven.advance(10)
            await driven.advance(1800)
    told = stories(tmp_path, street.clock.at)
    held_against(street, Journal(log), told)
    assert ("flapping", "restless", "flapping") in decided(told["restless"])


@run
async def test_what_got_worse_came_back_or_shares_a_ticket_is_told_by_what_decided_it(
    tmp_path: Path, street: Street
) -> None:
    levels = {"degraded": "status == 404", "down": "status >= 500"}
    services: dict[str, object] = {name: street.home(name, **levels) for name in ("host", "guest")}
    with capture_logs() as log:
        async with Driven(tmp_path, services, street.clock, incidents={"max_open_per_minute": 1}) as driven:
            await driven.advance(60)
            for status in (404, 503, 200, 503, 200):
                street.turn(status, "host", "guest")
                await driven.advance(60)
    told = stories(tmp_path, street.clock.at)
    held_against(street, Journal(log), told)
    for name in ("host", "guest"):
        turns = [each for each in decided(told[name]) if each[0] != "digested"]
        assert [(what, by) for what, _, by in turns] == [
            ("opened", "confirm"),
            ("worsened", "confirm"),
            ("recovered", "recover"),
            ("reopened", "reopen_within"),
            ("recovered", "recover"),
        ]
    shared = [
        name for name in ("host", "guest") if ("digested", name, "max_open_per_minute") in decided(told[name])
    ]
    assert len(shared) == 1
