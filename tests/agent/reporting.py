"""A job of a test: it reports over a real socket to the app that runs in the same loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.memory import CheckMemory
from checks.heartbeat.memory import Job, job_of
from tests.moving_clock import Driven

KEY = "a-key-of-a-job-0123"
BASE = "/api/v1/heartbeat/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the daemon answered; header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: str


def heartbeat(**options: object) -> dict[str, object]:
    """Services with one job, `jobs.backup`."""
    return {"jobs": {"checks": {"backup": {"type": "heartbeat", "key": KEY, **options}}}}


def known(driven: Driven, check: str = "backup") -> Job:
    """What is committed of the job."""
    return job_of(memory(driven, check).memo)


def memory(driven: Driven, check: str = "backup") -> CheckMemory:
    return driven.app.pipeline.memory(("jobs", check))


async def report(
    driven: Driven,
    path: str = KEY,
    body: bytes = b"",
    method: str = "POST",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Answer:
    """One request, as curl would make it; `path` begins with the key."""
    host, port = driven.app.web.addresses[0].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [
        f"{method} {BASE}{path} HTTP/1.1",
        f"Host: {host}",
        "Connection: close",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    raw = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    head, _, text = raw.decode().partition("\r\n\r\n")
    first, *rest = head.split("\r\n")
    told = dict(line.split(": ", 1) for line in rest)
    return Answer(int(first.split()[1]), {name.lower(): value for name, value in told.items()}, text)
