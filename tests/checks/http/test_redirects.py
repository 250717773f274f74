"""Redirects are followed as a browser would, and secrets stay with the origin they were meant for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from checks.base import ErrorKind, Reading, Status
from tests.checks.http.web import Asked, always, answer, look, looked, serving


def leads(location: str, status: str = "302 Found") -> Callable[[Asked], bytes]:
    """`/` leads there; every other path answers."""

    def reply(asked: Asked) -> bytes:
        if asked.path != "/":
            return answer(b"there")
        return answer(b"", f"Location: {location.replace('{host}', asked.all('Host')[0])}", status=status)

    return reply


def test_relative_redirect_is_followed_and_counted() -> None:
    reading, asked = looked(leads("sub/page?x=1"))
    assert (reading.status, reading.values["redirects"], reading.values["status"]) == (Status.OK, 1, 200)
    assert [each.path for each in asked] == ["/", "/sub/page?x=1"]


@pytest.mark.parametrize("location", ["/a b", "/caf\u00e9", "//{host}/x", "http://{host}/x"])
def test_location_is_read_as_servers_write_it(location: str) -> None:
    reading, asked = looked(leads(location))
    assert reading.status is Status.OK, reading.message
    assert asked[-1].path in ("/a%20b", "/caf%C3%A9", "/x")


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        ("301 M", "POST", "GET"),
        ("302 F", "POST", "GET"),
        ("303 S", "POST", "GET"),
        ("303 S", "PUT", "GET"),
        ("303 S", "HEAD", "HEAD"),
        ("302 F", "PUT", "PUT"),
        ("307 T", "POST", "POST"),
        ("308 P", "POST", "POST"),
    ],
)
def test_method_after_a_redirect(status: str, method: str, then: str) -> None:
    body = {} if method == "HEAD" else {"body": "data"}
    reply = leads("/next", status)
    reading, (_, asked) = looked(
        lambda asked: answer(b"", "X-A: b") if asked.method == "HEAD" and asked.path != "/" else reply(asked),
        method=method,
        headers={"Content-Type": "text/x"},
        **body,
    )
    assert reading.status is Status.OK, reading.message
    assert asked.method == then
    assert asked.body == (b"data" if then in ("PUT", "POST") else b"")
    assert asked.all("Content-Type") == (["text/x"] if then in ("PUT", "POST") else [])


def test_limit_ends_the_look_and_keeps_what_was_seen() -> None:
    reading, asked = looked(always(b"", "Location: /again?token=abcdef123", status="302 F"), max_redirects=3)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.PROTOCOL)
    assert reading.message == "more than 3 redirects, the last to /again"
    assert (reading.values["redirects"], reading.values["status"]) == (3, 302)
    assert len(asked) == 4


def test_redirect_is_the_answer_when_none_are_followed() -> None:
    reading, asked = looked(leads("/next"), follow_redirects=False, accept_status="302")
    assert (reading.status, reading.values["status"], reading.values["redirects"]) == (Status.OK, 302, 0)
    assert len(asked) == 1
    assert looked(leads("/next"), follow_redirects=False)[0].status is Status.DOWN


def test_redirect_without_location_is_the_answer() -> None:
    assert looked(always(b"", status="304 Not Modified"), accept_status=304)[0].status is Status.OK
    assert looked(always(b"", status="302 F"))[0].message.startswith("status not in 200..299")


SECRETS = {
    "Authorization": "Bearer abcdef123456",
    "Cookie": "session=abcdef123456",
    "X-Api-Key": "abcdef123456",
    "X-From-Env": "${env:TOCSIN_TEST_SECRET}",
}


@pytest.mark.parametrize("auth", [None, {"user": "u", "password": "pass-word"}, {"bearer": "tok-123456"}])
def test_secrets_are_dropped_on_another_origin(auth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TEST_SECRET", "abcdef123456")
    headers = {**SECRETS, "Host": "a.example", "X-Plain": "y"}
    options = {}
    if auth:
        options, headers = {"auth": auth}, {k: v for k, v in headers.items() if k != "Authorization"}

    async def run() -> Asked:
        async with serving(always()) as other, serving(leads(f"http://127.0.0.1:{other.port}/x")) as web:
            reading = await look(web.url(), headers=headers, **options)
            assert reading.status is Status.OK
            return other.asked[0]

    asked = asyncio.run(run())
    for name in SECRETS:
        assert asked.all(name) == []
    assert asked.all("X-Plain") == ["y"]
    assert not asked.all("Host")[0].startswith("a.example")


def test_secrets_stay_within_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TEST_SECRET", "abcdef123456")
    _, (_, asked) = looked(leads("/next"), headers=SECRETS)
    for name in SECRETS:
        assert len(asked.all(name)) == 1


def test_credentials_in_the_address_do_not_follow_elsewhere() -> None:
    async def run() -> list[list[str]]:
        async with serving(always()) as other, serving(leads(f"http://127.0.0.1:{other.port}/x")) as web:
            await look(f"http://me:secret-word@127.0.0.1:{web.port}/")
            return [web.asked[0].all("Authorization"), other.asked[0].all("Authorization")]

    at_home, elsewhere = asyncio.run(run())
    assert len(at_home) == 1
    assert elsewhere == []


@pytest.mark.parametrize(
    "content",
    [
        {"body": "pw=${env:TOCSIN_TEST_SECRET}"},
        {"form": {"password": "abcdef123456"}},
        {"json": {"deep": [{"token": "abcdef123456"}]}},
    ],
)
def test_body_with_secrets_is_not_sent_to_another_origin(
    content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_TEST_SECRET", "abcdef123456")

    async def run(status: str) -> tuple[Reading, list[Asked]]:
        async with serving(always()) as other:
            away = leads(f"http://127.0.0.1:{other.port}/x", status)
            async with serving(away) as web:
                return await look(web.url(), **{"method": "POST", **content}), other.asked

    reading, asked = asyncio.run(run("307 T"))
    assert (reading.status, reading.error_kind, asked) == (Status.DOWN, ErrorKind.PROTOCOL, [])
    assert reading.message.startswith(
        "redirect refused: it leads to another origin, and the body holds secrets"
    )
    # Where the body is left behind, there is nothing to keep back; nor where it stays at home.
    assert asyncio.run(run("303 S"))[0].status is Status.OK
    reading, asked = looked(leads("/next", "307 T"), **{"method": "POST", **content})
    assert reading.status is Status.OK
    assert b"abcdef123456" in asked[1].body


def test_body_without_secrets_goes_where_the_redirect_leads() -> None:
    async def run() -> list[Asked]:
        async with serving(always()) as other:
            away = leads(f"http://127.0.0.1:{other.port}/x", "308 P")
            async with serving(away) as web:
                await look(web.url(), json={"query": "{ health }"})
            return other.asked

    assert asyncio.run(run())[0].body == b'{"query":"{ health }"}'
