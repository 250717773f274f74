"""Requests byte by byte: what no polite client would send."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by small letters, the last of each name."""

    status: int
    headers: dict[str, str]
    body: str


async def sent(address: str, *pieces: bytes, tls: ssl.SSLContext | None = None) -> Answer:
    """What the address answers to these bytes; it hangs up afterwards."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(60):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    return Answer(int(first.split()[1]), headers, body.decode())


def request(address: str, path: str, method: str = "GET", body: bytes = b"", **headers: str | None) -> bytes:
    """Its bytes; `x_forwarded_for` is X-Forwarded-For, and None leaves a header out that it would have."""
    usual: dict[str, str | None] = {"host": urlsplit(address).netloc, "connection": "close"}
    if body:
        usual["content-length"] = str(len(body))
    given = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


def agent(directory: Path, **web: Any) -> dict[str, Any]:
    """The section `agent:` of a daemon on this host with these options under `web:`."""
    return {"id": "test", "listen": "127.0.0.1:0", "state_dir": str(directory / "state"), "web": web}
