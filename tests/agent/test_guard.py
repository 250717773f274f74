"""The guard at the door, in a daemon whose time is ours and whose network is an island of the test's own."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agent.memory import Address
from checks.base import ErrorKind, Reading, Status
from tests.islands import Island, join
from tests.moving_clock import Driven

T = TypeVar("T")
NEAR, FAR = "10.77.1.1", "10.77.2.2"
_IPV4, _ARP, _EVERY = 0x0800, 0x0806, 0x0003
QUICK = {"every": "10s", "timeout": "300ms", "retry_every": "1s"}


class World:
    """The monitor's island, and a gateway with one address before it and one beyond."""

    def __init__(self, stack: ExitStack) -> None:
        self.monitor, self.gateway = (stack.enter_context(Island()) for _ in range(2))
        _, self.cable = join(self.monitor, "10.77.1.2/24", self.gateway, f"{NEAR}/24")
        self.gateway.ip("addr", "add", f"{FAR}/24", "dev", "lo")
        self.monitor.ip("route", "add", "default", "via", NEAR)
        self._stack = stack

    def listen(self, address: str, port: int = 80) -> None:
        listener = self.gateway.inside(lambda: socket.create_server((address, port), backlog=1000))
        self._stack.callback(listener.close)

    def lose(self, address: str) -> None:
        """Nobody has the address any more: what goes there vanishes."""
        self.gateway.ip("addr", "del", f"{address}/24", "dev", "lo")
        self.gateway.ip("route", "add", "blackhole", f"{address}/32")

    def mute(self) -> None:
        self.gateway.kernel("ipv4/icmp_echo_ignore_all", "1")

    def scene(self, directory: Path, play: Callable[[Driven], Awaitable[T]], **sections: Any) -> T:
        """What comes of a play on the monitor's island."""

        async def played() -> T:
            async with Driven(directory, sections.pop("services"), **sections) as driven:
                return await play(driven)

        return self.monitor.inside(lambda: asyncio.run(played()))


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        made = World(stack)
        made.listen(FAR)
        made.listen(NEAR)
        yield made


def tcp(host: str, port: int = 80, **more: Any) -> dict[str, Any]:
    return {"checks": {"c": {"type": "tcp", "host": host, "port": port, **QUICK, **more}}}


def agent(directory: Path, **references: Any) -> dict[str, Any]:
    silent = {"gateway": "none", "resolvers": "none"}
    return {
        "id": "test",
        "listen": "127.0.0.1:0",
        "state_dir": str(directory / "state"),
        "references": {**silent, **references},
    }


def last(driven: Driven, service: str) -> Reading:
    found = driven.app.pipeline.memory((service, "c")).last
    assert found is not None
    return found


def problems(driven: Driven) -> set[Address]:
    return {key for key, each in driven.app.pipeline.world.problems.items() if each.over is None}


async def passing(driven: Driven, seconds: float) -> None:
    await driven.advance(seconds)
    await driven.app.guard.idle()
    await driven.settled()


def sniffed(world: World) -> socket.socket:
    """All that comes through the gateway's end of the cable."""

    def opened() -> socket.socket:
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY))
        ear.bind((world.cable, _EVERY))
        ear.setblocking(False)
        return ear

    return world.gateway.inside(opened)


def heard(ear: socket.socket) -> int:
    """How many packets of IPv4, or questions for an address of it, came since."""
    count = 0
    while True:
        try:
            _, (_, protocol, *_) = ear.recvfrom(100)
        except BlockingIOError:
            return count
        count += protocol in (_IPV4, _ARP)


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", False), ("localhost", False), ("10.77.1.2", False), (FAR, True)]
)
def test_nobody_is_asked_unless_a_check_leads_out_of_this_host(
    world: World, tmp_path: Path, host: str, expected: bool
) -> None:
    async def play(driven: Driven) -> bool:
        await passing(driven, 60)
        return heard(ear) > 0

    with sniffed(world) as ear:
        services = {"s": tcp(host, 9, every="20s")}
        assert world.scene(tmp_path, play, services=services) is expected
    assert (tmp_path / "state" / "references.json").exists() is expected


