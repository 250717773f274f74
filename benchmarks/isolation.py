"""Whom hanging targets delay: 500 healthy checks alone, and beside dozens that hang, by the store's own readings.

python -m benchmarks.isolation [--checks 500] [--every 15] [--seconds 30] [--json FILE]

Two daemons run side by side, so that whatever else the machine does meets both. A look is late by the time from the
moment it was due until its reading was there. As root it runs in namespaces of its own, with a name server that never
answers; otherwise names are left out.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from agent.scheduler import TICK
from agent.wheel import phase
from benchmarks import tables
from benchmarks.hanging import Checks, hanging, install_stuck, silent_name_server
from benchmarks.processes import environment, pace
from benchmarks.tocsin import command
from benchmarks.website import Website, website

_INSIDE = "TOCSIN_BENCHMARK_INSIDE"
_PAGES = 100
# The last of the first round meet the first of the second, so that both are late for a while.
_STARTING, _SETTLING, _STORING = 60.0, 4.0, 3.0
_DRIFT = 0.05
# Service, check, microseconds of the wall clock, seconds it took.
Row = tuple[str, str, int, float]
_READ = "SELECT service, check_id, at, took FROM readings WHERE at BETWEEN ? AND ? AND service = 'healthy'"
_LOOKED_AT = "SELECT count(DISTINCT check_id) FROM readings WHERE service = 'healthy'"


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late looks were, in seconds: over all, the worst of the medians of single checks, the median of each kind."""

    looks: int
    median: float
    p99: float
    worst: float
    worst_check: float
    kinds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """So many healthy checks, each looking every so many seconds, watched for so long."""

    checks: int
    every: float
    seconds: float


def healthy(plan: Plan, site: Website, directory: Path) -> Checks:
    """A mixture as on a real host: most of them http, the rest tcp, disks and files (on threads), programs."""
    port, file = int(site.base.rpartition(":")[2]), directory / "file"
    file.write_text("all is well\n")
    checks: Checks = {}
    for number in range(plan.checks):
        checks[f"c{number}"] = (
            {"type": "disk", "path": "/"} if number % 12 == 3 else
            {"type": "file", "path": str(file)} if number % 12 == 7 else
            {"type": "tcp", "host": "127.0.0.1", "port": port} if number % 6 == 1 else
            {"type": "command", "command": ["true"]} if number % 50 == 10 else
            {"type": "http", "url": f"{site.url(number % _PAGES)}?{number}"}
        )  # fmt: skip
    return checks


def write(path: Path, plan: Plan, services: Mapping[str, Checks]) -> None:
    """The configuration; what hangs has a deadline a little under its interval, so that it hangs all the time."""
    timing = {"every": f"{plan.every:g}s", "timeout": f"{plan.every * 0.9:g}s"}
    state = {"state_dir": str(path.parent / "state"), "stop_grace": "1s"}
    written = {
        "agent": {"id": "isolation", "listen": "127.0.0.1:0", **state},
        "defaults": {"retry_every": timing["every"]},
        "services": {
            service: {"checks": {name: {**timing, **options} for name, options in checks.items()}}
            for service, checks in services.items()
        },
    }
    path.write_text(yaml.safe_dump(written))


