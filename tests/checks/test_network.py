"""Names: no silent name server delays anybody else, no failure is remembered, no forbidden address is used."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import ErrorKind, Reading, Status
from checks.network import AddressRefused, LookupFailed, Network
from checks.registry import KINDS
from checks.resolver import check_policy
from tests.checks.http.web import always, check_of, serving
from tests.checks.name_server import NameServer

HANGING = tuple(f"hangs-{number}.example" for number in range(19))


def with_names(
    known: dict[str, tuple[str, ...]], use: Callable[[Network, NameServer], Coroutine[Any, Any, Any]]
) -> Any:
    """Run something on a network that asks a name server knowing these names."""

    async def run() -> Any:
        with NameServer(known) as server:
            network = Network(servers=[server.address])
            try:
                return await use(network, server)
            finally:
                await network.aclose()

    return asyncio.run(run())


def test_healthy_check_is_done_while_nineteen_names_still_hang() -> None:
    ended: list[str] = []

    async def use(network: Network, _server: NameServer) -> dict[str, Reading]:
        runner = Runner(SystemClock(), KINDS, network)

        async def one(name: str, port: int) -> tuple[str, Reading]:
            reading = await runner.look(check_of(url=f"http://{name}:{port}/", timeout="1500ms"))
            ended.append(name)
            return name, reading

        async with serving(always()) as web:
            # The healthy one is asked for last, when all the others already hang.
            first = await asyncio.gather(*(one(name, web.port) for name in (*HANGING, "healthy.example")))
        return dict(first)

    readings = with_names({"healthy.example": ("127.0.0.1",)}, use)
    assert ended[0] == "healthy.example"
    assert readings["healthy.example"].status is Status.OK
    for name in HANGING:
        reading = readings[name]
        assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.DNS)
        assert reading.message == f"no answer from the name server for {name} within 1.5s"
        assert reading.took <= 2.0


def test_closing_waits_for_no_silent_name_server() -> None:
    program = """
import asyncio
from checks.network import LookupFailed, Network
from tests.checks.name_server import NameServer

async def main():
    with NameServer({}) as server:
        network = Network(servers=[server.address])
        asked = [network.resolve(f"hangs-{n}.example", timeout=0.2) for n in range(19)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(each, LookupFailed) for each in found)
        await network.aclose()

asyncio.run(main())
print("ended")
"""
    root = Path(__file__).resolve().parents[2]
    # c-ares itself would go on asking for more than ten seconds.
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, timeout=8, check=False
    )
    assert (done.stdout, done.stderr) == (b"ended\n", b"")


def test_all_addresses_of_a_name_are_given_and_family_chooses() -> None:
    async def use(network: Network, _server: NameServer) -> list[set[str]]:
        return [
            set(await network.resolve("two.example", family=family, timeout=5))
            for family in ("auto", "4", "6")
        ]

    assert with_names({"two.example": ("127.0.0.1", "::1")}, use) == [
        {"127.0.0.1", "::1"},
        {"127.0.0.1"},
        {"::1"},
    ]


def test_missing_name_is_said_so_and_found_as_soon_as_it_is_there() -> None:
    async def use(network: Network, server: NameServer) -> tuple[str, tuple[str, ...]]:
        with pytest.raises(LookupFailed) as caught:
            await network.resolve("new.example", timeout=5)
        assert not caught.value.local
        server.known["new.example"] = ("127.0.0.1",)
        deadline = time.monotonic() + 60
        while True:
            try:
                return str(caught.value), await network.resolve("new.example", timeout=5)
            except LookupFailed:
                assert time.monotonic() < deadline, "the denial is still remembered"
                await asyncio.sleep(0.01)

    message, addresses = with_names({"new.example": ()}, use)
    assert message == "new.example has no address: domain name not found"
    assert addresses == ("127.0.0.1",)


def test_name_without_an_address_of_the_family_is_said_so() -> None:
    async def use(network: Network, _server: NameServer) -> str:
        with pytest.raises(LookupFailed) as caught:
            await network.resolve("four.example", family="6", timeout=5)
        return str(caught.value)

    assert with_names({"four.example": ("127.0.0.1",)}, use).startswith("four.example has no address")


def test_name_that_leads_to_a_forbidden_address_is_not_connected_to() -> None:
    async def use(network: Network, _server: NameServer) -> Reading:
        return await Runner(SystemClock(), KINDS, network).look(check_of(url="http://inner.example/"))

    reading = with_names({"inner.example": ("127.0.0.1", "169.254.169.254")}, use)
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.POLICY)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "fe80::1",
        "fe80::1%lo",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
    ],
)
def test_link_local_and_metadata_addresses_are_refused_however_written(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_policy(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd00::1", "64:ff9b::a00:1"]
)
def test_private_addresses_are_looked_at(address: str) -> None:
    async def use(network: Network, _server: NameServer) -> tuple[str, ...]:
        return await network.resolve(address, timeout=1)

    assert with_names({}, use) == (address,)


@pytest.mark.parametrize("host", ["", ".", "a" * 64 + ".example", "x" * 300, "a\0b", "é" * 70])
def test_impossible_name_is_refused_in_one_line(host: str) -> None:
    async def use(network: Network, _server: NameServer) -> str:
        with pytest.raises(LookupFailed) as caught:
            await network.resolve(host, timeout=1)
        return str(caught.value)

    message = with_names({}, use)
    assert message.isprintable()


def test_literal_needs_no_name_server() -> None:
    async def use(network: Network, server: NameServer) -> list[str]:
        assert await network.resolve("127.0.0.1", timeout=1) == ("127.0.0.1",)
        assert await network.resolve("[::1]", family="6", timeout=1) == ("::1",)
        return server.asked

    assert with_names({}, use) == []


@pytest.mark.parametrize(
    ("address", "allowed", "passes"),
    [
        ("169.254.20.10", ["169.254.20.10/32"], True),
        ("169.254.169.254", ["169.254.20.10/32"], False),
        ("::ffff:169.254.20.10", ["169.254.20.0/24"], True),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("fd00:ec2::254", ["fe80::/10", "169.254.0.0/16"], False),
    ],
)
def test_a_link_local_address_is_looked_at_where_the_operator_names_it(
    address: str, allowed: list[str], passes: bool
) -> None:
    try:
        check_policy(address, [ip_network(each) for each in allowed])
    except AddressRefused as refused:
        assert not passes
        assert "agent.allow_link_local" in str(refused)
    else:
        assert passes
