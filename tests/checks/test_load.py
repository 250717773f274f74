"""Load on the real /proc."""

from __future__ import annotations

import asyncio
import os

import pytest

from checks.base import Context
from checks.load import LoadSpec, probe
from checks.network import Network

NOW = 1_800_000_000.0


def test_figures_are_those_of_the_kernel() -> None:
    seen = asyncio.run(probe(LoadSpec(), Context(timeout=5, network=Network(), now=NOW))).values
    assert [seen[name] for name in ("load1", "load5", "load15")] == pytest.approx(os.getloadavg(), abs=0.5)
    assert float(seen["per_core"] or 0) * (os.cpu_count() or 1) == pytest.approx(seen["load1"])
