"""Memory on the real /proc."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from checks.base import Context
from checks.memory import MemorySpec, probe, share
from checks.network import Network

NOW = 1_800_000_000.0


def _meminfo() -> dict[str, int]:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}


def test_figures_are_those_of_the_kernel() -> None:
    seen = asyncio.run(probe(MemorySpec(), Context(timeout=5, network=Network(), now=NOW))).values
    kernel = _meminfo()
    assert seen["used"] == pytest.approx(1 - kernel["MemAvailable"] / kernel["MemTotal"], abs=0.05)
    assert seen["available"] == pytest.approx(kernel["MemAvailable"], rel=0.1)
    swap = kernel["SwapTotal"]
    assert seen["swap_used"] == pytest.approx(1 - kernel["SwapFree"] / swap if swap else 0, abs=0.05)


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 4, 0.25), (0, 0, 0.0), (5, 0, 0.0), (9, 3, 1.0), (-1, 3, 0.0)]
)
def test_share_stays_between_nothing_and_all(part: int, whole: int, expected: float) -> None:
    assert share(part, whole) == expected
