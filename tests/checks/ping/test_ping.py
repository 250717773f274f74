"""Ping against real sockets in a network namespace of the test's own: what counts as an answer, and what as a loss."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from checks.base import Context, ErrorKind, Observation, Status
from checks.judge import Rules, judge
from checks.network import Network
from checks.ping import KIND
from checks.ping.kind import probe
from checks.ping.spec import PingSpec
from config.conditions import parse
from tests.checks.name_server import NameServer
from tests.checks.ping.namespace import LOOPS, apart, ip
from tests.checks.ping.responder import Answer, Asked, Behaviour, answering, echo

HOME = {4: "127.0.0.1", 6: "::1"}
QUICK = {"interval": "10ms", "wait": "200ms"}

each_version = pytest.mark.parametrize("version", [4, 6], ids=["IPv4", "IPv6"])
each_door = pytest.mark.parametrize("raw", [False, True], ids=["datagram", "raw"])
each_loop = pytest.mark.parametrize("loop", LOOPS)


async def look(
    host: str, *, timeout: float = 5, servers: list[str] | None = None, **options: Any
) -> Observation:
    network = Network(servers)
    try:
        spec = PingSpec.model_validate({"host": host, **QUICK, **options})
        return await probe(spec, Context(timeout=timeout, network=network, now=time.time()))
    finally:
        await network.aclose()


def pinged(
    version: int, behaviour: Behaviour | None = None, *, raw: bool = False, **options: Any
) -> Observation:
    """One look at loopback in a namespace, where the kernel answers, or the behaviour."""

    async def scene() -> Observation:
        with ExitStack() as stack:
            if behaviour is not None:
                stack.enter_context(answering(version, behaviour))
            return await look(HOME[version], **options)

    return apart(scene, raw=raw)


@each_version
@each_door
@each_loop
def test_a_host_that_answers_is_timed(version: int, raw: bool, loop: str) -> None:
    seen = apart(lambda: look(HOME[version], count=4), loop, raw=raw)
    assert (seen.failure, seen.blind, seen.notes) == (None, None, ())
    values: dict[str, Any] = dict(seen.values)
    assert set(values) == KIND.value_names
    assert (values["loss"], values["ip"], values["ttl"]) == (0, HOME[version], 64)
    assert 0 < values["min"] <= values["avg"] <= values["max"] < 5
    assert values["latency"] == values["avg"]
    assert 0 <= values["stddev"] <= values["max"] - values["min"]


@each_version
@each_door
def test_requests_without_an_answer_are_lost_and_the_rest_is_timed(version: int, raw: bool) -> None:
    def some(asked: Asked) -> Iterable[Answer]:
        return () if asked.number in (1, 3) else (echo(asked),)

    seen = pinged(version, some, raw=raw, count=5)
    assert (seen.failure, seen.values["loss"]) == (None, 0.4)
    assert seen.values["max"] is not None


def test_the_built_in_condition_is_a_share_lost_and_all_lost_is_down() -> None:
    def every_other(asked: Asked) -> Iterable[Answer]:
        return () if asked.number % 2 else (echo(asked),)

    assert KIND.degraded is not None
    rules = Rules(KIND, (), (parse(KIND.degraded, KIND.measures),))
    degraded = judge(pinged(4, every_other, count=6), rules, 0, 0.1)
    assert (degraded.status, degraded.message) == (Status.DEGRADED, "loss > 20% (loss = 50%)")
    down = judge(pinged(4, lambda _: ()), rules, 0, 0.1)
    assert (down.status, down.message) == (Status.DOWN, "no answer from 127.0.0.1 to 5 requests")
    assert down.error_kind is ErrorKind.TIMEOUT
    assert down.values["loss"] == 1


@each_version
@each_door
def test_the_time_is_that_of_the_answer(version: int, raw: bool) -> None:
    seen = pinged(version, lambda asked: (echo(asked, after=0.05 * (asked.number + 1)),), raw=raw, count=3)
    least, most = seen.values["min"], seen.values["max"]
    assert isinstance(least, float)
    assert isinstance(most, float)
    assert least >= 0.05
    assert most >= 0.15
    assert seen.values["loss"] == 0


@each_version
@each_door
def test_an_answer_that_comes_twice_counts_once_and_is_told(version: int, raw: bool) -> None:
    def twice(asked: Asked) -> Iterable[Answer]:
        return (echo(asked), echo(asked)) if asked.number else ()

    seen = pinged(version, twice, raw=raw, count=3)
    assert seen.values["loss"] == pytest.approx(1 / 3)
    assert seen.notes == ("2 more answers to requests answered already",)


FALSE: dict[str, Callable[[Asked], Answer]] = {
    "another payload": lambda asked: echo(asked, payload=bytes(len(asked.payload))),
    "a payload that ends otherwise": lambda asked: echo(
        asked, payload=asked.payload[:-1] + bytes([asked.payload[-1] ^ 1])
    ),
    "a longer payload": lambda asked: echo(asked, payload=asked.payload + b"?"),
    "hardly any payload": lambda asked: echo(asked, payload=asked.payload[:8]),
    "no payload": lambda asked: echo(asked, payload=b""),
    "a sequence number not sent": lambda asked: echo(asked, sequence=(asked.sequence + 9) & 0xFFFF),
    "the id of another": lambda asked: echo(asked, ident=asked.ident ^ 1),
    "another sender": lambda asked: echo(asked, source="127.0.0.9" if asked.version == 4 else "fd00::9"),
}


@each_version
@each_door
@pytest.mark.parametrize("false", FALSE)
def test_what_is_not_the_targets_answer_to_this_request_is_no_answer(
    version: int, raw: bool, false: str
) -> None:
    async def scene() -> Observation:
        ip("addr", "add", "fd00::9/128", "dev", "lo", "nodad")
        with answering(version, lambda asked: (FALSE[false](asked),)):
            return await look(HOME[version], count=2)

    seen = apart(scene, raw=raw)
    assert seen.failure == f"no answer from {HOME[version]} to 2 requests"
    assert seen.values["loss"] == 1


@each_version
def test_an_answer_that_brings_back_less_of_the_payload_is_one(version: int) -> None:
    seen = pinged(version, lambda asked: (echo(asked, payload=asked.payload[:64]),), count=2, size=1000)
    assert (seen.failure, seen.values["loss"]) == (None, 0)


@each_version
@each_door
def test_answers_after_the_wait_are_lost_and_count_for_no_later_look(version: int, raw: bool) -> None:
    async def scene() -> list[Observation]:
        with answering(version, lambda asked: (echo(asked, after=0.5),)):
            first = await look(HOME[version], count=3, wait="100ms")
            return [first, await look(HOME[version], count=3, wait="300ms")]

    for seen in apart(scene, raw=raw):
        assert seen.failure == f"no answer from {HOME[version]} to 3 requests"


@each_door
def test_many_looks_at_once_get_each_its_own_answers(raw: bool) -> None:
    """Every third host is silent, every third answers half, and all answer with a time of their own."""

    def by_address(asked: Asked) -> Iterable[Answer]:
        last = int(asked.target.rpartition(".")[2])
        half = last % 3 == 1 and (asked.sequence + last) % 2
        return () if last % 3 == 0 or half else (echo(asked), echo(asked, ident=(asked.ident + 1) & 0xFFFF))

    async def scene() -> list[Observation]:
        with answering(4, by_address):
            hosts = (f"127.0.7.{last}" for last in range(240))
            return await asyncio.gather(
                *(look(host, count=4, interval="50ms", wait="3s", timeout=20) for host in hosts)
            )

    looks = apart(scene, raw=raw)
    expected = {0: 1.0, 1: 0.5, 2: 0.0}
    assert {last: seen.values["loss"] for last, seen in enumerate(looks)} == {
        last: expected[last % 3] for last in range(240)
    }
    assert all((seen.failure is None) == (last % 3 != 0) for last, seen in enumerate(looks))


@each_loop
def test_a_flood_of_answers_neither_stops_the_loop_nor_the_look(loop: str) -> None:
    """The loop goes on turning while thousands of answers come that nobody asked for."""

    async def scene() -> tuple[Observation, int]:
        turns = 0

        async def turning() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        with answering(4, lambda asked: [echo(asked)] + [echo(asked, sequence=1)] * 2000):
            task = asyncio.create_task(turning())
            seen = await look("127.0.0.1", count=3, wait="3s")
            task.cancel()
            return seen, turns

    seen, turns = apart(scene, loop)
    assert seen.failure is None
    assert turns > 10


@each_loop
@each_version
def test_answers_count_that_came_in_time_however_late_the_loop_reads_them(version: int, loop: str) -> None:
    """What another socket brings holds the loop up until long after the wait has ended."""

    async def scene() -> Observation:
        running, (near, far) = asyncio.get_running_loop(), socket.socketpair()

        def hold_up() -> None:
            near.recv(1)
            time.sleep(0.4)

        with near, far, answering(version, lambda asked: (echo(asked, after=0.03),)):
            running.add_reader(near, hold_up)
            running.call_later(0.01, far.send, b"!")
            seen = await look(HOME[version], count=1, wait="60ms")
            running.remove_reader(near)
            return seen

    seen = apart(scene, loop)
    assert (seen.failure, seen.values["loss"]) == (None, 0)


@each_version
def test_all_requests_go_out_in_half_the_time_however_short_it_is(version: int) -> None:
    numbers: list[int] = []

    def count(asked: Asked) -> Iterable[Answer]:
        numbers.append(asked.number)
        return ()

    async def scene() -> tuple[Observation, float]:
        with answering(version, count):
            begun = time.monotonic()
            seen = await look(HOME[version], timeout=0.5, count=20, interval="10s", wait="10s")
            return seen, time.monotonic() - begun

    seen, took = apart(scene)
    assert seen.failure == f"no answer from {HOME[version]} to 20 requests"
    assert len(numbers) == 20
    assert took >= 0.5


def test_names_are_asked_for_and_their_addresses_tried_in_turn() -> None:
    known = {"both.example": ("127.0.0.1", "127.0.0.2"), "six.example": ("::1",), "nobody.example": ()}

    def second_alone(asked: Asked) -> Iterable[Answer]:
        return (echo(asked),) if asked.target == "127.0.0.2" else ()

    async def scene() -> list[Observation]:
        with NameServer(known) as names, answering(4, second_alone):
            servers = [names.address]
            return [
                await look("both.example", servers=servers, count=2),
                await look("six.example", servers=servers, count=1, ip="6"),
                await look("six.example", servers=servers, count=1, ip="4"),
                await look("nobody.example", servers=servers),
                await look("silent.example", servers=servers, timeout=0.3),
            ]

    both, six, not_four, nobody, silent = apart(scene)
    assert (both.failure, both.values["ip"], both.values["loss"]) == (None, "127.0.0.2", 0)
    assert both.notes == ("no answer from 127.0.0.1 to 2 requests",)
    assert (six.failure, six.values["ip"]) == (None, "::1")
    for failed in (not_four, nobody, silent):
        assert failed.error_kind is ErrorKind.DNS
        assert failed.failure is not None
    assert silent.failure == "no answer from the name server for silent.example within 300ms"


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "127.0.0.1"])
def test_an_ipv4_address_may_be_written_as_one_of_ipv6(address: str) -> None:
    assert apart(lambda: look(address, count=1)).values["loss"] == 0


def test_link_local_and_metadata_addresses_are_not_pinged() -> None:
    seen = apart(lambda: look("169.254.169.254"))
    assert (seen.error_kind, seen.failure) == (ErrorKind.POLICY, None)
    assert seen.blind is not None


@each_version
def test_ttl_and_size_go_out_as_asked_for(version: int) -> None:
    sizes: list[tuple[int, int]] = []

    def note(asked: Asked) -> Iterable[Answer]:
        sizes.append((len(asked.payload), asked.packet[8]))
        return (echo(asked),)

    assert pinged(version, note, count=1, size="1KiB", ttl=7).values["loss"] == 0
    assert sizes == [(1024, 7)] if version == 4 else sizes[0][0] == 1024


def test_a_socket_is_closed_however_the_look_ends() -> None:
    async def scene() -> bool:
        with answering(4, lambda _: ()):
            task = asyncio.create_task(look("127.0.0.1", wait="5s"))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return task.cancelled()

    # A socket left open would be told as a ResourceWarning, which is an error here.
    assert apart(scene)
