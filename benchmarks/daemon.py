"""What the whole daemon costs: CPU per probe, start, memory, and whether every look came, and in time.

python -m benchmarks.daemon [--checks 200] [--every 10] [--minutes 10] [--tls] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks import tables
from benchmarks.processes import Cost, bare_transfer, pace
from benchmarks.tocsin import Daemon, Plan, daemon
from benchmarks.website import Website, website

_IDLE = Plan(checks=1, every=60)
_IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen between warm-up and end; seconds, milliseconds where named so."""

    seconds: float
    cpu: float
    looks: int
    asked: int
    end: Cost

    @property
    def ms_per_look(self) -> float:
        return self.cpu / self.looks * 1000 if self.looks else 0.0

    @property
    def ms_per_second(self) -> float:
        return self.cpu / self.seconds * 1000


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How exactly each check kept its interval: deviations in seconds, and how many looks never came."""

    median: float
    p99: float
    worst: float
    missed: int


def watch(running: Daemon, site: Website, warm_up: float, seconds: float) -> Window:
    """Measure from `warm_up` seconds after now for so many seconds; asking for metrics stays outside the window."""
    time.sleep(warm_up)
    looks, asked = running.looks(), site.served()
    before, began = running.cost(), time.monotonic()
    time.sleep(seconds)
    passed, end = time.monotonic() - began, running.cost()
    return Window(
        seconds=passed,
        cpu=end.cpu - before.cpu,
        looks=running.looks() - looks,
        asked=site.served() - asked - 1,
        end=end,
    )


def punctuality(moments: Mapping[tuple[str, str], Sequence[int]], every: float) -> Punctuality:
    """The first look of each check is left out: the first round is drawn together on purpose."""
    gaps = [
        (later - earlier) / 1_000_000 for looks in moments.values() for earlier, later in pairwise(looks[1:])
    ]
    away = sorted(abs(gap - round(gap / every) * every) for gap in gaps) or [0.0]
    missed = sum(max(0, round(gap / every) - 1) for gap in gaps)
    return Punctuality(statistics.median(away), away[int(len(away) * 0.99)], away[-1], missed)


def measure(directory: Path, plan: Plan, seconds: float, *, tls: bool) -> dict[str, float]:
    """Every figure of one run, the idle daemon's first."""
    with website(directory / "site", plan.checks, tls=tls) as site:
        with daemon(directory / "idle", site, _IDLE) as running:
            running.wait()
            idle = watch(running, site, 5, min(seconds, _IDLE_SECONDS))
        with daemon(directory / "busy", site, plan) as running:
            ready, first = running.wait()
            busy = watch(running, site, max(15.0, 1.5 * plan.every), seconds)
            after = running.metrics()
            kept = punctuality(running.moments(), plan.every)
        bare = 0.0 if tls else bare_transfer(site.url(0))
    marginal = (busy.cpu - idle.ms_per_second * busy.seconds / 1000) / busy.looks * 1000
    figures = {
        "CPU per probe, all in (ms)": busy.ms_per_look,
        "CPU per probe on top of an idle daemon (ms)": marginal,
        "CPU of an idle daemon (ms a second)": idle.ms_per_second,
        "CPU of the daemon (% of one core)": busy.ms_per_second / 10,
        "start to ready (s)": ready,
        "start to first look in the store (s)": first,
        "resident at the end (MB)": busy.end.rss,
        "resident at most (MB)": busy.end.peak,
        "resident, idle daemon (MB)": idle.end.rss,
        "threads": busy.end.threads,
        "open files": busy.end.files,
        "looks in the window": busy.looks,
        "requests nginx answered": busy.asked,
        "looks expected": round(busy.seconds * plan.checks / plan.every),
        "looks missed": kept.missed,
        "looks skipped": after.get("tocsin_scheduler_skipped", 0.0),
        "off the interval, median (s)": kept.median,
        "off the interval, p99 (s)": kept.p99,
        "off the interval, worst (s)": kept.worst,
        "scheduler lag, last tick (s)": after.get("tocsin_scheduler_lag_seconds", 0.0),
        "pace of the machine (ms)": pace(),
    }
    if bare:
        figures |= {
            "bare libcurl transfer (ms)": bare,
            "CPU per probe (bare transfers)": busy.ms_per_look / bare,
        }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daemon", description=__doc__)
    parser.add_argument("--checks", type=int, default=200)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks of a check")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the window after warm-up")
    parser.add_argument("--tls", action="store_true", help="probe over TLS, without resumption")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    plan = Plan(chosen.checks, chosen.every)
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as directory:
        figures = measure(Path(directory), plan, chosen.minutes * 60, tls=chosen.tls)
    scheme = "https" if chosen.tls else "http"
    print(f"{plan.checks} {scheme} checks every {plan.every:g}s, {chosen.minutes:g} minutes")
    tables.show(["figure", "value"], list(figures.items()))
    tables.keep(chosen.json, {"plan": asdict(plan), "tls": chosen.tls, "figures": figures})


if __name__ == "__main__":
    main()
