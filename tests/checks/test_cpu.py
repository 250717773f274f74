"""CPU on the real /proc, in a real control group with a quota, and on trees of control groups in files."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Context, Observation
from checks.cpu import METER, CpuSpec, counters, observe, parse_stat, probe, shares
from checks.network import Network
from checks.rates import Look, Passed

NOW = 1_800_000_000.0
BEFORE = {"total": 100.0, "busy": 40.0, "steal": 5.0, "iowait": 10.0}


def _look(memo: Any = None) -> Observation:
    return asyncio.run(probe(CpuSpec(), Context(timeout=5, network=Network(), now=NOW, memo=memo)))


def _between(before: dict[str, float], after: dict[str, float]) -> dict[str, float | None]:
    return shares(Passed(METER, Look(0.0, {"all": before}), Look(60.0, {"all": after})), "all")


def _group(quota: float, usage: float, periods: int, throttled: int) -> dict[str, float]:
    return {"quota": quota, "usage": usage, "periods": periods, "throttled": throttled}


def test_shares_are_over_the_time_between() -> None:
    after = {"total": 200.0, "busy": 120.0, "steal": 25.0, "iowait": 15.0}
    assert _between(BEFORE, after) == {"busy": 0.8, "steal": 0.2, "iowait": 0.05}


def test_iowait_taken_back_by_the_kernel_counts_as_none() -> None:
    after = {**BEFORE, "total": 110.0, "busy": 45.0, "iowait": 9.9}
    assert _between(BEFORE, after) == {"busy": 0.5, "steal": 0.0, "iowait": 0.0}


@pytest.mark.parametrize("after", [{**BEFORE, "total": 120.0, "busy": 39.0}, BEFORE])
def test_counters_that_began_anew_or_stood_still_give_no_shares(after: dict[str, float]) -> None:
    assert set(_between(BEFORE, after).values()) == {None}


def test_counters_are_those_of_psutil() -> None:
    seen, known = counters(), psutil.cpu_times()
    idle = seen["all"]["total"] - seen["all"]["busy"] - seen["all"]["iowait"]
    assert idle == pytest.approx(known.idle, rel=0.01, abs=5)
    assert seen["all"]["busy"] == pytest.approx(
        known.user + known.nice + known.system + known.irq + known.softirq + known.steal, rel=0.01, abs=5
    )
    assert len([name for name in seen if name.startswith("cpu")]) == len(psutil.cpu_times(percpu=True))


def test_old_kernels_with_guest_times_are_read() -> None:
    seen = parse_stat("cpu  100 0 0 100 0 0 0 0 50 0\ncpu3 1 2 3 4 5 6 7 8 9 10\nintr 5 6\n")
    assert set(seen) == {"all", "cpu3"}
    assert seen["all"]["busy"] * 2 == seen["all"]["total"]


def test_run_with_a_memo_compares_with_it_and_does_not_wait() -> None:
    memo = _look().memo
    memo["at"] -= 1000
    whole = memo["counters"]["all"]
    whole["total"], whole["busy"] = whole["total"] - 1000, whole["busy"] - 500
    assert _look(memo).values["busy"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("memo", [None, [], "x", {"boot": None, "counters": None}, {"counters": {"all": 1}}])
def test_without_a_fitting_memo_it_looks_twice(memo: Any) -> None:
    seen = _look(memo)
    for name in ("busy", "steal", "iowait", "busiest"):
        assert 0 <= float(seen.values[name] or 0) <= 1
    assert json.loads(json.dumps(seen.memo)) == seen.memo


def test_busiest_processor_is_told_beside_the_mean() -> None:
    idle = {"total": 0.0, "busy": 0.0, "steal": 0.0, "iowait": 0.0}
    before = {"all": idle, "cpu0": idle, "cpu1": idle}
    after = {
        "all": {**idle, "total": 20.0, "busy": 10.0},
        "cpu0": {**idle, "total": 10.0, "busy": 9.0},
        "cpu1": {**idle, "total": 10.0, "busy": 1.0},
    }
    seen = observe(CpuSpec(), Passed(METER, Look(0.0, before), Look(10.0, after))).values
    assert (seen["busy"], seen["busiest"]) == (0.5, 0.9)


@pytest.mark.parametrize(("scope", "busy"), [("auto", 0.25), ("cgroup", 0.5), ("host", 0.8)])
def test_busy_is_of_the_limit_that_the_scope_asks_for(scope: Any, busy: float) -> None:
    """The container may use 2 processors, the agent's own service in it 1; 5 s of processor time went in 10 s."""
    before = {"all": BEFORE, "container": _group(2, 100, 10, 0), "group": _group(1, 100, 10, 0)}
    after = {
        "all": {"total": 200.0, "busy": 120.0, "steal": 5.0, "iowait": 10.0},
        "container": _group(2, 105, 110, 5),
        "group": _group(1, 105, 110, 25),
    }
    seen = observe(CpuSpec(scope=scope), Passed(METER, Look(0.0, before), Look(10.0, after))).values
    assert seen["busy"] == pytest.approx(busy)
    assert [seen[name] for name in ("quota", "quota_used", "throttled")] == pytest.approx([1, 0.5, 0.25])


def test_without_a_limit_the_scope_falls_back_to_the_host() -> None:
    after = {"all": {"total": 200.0, "busy": 120.0, "steal": 5.0, "iowait": 10.0}}
    moved = Passed(METER, Look(0.0, {"all": BEFORE}), Look(10.0, after))
    for scope in ("auto", "cgroup", "host"):
        seen = observe(CpuSpec.model_validate({"scope": scope}), moved).values
        assert seen["busy"] == pytest.approx(0.8)
        assert (seen["quota"], seen["quota_used"]) == (None, None)


amounts = st.fixed_dictionaries({name: st.floats(0, 1e9) for name in BEFORE})


@given(amounts, amounts)
def test_shares_are_always_shares(before: dict[str, float], after: dict[str, float]) -> None:
    assert all(share is None or 0 <= share <= 1 for share in _between(before, after).values())
