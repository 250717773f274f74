"""Those who look: pages kept open with a live stream, as their script would keep them; a process of its own.

python -m benchmarks.viewing ADDRESS TOKEN VIEWERS SECONDS: prints one JSON object when the time is over.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

# What static/tocsin.js does: not sooner after one another than that, spread by so much, and anew after so long.
SOONEST, SPREAD, LATEST = 5.0, 1.0, 60.0
PAGES = ("/", "/", "/services/site7", "/tickets", "/incidents")


@dataclass(slots=True)
class Told:
    """What came: events over the streams, pages with how long each took (s), streams that ended too soon."""

    events: int = 0
    pages: list[float] = field(default_factory=list)
    lost: int = 0
    refused: int = 0


@asynccontextmanager
async def asked(port: int, token: str, path: str, headers: str = "") -> AsyncIterator[asyncio.StreamReader]:
    """The answer to one request, from its first line on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Connection: close\r\n{headers}\r\n".encode()
        )
        await writer.drain()
        yield reader
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def view(port: int, token: str, number: int, told: Told) -> None:
    """One page, open for good."""
    path, changed = PAGES[number % len(PAGES)], asyncio.Event()

    async def listened() -> None:
        async with asked(port, token, "/live") as answer:
            async for line in answer:
                if line.startswith(b"event"):
                    told.events += 1
                    changed.set()
        told.lost += 1

    listening = asyncio.create_task(listened())
    try:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LATEST)
            changed.clear()
            await asyncio.sleep(random.random() * SPREAD)
            began = time.monotonic()
            async with asked(port, token, path, "X-Live: 1\r\n") as answer:
                status = (await answer.readline()).split()[1]
                await answer.read()
            told.pages.append(time.monotonic() - began)
            told.refused += status != b"200"
            await asyncio.sleep(SOONEST)
    finally:
        listening.cancel()


async def viewed(port: int, token: str, viewers: int, seconds: float) -> Told:
    told = Told()
    tasks = [asyncio.create_task(view(port, token, number, told)) for number in range(viewers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return told


def main() -> None:
    port, token, viewers, seconds = sys.argv[1:]
    told = asyncio.run(viewed(int(port), token, int(viewers), float(seconds)))
    found = sorted(told.pages)
    middle, most = (found[len(found) // 2], found[int(len(found) * 0.99)]) if found else (0.0, 0.0)
    print(
        json.dumps(
            {
                "events": told.events,
                "pages": len(found),
                "lost": told.lost,
                "refused": told.refused,
                "median": middle,
                "p99": most,
            }
        )
    )


if __name__ == "__main__":
    main()
