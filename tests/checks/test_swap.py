"""Swap: the real /proc beside psutil, and known counters."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from checks.base import Context
from checks.network import Network
from checks.rates import Look, Passed
from checks.swap import METER, SwapSpec, counters, observe, parse, probe

MEMINFO = "MemTotal: 100 kB\nSwapTotal:    2000 kB\nSwapFree:      500 kB\n"


def _passed(before: dict[str, float], after: dict[str, float]) -> Passed:
    return Passed(METER, Look(0.0, {"swap": before}), Look(10.0, {"swap": after}))


def test_figures_are_those_of_psutil() -> None:
    seen = asyncio.run(probe(SwapSpec(), Context(timeout=5, network=Network(), now=1.8e9)))
    known = psutil.swap_memory()
    assert seen.values["total"] == known.total
    assert seen.values["free"] == pytest.approx(known.free, rel=0.05)
    assert seen.values["used"] == pytest.approx(known.percent / 100, abs=0.02)
    assert counters()["swap"] == pytest.approx({"in": known.sin, "out": known.sout}, rel=0.01)


def test_rates_are_bytes_per_second_over_the_time_between() -> None:
    seen = observe(MEMINFO, _passed({"in": 0, "out": 4096}, {"in": 40960, "out": 4096})).values
    assert (seen["used"], seen["free"], seen["total"]) == (0.75, 512_000, 2_048_000)
    assert (seen["in_rate"], seen["out_rate"]) == (4096, 0)


def test_host_without_swap_uses_none_of_it() -> None:
    seen = observe(
        "SwapTotal: 0 kB\nSwapFree: 0 kB\n", _passed({"in": 0, "out": 0}, {"in": 0, "out": 0})
    ).values
    assert (seen["used"], seen["total"], seen["in_rate"]) == (0.0, 0, 0)


def test_kernel_that_does_not_count_leaves_the_rates_unread() -> None:
    seen = observe("", _passed({}, {}))
    assert (seen.values["in_rate"], set(seen.unread)) == (None, {"in_rate", "out_rate"})


def test_lines_that_are_no_numbers_are_passed_over() -> None:
    assert parse("a 5\nb x\nc\n\nd 7 kB") == {"a": 5, "d": 7}
    assert parse(Path("/proc/vmstat").read_text())["pgfault"] > 0
