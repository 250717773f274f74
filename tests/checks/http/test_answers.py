"""What came back is measured and judged: status, size, packing, text, headers, JSON, phases."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from checks.base import ErrorKind, Reading, Status
from tests.checks.http.web import Asked, always, answer, look, looked

# "hello brotli" in brotli's own form for bytes stored as they are.
BROTLI = b"\x8b\x05\x80hello brotli\x03"


@pytest.mark.parametrize(
    ("accept", "status", "verdict"),
    [
        (None, 204, Status.OK),
        (None, 301, Status.DOWN),
        (None, 404, Status.DOWN),
        ("404", 404, Status.OK),
        (404, 404, Status.OK),
        ("200..299", 302, Status.DOWN),
        ([200, "300..399"], 302, Status.OK),
        ([200, "300..399"], 404, Status.DOWN),
        ([404], 200, Status.DOWN),
        ("500..599", 503, Status.OK),
    ],
)
def test_status_is_judged_by_what_is_accepted(accept: Any, status: int, verdict: Status) -> None:
    options = {} if accept is None else {"accept_status": accept}
    reading, _ = looked(always(b"", status=f"{status} X"), **options)
    assert reading.status is verdict
    assert reading.error_kind is (ErrorKind.STATUS if verdict is Status.DOWN else None)


def test_accepted_status_stands_beside_a_condition_of_ones_own() -> None:
    teapot = always(b"tea", status="418 T")
    assert looked(teapot, accept_status=418, down='body contains "coffee"')[0].status is Status.OK
    assert looked(teapot, accept_status=418, down='body contains "tea"')[0].error_kind is ErrorKind.CONTENT
    assert looked(teapot, accept_status=200, down='body contains "coffee"')[0].error_kind is ErrorKind.STATUS
    assert looked(teapot, down='body contains "coffee"')[0].status is Status.OK


@pytest.mark.parametrize(
    ("encoding", "packed", "plain"),
    [
        ("gzip", gzip.compress(b"hello world" * 100, mtime=0), 1100),
        ("deflate", zlib.compress(b"hello world" * 100), 1100),
        ("identity", b"hello world" * 100, 1100),
        ("br", BROTLI, 12),
        ("gzip, deflate", zlib.compress(gzip.compress(b"hello world", mtime=0)), 11),
    ],
)
def test_body_is_unpacked_and_size_counts_what_it_unpacks_to(
    encoding: str, packed: bytes, plain: int
) -> None:
    reading, (asked,) = looked(
        always(packed, f"Content-Encoding: {encoding}"), down='body not contains "hello"'
    )
    assert (reading.status, reading.values["size"]) == (Status.OK, plain), reading.message
    assert {"gzip", "deflate", "br"} <= {part.strip() for part in asked.all("Accept-Encoding")[0].split(",")}


@pytest.mark.parametrize("encoding", ["utf-8", "x-unheard-of"])
def test_encoding_that_is_none_is_shown_as_it_comes_as_browsers_do(encoding: str) -> None:
    reply = always(b"hello world", f"Content-Encoding: {encoding}")
    reading, _ = looked(reply, down='body not contains "hello"')
    assert (reading.status, reading.values["size"]) == (Status.OK, 11), reading.message
    posted, asked = looked(reply, method="POST")
    assert (posted.status, posted.error_kind, len(asked)) == (Status.DOWN, ErrorKind.CONTENT, 1)


@pytest.mark.parametrize("packed", [False, True])
def test_largest_body_is_exact_to_the_byte(*, packed: bool) -> None:
    def reply(size: int) -> Any:
        content = b"x" * size
        return always(gzip.compress(content), "Content-Encoding: gzip") if packed else always(content)

    assert looked(reply(1000), max_body="1000B")[0].status is Status.OK
    reading, _ = looked(reply(1001), max_body="1000B")
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert reading.message == "the answer is larger than max_body (1000 bytes)"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("Zürich €".encode(), "text/html"),
        ("Zürich €".encode("cp1252"), "text/html; charset=windows-1252"),
        ("Zürich €".encode("iso8859-15"), 'text/html; CHARSET="ISO-8859-15"'),
        ("Zürich €".encode("utf-16"), "text/html"),
        ("Zürich €".encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        ("Zürich €".encode("gb18030"), "text/html;charset=gb18030"),
        ("Zürich €".encode(), "text/html; charset=punycode"),
        ("Zürich €".encode(), "text/html; charset="),
    ],
)
def test_text_is_read_in_its_character_set(content: bytes, content_type: str) -> None:
    reading, _ = looked(always(content, f"Content-Type: {content_type}"), down='body != "Zürich €"')
    assert reading.status is Status.OK, reading.message


def test_json_is_read_behind_a_byte_order_mark() -> None:
    content = b'\xef\xbb\xbf{"ready": true, "queue": 7}'
    assert looked(always(content), down="json $.queue > 10 or json $.ready != true")[0].status is Status.OK
    reading, _ = looked(always(content), down="json $.queue > 5")
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert "7" in reading.message


def test_headers_are_judged_folded_repeated_and_absent() -> None:
    raw = b"HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\nx-b: 1\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n"
    for condition, verdict in (
        ('header "x-a" == "one two"', Status.DOWN),
        ('header "X-B" == "1"', Status.DOWN),
        ('exists header "X-C"', Status.OK),
        ('header "X-C" != "x"', Status.DOWN),
    ):
        assert looked(lambda _asked: raw, down=condition)[0].status is verdict, condition


def test_interim_answers_are_not_the_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n" + answer(b"late", "X-Late: yes")
    reading, _ = looked(lambda _asked: early, down='exists header "X-Early" or not exists header "X-Late"')
    assert (reading.status, reading.values["status"]) == (Status.OK, 200), reading.message


def test_phases_add_up_to_no_more_than_the_latency_over_all_hops() -> None:
    def reply(asked: Asked) -> bytes:
        return answer(b"", "Location: /b", status="302 F") if asked.path == "/" else answer(b"x" * 100_000)

    reading, _ = looked(reply)
    assert set(reading.phases) == {"resolve", "connect", "first_byte", "transfer"}
    assert all(seconds >= 0 for seconds in reading.phases.values())
    latency = reading.values["latency"]
    assert isinstance(latency, float)
    assert 0 < sum(reading.phases.values()) <= latency + 5e-6
    assert latency <= reading.took


def test_waiting_for_the_answer_is_first_byte_and_the_rest_is_transfer() -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece, pause in ((b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", 0.3), (b"cd", 0.15)):
            await asyncio.sleep(pause)
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def run() -> Reading:
        server = await asyncio.start_server(slowly, "127.0.0.1", 0)
        async with server:
            return await look(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    phases = asyncio.run(run()).phases
    assert phases["first_byte"] >= 0.29
    assert phases["transfer"] >= 0.14


def test_plain_answer_has_no_certificate_and_says_its_version_and_address() -> None:
    reading, _ = looked(always())
    assert (reading.values["cert_days"], reading.values["tls"]) == (None, None)
    assert (reading.values["http_version"], reading.values["ip"]) == ("1.1", "127.0.0.1")
    assert reading.status is Status.OK


def test_refusal_names_the_address_that_refused(free_port: Any) -> None:
    port = free_port()
    reading = asyncio.run(look(f"http://localhost:{port}/", ip="4"))
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.REFUSED)
    assert reading.message == f"connection refused by 127.0.0.1:{port}"
