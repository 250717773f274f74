"""Listeners on loopback that behave well or badly, and a tcp probe aimed at them."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any

from checks.base import Context, Observation
from checks.network import Network
from checks.tcp import TcpSpec, probe

NOW = time.time()
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, proof: SSLContext | None = None) -> AsyncIterator[int]:
    """A real listener on 127.0.0.1, with TLS if it has proof; gives its port. Ends all it serves."""
    running: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=proof)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def says(words: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()
        await reader.read()

    return serve


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accepts, then closes."""


async def stays_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        pass


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def look(port: int, *, timeout: float = 5, **options: Any) -> Observation:
    """One run of the probe against loopback."""
    network = Network()
    try:
        spec = TcpSpec.model_validate({"host": "127.0.0.1", "port": port, **options})
        return await probe(spec, Context(timeout=timeout, network=network, now=NOW))
    finally:
        await network.aclose()


def against(serve: Serve, *, proof: SSLContext | None = None, **options: Any) -> Observation:
    """One run against a listener that serves so."""

    async def run() -> Observation:
        async with listening(serve, proof) as port:
            return await look(port, **options)

    return asyncio.run(run())


@asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """A port whose queue is full: nothing that is sent to it is ever answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for filler in fillers:
                filler.close()
