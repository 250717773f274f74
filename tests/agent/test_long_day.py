"""A long day in a short time: what the daemon holds does not grow with the hours."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.store.backup import take
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
HOUR = 3600
MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds: open files, threads, tasks, objects that the collector knows, resident bytes."""

    files: int
    threads: int
    tasks: int
    objects: int
    resident: int

    @classmethod
    def now(cls) -> Held:
        gc.unfreeze()
        gc.collect()
        return cls(
            len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), len(asyncio.all_tasks()),
            len(gc.get_objects()), int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        )  # fmt: skip


@dataclass(slots=True)
class Port:
    """One that takes a connection and hangs up, with room for all that come in one beat."""

    number: int = 0
    _listener: socket.socket = field(init=False)

    def open(self) -> None:
        """Listen; where it did before, if it did."""
        self._listener = socket.create_server(("127.0.0.1", self.number), backlog=1024)
        self.number = self._listener.getsockname()[1]
        threading.Thread(target=self._answer, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        # Whoever waits for a connection is woken by this, not by the closing.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @staticmethod
    def _answer(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()


@pytest.fixture
def port() -> Iterator[Port]:
    port = Port()
    port.open()
    yield port
    port.close()


def services(port: Port, checks: int) -> dict[str, object]:
    """Ten checks each; the first is of a port that nobody listens on."""
    return {
        f"s{number}": {
            "checks": {
                f"c{n}": {
                    "type": "tcp",
                    "host": "127.0.0.1",
                    "port": port.number if (number, n) != (0, 0) else 1,
                    "every": "1m",
                }
                for n in range(10)
            },
            "uptime": {"burn": False},
        }
        for number in range(checks // 10)
    }


async def a_day(path: Path, port: Port, checks: int, hours: int) -> tuple[Held, Held]:
    """What is held after the first third of it, and at its end; the port fails for some minutes of every hour."""
    seen = []
    async with Driven(path, services(port, checks)) as driven:
        # While the store is open SQLite keeps the file that a backup has read, and takes it again for the next one.
        await asyncio.to_thread(take, driven.app.directory, path / "kept", "test", driven.clock.now())
        for hour in range(hours):
            await driven.advance(HOUR - 600)
            port.close()
            await driven.advance(300)
            port.open()
            await driven.advance(300)
            if hour + 1 in (max(1, hours // 3), hours):
                seen.append(Held.now())
    return seen[0], seen[-1]


def assert_nothing_grew(after: Held, end: Held, *, resident: int) -> None:
    assert (end.files, end.threads) == (after.files, after.threads), (after, end)
    assert end.tasks <= after.tasks + 2, (after, end)
    assert end.objects < after.objects * 1.05 + 2000, (after, end)
    assert end.resident < after.resident + resident, (after, end)


async def test_nothing_grows_over_three_hours_of_twenty_checks(tmp_path: Path, port: Port) -> None:
    after, end = await a_day(tmp_path, port, 20, 3)
    assert_nothing_grew(after, end, resident=12 * MIB)


@pytest.mark.slow
async def test_nothing_grows_over_a_day_of_a_thousand_checks(tmp_path: Path, port: Port) -> None:
    after, end = await a_day(tmp_path, port, 1000, 24)
    print(after, end)
    assert_nothing_grew(after, end, resident=24 * MIB)
