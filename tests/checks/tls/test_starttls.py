"""TLS asked for in each protocol's own words, by `tls` and `tcp`; and what comes of servers that do not play along."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, get_args

import pytest
import uvloop

from checks.base import ErrorKind, Status
from checks.connection import Deadline, Fault, Secure, connected, secured
from checks.starttls import PORTS, StartTls
from checks.trust import securely
from tests.checks.listeners import hangs_up, listening, says, stays_silent
from tests.checks.tls.authorities import proof
from tests.checks.tls.conftest import House
from tests.checks.tls.looks import against, look_at
from tests.checks.tls.plain_servers import ODD, UNWILLING, WILLING, Turn, exact, scripted

each_protocol = pytest.mark.parametrize("protocol", get_args(StartTls))
each_kind = pytest.mark.parametrize("kind", ["tls", "tcp"])


def test_every_protocol_is_looked_at_here() -> None:
    assert set(WILLING) == set(UNWILLING) == set(PORTS) == set(get_args(StartTls))


@each_kind
@each_protocol
def test_server_turns_to_tls_when_asked(house: House, protocol: str, kind: str) -> None:
    with exact(WILLING[protocol], proof(house.leaf(ends=50), house.directory)) as port:
        reading = look_at(kind, port, starttls=protocol, ca=house.ca)
    assert reading.status is Status.OK, reading.message
    assert reading.values["cert_days"] == pytest.approx(50, abs=0.01)
    assert set(reading.phases) == {"resolve", "connect", "starttls", "tls"}


@each_kind
@each_protocol
def test_server_without_tls_is_down_in_its_own_words(protocol: str, kind: str, house: House) -> None:
    turns, words = UNWILLING[protocol]
    reading = against(kind, scripted(turns), starttls=protocol, ca=house.ca)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TLS), reading.message
    assert f"does not offer TLS by {words}" in reading.message


@pytest.mark.parametrize(("protocol", "said", "words"), ODD)
def test_odd_server_is_told_as_what_it_is(house: House, protocol: str, said: bytes, words: str) -> None:
    reading = against("tls", says(said), starttls=protocol, ca=house.ca, timeout="2s")
    assert (reading.status, words in reading.message) == (Status.DOWN, True), reading.message
    assert reading.error_kind in {ErrorKind.PROTOCOL, ErrorKind.TLS, ErrorKind.STATUS}


@each_protocol
def test_silent_server_is_a_timeout(house: House, protocol: str) -> None:
    reading = against("tls", stays_silent, starttls=protocol, ca=house.ca, timeout="200ms")
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TIMEOUT)


@each_protocol
def test_server_that_hangs_up_is_down(house: House, protocol: str) -> None:
    reading = against("tls", hangs_up, starttls=protocol, ca=house.ca)
    assert reading.status is Status.DOWN
    assert reading.error_kind in {ErrorKind.PROTOCOL, ErrorKind.RESET}


@each_kind
@pytest.mark.parametrize("protocol", ["smtp", "imap", "postgres", "xmpp"])
def test_words_put_in_before_the_handshake_are_refused(house: House, protocol: str, kind: str) -> None:
    *turns, last = WILLING[protocol]
    turns.append(Turn(last.wanted, last.said + b"250-AUTH PLAIN\r\n"))
    serve = scripted(turns, proof(house.leaf(), house.directory))
    reading = against(kind, serve, starttls=protocol, ca=house.ca)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.PROTOCOL), reading.message
    assert (
        'sent more in plain text before TLS began, which is not to be trusted: "250-AUTH' in reading.message
    )


@pytest.mark.parametrize("runner", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_upgraded_link_speaks_on_both_loops(house: House, runner: Any) -> None:
    server = scripted(
        [Turn(b"GO\n", b"OK\n")], proof(house.leaf(), house.directory), after=b"x" * 300_000 + b"\n"
    )

    async def run() -> tuple[bytes, int]:
        deadline = Deadline.after(10)
        async with listening(server) as port, connected(("127.0.0.1",), port, deadline) as link:
            link.writer.write(b"GO\n")
            first = await link.reader.readline()
            safe = await secured(link, securely("127.0.0.1", house.ca), deadline)
            assert safe.ssl_object is not None
            return first, len(await safe.reader.readexactly(300_001))

    with asyncio.Runner(loop_factory=runner) as loop:
        assert loop.run(run()) == (b"OK\n", 300_001)


@pytest.mark.parametrize("runner", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_upgrade_refuses_what_was_read_ahead_on_both_loops(house: House, runner: Any) -> None:
    server = scripted([Turn(b"GO\n", b"OK\nand more\n")], proof(house.leaf(), house.directory))

    async def run() -> None:
        deadline = Deadline.after(10)
        async with listening(server) as port, connected(("127.0.0.1",), port, deadline) as link:
            link.writer.write(b"GO\n")
            assert await link.reader.readline() == b"OK\n"
            await secured(link, Secure(ssl.create_default_context(), "127.0.0.1"), deadline)

    with (
        asyncio.Runner(loop_factory=runner) as loop,
        pytest.raises(Fault, match="before TLS began") as raised,
    ):
        loop.run(run())
    assert raised.value.kind is ErrorKind.PROTOCOL