def test_service_of_an_isolated_monitor_is_neither_down_nor_told_of(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        assert last(driven, "far").status is Status.OK
        world.gateway.ip("link", "set", world.cable, "down")
        await passing(driven, 120)
        assert (last(driven, "far").status, last(driven, "far").error_kind) == (
            Status.UNKNOWN,
            ErrorKind.ISOLATED,
        )
        assert "no network link of this host is up" in last(driven, "far").message
        assert problems(driven) == {("tocsin", "isolated")}
        assert driven.app.pipeline.memory(("far", "c")).state.state is Status.OK
        world.gateway.ip("link", "set", world.cable, "up")
        await passing(driven, 60)
        assert last(driven, "far").status is Status.OK
        assert problems(driven) == set()

    world.scene(tmp_path, play, services={"far": tcp(FAR, confirm=1)}, agent=agent(tmp_path))


def test_way_that_changed_is_asked_at_once_and_not_the_one_of_before(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        assert last(driven, "far").status is Status.OK
        world.gateway.ip("addr", "flush", "dev", world.cable)
        world.gateway.ip("addr", "add", "10.77.1.9/24", "dev", world.cable)
        world.monitor.ip("route", "replace", "default", "via", "10.77.1.9")
        world.lose(FAR)
        await passing(driven, 60)
        assert problems(driven) == {("far", "c")}

    references = agent(tmp_path, gateway="auto")
    world.scene(tmp_path, play, services={"far": tcp(FAR)}, agent=references)


@pytest.mark.parametrize(("address", "proves"), [("127.0.1.1", False), ("10.77.1.2", False), (FAR, True)])
def test_answer_of_this_host_under_another_name_proves_no_way_out(
    world: World, tmp_path: Path, address: str, proves: bool
) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        world.mute()
        world.lose(FAR)
        await passing(driven, 60)
        assert problems(driven) == {("tocsin", "isolated")}
        answered = Reading(
            Status.OK, Status.OK, driven.clock.now(), 0.01, "connected", values={"ip": address}
        )
        check = driven.app.config.services["far"].checks["c"]
        driven.clock.move(1)
        assert await driven.app.guard.passed(check, answered) is answered
        await driven.app.guard.idle()
        await driven.settled()
        assert (problems(driven) == set()) is proves

    world.scene(tmp_path, play, services={"far": tcp(FAR)}, agent=agent(tmp_path, gateway="auto"))


def test_gateway_that_never_answered_keeps_nobody_quiet(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        world.lose(FAR)
        await passing(driven, 60)
        assert problems(driven) == {("far", "c")}

    world.mute()
    world.scene(
        tmp_path,
        play,
        services={"far": tcp(FAR)},
        agent=agent(tmp_path, gateway="auto", sites="10.77.4.4:99"),
    )


def test_neighbours_answer_says_nothing_of_what_is_beyond(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        world.lose(FAR)
        await passing(driven, 60)
        assert last(driven, "far").error_kind is ErrorKind.ISOLATED
        assert last(driven, "near").status is Status.OK
        assert problems(driven) == {("tocsin", "isolated")}

    services = {"far": tcp(FAR), "near": tcp(NEAR)}
    world.scene(tmp_path, play, services=services, agent=agent(tmp_path, sites=f"{FAR}:80"))


def test_what_is_beyond_answers_and_takes_the_vote_from_who_does_not(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        world.mute()
        world.lose("10.77.3.3")
        await passing(driven, 150)
        assert problems(driven) == {("lost", "c")}

    world.gateway.ip("addr", "add", "10.77.3.3/24", "dev", "lo")
    world.listen("10.77.3.3")
    services = {"far": tcp(FAR), "lost": tcp("10.77.3.3")}
    world.scene(tmp_path, play, services=services, agent=agent(tmp_path, gateway="auto"))


def test_what_was_down_before_stays_in_its_incident(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        assert problems(driven) == {("lost", "c")}
        world.gateway.ip("link", "set", world.cable, "down")
        await passing(driven, 120)
        assert problems(driven) == {("lost", "c"), ("tocsin", "isolated")}
        assert last(driven, "lost").error_kind is ErrorKind.ISOLATED
        assert driven.app.pipeline.memory(("lost", "c")).state.state is Status.DOWN

    services = {"lost": tcp("10.77.2.9"), "far": tcp(FAR)}
    world.gateway.ip("route", "add", "blackhole", "10.77.2.9/32")
    world.scene(tmp_path, play, services=services, agent=agent(tmp_path))


def test_decision_is_recorded_once_for_each_check_and_at_the_end(world: World, tmp_path: Path) -> None:
    async def play(driven: Driven) -> None:
        await passing(driven, 60)
        world.gateway.ip("link", "set", world.cable, "down")
        await passing(driven, 120)
        world.gateway.ip("link", "set", world.cable, "up")
        await passing(driven, 60)

    world.scene(tmp_path, play, services={"a": tcp(FAR), "b": tcp(FAR)}, agent=agent(tmp_path))
    with closing(sqlite3.connect(tmp_path / "state" / "tocsin.db")) as store:
        found = store.execute(
            "SELECT service, rule FROM decisions WHERE what = 'isolated' AND \"by\" = 'references'"
        ).fetchall()
    assert sorted(found) == [("a", "c"), ("b", "c"), ("tocsin", "isolated")]
