"""Exporters that mean harm: each look ends in time with its reason, and no page keeps other checks waiting."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from checks.base import ErrorKind, Observation
from tests.checks.http.web import answer, serving
from tests.checks.listeners import Serve, listening, says
from tests.checks.metrics.exporters import OPENMETRICS, TEXT, observed, seen, shows

HEAD = f"HTTP/1.1 200 OK\r\n{TEXT}\r\n"
MIB = 1 << 20


def endless(line: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{HEAD}\r\n".encode())
        while True:
            writer.write(line * 1000)
            await writer.drain()

    return serve


def look_at(serve: Serve, **options: Any) -> Observation:
    async def run() -> Observation:
        async with listening(serve) as port:
            return await observed(f"http://127.0.0.1:{port}/metrics", **options)

    return asyncio.run(run())


def test_page_without_end_is_down_at_its_limit() -> None:
    look = look_at(endless(b'a{b="c"} 1\n'), max_body="1MiB")
    assert "larger than max_body" in (look.failure or "")


def test_page_that_comes_drop_by_drop_is_down_at_the_deadline() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{HEAD}\r\na".encode())
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.05)

    look = look_at(serve, timeout=0.5)
    assert look.error_kind is ErrorKind.TIMEOUT


def test_page_that_unpacks_to_far_more_is_down() -> None:
    packed = gzip.compress(b"a" * (64 * MIB))
    page = f"{HEAD}Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed
    look = look_at(says(page))
    assert "larger than max_body" in (look.failure or "")


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 100,
        b"\0" * 10_000,
        b"\xff\xfe" + "a 1\n".encode("utf-16-le") + b"\n",
        zlib.compress(b"a 1\n"),
        b'a{b="\xff"} 1\n',
        b"a{" * 30_000 + b"\n",
        b'a{b="\\' * 9000 + b"\n",
        b"a" + b" " * 60_000 + b"x\n",
        b'a{b="NaN",le="NaN"} NaN NaN\n',
        b"<html>" * 1000,
        b"-" * 60_000 + b"\n",
        b"1" * 60_000 + b"\n",
        b"# TYPE 1" + b"a" * 60_000 + b"\n",
        b"a 1" + b"e" * 60_000 + b"\n",
    ],
    ids=lambda content: repr(content[:12]),
)
@pytest.mark.parametrize("content_type", [TEXT, OPENMETRICS])
def test_page_of_nonsense_is_down_with_a_line_that_can_be_shown(content: bytes, content_type: str) -> None:
    async def run() -> Observation:
        async with serving(shows(content, content_type)) as web:
            return await observed(web.url(), series={"a": "a"})

    look = asyncio.run(run())
    assert look.failure is not None, look
    assert look.error_kind is ErrorKind.CONTENT
    assert look.failure.isprintable()
    assert len(look.failure) < 500


def test_labels_of_any_text_are_shown_harmlessly() -> None:
    look = seen('a{b="\\"\\n\x1b[31m\u202e",c="1"} 1\na{b="NaN",c="2"} NaN\n', series={"x": "a"})
    assert all(name.isprintable() for name in look.parts)
    assert any("is NaN" in part.unread.get("x", "") for part in look.parts.values())


def test_large_page_is_read_beside_the_loop_and_given_up_at_the_deadline() -> None:
    page = b"".join(
        b'node_metric_%d{device="sd%d"} 1\n' % (number % 500, number) for number in range(200_000)
    )

    async def run() -> tuple[Observation, Observation, int]:
        turns, looking = 0, True

        async def turn() -> None:
            nonlocal turns
            while looking:
                await asyncio.sleep(0)
                turns += 1

        async with serving(lambda _asked: answer(page, TEXT)) as web:
            turning = asyncio.create_task(turn())
            look = await observed(web.url(), series={"x": "node_metric_7"}, timeout=60.0)
            looking = False
            await turning
            return look, await observed(web.url(), timeout=0.1), turns

    look, late, turns = asyncio.run(run())
    assert look.values["series"] == 200_000
    assert turns > 100
    assert late.error_kind in (ErrorKind.TIMEOUT, ErrorKind.LOCAL)
