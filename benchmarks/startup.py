"""What starting costs: the commands that people type, the daemon's first look, and which imports take the time.

python -m benchmarks.startup [--runs 9] [--imports 15] [--json FILE]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tables
from benchmarks.processes import environment, pace
from benchmarks.tocsin import Plan, command, daemon, write_config
from benchmarks.website import Website, website

_FIRST = Plan(checks=1, every=60)


@dataclass(frozen=True, slots=True)
class Took:
    """One run of a command: seconds of CPU and of wall."""

    cpu: float
    wall: float


def run(arguments: Sequence[str]) -> Took:
    """Run it once, its output thrown away."""
    began = time.perf_counter()
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Took(used.ru_utime + used.ru_stime, wall)


def commands(config: Path) -> dict[str, list[str]]:
    """What is timed, by the name it is shown under; an empty Python is the yardstick."""
    tocsin, given = command(), ["--config", str(config)]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "tocsin --help": [tocsin, "--help"],
        "tocsin validate": [tocsin, "validate", *given],
        "tocsin check (one http check)": [tocsin, "check", *given],
    }


def timed(config: Path, runs: int) -> list[list[object]]:
    """A row per command; the runs are taken in turn, after one that is not counted."""
    wanted = commands(config)
    for arguments in wanted.values():
        run(arguments)
    found: dict[str, list[Took]] = {name: [] for name in wanted}
    for _ in range(runs):
        for name, arguments in wanted.items():
            found[name].append(run(arguments))
    return [
        [
            name,
            _median([it.cpu for it in took]),
            _median([it.wall for it in took]),
        ]
        for name, took in found.items()
    ]


def first_looks(directory: Path, site: Website, runs: int) -> list[list[object]]:
    """The daemon's way from exec to ready and to its first look in the store; on a new store, and again."""
    found: dict[str, list[tuple[float, float, float]]] = {"first start, new store": [], "start again": []}
    for number in range(runs):
        place = directory / f"run{number}"
        for seen in found.values():
            with daemon(place, site, _FIRST) as running:
                ready, first = running.wait()
                seen.append((ready, first, running.cost().cpu))
    return [
        [name, *(_median(list(each)) for each in zip(*took, strict=True))] for name, took in found.items()
    ]


def imports(module: str, most: int) -> list[list[object]]:
    """The modules that take longest to import by themselves, in milliseconds, and how long all took."""
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    rows = [line.removeprefix("import time:").split("|") for line in shown.splitlines()[1:]]
    own = sorted(((int(row[0]) / 1000, row[2].strip()) for row in rows), reverse=True)
    total = sum(took for took, _ in own)
    return [[f"all of {module}", total], *([f"  {name}", took] for took, name in own[:most])]


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--imports", type=int, default=15, help="how many modules to list")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as name,
        website(Path(name) / "site", 1) as site,
    ):
        directory = Path(name)
        config, _ = write_config(directory, site, _FIRST)
        rows = timed(config, chosen.runs)
        looks = first_looks(directory, site, max(1, chosen.runs // 2))
    tables.show(["command, medians", "CPU s", "wall s"], rows)
    print(f"pace of the machine: {pace():.0f} ms")
    tables.show(["tocsin run, medians", "to ready s", "to first look s", "CPU s by then"], looks)
    for module in ("agent.cli.command", "agent.daemon"):
        tables.show(["import", "ms"], imports(module, chosen.imports))
    tables.keep(chosen.json, {"commands": rows, "first looks": looks})


if __name__ == "__main__":
    main()
