"""TCP against real listeners on loopback: good, silent, refusing, resetting, chatty, encrypted."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from pydantic import ValidationError

from checks.base import Context, ErrorKind, Observation
from checks.network import Network
from checks.spoken_text import unescape
from checks.tcp import MOST_READ, TcpSpec, probe
from tests.checks.listeners import (
    NOW,
    against,
    black_hole,
    hangs_up,
    listening,
    look,
    resets,
    says,
    stays_silent,
)


def test_connecting_is_enough_without_send_and_expect() -> None:
    seen = against(hangs_up)
    assert (seen.failure, seen.blind) == (None, None)
    assert float(seen.values["latency"] or 0) > 0
    assert seen.values["banner"] is None
    assert seen.values["cert_days"] is None
    assert set(seen.phases) == {"resolve", "connect"}


def test_banner_is_found_and_shown_on_one_line() -> None:
    seen = against(says(b"220-\x1b[31mmail\r\n220 ESMTP ready\r\n"), expect="^220 ESMTP")
    assert seen.failure is None
    assert seen.values["banner"] == "220-\\x1b[31mmail\\r\\n220 ESMTP ready"


@pytest.mark.parametrize("expect", ["^\\+PONG$", "PONG", "(?i)pong", "\\+PONG\\r\\n"])
def test_line_ends_of_either_sort_fit_the_pattern(expect: str) -> None:
    assert against(says(b"-ERR x\r\n+PONG\r\n"), expect=expect).failure is None


def test_bytes_that_are_no_text_are_found_one_by_one() -> None:
    assert against(says(b"\xff\xfd\x18\xff\xfd"), expect="^\\xff\\xfd\\x18").failure is None
    assert against(says(b"220 caf\xe9 ready\n"), expect="^220 .* ready$").failure is None


def test_pattern_split_over_several_packets_is_found() -> None:
    async def in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for word in (b"SSH-2", b".0-Gr\xc3", b"\xbcss", b"e\n"):
            writer.write(word)
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    assert against(in_pieces, expect="^SSH-2.0-Grüsse$").values["banner"] == "SSH-2.0-Grüsse"


def test_what_is_sent_arrives_with_its_escapes_read() -> None:
    heard = bytearray()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readuntil(b"\n"))
        writer.write(b"+PONG\r\n")
        await reader.read()

    seen = against(answers, send="PING\\t\\\\n\\r\\n", expect="PONG")
    assert (seen.failure, bytes(heard)) == (None, b"PING\t\\n\r\n")


def test_secret_in_send_is_followed_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCP_TEST_PASSWORD", "back\\nslash")
    heard = bytearray()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readuntil(b"\n"))
        writer.write(b"OK")
        await reader.read()

    spec = TcpSpec.model_validate({"host": "h", "port": 1, "send": "AUTH ${env:TCP_TEST_PASSWORD}\\n"})
    assert "AUTH" not in repr(spec)
    assert against(answers, send="AUTH ${env:TCP_TEST_PASSWORD}\\n", expect="OK").failure is None
    assert bytes(heard) == b"AUTH back\\nslash\n"


def test_secret_that_is_not_there_is_our_fault() -> None:
    seen = against(hangs_up, send="${env:TCP_TEST_NOT_SET}")
    assert seen.blind is not None
    assert "TCP_TEST_NOT_SET" in seen.blind
    assert seen.error_kind is ErrorKind.LOCAL


def test_refused_connection_is_named(free_port: Callable[[], int]) -> None:
    port = free_port()
    seen = asyncio.run(look(port))
    assert seen.failure == f"connection refused by 127.0.0.1:{port}"
    assert seen.error_kind is ErrorKind.REFUSED
    assert seen.values["latency"] is None


def test_silence_ends_with_the_deadline_and_says_so() -> None:
    assert against(stays_silent, expect="^220", timeout=0.3).failure == "no banner within 300ms"
    seen = against(stays_silent, expect="PONG", send="PING", timeout=0.3)
    assert (seen.failure, seen.error_kind) == ("no answer within 300ms", ErrorKind.TIMEOUT)
    assert float(seen.values["latency"] or 0) > 0


def test_wrong_banner_is_shown() -> None:
    seen = against(says(b"554 go away\r\n"), expect="^220", timeout=0.3)
    assert seen.failure == "`expect` not found within 300ms, got: 554 go away"
    assert seen.error_kind is ErrorKind.CONTENT
    assert seen.values["banner"] == "554 go away"


def test_hanging_up_without_a_word_does_not_wait_for_the_deadline() -> None:
    seen = against(hangs_up, expect="^220", timeout=60)
    assert seen.failure is not None
    assert seen.failure.endswith("closed the connection without a word")


def test_hanging_up_after_the_wrong_words_shows_them() -> None:
    async def refuses(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"ERROR: banned\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    seen = against(refuses, expect=" 001", timeout=60)
    assert seen.failure is not None
    assert seen.failure.endswith("closed after: ERROR: banned")


def test_reset_is_named() -> None:
    seen = against(resets, expect="^220")
    assert seen.failure is not None
    assert seen.failure.startswith("connection reset by 127.0.0.1:")
    assert seen.error_kind is ErrorKind.RESET


def test_endless_talk_is_read_to_a_limit_only() -> None:
    sent = 0

    async def talks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 100 * MOST_READ:
            writer.write(b"x" * 4096)
            sent += 4096
            await writer.drain()

    seen = against(talks, expect="never", timeout=60)
    assert seen.failure is not None
    assert seen.failure.startswith("`expect` not found in the first 64KiB")
    assert sent < 100 * MOST_READ


def test_peer_that_reads_nothing_does_not_hold_us() -> None:
    async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
        await asyncio.Event().wait()

    seen = against(deaf, send="x" * 20_000_000, timeout=0.5)
    assert (seen.failure, seen.error_kind) == ("could not send all of `send` within 500ms", ErrorKind.TIMEOUT)


def test_black_hole_ends_with_the_deadline() -> None:
    async def run() -> tuple[Observation, int]:
        async with black_hole() as port:
            return await asyncio.wait_for(look(port, timeout=0.3), 30), port

    seen, port = asyncio.run(run())
    assert seen.error_kind is ErrorKind.TIMEOUT
    assert seen.failure is not None
    assert seen.failure.startswith(f"no connection to 127.0.0.1:{port} within ")


class TwoAddresses(Network):
    """A name with two addresses, the first of which does not answer."""

    async def resolve(self, host: str, **options: Any) -> tuple[str, ...]:
        return "127.0.0.2", "127.0.0.1"


def test_next_address_is_tried_when_the_first_refuses() -> None:
    async def run() -> Observation:
        async with listening(says(b"hello")) as port:
            spec = TcpSpec(host="two.example", port=port, expect="hello")
            return await probe(spec, Context(timeout=5, network=TwoAddresses(), now=NOW))

    assert asyncio.run(run()).failure is None


def test_every_address_that_failed_is_named(free_port: Callable[[], int]) -> None:
    port = free_port()
    spec = TcpSpec(host="two.example", port=port)
    seen = asyncio.run(probe(spec, Context(timeout=5, network=TwoAddresses(), now=NOW)))
    assert seen.failure == f"connection refused by 127.0.0.2:{port}; connection refused by 127.0.0.1:{port}"


def test_link_local_address_is_not_looked_at() -> None:
    seen = asyncio.run(look(80, host="169.254.169.254"))
    assert seen.failure is None
    assert seen.error_kind is ErrorKind.POLICY


def test_running_out_of_files_is_our_fault(free_port: Callable[[], int]) -> None:
    async def run() -> Observation:
        network, spec = Network(), TcpSpec(host="127.0.0.1", port=free_port())
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as last:
            resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
            try:
                return await probe(spec, Context(timeout=5, network=network, now=NOW))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    seen = asyncio.run(run())
    assert seen.blind == "too many open files here: raise LimitNOFILE= of the service"
    assert (seen.failure, seen.error_kind) == (None, ErrorKind.LOCAL)


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
@pytest.mark.parametrize("where", ["connecting", "listening"])
def test_cancelled_probe_leaves_no_socket_behind(new_loop: Callable[[], Any], where: str) -> None:
    def open_sockets() -> int:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(str(link.readlink()).startswith("socket:") for link in links)

    async def cancelled(port: int, before: int) -> None:
        task = asyncio.create_task(look(port, timeout=60, expect="never"))
        async with asyncio.timeout(60):
            while open_sockets() == before:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        async with asyncio.timeout(60):
            while open_sockets() > before:
                await asyncio.sleep(0)

    async def run() -> None:
        async with black_hole() if where == "connecting" else listening(stays_silent) as port:
            for _ in range(5):
                await cancelled(port, open_sockets())

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())
    gc.collect()  # a forgotten transport would complain now


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("a", "a"), ("\\r\\n", "\r\n"), ("\\t", "\t"), ("\\\\n", "\\n"), ("real\n", "real\n")],
)
def test_escapes_mean_what_they_stand_for(text: str, meaning: str) -> None:
    assert unescape(text) == meaning


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"host": ""}, "expected a host name"),
        ({"host": "http://a.example/"}, "write host: a.example"),
        ({"host": "a.example:25"}, "write host: a.example and port: 25"),
        ({"host": "a b"}, "expected a host name"),
        ({"host": "joe@a.example"}, "write the name alone"),
        ({"port": "0"}, "greater than or equal to 1"),
        ({"port": "65536"}, "less than or equal to 65535"),
        ({"expect": "("}, "not a RE2 pattern"),
        ({"expect": "(?=x)"}, "not a RE2 pattern"),
        ({"send": "a\\q"}, "unknown escape"),
        ({"send": "a\\"}, "unknown escape"),
        ({"banner": "x"}, "Extra inputs"),
    ],
)
def test_mistakes_in_the_options_are_named(options: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TcpSpec.model_validate({"host": "a.example", "port": "25", **options})
    assert complaint in str(raised.value)


@pytest.mark.parametrize("host", ["::1", "[::1]", "a.example", "192.0.2.1"])
def test_hosts_are_taken_as_people_write_them(host: str) -> None:
    assert TcpSpec(host=host, port=25).host == host.strip("[]")
