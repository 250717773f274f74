"""Digest authentication and OAuth 2: proved, not shown; fetched once, kept in memory, renewed in time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

import pytest

from checks.base import Context, ErrorKind, Observation, Reading, Status
from checks.http.kind import probe
from checks.http.spec import HttpSpec
from checks.network import Network
from config.masks import mask
from tests.checks.http.web import Asked, Web, always, answer, look, looked, serving

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
NOW = 1_800_000_000.0


def wants_digest(algorithm: str, password: str = "pass-word") -> Callable[[Asked], bytes]:
    """A server that lets in who proves to know the password (RFC 7616), and answers `in`."""

    def reply(asked: Asked) -> bytes:
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', "".join(asked.all("Authorization"))))

        def hashed(text: str) -> str:
            return HASHES[algorithm](text.encode()).hexdigest()

        proof = [
            hashed(f"me:here:{password}"),
            given.get("nonce"),
            given.get("nc"),
            given.get("cnonce"),
            "auth",
        ]
        proof.append(hashed(f"{asked.method}:{asked.path}"))
        if given.get("response") == hashed(":".join(map(str, proof))):
            return answer(b"in")
        challenge = f'Digest realm="here", nonce="n0nce", qop="auth", algorithm={algorithm}'
        return answer(b"out", f"WWW-Authenticate: {challenge}", status="401 Unauthorized")

    return reply


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("options", [{}, {"method": "POST", "body": "x=1"}])
def test_digest_proves_the_password_without_sending_it(algorithm: str, options: dict[str, Any]) -> None:
    auth = {"user": "me", "password": "pass-word", "scheme": "digest"}
    reading, asked = looked(wants_digest(algorithm), "/a?b=c", auth=auth, down='body != "in"', **options)
    assert (reading.status, reading.values["status"]) == (Status.OK, 200), reading.message
    assert asked[0].all("Authorization") == []
    assert "pass-word" not in repr(asked)
    assert sum(reading.phases.values()) <= float(reading.values["latency"] or 0) + 5e-6


def test_wrong_password_stays_outside() -> None:
    auth = {"user": "me", "password": "wrong-one", "scheme": "digest"}
    reading, asked = looked(wants_digest("SHA-256"), auth=auth)
    assert (reading.status, reading.values["status"]) == (Status.DOWN, 401)
    assert len(asked) == 2


def test_digest_is_not_proved_to_another_origin() -> None:
    async def run() -> list[Asked]:
        async with (
            serving(wants_digest("SHA-256")) as other,
            serving(always(b"", f"Location: {other.url()}", status="302 F")) as web,
        ):
            await look(web.url(), auth={"user": "me", "password": "pass-word", "scheme": "digest"})
            return other.asked

    (asked,) = asyncio.run(run())
    assert asked.all("Authorization") == []


class Giver:
    """Gives out tokens of its own making, one after the other, and keeps those that are good."""

    def __init__(self, *, lasts: Any = 3600, ways: tuple[str, ...] = ("basic", "body")) -> None:
        self.lasts, self.ways = lasts, ways
        self.given: list[str] = []
        self.taken_back: set[str] = set()

    def token(self, asked: Asked) -> bytes:
        fields = parse_qs(asked.body.decode())
        basic = "".join(asked.all("Authorization")).removeprefix("Basic ")
        if basic and "basic" in self.ways:
            known = b64decode(basic).decode() == "m%3Ae:s3cret%2Fword"
        else:
            known = fields.get("client_secret") == ["s3cret/word"] and "body" in self.ways
        if not known:
            refusal = {"error": "invalid_client", "error_description": "who are \x1byou"}
            return answer(json.dumps(refusal).encode(), status="401 Unauthorized")
        self.given.append(f"tok-{len(self.given)}-abcdefgh")
        told = {"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.lasts}
        return answer(json.dumps({name: each for name, each in told.items() if each is not None}).encode())

    def page(self, asked: Asked) -> bytes:
        shown = "".join(asked.all("Authorization")).removeprefix("Bearer ")
        if shown in self.given and shown not in self.taken_back:
            return answer(f"hello {shown}".encode())
        return answer(b"", status="401 Unauthorized")

    def reply(self, asked: Asked) -> bytes:
        return self.token(asked) if asked.path == "/token" else self.page(asked)


def oauth2(web: Web, **options: Any) -> dict[str, Any]:
    asks = {"token_url": web.url("/token"), "client_id": "m:e", "client_secret": "s3cret/word", **options}
    return {"oauth2": asks}


async def some_looks(giver: Giver, moments: list[float], **options: Any) -> tuple[list[Observation], Web]:
    """A look at each moment (seconds after NOW), all on one network."""
    network = Network()
    try:
        async with serving(giver.reply) as web:
            spec = HttpSpec.model_validate({"url": web.url("/page"), "auth": oauth2(web, **options)})
            seen = []
            for moment in moments:
                seen.append(await probe(spec, Context(timeout=5, network=network, now=NOW + moment)))
            return seen, web
    finally:
        await network.aclose()


def statuses(seen: list[Observation]) -> list[Any]:
    return [each.values.get("status") for each in seen]


def test_token_is_fetched_once_and_sent_with_every_look() -> None:
    giver = Giver()
    seen, web = asyncio.run(some_looks(giver, [0, 60, 1800], scope="a b", audience="shop"))
    assert statuses(seen) == [200, 200, 200]
    assert len(giver.given) == 1
    first = web.asked[0]
    assert (first.method, first.path) == ("POST", "/token")
    fields = {name: each[0] for name, each in parse_qs(first.body.decode()).items()}
    assert fields == {"grant_type": "client_credentials", "scope": "a b", "audience": "shop"}
    assert all(each.memo is None for each in seen)


@pytest.mark.parametrize(
    ("lasts", "moments", "fetched"),
    [
        (3600, [0, 3569, 3571, 3601], 2),
        ("3600", [0, 3569, 3571, 3601], 2),
        (60, [0, 53, 55], 2),
        (None, [0, 260, 300], 2),
        ("soon", [0, 260, 300], 2),
        (-1, [0, 260, 300], 2),
        (0, [0, 0, 0], 3),
    ],
)
def test_token_is_renewed_before_it_ends(lasts: Any, moments: list[float], fetched: int) -> None:
    giver = Giver(lasts=lasts)
    seen, _ = asyncio.run(some_looks(giver, moments))
    assert set(statuses(seen)) == {200}
    assert len(giver.given) == fetched


def test_token_that_is_refused_is_renewed_once() -> None:
    async def run() -> tuple[list[Any], int, int]:
        giver, network = Giver(), Network()
        try:
            async with serving(giver.reply) as web:
                spec = HttpSpec.model_validate({"url": web.url("/page"), "auth": oauth2(web)})
                context = Context(timeout=5, network=network, now=NOW)
                first = await probe(spec, context)
                giver.taken_back = {giver.given[0]}
                second = await probe(spec, context)
                giver.taken_back = {f"tok-{number}-abcdefgh" for number in range(9)}
                third = await probe(spec, context)
                return statuses([first, second, third]), len(giver.given), len(web.asked)
        finally:
            await network.aclose()

    # The third: refused, renewed, refused again, and left at that.
    assert asyncio.run(run()) == ([200, 200, 401], 3, 2 + 3 + 3)


@pytest.mark.parametrize(
    ("ways", "client_auth", "asked"),
    [
        (("basic",), "auto", 1),
        (("body",), "auto", 2),
        (("body",), "body", 1),
        (("basic",), "basic", 1),
    ],
)
def test_id_and_secret_go_the_way_that_is_taken(ways: tuple[str, ...], client_auth: str, asked: int) -> None:
    giver = Giver(ways=ways, lasts=0)
    seen, web = asyncio.run(some_looks(giver, [0, 1], client_auth=client_auth))
    assert statuses(seen) == [200, 200]
    # What was taken once is tried first the next time.
    assert len([each for each in web.asked if each.path == "/token"]) == asked + 1


def test_many_looks_at_once_ask_for_one_token() -> None:
    async def run() -> tuple[list[Any], int]:
        giver, network = Giver(), Network()
        try:
            async with serving(giver.reply) as web:
                specs = [
                    HttpSpec.model_validate({"url": web.url(f"/{number}"), "auth": oauth2(web)})
                    for number in range(8)
                ]
                context = Context(timeout=5, network=network, now=NOW)
                seen = await asyncio.gather(*(probe(spec, context) for spec in specs))
                return statuses(list(seen)), len(giver.given)
        finally:
            await network.aclose()

    assert asyncio.run(run()) == ([200] * 8, 1)


@pytest.mark.parametrize(
    ("reply", "words", "kind"),
    [
        (always(b"{}", status="503 S"), "status 503", ErrorKind.STATUS),
        (always(b"<html>"), "no JSON object", ErrorKind.CONTENT),
        (always(b"[" * 60_000), "no JSON object", ErrorKind.CONTENT),
        (always(b"{}"), "no access_token", ErrorKind.CONTENT),
        (
            always(b'{"access_token": "a\\r\\nX-Smuggled: b"}'),
            "no access_token that could be sent",
            ErrorKind.CONTENT,
        ),
        (
            always(b'{"access_token": "abcdefgh", "token_type": "mac"}'),
            'token_type is "mac"',
            ErrorKind.CONTENT,
        ),
        (always(b"", "Location: http://127.0.0.1:9/", status="302 F"), "status 302", ErrorKind.STATUS),
        (always(b"x" * 100_000), "larger than", ErrorKind.CONTENT),
        (Giver(ways=()).reply, "status 401: invalid_client (who are \\x1byou)", ErrorKind.AUTH),
        (always(b"{}", status="403 F"), "status 403", ErrorKind.AUTH),
    ],
)
def test_token_that_is_not_to_be_had_is_a_reason_of_its_own(
    reply: Callable[[Asked], bytes], words: str, kind: ErrorKind
) -> None:
    async def run() -> tuple[Reading, list[Asked]]:
        async with serving(reply) as web:
            asks = {**oauth2(web)["oauth2"], "token_url": web.url("/token")}
            return await look(web.url("/page"), auth={"oauth2": asks}), web.asked

    reading, asked = asyncio.run(run())
    assert (reading.status, reading.error_kind) == (Status.DOWN, kind), reading.message
    assert reading.message.startswith("no access token from 127.0.0.1: ")
    assert words in reading.message
    assert all(each.path == "/token" for each in asked)


@pytest.mark.parametrize(
    ("url", "status", "kind"),
    [
        ("http://169.254.169.254/token", Status.UNKNOWN, ErrorKind.POLICY),
        ("http://127.0.0.9:1/token", Status.DOWN, ErrorKind.REFUSED),
    ],
)
def test_token_is_asked_for_under_the_same_rules(url: str, status: Status, kind: ErrorKind) -> None:
    asks = {"token_url": url, "client_id": "me", "client_secret": "s3cret/word"}
    reading, asked = looked(always(), auth={"oauth2": asks})
    assert (reading.status, reading.error_kind, asked) == (status, kind, []), reading.message
    assert "no access token from" in reading.message


def test_token_server_that_hangs_is_given_up_by_the_deadline() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def run() -> Reading:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/token"
            asks = {"token_url": url, "client_id": "me", "client_secret": "s3cret/word"}
            return await look("http://127.0.0.1:9/", auth={"oauth2": asks}, timeout="1s")

    reading = asyncio.run(run())
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TIMEOUT)
    assert "no complete answer within 1s" in reading.message


def test_token_and_secret_are_never_shown_and_tokens_of_long_ago_are_forgotten() -> None:
    async def run() -> tuple[list[Reading], Giver]:
        giver, network = Giver(lasts=0), Network()
        try:
            async with serving(giver.reply) as web:
                readings = [
                    await look(
                        web.url("/page"), network=network, auth=oauth2(web), down='body contains "hello"'
                    )
                    for _ in range(4)
                ]
                return readings, giver
        finally:
            await network.aclose()

    readings, giver = asyncio.run(run())
    assert [reading.status for reading in readings] == [Status.DOWN] * 4
    shown = repr([asdict(reading) for reading in readings])
    assert all(token not in shown for token in giver.given)
    assert "s3cret" not in shown
    assert [mask(token) == token for token in giver.given] == [True, True, False, False]


def test_token_stays_with_the_origin_it_was_fetched_for() -> None:
    async def run() -> list[str]:
        giver = Giver()
        async with serving(always()) as other:

            def reply(asked: Asked) -> bytes:
                if asked.path == "/token":
                    return giver.token(asked)
                return answer(b"", f"Location: {other.url()}", status="302 F")

            async with serving(reply) as web:
                await look(web.url("/page"), auth=oauth2(web))
            return other.asked[0].all("Authorization")

    assert asyncio.run(run()) == []
