"""DNS over HTTPS against servers that answer well and badly, and over TLS against one that does not speak it."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import dns.message
import pytest
from dns.message import Message

from checks.base import ErrorKind, Observation
from tests.checks.dns.answering import answering, look, records, with_records
from tests.checks.http.web import Asked, answer, serving

GOOD = "example.com. 300 IN A 192.0.2.1"
TYPE = "Content-Type: application/dns-message"


def question_in(asked: Asked) -> Message:
    """The question of a GET (RFC 8484, 4.1)."""
    _, _, coded = asked.path.partition("dns=")
    return dns.message.from_wire(urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))


def against(
    reply: Callable[[Asked], bytes], path: str = "/dns-query", **options: Any
) -> tuple[Observation, list[Asked]]:
    async def run() -> tuple[Observation, list[Asked]]:
        async with serving(reply) as web:
            return await look(53, server=web.url(path), transport="doh", **options), web.asked

    return asyncio.run(run())


def good(asked: Asked) -> bytes:
    return answer(with_records(question_in(asked), [GOOD]).to_wire(), TYPE)


def test_question_is_asked_as_the_standard_has_it() -> None:
    seen, (asked,) = against(good, "/q?tenant=1")
    assert (seen.failure, seen.values["answers"], seen.values["transport"]) == (None, "192.0.2.1", "doh")
    assert asked.method == "GET"
    assert asked.path.startswith("/q?tenant=1&dns=")
    assert asked.all("Accept") == ["application/dns-message"]
    assert question_in(asked).id == 0


def test_bytes_of_every_value_come_through() -> None:
    """A text that is no UTF-8, in a message that is none either."""

    def says(asked: Asked) -> bytes:
        data = "".join(f"\\{number:03d}" for number in range(256))
        line = f'example.com. 300 IN TXT "{data[: 4 * 128]}" "{data[4 * 128 :]}"'
        return answer(with_records(question_in(asked), [line]).to_wire(), TYPE)

    seen, _ = against(says, record="TXT")
    text = bytes(range(256)).decode("utf-8", "replace")
    assert (seen.failure, seen.values["answers"]) == (None, text)


def another_question(asked: Asked) -> bytes:
    other = dns.message.make_query("example.net", "A", id=0)
    return answer(with_records(other, [GOOD]).to_wire(), TYPE)


def with_a_byte_order_mark(asked: Asked) -> bytes:
    wire = bytearray(with_records(question_in(asked), [GOOD]).to_wire())
    wire[:2] = b"\xff\xfe"
    return answer(bytes(wire), TYPE)


@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        (
            lambda _asked: answer(b"<html>", "Content-Type: text/html"),
            ErrorKind.PROTOCOL,
            "answered with text/html",
        ),
        (lambda _asked: answer(b"x" * 20), ErrorKind.PROTOCOL, "answered with nothing"),
        (lambda _asked: answer(b"", TYPE), ErrorKind.PROTOCOL, "0 bytes came"),
        (lambda _asked: answer(bytes(12), TYPE), ErrorKind.PROTOCOL, "that is a question itself"),
        (lambda _asked: answer(bytes(70_000), TYPE), ErrorKind.CONTENT, "larger than"),
        (
            lambda _asked: answer(b"", status="503 Service Unavailable"),
            ErrorKind.STATUS,
            "HTTP status 503, not 200",
        ),
        (another_question, ErrorKind.PROTOCOL, "to another question"),
        (with_a_byte_order_mark, ErrorKind.PROTOCOL, "with a wrong id"),
    ],
    ids=["html", "no type", "empty", "zeros", "large", "status", "question", "mark"],
)
def test_each_bad_answer_has_its_reason(
    reply: Callable[[Asked], bytes], kind: ErrorKind, reason: str
) -> None:
    seen, _ = against(reply)
    assert (seen.error_kind, seen.blind) == (kind, None)
    assert reason in (seen.failure or "")


def test_secrets_in_the_web_address_are_not_told() -> None:
    seen, (asked,) = against(lambda _asked: answer(b"", status="403 Forbidden"), "/dns-query?key=se-cret")
    assert "key=se-cret&dns=" in asked.path
    assert "HTTP status 403" in (seen.failure or "")
    assert "se-cret" not in f"{seen.failure}{seen.values}"


def test_metadata_address_is_refused_over_https_too() -> None:
    seen = asyncio.run(look(53, server="http://169.254.169.254/dns-query", transport="doh"))
    assert (seen.error_kind, seen.failure) == (ErrorKind.POLICY, None)


def test_server_that_speaks_no_tls_says_so() -> None:
    async def run() -> Observation:
        async with answering(records(GOOD)) as server:
            return await look(server.port, transport="dot", timeout=2)

    seen = asyncio.run(run())
    assert seen.failure
    assert "TLS" in seen.failure
