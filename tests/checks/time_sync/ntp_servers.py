"""NTP servers of the tests' own, good and bad, and a look at them."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from checks.base import Context, Observation
from checks.network import Network
from checks.time_sync.kind import probe
from checks.time_sync.spec import TimeSyncSpec

BEFORE_1970 = 2_208_988_800
Answer = Callable[[bytes], list[bytes]]


def stamp(seconds: float) -> int:
    """An NTP timestamp of Unix seconds, in whichever era."""
    return int((seconds + BEFORE_1970) * 2**32) % 2**64


def answer(question: bytes, **other: Any) -> bytes:
    """A good answer to a question; `ahead` seconds, and any field can be another."""
    now = stamp(time.time() + other.pop("ahead", 0.0))
    fields: dict[str, Any] = {"leap": 0, "version": 4, "mode": 4, "stratum": 2, "name": b"\x7f\0\0\1"}
    fields |= {"root": 0, "spread": 0, "origin": question[40:48], "arrived": now, "left": now} | other
    first = fields["leap"] << 6 | fields["version"] << 3 | fields["mode"]
    root, spread = (int(fields[name] * 65536) for name in ("root", "spread"))
    head = struct.pack("!BBbbII4sQ", first, fields["stratum"], 6, -20, root, spread, fields["name"], now)
    origin: bytes = fields["origin"]
    return head + origin + struct.pack("!QQ", fields["arrived"], fields["left"])


class Server(asyncio.DatagramProtocol):
    """`asked` are the questions it got, `callers` where they came from."""

    def __init__(self, answers: Answer) -> None:
        self.answers = answers
        self.asked: list[bytes] = []
        self.callers: list[tuple[str, int]] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.asked.append(data)
        self.callers.append(address)
        for each in self.answers(data):
            self.transport.sendto(each, address)


@asynccontextmanager
async def serving(answers: Answer) -> AsyncIterator[tuple[str, Server]]:
    """A server on 127.0.0.1, and its address with the port."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: Server(answers), ("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}", server
    finally:
        transport.close()


async def look(
    *servers: str, memo: Any = None, timeout: float = 5.0, now: float | None = None
) -> Observation:
    """One look at those servers."""
    network = Network()
    try:
        context = Context(timeout=timeout, network=network, now=now or time.time(), memo=memo)
        return await probe(TimeSyncSpec(servers=servers), context)
    finally:
        await network.aclose()


def look_at(*answers: Answer, **more: Any) -> Observation:
    """One look at servers that answer so."""

    async def run() -> Observation:
        async with asyncio.timeout(30):
            return await _nested(list(answers), [], more)

    return asyncio.run(run())


async def _nested(answers: list[Answer], servers: list[str], more: dict[str, Any]) -> Observation:
    if not answers:
        return await look(*servers, **more)
    async with serving(answers[0]) as (server, _):
        return await _nested(answers[1:], [*servers, server], more)
