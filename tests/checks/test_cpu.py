"""CPU on the real /proc: over the time since the last run, and by two looks where there was none."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Context, Observation
from checks.cpu import CpuSpec, between, counters, probe
from checks.network import Network

NOW = 1_800_000_000.0

BEFORE = {"total": 100.0, "busy": 40.0, "steal": 5.0, "iowait": 10.0}


def _look(memo: Any) -> Observation:
    return asyncio.run(probe(CpuSpec(), Context(timeout=5, network=Network(), now=NOW, memo=memo)))


def _assert_shares(seen: Observation) -> None:
    assert set(seen.values) == {"busy", "steal", "iowait"}
    assert all(0 <= float(share or 0) <= 1 for share in seen.values.values())


def test_shares_are_over_the_time_between() -> None:
    after = {"total": 200.0, "busy": 120.0, "steal": 25.0, "iowait": 15.0}
    assert between(BEFORE, after) == {"busy": 0.8, "steal": 0.2, "iowait": 0.05}


def test_iowait_taken_back_by_the_kernel_counts_as_none() -> None:
    assert between(BEFORE, {**BEFORE, "total": 110.0, "busy": 45.0, "iowait": 9.9}) == {
        "busy": 0.5,
        "steal": 0.0,
        "iowait": 0.0,
    }


@pytest.mark.parametrize(
    "after",
    [
        {"total": 3.0, "busy": 1.0, "steal": 0.0, "iowait": 0.0},
        {"total": 120.0, "busy": 39.0, "steal": 5.0, "iowait": 10.0},
        {"total": 100.01, "busy": 40.01, "steal": 5.0, "iowait": 10.0},
    ],
)
def test_counters_that_began_anew_or_hardly_moved_give_no_shares(after: dict[str, float]) -> None:
    assert between(BEFORE, after) is None


def test_run_with_a_memo_compares_with_it_and_does_not_wait() -> None:
    first = _look(None)
    began = {name: seconds - moved for (name, seconds), moved in zip(
        first.memo["counters"].items(), (1000.0, 500.0, 0.0, 0.0), strict=True)}  # fmt: skip
    second = _look({**first.memo, "counters": began})
    assert second.values["busy"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    "memo", [None, [], "x", {"boot": None, "counters": None}, {"counters": {"total": 1}}]
)
def test_without_a_fitting_memo_it_looks_twice(memo: Any) -> None:
    seen = _look(memo)
    _assert_shares(seen)
    assert json.loads(json.dumps(seen.memo)) == seen.memo


def test_counters_of_another_boot_are_not_compared_with() -> None:
    now = counters()
    began = {**now, "total": now["total"] - 1000, "busy": now["busy"] - 900, "steal": now["steal"] - 900}
    believed = _look({"boot": _look(None).memo["boot"], "counters": began})
    assert believed.values["steal"] == pytest.approx(0.9, abs=0.05)
    assert float(_look({"boot": "another", "counters": began}).values["steal"] or 0) < 0.5


@pytest.mark.parametrize(
    "counted",
    [
        {"total": "x", "busy": 0, "steal": 0, "iowait": 0},
        {"total": 1e30, "busy": 1e30, "steal": 0.0, "iowait": 0.0},
        {"total": float("nan"), "busy": 0.0, "steal": 0.0, "iowait": 0.0},
    ],
)
def test_counters_that_cannot_be_are_looked_at_anew(counted: dict[str, Any]) -> None:
    boot = _look(None).memo["boot"]
    _assert_shares(_look({"boot": boot, "counters": counted}))


amounts = st.fixed_dictionaries({name: st.floats(0, 1e9) for name in BEFORE})


@given(amounts, amounts)
def test_shares_are_always_shares(before: dict[str, float], after: dict[str, float]) -> None:
    shares = between(before, after)
    assert shares is None or all(0 <= share <= 1 for share in shares.values())
