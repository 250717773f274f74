"""A well-behaved web server on loopback that keeps what it was asked, and one look at it through the runner."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext, SSLError
from typing import Any

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import Reading
from checks.network import Network
from checks.registry import KINDS
from config.loader import load
from config.models import Check


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came over the wire. `headers` keep their order and case."""

    method: str
    path: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    def all(self, name: str) -> list[str]:
        """Every value of a header, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(slots=True)
class Web:
    """The running server: its port, and what it was asked so far."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


Answer = Callable[[Asked], bytes]


def answer(content: bytes = b"ok", *headers: str, status: str = "200 OK") -> bytes:
    """One whole answer; the connection stays open."""
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def always(content: bytes = b"ok", *headers: str, status: str = "200 OK") -> Answer:
    return lambda _asked: answer(content, *headers, status=status)


@asynccontextmanager
async def serving(
    reply: Answer, *, tls: SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Web]:
    """The server, for as long as the block lasts."""
    web = Web()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        web.connections += 1
        number = web.connections
        try:
            while asked := await _read(reader, number):
                web.asked.append(asked)
                writer.write(reply(asked))
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError, SSLError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(talk, host, 0, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader, connection: int) -> Asked | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, version = first.split(" ")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Asked(method, path, version, headers, await reader.readexactly(length), connection)


def check_of(**options: Any) -> Check:
    """A check as the operator's file gives it. Raises ConfigError for what the file may not say."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "tocsin.yaml"
        service = {"checks": {"page": {"type": "http", "timeout": "10s", **options}}}
        path.write_text(json.dumps({"services": {"web": service}}), encoding="utf-8")
        (only,) = load(path, KINDS).checks()
        return only


async def look(url: str, *, network: Network | None = None, **options: Any) -> Reading:
    """One look, by a runner of its own, on the network given or a new one."""
    runner = Runner(SystemClock(), KINDS, network)
    try:
        return await runner.look(check_of(url=url, **options))
    finally:
        if network is None:
            await runner.aclose()


def looked(reply: Answer, path: str = "/", **options: Any) -> tuple[Reading, list[Asked]]:
    """One look at a server that replies so, and what it was asked."""

    async def run() -> tuple[Reading, list[Asked]]:
        async with serving(reply) as web:
            return await look(web.url(path), **options), web.asked

    return asyncio.run(run())
