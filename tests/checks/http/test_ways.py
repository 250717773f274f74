"""The ways to a server: SOCKS proxies, sockets of this host, several addresses; the policy holds on each of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from checks.base import ErrorKind, Reading, Status
from checks.network import Network
from tests.checks.http.socks import Socks, socks_serving
from tests.checks.http.web import always, answer, look, serving
from tests.checks.listeners import black_hole
from tests.checks.name_server import NameServer

NAMES = {
    "web.example": ("127.0.0.1",),
    "inside.example": ("169.254.169.254",),
    "two.example": ("127.0.0.2", "127.0.0.1"),
    "six.example": ("::1", "127.0.0.1"),
}


async def through(scheme: str, host: str = "web.example", **options: Any) -> tuple[Reading, Socks, str]:
    """One look through a SOCKS proxy, what that was asked for, and the Host that the server saw."""
    user, reply = options.pop("user", None), options.pop("reply", 0)
    with NameServer(NAMES) as names:
        network = Network([names.address])
        try:
            async with serving(always(b"there")) as web, socks_serving(user, reply) as socks:
                proxy = f"{scheme}{socks.port}"
                url = f"http://{host}:{web.port}/"
                reading = await look(url, network=network, proxy=proxy, **options)
                return reading, socks, web.asked[0].all("Host")[0] if web.asked else ""
        finally:
            await network.aclose()


@pytest.mark.parametrize(
    ("scheme", "form", "name"),
    [
        ("socks5://127.0.0.1:", "5 address", "127.0.0.1"),
        ("socks5h://127.0.0.1:", "5 name", "web.example"),
        ("socks4://127.0.0.1:", "4 address", "127.0.0.1"),
        ("socks4a://127.0.0.1:", "4 name", "web.example"),
        ("socks5://localhost:", "5 address", "127.0.0.1"),
    ],
)
def test_name_is_looked_up_here_or_by_the_proxy_as_its_kind_says(scheme: str, form: str, name: str) -> None:
    reading, socks, host = asyncio.run(through(scheme, ip="4"))
    assert reading.status is Status.OK, reading.message
    assert [each[:2] for each in socks.wanted] == [(form, name)]
    assert host.startswith("web.example:")


def test_user_and_password_open_the_proxy_and_wrong_ones_are_told() -> None:
    known = ("me", "pass-word")
    reading, _, _ = asyncio.run(through("socks5h://me:pass-word@127.0.0.1:", user=known))
    assert reading.status is Status.OK, reading.message
    for scheme, words in (
        ("socks5h://me:wrong-one@127.0.0.1:", "user or password is wrong"),
        ("socks5h://127.0.0.1:", "proxy"),
    ):
        reading, _, _ = asyncio.run(through(scheme, user=known))
        assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.AUTH), reading.message
        assert words in reading.message
        assert "wrong-one" not in repr(reading)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (5, ErrorKind.REFUSED, "connection refused by the target"),
        (4, ErrorKind.UNREACHABLE, "no route to the target host"),
        (2, ErrorKind.AUTH, "does not allow this connection"),
        (1, ErrorKind.UNREACHABLE, "cannot connect to the target"),
    ],
)
def test_reply_of_the_proxy_is_the_reason(reply: int, kind: ErrorKind, words: str) -> None:
    reading, _, _ = asyncio.run(through("socks5h://127.0.0.1:", reply=reply))
    assert (reading.status, reading.error_kind) == (Status.DOWN, kind), reading.message
    assert "the proxy 127.0.0.1:" in reading.message
    assert words in reading.message


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("407 P", ErrorKind.AUTH, "it wants a user and a password, right ones, in proxy: (status 407)"),
        ("403 F", ErrorKind.AUTH, "it does not allow this connection (status 403)"),
        ("502 B", ErrorKind.UNREACHABLE, "it cannot connect to the target (status 502)"),
        ("504 G", ErrorKind.TIMEOUT, "the target did not answer (status 504)"),
        ("400 B", ErrorKind.PROTOCOL, "does not connect: it answers 400"),
    ],
)
def test_web_proxy_that_gives_no_way_through_says_why(status: str, kind: ErrorKind, words: str) -> None:
    async def run() -> Reading:
        async with serving(always(b"no", status=status)) as proxy:
            return await look("https://web.example/", proxy=proxy.url())

    reading = asyncio.run(run())
    assert (reading.status, reading.error_kind) == (Status.DOWN, kind), reading.message
    assert reading.message.startswith("the proxy 127.0.0.1:")
    assert words in reading.message


@pytest.mark.parametrize(
    ("scheme", "host"),
    [
        ("socks5://127.0.0.1:", "inside.example"),
        ("socks5://127.0.0.1:", "169.254.169.254"),
        ("socks4://127.0.0.1:", "169.254.169.254"),
        ("socks5h://127.0.0.1:", "169.254.169.254"),
        ("http://127.0.0.1:", "169.254.169.254"),
        ("http://127.0.0.1:", "0xa9fea9fe"),
        ("socks5h://169.254.1.1:", "web.example"),
    ],
)
def test_metadata_addresses_are_refused_behind_a_proxy_too(scheme: str, host: str) -> None:
    reading, socks, _ = asyncio.run(through(scheme, host))
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.POLICY), reading.message
    assert socks.wanted == []


@asynccontextmanager
async def on_socket(path: Path, reply: bytes) -> AsyncIterator[list[bytes]]:
    """A server on a socket of this host, and what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(talk, path):
        yield asked


