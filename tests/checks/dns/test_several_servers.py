"""Several name servers in one check: who failed, who differs, how far their zones are apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Context, ErrorKind, Observation, Status
from checks.connection import Deadline
from checks.dns.asking import ask_in_turn
from checks.dns.findings import put_together
from checks.dns.kind import KIND
from checks.dns.servers import Server
from checks.dns.spec import DnsSpec
from checks.judge import Rules, judge
from checks.network import Network
from config.conditions import parse
from tests.checks.dns.answering import NOW, Says, answering, look, records
from tests.checks.name_server import NameServer

ONE, OTHER = records("example.com. 5 IN A 192.0.2.1"), records("example.com. 9 IN A 192.0.2.2")


def soa(serial: int) -> Says:
    return records(f"example.com. 5 IN SOA ns. noc. {serial} 2 3 4 5")


def against_all(*says: Says, also: tuple[str, ...] = (), **options: Any) -> Observation:
    async def run() -> Observation:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(answering(each)) for each in says]
            where = [f"127.0.0.1:{server.port}" for server in servers]
            return await look(53, server=[*where, *also], **options)

    return asyncio.run(run())


def judged(seen: Observation) -> tuple[Status, str]:
    assert KIND.degraded is not None
    reading = judge(seen, Rules(KIND, [], [parse(KIND.degraded, KIND.value_names)]), 0, 0.1)
    return reading.status, reading.message


def test_servers_that_say_the_same_agree() -> None:
    seen = against_all(ONE, ONE, ONE)
    assert (seen.failure, seen.values["agree"], seen.values["servers_failed"]) == (None, True, 0)
    assert judged(seen)[0] is Status.OK


def test_one_server_alone_neither_agrees_nor_differs() -> None:
    assert against_all(ONE).values["agree"] is None


def test_order_of_records_and_their_time_to_live_are_no_disagreement() -> None:
    first = records("example.com. 5 IN A 192.0.2.1", "example.com. 5 IN A 192.0.2.2")
    second = records("example.com. 9 IN A 192.0.2.2", "EXAMPLE.com. 9 IN A 192.0.2.1")
    assert against_all(first, second).values["agree"] is True


def test_reading_names_who_differs() -> None:
    seen = against_all(ONE, OTHER)
    status, message = judged(seen)
    assert (seen.values["agree"], status) == (False, Status.DEGRADED)
    assert "says 192.0.2.1, but 127.0.0.1:" in message
    assert message.endswith("says 192.0.2.2")


def test_one_server_that_fails_is_named_and_degrades(free_port: Callable[[], int]) -> None:
    dead = f"127.0.0.1:{free_port()}"
    seen = against_all(ONE, also=(dead,))
    status, message = judged(seen)
    assert (seen.values["servers_failed"], seen.values["answers"], status) == (
        1,
        "192.0.2.1",
        Status.DEGRADED,
    )
    assert f"connection refused by {dead}" in message


def test_values_are_of_the_first_that_is_right() -> None:
    seen = against_all(records(rcode="REFUSED"), OTHER)
    assert (seen.values["answers"], seen.values["servers_failed"], seen.values["agree"]) == (
        "192.0.2.2",
        1,
        False,
    )


def test_all_that_fail_are_down_with_each_reason(free_port: Callable[[], int]) -> None:
    seen = against_all(records(rcode="NXDOMAIN"), also=(f"127.0.0.1:{free_port()}",))
    assert "answered NXDOMAIN" in (seen.failure or "")
    assert "connection refused" in (seen.failure or "")
    assert (seen.values["rcode"], seen.values["servers_failed"]) == ("NXDOMAIN", 2)


def test_silent_server_costs_the_others_nothing() -> None:
    seen = against_all(ONE, lambda _asked: None, timeout=1)
    assert (seen.failure, seen.values["servers_failed"]) == (None, 1)
    assert "no answer from 127.0.0.1:" in (seen.text or "")


def test_server_that_may_not_be_asked_leaves_the_comparison_open() -> None:
    seen = against_all(ONE, also=("169.254.169.254",))
    status, message = judged(seen)
    assert (seen.values["servers_failed"], status) == (0, Status.UNKNOWN)
    assert message.startswith("could not judge: ")
    assert "link-local or metadata address" in seen.unread["servers_failed"]


def test_metadata_address_alone_is_not_asked() -> None:
    seen = asyncio.run(look(53, server="169.254.169.254"))
    assert (seen.failure, seen.error_kind) == (None, ErrorKind.POLICY)
    assert "link-local or metadata address" in (seen.blind or "")


@pytest.mark.parametrize(
    ("serials", "drift"),
    [((7, 7), 0), ((7, 9, 4), 5), ((2**32 - 1, 1), 2), ((1,), None)],
)
def test_drift_is_the_widest_distance_of_serials(serials: tuple[int, ...], drift: int | None) -> None:
    seen = against_all(*map(soa, serials), record="SOA")
    assert (seen.values["serial"], seen.values["serial_drift"]) == (serials[0], drift)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**31 - 1))
def test_distance_is_the_same_wherever_the_circle_begins(serial: int, apart: int) -> None:
    from checks.dns.findings import _ahead

    assert min(_ahead(serial, (serial + apart) % 2**32), _ahead((serial + apart) % 2**32, serial)) == apart


def test_name_of_a_server_is_found_by_our_own_resolver() -> None:
    async def run(names: NameServer) -> tuple[Observation, Observation]:
        network = Network([names.address])
        try:
            async with answering(ONE) as server:
                found = await look(server.port, server="ns.example.org", network=network)
                return found, await look(server.port, server="gone.example.org", network=network)
        finally:
            await network.aclose()

    with NameServer({"ns.example.org": ("127.0.0.1",), "gone.example.org": ()}) as names:
        found, gone = asyncio.run(run(names))
    assert (found.failure, found.values["answers"], found.values["ip"]) == (None, "192.0.2.1", "127.0.0.1")
    assert gone.error_kind is ErrorKind.DNS
    assert "the name server's own name was not found: gone.example.org has no address" in (gone.failure or "")


def test_next_address_of_a_server_is_tried_when_the_first_is_dead() -> None:
    async def run(names: NameServer) -> Observation:
        network = Network([names.address])
        try:
            async with answering(ONE) as server:
                return await look(server.port, server="ns.example.org", network=network)
        finally:
            await network.aclose()

    with NameServer({"ns.example.org": ("127.0.0.9", "127.0.0.1")}) as names:
        seen = asyncio.run(run(names))
    assert (seen.failure, seen.values["ip"]) == (None, "127.0.0.1")


def in_turn(*servers: Server, says: Says = ONE) -> tuple[Observation, list[str]]:
    """A look at the system's servers: those given, and then one that answers."""

    async def run() -> tuple[Observation, list[str]]:
        network = Network()
        try:
            async with answering(says) as last:
                spec = DnsSpec.model_validate({"name": "example.com"})
                all_of_them = (*servers, Server("127.0.0.1", last.port, system=True))
                context = Context(timeout=3, network=network, now=NOW)
                told = await ask_in_turn(all_of_them, spec, context, Deadline.after(3))
                return put_together([told], closely=False), last.transports
        finally:
            await network.aclose()

    return asyncio.run(run())


