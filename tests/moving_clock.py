"""A clock that moves when told, and an app driven by it: real sockets, a real store, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import yaml

from agent.app import App, build
from agent.clock import Job
from agent.reload import Origin
from alerting.connectors.base import ConnectorType
from checks.registry import all_kinds
from config.loader import load

SECOND = 1_000_000
_NO_CONNECTORS: Mapping[str, ConnectorType] = {}
START = 1_800_000_000 * SECOND


class MovingClock:
    """Implements agent.clock.Clock."""

    def __init__(self, at: int = START) -> None:
        self.at = at
        self.ticks = 1000.0
        self._jobs: list[tuple[float, Job, list[float]]] = []

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    async def sleep(self, seconds: float) -> None:
        """No time passes by itself: only those who are ready go on."""
        await asyncio.sleep(0)

    def every(self, seconds: float, job: Job, name: str) -> None:
        self._jobs.append((seconds, job, [self.ticks + seconds]))

    def start(self) -> None:
        return

    def stop(self) -> None:
        self._jobs.clear()

    def next_due(self) -> float:
        return min((due[0] for _, _, due in self._jobs), default=float("inf"))

    def move(self, seconds: float) -> list[Job]:
        """Move on; the jobs that are due now, in order."""
        self.ticks += seconds
        self.at += round(seconds * SECOND)
        ready = []
        for every, job, due in self._jobs:
            if due[0] <= self.ticks:
                due[0] = self.ticks + every
                ready.append(job)
        return ready


class Driven:
    """An app whose time is ours. Use as `async with Driven(path) as driven`.

    `connectors` are the types of helpdesks that it knows.
    """

    connectors: Mapping[str, ConnectorType] = _NO_CONNECTORS

    def __init__(
        self,
        directory: Path,
        services: dict[str, object],
        clock: MovingClock | None = None,
        **sections: object,
    ) -> None:
        self.directory, self.clock = directory, clock or MovingClock()
        self.write(services, **sections)
        origin = Origin(self.file, all_kinds(), connectors=self.connectors)
        self.app: App = build(load(self.file, all_kinds(), self.connectors), self.clock, origin)

    @property
    def file(self) -> Path:
        return self.directory / "tocsin.yaml"

    def write(self, services: dict[str, object], **sections: object) -> None:
        agent = {"id": "test", "listen": "127.0.0.1:0", "state_dir": str(self.directory / "state")}
        text = yaml.safe_dump({"agent": agent, "services": services, **sections}, sort_keys=False)
        self.file.write_text(text, encoding="utf-8")

    async def __aenter__(self) -> Driven:
        await self.app.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.app.stop()

    async def advance(self, seconds: float) -> None:
        """Let time pass; every look that becomes due is made and committed."""
        end = self.clock.ticks + seconds
        while (due := self.clock.next_due()) <= end + 1e-9:
            for job in self.clock.move(max(0.0, due - self.clock.ticks)):
                await job()
            await self.settled()
        self.clock.move(max(0.0, end - self.clock.ticks))

    async def settled(self) -> None:
        """Until no look is under way and everything is on the disk."""
        while self.app.scheduler.running:
            await asyncio.gather(*self.app.scheduler.running.values(), return_exceptions=True)
        await self.app.pipeline.idle()
        await self.app.delivery.settled()