def test_socket_is_connected_to_instead_of_the_address(tmp_path: Path) -> None:
    async def run() -> tuple[Reading, bytes]:
        path = tmp_path / "web.sock"
        async with on_socket(path, answer(b"by socket")) as asked:
            reading = await look(
                "http://docker.invalid/info", unix_socket=str(path), down='body != "by socket"'
            )
            return reading, asked[0]

    reading, asked = asyncio.run(run())
    assert reading.status is Status.OK, reading.message
    assert asked.startswith(b"GET /info HTTP/1.1\r\nHost: docker.invalid\r\n")
    assert reading.values["ip"] is None


def test_socket_is_for_its_host_alone_and_redirects_elsewhere_meet_the_policy(tmp_path: Path) -> None:
    async def run(location: str) -> Reading:
        path = tmp_path / "web.sock"
        async with on_socket(path, answer(b"", f"Location: {location}", status="302 F")):
            return await look("http://docker.invalid/", unix_socket=str(path), max_redirects=2)

    inside = asyncio.run(run("http://169.254.169.254/latest"))
    assert (inside.status, inside.error_kind) == (Status.UNKNOWN, ErrorKind.POLICY)
    elsewhere = asyncio.run(run("http://127.0.0.9:1/"))
    assert elsewhere.message == "connection refused by 127.0.0.9:1"
    assert "more than 2 redirects" in asyncio.run(run("/again")).message


def test_socket_that_is_not_there_is_down_and_one_that_nobody_serves_too(tmp_path: Path) -> None:
    path = tmp_path / "gone.sock"
    missing = asyncio.run(look("http://a.invalid/", unix_socket=str(path)))
    assert (missing.status, missing.error_kind) == (Status.DOWN, ErrorKind.REFUSED)
    assert missing.message == f"the socket {path} is not there"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    dead = asyncio.run(look("http://a.invalid/", unix_socket=str(path)))
    assert dead.message == f"connection refused by the socket {path}"


@pytest.mark.parametrize("name", ["two.example", "six.example"])
def test_address_that_refuses_gives_way_to_the_next(name: str) -> None:
    assert asyncio.run(_by_name(name)).status is Status.OK


def test_address_that_never_answers_gives_way_within_the_deadline() -> None:
    async def run() -> Reading:
        async with black_hole() as port, _serving_at(port):
            return await _at("silent.example", port, {"silent.example": ("127.0.0.1", "127.0.0.2")})

    reading = asyncio.run(run())
    assert reading.status is Status.OK, reading.message
    assert reading.values["ip"] == "127.0.0.2"


async def _by_name(name: str) -> Reading:
    async with serving(always()) as web:
        return await _at(name, web.port, NAMES)


async def _at(name: str, port: int, known: dict[str, tuple[str, ...]]) -> Reading:
    with NameServer(known) as names:
        network = Network([names.address])
        try:
            return await look(f"http://{name}:{port}/", network=network, timeout="6s")
        finally:
            await network.aclose()


@asynccontextmanager
async def _serving_at(port: int) -> AsyncIterator[None]:
    """A server on 127.0.0.2, at the port where 127.0.0.1 says nothing."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.2", port):
        yield
