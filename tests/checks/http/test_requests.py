"""What goes over the wire is what the operator asked for, once, and nothing of the environment."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from checks.base import ErrorKind, Reading, Status
from checks.network import Network
from tests.checks.http.web import always, answer, look, looked, serving


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "purge"])
def test_method_is_the_one_asked_for(method: str) -> None:
    reading, (asked,) = looked(always(b""), method=method)
    assert reading.status is Status.OK
    assert asked.method == method.upper()
    assert asked.all("Content-Length") == (["0"] if method in ("POST", "PUT", "PATCH") else [])


def test_head_takes_no_body_for_what_the_length_promises() -> None:
    reading, _ = looked(lambda _asked: b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", method="HEAD")
    assert (reading.status, reading.values["size"]) == (Status.OK, 0)


def test_exactly_one_user_agent_is_sent_and_it_is_ours() -> None:
    _, (asked,) = looked(always())
    assert len(asked.all("User-Agent")) == 1
    assert asked.all("User-Agent")[0].startswith("tocsin/")


@pytest.mark.parametrize("name", ["User-Agent", "user-agent"])
def test_operator_names_the_user_agent(name: str) -> None:
    _, (asked,) = looked(always(), headers={name: "probe of ours"})
    assert asked.all("User-Agent") == ["probe of ours"]


@pytest.mark.parametrize("name", ["Host", "host"])
def test_operator_names_the_host(name: str) -> None:
    _, (asked,) = looked(always(), headers={name: "example.com"})
    assert asked.all("Host") == ["example.com"]


def test_headers_go_as_they_are_empty_and_beyond_ascii_too() -> None:
    _, (asked,) = looked(always(), headers={"X-Empty": "", "X-Name": "Zoë", "Accept": "text/plain"})
    assert asked.all("X-Empty") == [""]
    assert asked.all("X-Name")[0].encode("latin-1").decode() == "Zoë"
    assert asked.all("Accept") == ["text/plain"]


def test_line_breaks_in_a_header_start_no_second_one() -> None:
    _, (asked,) = looked(always(), headers={"X-A": "one\r\nX-Smuggled: two\0"})
    assert asked.all("X-Smuggled") == []
    assert asked.all("X-A") == ["one  X-Smuggled: two"]


def test_body_is_posted_whole_and_without_waiting_for_leave() -> None:
    content = '{"query": "Zoë"}' + " " * 2_000_000
    _, (asked,) = looked(always(), method="POST", body=content, headers={"Content-Type": "application/json"})
    assert asked.body == content.encode()
    assert asked.all("Content-Type") == ["application/json"]
    assert asked.all("Expect") == []


def test_body_is_sent_with_the_method_that_was_asked_for() -> None:
    _, (asked,) = looked(always(), method="REPORT", body="x")
    assert (asked.method, asked.body) == ("REPORT", b"x")


@pytest.mark.parametrize("user", ["monitor", "Zoë"])
def test_basic_credentials_are_sent_at_once(user: str) -> None:
    _, (asked,) = looked(always(), auth={"user": user, "password": "p:w ö@/"})
    assert asked.all("Authorization") == ["Basic " + b64encode(f"{user}:p:w ö@/".encode()).decode()]


def test_a_bearer_token_is_sent_as_such() -> None:
    _, (asked,) = looked(always(), auth={"bearer": "tok123"})
    assert asked.all("Authorization") == ["Bearer tok123"]


def test_credentials_in_the_address_are_sent_decoded() -> None:
    async def run() -> list[str]:
        async with serving(always()) as web:
            await look(f"http://mon%40itor:p%3Aw@127.0.0.1:{web.port}/")
            return web.asked[0].all("Authorization")

    assert asyncio.run(run()) == ["Basic " + b64encode(b"mon@itor:p:w").decode()]


def test_no_credentials_are_sent_when_none_are_given() -> None:
    _, (asked,) = looked(always())
    assert asked.all("Authorization") == asked.all("Cookie") == []


def test_proxies_and_netrc_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    reading, (asked,) = looked(always())
    assert reading.status is Status.OK
    assert asked.all("Authorization") == []


def test_request_goes_through_the_proxy_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")

    async def run() -> tuple[Reading, Any]:
        async with serving(always(b"by proxy")) as web:
            proxy = f"http://u:pw%20x@127.0.0.1:{web.port}"
            return await look("http://nowhere.invalid/x", proxy=proxy), web.asked[0]

    reading, asked = asyncio.run(run())
    assert reading.status is Status.OK
    assert asked.path == "http://nowhere.invalid/x"
    assert asked.all("Proxy-Authorization") == ["Basic " + b64encode(b"u:pw x").decode()]


def test_path_query_and_host_go_in_ascii_and_the_fragment_stays_here() -> None:
    _, (asked,) = looked(always(), "/caf\u00e9/a%20b?q=\u00fc&x=1+2#part")
    assert asked.path == "/caf%C3%A9/a%20b?q=%C3%BC&x=1+2"


@pytest.mark.parametrize(
    ("version", "line"), [("1.0", "HTTP/1.0"), ("1.1", "HTTP/1.1"), ("auto", "HTTP/1.1")]
)
def test_http_version_is_the_one_asked_for(version: str, line: str) -> None:
    reading, (asked, *_) = looked(always(), http_version=version)
    assert (reading.status, asked.version) == (Status.OK, line)


def test_upper_case_scheme_and_missing_scheme_mean_http() -> None:
    async def run() -> list[Reading]:
        async with serving(always()) as web:
            return [
                await look(f"HTTP://127.0.0.1:{web.port}/"),
                await look(f"127.0.0.1:{web.port}/"),
                await look(f"http://127.1:{web.port}"),
                await look(f"http://LOCALHOST:{web.port}?x=1", ip="4"),
            ]

    assert [reading.status for reading in asyncio.run(run())] == [Status.OK] * 4


def test_ipv6_loopback_is_reached_by_its_literal_and_family_is_kept() -> None:
    async def run() -> list[Reading]:
        async with serving(always(), host="::1") as web:
            six = web.url(host="[::1]")
            return [await look(six), await look(six, ip="6"), await look(six, ip="4")]

    plain, forced, wrong = asyncio.run(run())
    assert (plain.status, plain.values["ip"]) == (Status.OK, "::1")
    assert forced.status is Status.OK
    assert (wrong.status, wrong.error_kind) == (Status.UNKNOWN, ErrorKind.LOCAL)
    assert "no IPv4 address" in wrong.message


def test_resolve_leads_elsewhere_and_keeps_host() -> None:
    async def run() -> tuple[Reading, list[str]]:
        async with serving(always()) as web:
            url = f"http://shop.example:{web.port}/"
            reading = await look(url, resolve="127.0.0.1")
            return reading, [f"{web.port}", *web.asked[0].all("Host")]

    reading, (port, host) = asyncio.run(run())
    assert (reading.status, reading.values["ip"]) == (Status.OK, "127.0.0.1")
    assert host == f"shop.example:{port}"


def test_resolve_leaves_redirects_to_other_hosts_alone() -> None:
    async def run() -> Reading:
        async with serving(
            lambda _asked: answer(b"", "Location: http://127.0.0.9:1/", status="302 F")
        ) as web:
            return await look(f"http://shop.example:{web.port}/", resolve="127.0.0.1")

    reading = asyncio.run(run())
    assert reading.error_kind is ErrorKind.REFUSED
    assert reading.message == "connection refused by 127.0.0.9:1"


def test_default_opens_a_connection_each_time_and_keep_alive_does_not() -> None:
    async def run(*, keep_alive: bool) -> tuple[int, list[Reading]]:
        network = Network()
        try:
            async with serving(always()) as web:
                looks = [await look(web.url(), network=network, keep_alive=keep_alive) for _ in range(4)]
                return web.connections, looks
        finally:
            await network.aclose()

    fresh, _ = asyncio.run(run(keep_alive=False))
    kept, readings = asyncio.run(run(keep_alive=True))
    assert (fresh, kept) == (4, 1)
    assert all(reading.status is Status.OK for reading in readings)


def test_kept_connection_is_not_taken_for_one_that_leads_elsewhere() -> None:
    async def run() -> list[Status]:
        network = Network()
        try:
            async with serving(always()) as web:
                url = f"http://pool.example:{web.port}/"
                there, elsewhere = "127.0.0.1", "127.0.0.3"
                return [
                    (await look(url, network=network, keep_alive=True, resolve=address)).status
                    for address in (there, elsewhere, there)
                ]
        finally:
            await network.aclose()

    assert asyncio.run(run()) == [Status.OK, Status.DOWN, Status.OK]


def test_connection_that_ended_while_kept_is_opened_again() -> None:
    connections = []

    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer())
        await writer.drain()
        writer.close()

    async def run() -> list[Status]:
        network, server = Network(), await asyncio.start_server(answers_once, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            return [(await look(url, network=network, keep_alive=True)).status for _ in range(3)]
        finally:
            server.close()
            await network.aclose()

    assert asyncio.run(run()) == [Status.OK] * 3
    assert len(connections) == 3
