"""An operator who never stops editing: a model of 500 checks on real servers, changed at random, reloaded each time."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any

SERVICES = [f"s{number}" for number in range(10)]
EVERY = (10, 20, 30)
BROKEN = ("services: [\n", "servces: {}\n", "services: {a: {checks: {b: {type: nonsense}}}}\n", "\t\n")


class Target:
    """A server on loopback, http or plain TCP, good or bad when told, in the loop of the test."""

    def __init__(self, *, http: bool) -> None:
        self.http, self.good, self.port = http, True, 0
        self._server: asyncio.Server | None = None

    async def turn(self, *, good: bool) -> None:
        """A bad web server answers 503, a bad port is closed."""
        self.good = good
        if (good or self.http) and self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=500)
            self.port = self._server.sockets[0].getsockname()[1]
        elif not (good or self.http) and self._server is not None:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.http:
                await reader.readuntil(b"\r\n\r\n")
                status = b"200 OK" if self.good else b"503 No"
                writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@dataclass
class Kept:
    """A check as the operator thinks of it, over all its names; moments in seconds of the moving clock."""

    service: str
    name: str
    target: Target
    born: float
    every: list[tuple[float, int]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    renamed: list[float] = field(default_factory=list)
    died: float | None = None

    @property
    def address(self) -> tuple[str, str]:
        return self.service, self.name

    def block(self) -> dict[str, Any]:
        port = self.target.port
        where = {"type": "http", "url": f"http://127.0.0.1:{port}/{self.born}"} if self.target.http else {
            "type": "tcp", "host": "127.0.0.1", "port": port
        }  # fmt: skip
        return {**where, "every": f"{self.every[-1][1]}s", "timeout": "2s", **self.options}

    def slowest(self, since: float, until: float) -> int:
        """The longest interval that was in force at some time in between."""
        before = [every for at, every in self.every if at <= since][-1:]
        return max([*before, *(every for at, every in self.every if since < at <= until)])


class Operator:
    """Holds the checks and changes them; `kept` are those that live, `gone` those that were removed."""

    def __init__(self, seed: int, targets: list[Target]) -> None:
        self.random = random.Random(seed)
        self.targets = targets
        self.ports = [target for target in targets if not target.http]
        self.kept: list[Kept] = []
        self.gone: list[Kept] = []
        self.listed: list[Kept] = []  # made from the file of targets
        self.made = 0

    def begin(self, count: int, now: float) -> None:
        for _ in range(count):
            self.add(now)
        for target in self.ports[:2]:
            self._list(target, now)

    @property
    def living(self) -> list[Kept]:
        return [*self.kept, *self.listed]

    def services(self) -> dict[str, Any]:
        services: dict[str, Any] = {name: {"checks": {}} for name in SERVICES}
        for check in self.kept:
            services[check.service]["checks"][check.name] = check.block()
        listed = {"type": "tcp", "host": "127.0.0.1", "port": "${target}", "every": "10s", "timeout": "2s"}
        services["listed"] = {"checks": {"p": {**listed, "targets_file": "ports.json"}}}
        return services

    def file_of_targets(self) -> str:
        entries = [{"target": str(c.target.port), "id": c.name.removeprefix("p-")} for c in self.listed]
        return json.dumps(entries)

    def edit(self, now: float) -> str:
        """One edit, or a few in one; says which."""
        return self.random.choice(
            (self.add, self.remove, self.change, self.label, self.rename, self.retarget)
        )(now)

    def add(self, now: float) -> str:
        self.made += 1
        check = Kept(self.random.choice(SERVICES), f"c{self.made}", self.random.choice(self.targets), now)
        check.every.append((now, self.random.choice(EVERY)))
        self.kept.append(check)
        return "add"

    def remove(self, now: float) -> str:
        check = self.kept.pop(self.random.randrange(len(self.kept)))
        check.died = now
        self.gone.append(check)
        return "remove"

    def change(self, now: float) -> str:
        for check in self.random.sample(self.kept, self.random.randint(1, 20)):
            check.every.append((now, self.random.choice(EVERY)))
        return "change"

    def label(self, _now: float) -> str:
        for check in self.random.sample(self.kept, self.random.randint(1, 20)):
            check.options["labels"] = {"note": str(self.random.random())}
            check.options["degraded"] = f"latency > {self.random.randint(60, 90)}s"
        return "label"

    def rename(self, now: float) -> str:
        """Some keep their old names in the file for ever, some only the last one."""
        for check in self.random.sample(self.kept, self.random.randint(1, 10)):
            self.made += 1
            old, check.name = check.address, f"c{self.made}"
            if self.random.random() < 0.3:
                check.service = self.random.choice(SERVICES)
            was = old[1] if check.service == old[0] else ".".join(old)
            check.options["was"] = [was]
            check.renamed.append(now)
        return "rename"

    def retarget(self, now: float) -> str:
        """A line comes into the file of targets, or goes."""
        there = {check.target.port for check in self.listed}
        free = [target for target in self.ports if target.port not in there]
        if free and (self.random.random() < 0.5 or len(self.listed) < 2):
            self._list(self.random.choice(free), now)
        else:
            check = self.listed.pop(self.random.randrange(len(self.listed)))
            check.died = now
            self.gone.append(check)
        return "targets"

    def _list(self, target: Target, now: float) -> None:
        self.made += 1
        self.listed.append(Kept("listed", f"p-t{self.made}", target, now, [(now, 10)]))