def test_next_server_of_the_system_is_asked_when_one_is_not_there(free_port: Callable[[], int]) -> None:
    seen, asked = in_turn(Server("127.0.0.1", free_port(), system=True))
    assert (seen.failure, seen.values["answers"], seen.values["servers_failed"]) == (None, "192.0.2.1", 0)
    assert asked == ["udp"]


def after_one_that_says(rcode: str, says: Says = ONE) -> tuple[Observation, list[str]]:
    async def run() -> tuple[Observation, list[str]]:
        async with answering(records(rcode=rcode)) as first:
            return await asyncio.to_thread(in_turn, Server("127.0.0.1", first.port, system=True), says=says)

    return asyncio.run(run())


def test_denial_of_a_server_of_the_system_is_final() -> None:
    seen, asked = after_one_that_says("NXDOMAIN")
    assert (seen.error_kind, asked) == (ErrorKind.DNS, [])


@pytest.mark.parametrize("rcode", ["SERVFAIL", "NOTIMP", "REFUSED"])
def test_next_server_of_the_system_is_asked_when_one_is_not_able(rcode: str) -> None:
    seen, asked = after_one_that_says(rcode)
    assert (seen.failure, seen.values["answers"], asked) == (None, "192.0.2.1", ["udp"])


def test_error_of_the_first_is_told_when_no_server_of_the_system_is_able() -> None:
    seen, asked = after_one_that_says("REFUSED", says=records(rcode="SERVFAIL"))
    assert (seen.values["rcode"], seen.error_kind, asked) == ("REFUSED", ErrorKind.DNS, ["udp"])
    assert "answered REFUSED" in (seen.failure or "")
