"""What it costs to be looked at: the same daemon without and with viewers, turn and turn about, in one run.

1,000 http checks and 200 open tickets; something is written on a ticket every second. Viewers have a page open, each
with a live stream, and load it anew when something changed, as its script does. A look is late by the time from the
moment it was due until it began, from the store's readings.

python -m benchmarks.viewers [--checks 1000] [--every 60] [--tickets 200] [--viewers 50] [--seconds 60] [--rounds 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from agent.control import ask
from agent.scheduler import TICK
from agent.wheel import phase
from benchmarks import tables
from benchmarks.processes import pace
from benchmarks.tocsin import Daemon, Plan, daemon
from benchmarks.website import website

_DRIFT = 0.05
_SAMPLES = 15
_PAGES = (
    "/",
    "/services/site7",
    "/tickets",
    "/tickets/T-7",
    "/incidents",
    "/maintenance",
    "/api/v1/services",
)


@dataclass(frozen=True, slots=True)
class Window:
    """A while of the daemon: `cpu` milliseconds a second, how late its looks began (s), how many there were."""

    cpu: float
    median: float
    p99: float
    worst: float
    looks: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page: seconds to its first byte and to its last (medians), its size in bytes."""

    first: float
    whole: float
    size: int


def open_tickets(directory: Path, count: int) -> None:
    for number in range(count):
        arguments = {
            "title": f"Printer {number} does not print", "description": "It worked yesterday.\n" * 5,
            "service": f"site{number % 100}",
            "reporter": {"name": f"Person {number}", "email": f"p{number}@example.org"},
        }  # fmt: skip
        ask(directory / "state", "desk", verb="tickets.open", arguments=arguments)


@contextmanager
def busy(directory: Path, tickets: int) -> Iterator[None]:
    """Something is written on one of the tickets every second."""
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.wait(1.0):
            number = number % tickets + 1
            arguments = {"ticket": number, "text": "seen"}
            ask(directory / "state", "desk", verb="tickets.note", arguments=arguments)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def watched(running: Daemon, plan: Plan, seconds: float) -> Window:
    """What the daemon does and how late, in the next so many seconds."""
    begin, before = time.time(), running.cost().cpu
    time.sleep(seconds)
    spent = running.cost().cpu - before
    time.sleep(2.0)  # what has been looked at is stored
    late = sorted(lateness(running, plan, begin, begin + seconds))
    return Window(
        spent / seconds * 1000, late[len(late) // 2], late[int(len(late) * 0.99)], late[-1], len(late)
    )


def lateness(running: Daemon, plan: Plan, begin: float, end: float) -> Iterator[float]:
    """Of each look in between: seconds from the moment it was due until it began."""
    since_boot = time.time() - time.monotonic()
    for (service, check), moments in running.moments().items():
        due = ceil(phase(f"{service}.{check}", plan.every) / TICK) * TICK
        for at in moments:
            if begin <= at / 1e6 < end:
                # The two clocks may have drifted apart a little: nothing begins before it is due.
                yield max(0.0, (at / 1e6 - since_boot - due + _DRIFT) % plan.every - _DRIFT)


@contextmanager
def viewing(running: Daemon, token: str, viewers: int, seconds: float) -> Iterator[dict[str, Any]]:
    """So many look in the meantime; what they saw is there when the block has ended."""
    words = [sys.executable, "-m", "benchmarks.viewing", str(running.port), token, str(viewers), str(seconds)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    found: dict[str, Any] = {}
    try:
        yield found
        out, _ = process.communicate(timeout=60)
        found.update(json.loads(out))
    finally:
        process.kill()
        process.wait()


def loaded(running: Daemon, token: str, path: str) -> Loaded:
    times = []
    for _ in range(_SAMPLES):
        request = urllib.request.Request(
            f"http://127.0.0.1:{running.port}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=30) as answer:
            first, body = time.monotonic() - began, answer.read()
        times.append((first, time.monotonic() - began, len(body)))
    middle = _SAMPLES // 2
    return Loaded(
        sorted(each[0] for each in times)[middle], sorted(each[1] for each in times)[middle], times[-1][2]
    )


def measure(directory: Path, plan: Plan, chosen: argparse.Namespace) -> dict[str, Any]:
    with website(directory / "site", plan.checks) as site, daemon(directory, site, plan) as running:
        running.wait()
        open_tickets(directory, chosen.tickets)
        added = ask(directory / "state", "tokens.add", name="viewers", scope="look", lasts=None, teams=None)
        token = str(added["token"])
        pages = {path: loaded(running, token, path) for path in _PAGES}
        time.sleep(plan.every)  # everything was looked at once
        alone: list[Window] = []
        beside: list[Window] = []
        seen: list[dict[str, Any]] = []
        with busy(directory, chosen.tickets):
            for _ in range(chosen.rounds):
                alone.append(watched(running, plan, chosen.seconds))
                with viewing(running, token, chosen.viewers, chosen.seconds + 8) as found:
                    time.sleep(5.0)  # all streams are open
                    beside.append(watched(running, plan, chosen.seconds))
                seen.append(found)
            with viewing(running, token, chosen.viewers, 30):
                time.sleep(5.0)
                among = {path: loaded(running, token, path) for path in _PAGES}
        rss = running.cost().rss
    return {"alone": alone, "beside": beside, "seen": seen, "pages": pages, "among": among, "rss": rss}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description=__doc__)
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks of a check")
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each window")
    parser.add_argument("--rounds", type=int, default=2, help="windows without and with viewers")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    print(f"pace {pace():.0f} ms")
    with tempfile.TemporaryDirectory() as directory:
        found = measure(Path(directory), Plan(chosen.checks, chosen.every), chosen)
    rows = [
        (name, each.cpu, each.median * 1000, each.p99 * 1000, each.worst * 1000, each.looks)
        for name, windows in (("without viewers", found["alone"]), ("with viewers", found["beside"]))
        for each in windows
    ]
    tables.show(("window", "cpu ms/s", "late ms: median", "p99", "worst", "looks"), rows)
    for each in found["seen"]:
        print("viewers:", json.dumps(each))
    tables.show(
        ("page", "kB", "first byte ms", "whole ms", "first byte beside viewers", "whole"),
        [
            (path, each.size / 1000, each.first * 1000, each.whole * 1000,
             found["among"][path].first * 1000, found["among"][path].whole * 1000)
            for path, each in found["pages"].items()
        ],
    )  # fmt: skip
    print(f"resident at the end: {found['rss']:.0f} MB; pace {pace():.0f} ms")
    tables.keep(chosen.json, json.loads(json.dumps(found, default=_plain)))


def _plain(each: Any) -> Any:
    return {name: getattr(each, name) for name in each.__dataclass_fields__}


if __name__ == "__main__":
    main()
