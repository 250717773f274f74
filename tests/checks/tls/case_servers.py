"""Servers made from the descriptions of peers' cases about connections: scripts, certificates, alerts."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.checks.listeners import Serve
from tests.checks.tls.authorities import Certified, Wish, authority, issued, proof
from tests.checks.tls.plain_servers import WILLING, scripted

Case = Mapping[str, Any]

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# The host name of cases whose own resolver knows it.
NAME = "smtp.case.example"
_ALERT = b"\x15\x03\x03\x00\x02\x02"


class Shown:
    """What the server of a case shows, and the file of whom to trust for it."""

    def __init__(self, described: str | Case, directory: Path) -> None:
        root = authority()
        self.certified = _certified(described, root)
        trusted = self.certified if "self-signed" in str(described) else root
        self.ca = directory / "ca.pem"
        self.ca.write_bytes(trusted.pem)
        self._directory = directory

    def context(self, versions: Sequence[str] = ()) -> ssl.SSLContext:
        made = proof(self.certified, self._directory)
        if versions:
            made.minimum_version = min(_VERSIONS[each] for each in versions)
            made.maximum_version = max(_VERSIONS[each] for each in versions)
        return made


def _certified(described: str | Case, root: Certified) -> Certified:
    """`good`, `expired`, a self-signed one in words, or one with names or a serial number of its own."""
    local = ("localhost", "127.0.0.1", "::1", NAME)
    if not isinstance(described, str):
        serial = described.get("serial_hex")
        names = tuple(described.get("names", local))
        return issued(Wish(names, serial=int(serial, 16) if serial else None), root)
    if described == "expired":
        return issued(Wish(local, begins=-60, ends=-1), root)
    if described.startswith("self-signed"):
        days = re.search(r"valid (\d+) day", described)
        names = ("localhost",) if "DNS name only" in described else local
        return issued(Wish(names, ends=float(days[1]) if days else 90, authority=True))
    assert described == "good", described
    return issued(Wish(local), root)


def conduct(given: Case, shown: Shown | None) -> Serve:
    """How the server of a case behaves on one connection."""
    if "alert" in given:
        return _alerting(int(given["alert"]))
    server = given.get("server") or {"proto": "tls"}
    if server["proto"] in WILLING:
        assert shown is not None
        return scripted(WILLING[server["proto"]], shown.context())
    return _script(server.get("script", []), shown)


def _script(steps: Sequence[Case], shown: Shown | None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in steps:
            if "send" in step:
                writer.write(step["send"].encode())
                await writer.drain()
            elif "receive" in step:
                assert (await reader.readline()).decode().rstrip() == step["receive"].rstrip()
            elif "start_tls" in step:
                assert shown is not None
                await writer.start_tls(shown.context())
            elif "close" in step:
                writer.close()
                return
        await reader.read()

    return serve


def _alerting(number: int) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(_ALERT + bytes([number]))
        await writer.drain()
        await reader.read()

    return serve


@asynccontextmanager
async def listening(serve: Serve, hosts: Sequence[str], tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """The same port on all of the hosts."""
    running: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    port = 0
    servers = []
    try:
        for host in hosts:
            servers.append(await asyncio.start_server(one, host, port, ssl=tls))
            port = servers[0].sockets[0].getsockname()[1]
        yield port
    finally:
        for server in servers:
            server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
