"""Memory on the real /proc."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from checks.base import Context, Observation
from checks.cgroup import Memory
from checks.memory import Amounts, MemorySpec, probe, share, within
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


def _look(memo: Any = None, now: float = NOW, **options: Any) -> Observation:
    spec = MemorySpec.model_validate(options)
    return asyncio.run(probe(spec, Context(timeout=5, network=Network(), now=now, memo=memo)))


def test_group_can_have_no_more_than_its_limit_leaves_nor_than_the_host_has() -> None:
    host = Amounts(total=1000, available=400)
    assert within(host, None) == host
    assert within(host, Memory(Path("/g"), limit=500, used=200)) == Amounts(500, 300)
    assert within(host, Memory(Path("/g"), limit=900, used=100)) == Amounts(900, 400)
    assert within(host, Memory(Path("/g"), limit=100, used=150)) == Amounts(100, 0)
    assert within(host, Memory(Path("/g"), limit=5000, used=100)) == Amounts(1000, 400)


def test_leak_is_foretold_with_its_bounds() -> None:
    kernel = _meminfo()
    used, left = kernel["MemTotal"] - kernel["MemAvailable"], kernel["MemAvailable"]
    per_minute = left / 200
    memo = [[NOW - 60 * back, used - per_minute * back] for back in range(30, 0, -1)]
    seen = _look(memo).values
    assert seen["full_in"] == pytest.approx(200 * 60, rel=0.1)
    assert (
        0
        < float(seen["full_in_least"] or 0)
        <= float(seen["full_in"] or 0)
        <= float(seen["full_in_most"] or 0)
    )


def test_memo_grows_with_each_look_and_starts_anew_where_it_is_no_memo() -> None:
    first = _look("no memo")
    assert [when for when, _ in first.memo] == [NOW]
    second = _look(json.loads(json.dumps(first.memo)), NOW + 60)
    assert [when for when, _ in second.memo] == [NOW, NOW + 60]
    assert (first.values["full_in"], first.values["limit_used"] is None) == (
        None,
        first.values["limit"] is None,
    )


@pytest.mark.parametrize("scope", ["auto", "host", "cgroup"])
def test_whole_memory_is_never_more_than_the_hosts(scope: str) -> None:
    seen = _look(scope=scope).values
    assert 0 < float(seen["total"] or 0) <= _meminfo()["MemTotal"]
    assert seen["total"] == _meminfo()["MemTotal"] or scope != "host"