@contextmanager
def running(directory: Path, plan: Plan, services: Mapping[str, Checks]) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon on these checks, with the kind that hangs installed beside it."""
    install_stuck(directory / "kinds")
    path = directory / "tocsin.yaml"
    write(path, plan, services)
    surroundings = {**environment(), "PYTHONPATH": str(directory / "kinds")}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [command(), "run", "--config", str(path)], stdout=log, stderr=log, env=surroundings
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        finally:
            process.kill()


def _await_first_round(directory: Path, process: subprocess.Popen[bytes], checks: int) -> None:
    """It is drawn together on purpose. After it, what hangs does: all wait in their first look, or in the next."""
    deadline = time.monotonic() + _STARTING
    while _looked_at(directory) < checks:
        if process.poll() is not None or time.monotonic() > deadline:
            log = (directory / "log").read_text(errors="replace")[-2000:]
            raise SystemExit(f"tocsin did not look at all of its checks: {log}")
        time.sleep(0.1)


def _looked_at(directory: Path) -> int:
    """How many of the healthy checks have a reading."""
    try:
        return int(_ask(directory, _LOOKED_AT)[0][0])
    except sqlite3.OperationalError:  # the store is not there yet, or is being made
        return 0


def _rows(directory: Path, begin: float, plan: Plan) -> list[Row]:
    """The looks of the healthy checks, of `plan.seconds` from a moment on."""
    return _ask(directory, _READ, int(begin * 1e6), int((begin + plan.seconds) * 1e6))


def _ask(directory: Path, query: str, *parameters: int) -> list[Any]:
    """From the store of the daemon that lives there."""
    with closing(sqlite3.connect(f"file:{directory}/state/tocsin.db?mode=ro", uri=True)) as store:
        return store.execute(query, parameters).fetchall()


def lateness(rows: list[Row], plan: Plan, kinds: Mapping[str, str]) -> Lateness:
    """From readings, and the kind of each check."""
    since_boot = time.time() - time.monotonic()
    late: dict[str, list[float]] = {check: [] for check in kinds}
    for service, check, at, took in rows:
        due = ceil(phase(f"{service}.{check}", plan.every) / TICK) * TICK
        # The two clocks may have drifted apart a little: nothing begins before it is due.
        begun = max(0.0, (at / 1e6 - since_boot - due + _DRIFT) % plan.every - _DRIFT)
        late[check].append(begun + took)
    every = sorted(each for looks in late.values() for each in looks)
    of_kind = {
        kind: [each for check in late if kinds[check] == kind for each in late[check]]
        for kind in kinds.values()
    }
    return Lateness(
        looks=len(every),
        median=statistics.median(every),
        p99=every[int(len(every) * 0.99)],
        worst=every[-1],
        worst_check=max(statistics.median(looks) for looks in late.values() if looks),
        kinds={kind: statistics.median(looks) for kind, looks in of_kind.items() if looks},
    )


def measure(directory: Path, plan: Plan, *, names: bool) -> tuple[Lateness, Lateness, int]:
    """Alone, beside those that hang, and how many these were."""
    alone, beside = directory / "alone", directory / "beside"
    with ExitStack() as stack:
        site = stack.enter_context(website(directory / "site", _PAGES))
        stuck = stack.enter_context(hanging(directory, names=names))
        well = healthy(plan, site, directory)
        started = {
            alone: stack.enter_context(running(alone, plan, {"healthy": well})),
            beside: stack.enter_context(running(beside, plan, {"healthy": well, "hanging": stuck})),
        }
        for each, process in started.items():
            _await_first_round(each, process, plan.checks)
        time.sleep(_SETTLING)
        begin = time.time()
        time.sleep(plan.seconds + _STORING)
        kinds = {name: str(options["type"]) for name, options in well.items()}
        found = [lateness(_rows(each, begin, plan), plan, kinds) for each in (alone, beside)]
        _expect_hanging(beside, set(stuck))
    return found[0], found[1], len(stuck)


def _expect_hanging(directory: Path, names: set[str]) -> None:
    """What is to hang hung, each of them, and nothing of it was ever well."""
    seen = _ask(directory, "SELECT check_id, status FROM readings WHERE service = 'hanging'")
    well = {name for name, status in seen if status == "ok"}
    unseen = names - {name for name, _ in seen}
    if well or unseen:
        raise SystemExit(
            f"not all of what is to hang did: well {sorted(well)}, not looked at {sorted(unseen)}"
        )


def _inside() -> None:
    """Go on in namespaces of our own, with an /etc/resolv.conf that leads to nobody; returns where that cannot be."""
    probe = ["unshare", "--mount", "--net", "true"]
    if os.environ.get(_INSIDE) or subprocess.run(probe, capture_output=True, check=False).returncode:
        return
    script = (
        "ip link set lo up && mount -t tmpfs none /mnt && "
        "echo 'nameserver 127.0.0.1' > /mnt/resolv.conf && mount --bind /mnt/resolv.conf /etc/resolv.conf && "
        'exec "$@"'
    )
    again = [sys.executable, "-m", "benchmarks.isolation", *sys.argv[1:]]
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--net", "sh", "-c", script, "sh", *again])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.isolation", description=__doc__)
    parser.add_argument("--checks", type=int, default=500)
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two looks of a check")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the window after warm-up")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    _inside()
    names = bool(os.environ.get(_INSIDE))
    plan = Plan(chosen.checks, chosen.every, chosen.seconds)
    with ExitStack() as stack:
        if names:
            stack.enter_context(silent_name_server())
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-benchmark-"))
        alone, beside, hung = measure(Path(directory), plan, names=names)
    print(
        f"{plan.checks} healthy checks every {plan.every:g}s, alone and beside {hung} that hang; seconds late"
    )
    before, after = asdict(alone), asdict(beside)
    flat = [
        {**each, **{f"median of {kind}": seen for kind, seen in each["kinds"].items()}}
        for each in (before, after)
    ]
    rows = [
        [name, flat[0][name], flat[1][name], flat[1][name] - flat[0][name]]
        for name in flat[0]
        if name != "kinds"
    ]
    tables.show(["figure", "alone", "beside", "more"], rows)
    print(f"pace of the machine: {pace():.0f} ms")
    tables.keep(chosen.json, {"plan": asdict(plan), "alone": before, "beside": after, "hanging": hung})


if __name__ == "__main__":
    main()
