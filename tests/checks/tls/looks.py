"""Looks at ports of loopback through the real runner, by a check as the operator's file gives it."""

from __future__ import annotations

import asyncio
from ssl import SSLContext
from typing import Any

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import Reading
from checks.registry import KINDS
from tests.checks.http.web import check_of
from tests.checks.listeners import Serve, listening, stays_silent


async def look(kind: str, port: int, **options: Any) -> Reading:
    """The reading of one check."""
    runner = Runner(SystemClock(), KINDS)
    try:
        check = check_of(**{"type": kind, "host": "127.0.0.1", "port": port, **options})
        return await runner.look(check, closely=True)
    finally:
        await runner.aclose()


def look_at(kind: str, port: int, **options: Any) -> Reading:
    """The same, at a server that runs by itself."""
    return asyncio.run(look(kind, port, **options))


def against(
    kind: str, serve: Serve = stays_silent, given: SSLContext | None = None, **options: Any
) -> Reading:
    """The same, at a listener that serves so."""

    async def run() -> Reading:
        async with listening(serve, given) as port:
            return await look(kind, port, **options)

    return asyncio.run(run())
