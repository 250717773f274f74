"""Values of an answer that cost extra, measured for those who ask: hash, type, security headers, schema."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from checks.base import Context, ErrorKind, Observation, Status
from checks.http.kind import probe
from checks.http.security import header_values
from checks.http.spec import HttpSpec
from checks.network import Network
from tests.checks.http.web import always, looked, serving

CAREFUL = (
    "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
)
NEVER = "latency > 1h"


def observed(reply: Any, *, asked: frozenset[str] = frozenset(), closely: bool = False) -> Observation:
    """What the probe itself sees of a server that replies so."""

    async def run() -> Observation:
        network = Network()
        try:
            async with serving(reply) as web:
                context = Context(timeout=5, network=network, now=time.time(), asked=asked, closely=closely)
                return await probe(HttpSpec(url=web.url()), context)
        finally:
            await network.aclose()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Type: Text/HTML; charset=utf-8", "text/html"),
        ("Content-Type: application/json", "application/json"),
        ("Content-Type: ", ""),
        ("X-A: b", None),
    ],
)
def test_content_type_is_the_media_type_alone(header: str, value: str | None) -> None:
    assert looked(always(b"", header))[0].values["content_type"] == value


@pytest.mark.parametrize("size", [0, 11, 300_000])
def test_hash_is_that_of_the_whole_body_unpacked(size: int) -> None:
    content = b"x" * size
    wanted = hashlib.sha256(content).hexdigest()
    reply = always(gzip.compress(content), "Content-Encoding: gzip")
    reading, _ = looked(reply, down=f'body_hash != "{wanted}"')
    assert reading.status is Status.OK, reading.message
    assert looked(reply, down='body_hash != "abc"')[0].status is Status.DOWN


def test_what_costs_extra_is_measured_only_when_asked_for() -> None:
    extra = {"body_hash", "hsts_max_age", "hsts_subdomains", "security_headers_missing"}
    reply = always(b"a", "Strict-Transport-Security: max-age=5")
    assert not extra & set(observed(reply).values)
    one = observed(reply, asked=frozenset({"body_hash", "status"}))
    assert extra & set(one.values) == {"body_hash"}
    all_of_it = observed(reply, closely=True)
    assert extra <= set(all_of_it.values)
    assert all_of_it.traces is not None
    assert (all_of_it.traces.addresses, all_of_it.traces.answered) == (("127.0.0.1",), "127.0.0.1")


@pytest.mark.parametrize(
    ("hsts", "age", "subdomains"),
    [
        ("max-age=31536000; includeSubDomains; preload", 31536000.0, True),
        ('includesubdomains;MAX-AGE="600"', 600.0, True),
        ("max-age=0", 0.0, False),
        ("max-age=soon", None, None),
        ("includeSubDomains", None, None),
        ("max-age=99999999999999999999", None, None),
    ],
)
def test_hsts_is_read_as_browsers_do(hsts: str, age: float | None, subdomains: bool | None) -> None:
    found = header_values((("Strict-Transport-Security", hsts),), secure=True)
    assert (found["hsts_max_age"], found["hsts_subdomains"]) == (age, subdomains)
    plain = header_values((("Strict-Transport-Security", hsts),), secure=False)
    assert (plain["hsts_max_age"], plain["hsts_subdomains"]) == (None, None)


def test_only_the_first_of_several_hsts_headers_counts() -> None:
    two = (("Strict-Transport-Security", "max-age=1"), ("strict-transport-security", "max-age=2"))
    assert header_values(two, secure=True)["hsts_max_age"] == 1


def test_missing_security_headers_are_named() -> None:
    assert looked(always(b"", *CAREFUL), down='security_headers_missing != ""')[0].status is Status.OK
    reading, _ = looked(always(b"", *CAREFUL[1:]), down='security_headers_missing != ""')
    assert reading.status is Status.DOWN
    assert '"content-security-policy, x-frame-options"' in reading.message
    secure = header_values(tuple((n, v) for n, _, v in (h.partition(": ") for h in CAREFUL)), secure=True)
    assert secure["security_headers_missing"] == "strict-transport-security"


SCHEMA = {
    "type": "object",
    "required": ["state"],
    "properties": {
        "state": {"enum": ["up", "down"]},
        "queue": {"type": "integer", "minimum": 0},
        "id": {"type": "string", "pattern": "^[a-z]+-[0-9]+$"},
        "password": {"type": "integer"},
        "parts": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/part"}},
    },
    "patternProperties": {"^x-": {"type": "boolean"}},
    "additionalProperties": False,
    "$defs": {"part": {"type": "object", "required": ["name"]}},
}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"state": "up", "queue": 3, "id": "ab-12", "parts": [{"name": "a"}], "x-a": True}, None),
        ({}, "at $: lacks state"),
        ({"state": "odd"}, 'at $.state: is "odd", not one of ["up", "down"]'),
        ({"state": "up", "queue": "3"}, 'at $.queue: is a text ("3"), not a whole number'),
        ({"state": "up", "queue": None}, "at $.queue: is null, not a whole number"),
        ({"state": "up", "queue": -1}, "at $.queue: breaks minimum 0 with -1"),
        ({"state": "up", "id": "AB"}, "at $.id: breaks pattern"),
        ({"state": "up", "x-a": 1}, "at $['x-a']: is a number (1), not true or false"),
        ({"state": "up", "more": 1}, "at $: has more, which the schema does not know"),
        ({"state": "up", "parts": [{"name": "a"}, {}]}, "at $.parts[1]: lacks name"),
        ({"state": "up", "parts": [{"name": 1}, {"name": 1.0}]}, "at $.parts: breaks uniqueItems"),
        ([], "at $: is a list, not an object"),
    ],
)  # fmt: skip
def test_answer_that_breaks_the_schema_is_down_and_says_where(document: Any, words: str | None) -> None:
    reading, _ = looked(always(json.dumps(document).encode()), schema=SCHEMA)
    if words is None:
        assert reading.status is Status.OK, reading.message
        return
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert reading.message.startswith("the answer breaks schema: ")
    assert words in reading.message


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"[" * 50_000, b'{"state": NaN}', b"\xff"])
def test_what_is_no_json_breaks_every_schema(content: bytes) -> None:
    reading, _ = looked(always(content), schema={"type": "object"})
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert reading.message == "the answer breaks schema: it is no JSON"


def test_error_page_is_told_by_its_status_first() -> None:
    reading, _ = looked(always(b"<html>", status="503 S"), schema={"type": "object"})
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.STATUS)
    assert reading.message == "status 503, and the answer breaks schema: it is no JSON"


def test_reason_shows_no_secret() -> None:
    reading, _ = looked(always(b'{"state": "up", "password": "hunter2-hunter2"}'), schema=SCHEMA)
    assert "at $.password: is a text (***), not a whole number" in reading.message
    assert "hunter2" not in repr(reading)


@pytest.mark.parametrize(
    ("number", "step", "whole"),
    [
        ("19.99", 0.01, True),
        ("0.3", 0.1, True),
        ("19.995", 0.01, False),
        ("1e308", 0.5, True),
        (f"1{'0' * 4000}", 0.01, True),
        (f"1{'0' * 4000}", 7, False),
        ("1e999", 0.01, False),
        ("true", 2, True),
    ],
)
def test_multiples_are_of_the_numbers_as_written(number: str, step: float, whole: bool) -> None:
    reading, _ = looked(always(number.encode()), schema={"multipleOf": step})
    assert reading.status is (Status.OK if whole else Status.DOWN), reading.message
    assert whole or "breaks multipleOf" in reading.message


@pytest.mark.parametrize("name", ["schema.json", "schema.yaml"])
def test_schema_is_read_from_its_file(name: str) -> None:
    import yaml

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        dump = json.dumps if name.endswith("json") else yaml.safe_dump
        path.write_text(dump(SCHEMA), encoding="utf-8")
        assert looked(always(b'{"state": "up"}'), schema=str(path))[0].status is Status.OK
        assert looked(always(b"{}"), schema=str(path))[0].status is Status.DOWN


@pytest.mark.parametrize(
    ("schema", "content"),
    [
        ({"pattern": "^(a+)+$"}, json.dumps("a" * 5000 + "!")),
        ({"patternProperties": {"^(a|a)*$": False}}, json.dumps({"a" * 5000 + "!": 1})),
        ({"patternProperties": {"(x+x+)+y": {}}, "additionalProperties": True}, json.dumps({"x" * 5000: 1})),
        ({"uniqueItems": True}, json.dumps([{"a": number} for number in range(20_000)])),
        ({"items": {"type": "integer"}}, json.dumps(list(range(50_000)))),
    ],
)
def test_no_answer_makes_a_schema_slow(schema: dict[str, Any], content: str) -> None:
    reading, _ = looked(always(content.encode()), schema=schema, timeout="10s")
    assert reading.status in (Status.OK, Status.DOWN), reading.message


def test_what_would_take_too_long_is_unknown() -> None:
    deep = {"$ref": "#"}
    reading, _ = looked(always(b"1"), schema={"allOf": [deep]})
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.LOCAL)
    assert "takes too long" in reading.message
    costly = {"items": {"pattern": "[ab]*a[ab]{13}[ab]{13}"}}
    content = json.dumps(["ab" * 20_000] * 20).encode()
    reading, _ = looked(always(content), schema=costly)
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.LOCAL), reading.message
    large = b'"' + b"x" * 1_100_000 + b'"'
    reading, _ = looked(always(large), schema={"type": "string"})
    assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.LOCAL)
    assert "larger than 1MiB" in reading.message
