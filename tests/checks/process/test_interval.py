"""What a memo of processes may hold, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.process.interval import Past, cores, memo, remembered, restarts
from checks.process.table import TICKS, Process


def process(pid: int, began: int = 0, worked: int = 0) -> Process:
    return Process(pid, b"x", False, 1, began, worked, 0)


def test_what_is_stored_is_what_comes_back() -> None:
    kept = memo("boot", 100.0, [process(1, 5, 7)], None)
    assert remembered(kept, "boot", 160.0) == Past(100.0, {(1, 5): 7})


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {},
        {"boot": "boot", "at": "x", "seen": []},
        {"boot": "boot", "at": 1, "seen": None},
        {"boot": "boot", "at": 1, "seen": [[1, 2]]},
        {"boot": "boot", "at": 1, "seen": [[1, 2, "x"]]},
        {"boot": "boot", "at": 1, "seen": [[1, 2, -(10**400)]]},
        {"boot": "boot", "at": float("nan"), "seen": []},
        {"boot": "boot", "at": 1e400, "seen": []},
        {"boot": "another", "at": 1, "seen": []},
        {"boot": "boot", "at": 170.0, "seen": []},
    ],
    ids=repr,
)
def test_memo_of_another_shape_boot_or_time_is_none(kept: Any) -> None:
    assert remembered(kept, "boot", 160.0) is None


def test_number_given_again_is_a_restart() -> None:
    assert restarts(Past(1.0, {(1, 5): 0}), [process(1, 6)]) == 1


def test_work_of_a_process_that_began_since_counts_whole() -> None:
    past = Past(100.0, {(1, 0): 10 * TICKS})
    seen = [process(1, 0, 12 * TICKS), process(2, 150 * TICKS, 3 * TICKS)]
    assert cores(past, seen, 110.0) == pytest.approx(0.5)


def test_work_before_a_process_was_first_seen_does_not_count() -> None:
    assert cores(Past(100.0, {}), [process(1, 50 * TICKS, 40 * TICKS)], 110.0) == 0


def test_of_very_many_processes_nothing_is_remembered() -> None:
    kept = memo("boot", 1.0, [process(pid) for pid in range(1, 600)], None)
    assert kept["seen"] is None
    assert remembered(kept, "boot", 2.0) is None
