"""A small SOCKS proxy on loopback, versions 4, 4a and 5, that keeps what it was asked to connect to."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Socks:
    """The running proxy. `wanted` is what it was told: `("5 name", "example.org", 80)`.

    With `user` it lets nobody else in; `reply` other than 0 is what it says to every SOCKS 5 request. Whatever the
    name, it connects to 127.0.0.1.
    """

    port: int = 0
    user: tuple[str, str] | None = None
    reply: int = 0
    wanted: list[tuple[str, str, int]] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            version = (await reader.readexactly(1))[0]
            port = await (self._five(reader, writer) if version == 5 else self._four(reader, writer))
            if port is not None:
                await _relay(reader, writer, port)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.transport.abort()

    async def _five(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        needed = 2 if self.user else 0
        if needed not in methods:
            writer.write(b"\x05\xff")
            await writer.drain()
            return None
        writer.write(bytes((5, needed)))
        if self.user and not await self._let_in(reader, writer):
            return None
        _, _, _, sort = await reader.readexactly(4)
        if sort == 3:
            name, form = (await reader.readexactly((await reader.readexactly(1))[0])).decode(), "5 name"
        else:
            name = str(ipaddress.ip_address(await reader.readexactly(4 if sort == 1 else 16)))
            form = "5 address"
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        self.wanted.append((form, name, port))
        writer.write(bytes((5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0)))
        return None if self.reply else int(port)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readexactly(1)
        said = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)]
        known = tuple(said) == self.user
        writer.write(bytes((1, 0 if known else 1)))
        await writer.drain()
        return known

    async def _four(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        _, port, packed = struct.unpack("!BH4s", await reader.readexactly(7))
        await reader.readuntil(b"\0")
        name, form = str(ipaddress.ip_address(packed)), "4 address"
        if packed[:3] == b"\0\0\0":
            name, form = (await reader.readuntil(b"\0"))[:-1].decode(), "4 name"
        self.wanted.append((form, name, port))
        writer.write(b"\0\x5a" + bytes(6))
        return int(port)


@asynccontextmanager
async def socks_serving(user: tuple[str, str] | None = None, reply: int = 0) -> AsyncIterator[Socks]:
    """The proxy, for as long as the block lasts."""
    socks = Socks(user=user, reply=reply)
    server = await asyncio.start_server(socks.talk, "127.0.0.1", 0)
    socks.port = server.sockets[0].getsockname()[1]
    try:
        yield socks
    finally:
        server.close()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there_reader, there = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.wait(
            [asyncio.create_task(_copy(reader, there)), asyncio.create_task(_copy(there_reader, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        there.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass
