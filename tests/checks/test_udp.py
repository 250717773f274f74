"""UDP against real sockets: what answers, what refuses, and what silence proves."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import ErrorKind, Reading, Status
from checks.registry import KINDS
from tests.checks.http.web import check_of
from tests.checks.name_server import NameServer

Reply = Callable[[int, bytes], list[bytes]]


@contextmanager
def answering(reply: Reply) -> Iterator[int]:
    """A socket on loopback that answers the n-th datagram so; gives its port."""

    def serve() -> None:
        for number in range(1000):
            try:
                data, sender = sock.recvfrom(65536)
            except OSError:
                return
            if data == b"end of the test":
                return
            for answer in reply(number, data):
                sock.sendto(answer, sender)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"end of the test", sock.getsockname())
            thread.join(10)


def look(port: int, *, runner: Any = None, **options: Any) -> Reading:
    async def run() -> Reading:
        agent = Runner(SystemClock(), KINDS)
        try:
            return await agent.look(
                check_of(**{"type": "udp", "host": "127.0.0.1", "port": port, **options}), closely=True
            )
        finally:
            await agent.aclose()

    with asyncio.Runner(loop_factory=runner) as loop:
        return loop.run(run())


each_loop = pytest.mark.parametrize("runner", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


@each_loop
def test_right_answer_is_ok_and_told(runner: Any) -> None:
    with answering(lambda _number, data: [b"echo " + data]) as port:
        reading = look(port, runner=runner, send="a\\x00\\xffb\\n", expect="^echo a")
    assert reading.status is Status.OK, reading.message
    assert reading.values["answer"] == "echo a\\x00\ufffdb"
    assert (reading.values["size"], reading.values["tries"], reading.values["ip"]) == (10, 1, "127.0.0.1")
    assert float(reading.values["latency"] or 0) > 0


def test_bytes_are_sent_as_they_were_written() -> None:
    heard: list[bytes] = []

    def keeps(_number: int, data: bytes) -> list[bytes]:
        heard.append(data)
        return [b"x"]

    with answering(keeps) as port:
        look(port, send="\\xFF\\xfeGr\u00fc\u00dfe\\0", expect="x")
    assert heard == [b"\xff\xfeGr\xc3\xbc\xc3\x9fe\0"]


@each_loop
def test_port_where_nothing_listens_is_refused(runner: Any, free_port: Callable[[], int]) -> None:
    port = free_port()
    reading = look(port, runner=runner, expect="x")
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.REFUSED)
    assert reading.message == f"nothing listens on UDP 127.0.0.1:{port} (ICMP port unreachable)"
    assert look(port, runner=runner).status is Status.DOWN


def test_lost_datagram_is_sent_again() -> None:
    with answering(lambda number, _data: [b"pong"] if number else []) as port:
        reading = look(port, send="ping", expect="pong", timeout="2s")
    assert (reading.status, reading.values["tries"]) == (Status.OK, 2)


def test_silence_is_a_timeout_where_an_answer_is_expected() -> None:
    with answering(lambda *_: []) as port:
        reading = look(port, expect="pong", timeout="200ms")
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TIMEOUT)
    assert reading.message == f"no answer from UDP 127.0.0.1:{port} within 200ms, sent 3 times"


def test_silence_proves_nothing_where_no_answer_is_expected() -> None:
    with answering(lambda *_: []) as port:
        reading = look(port, timeout="200ms", retries=0)
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.TIMEOUT)
    assert "over UDP that proves nothing (give `expect`" in reading.message


def test_any_answer_will_do_without_expect() -> None:
    with answering(lambda *_: [b""]) as port:
        assert look(port).status is Status.OK


def test_right_answer_among_wrong_ones_is_found() -> None:
    with answering(lambda *_: [b"busy", b"busy", b"pong\r\n"]) as port:
        assert look(port, expect="^pong$").status is Status.OK


def test_wrong_answer_is_shown() -> None:
    with answering(lambda *_: [b"\x1b[31mno"]) as port:
        reading = look(port, expect="yes", timeout="300ms")
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert reading.message == "`expect` not found within 300ms, got: \\x1b[31mno"


def test_flood_of_wrong_answers_ends_by_the_deadline() -> None:
    with answering(lambda *_: [b"x" * 1000] * 300) as port:
        reading = look(port, expect="yes", timeout="500ms", retries=0)
    assert reading.error_kind is ErrorKind.CONTENT


def test_bytes_that_are_no_text_are_found_one_by_one() -> None:
    with answering(lambda *_: [b"\xff\xff\xff\xffI\x11"]) as port:
        assert look(port, expect="^\\xff{4}I").status is Status.OK


def test_address_that_refuses_says_nothing_of_a_silent_one_that_need_not_answer() -> None:
    names = NameServer({"two.example": ("127.0.0.2", "127.0.0.1")})
    with names, answering(lambda *_: []) as port:
        options = {"host": "two.example", "resolver": names.address, "timeout": "500ms"}
        assert look(port, **options).status is Status.UNKNOWN
        assert look(port, **options, expect="x").error_kind is ErrorKind.REFUSED
