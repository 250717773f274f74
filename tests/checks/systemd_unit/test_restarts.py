"""Restarts of the last hour, from one look to the next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.systemd_unit.restarts import HOUR, counted

AT = 1_800_000_000.0


def test_first_look_knows_no_restarts_and_the_second_does() -> None:
    recent, memo = counted(None, 7, "b", AT)
    assert recent is None
    assert counted(memo, 7, "b", AT + 60)[0] == 0
    assert counted(memo, 9, "b", AT + 60)[0] == 2


def test_restarts_are_forgotten_after_an_hour() -> None:
    memo = counted(counted(None, 0, "b", AT)[1], 3, "b", AT + 60)[1]
    assert counted(memo, 3, "b", AT + 60 + HOUR)[0] == 3
    assert counted(memo, 3, "b", AT + 61 + HOUR)[0] == 0


def test_count_that_begins_anew_takes_nothing_away() -> None:
    memo = counted(counted(None, 0, "b", AT)[1], 5, "b", AT + 60)[1]
    assert counted(memo, 1, "b", AT + 120)[0] == 6
    assert counted(memo, 5, "after a reboot", AT + 120)[0] == 10


def test_unit_that_never_restarts_has_no_count() -> None:
    assert counted({"restarts": 3}, None, "b", AT) == (None, {})


@given(st.lists(st.tuples(st.floats(0.1, 120), st.integers(0, 5)), max_size=60))
def test_count_is_exact_and_the_memo_small(steps: list[tuple[float, int]]) -> None:
    at, count = AT, 0
    _, memo = counted(None, 0, "b", at)
    times: list[tuple[float, int]] = []
    for pause, new in steps:
        at, count = at + pause, count + new
        times.append((at, new))
        recent, memo = counted(memo, count, "b", at)
        lately = sum(new for when, new in times if at - when <= HOUR - 30)
        all_of_it = sum(new for when, new in times if at - when <= HOUR + 30)
        assert lately <= (recent or 0) <= all_of_it
        assert len(memo["moments"]) <= HOUR / 30 + 1


@pytest.mark.parametrize(
    "memo",
    [[], {"restarts": "x", "moments": []}, {"restarts": 1, "moments": [1]}, {"restarts": 1, "moments": [[1, "x"]]},
     {"restarts": 1, "moments": [[AT, 1e999]]}, {"restarts": 1, "moments": [[10**400, 1]]},
     {"restarts": -(10**400), "moments": []}],
    ids=repr,
)  # fmt: skip
def test_memo_of_another_shape_is_none(memo: Any) -> None:
    assert counted(memo, 4, "b", AT)[0] is None
