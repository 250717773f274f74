"""The window slides by the log's own time: late lines, wrong clocks, silence, and what is remembered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.access_log.tally import Tally
from checks.access_log.window import Window

NOW = 1_800_000_000.0


def tallied(window: Window, moments: Iterable[float], status: int = 200, path: str = "/") -> Tally:
    tally = Tally(step=window.step, span=window.span)
    tally.add([(at, status, path, None, None, 0.01, 100, None, None) for at in moments])
    tally.settle()
    return tally


def seen(window: Window, now: float) -> int:
    window.slide(now)
    return window.total().requests


def test_requests_leave_the_window_when_it_has_passed_over_them() -> None:
    window = Window(300)
    window.take(tallied(window, range(int(NOW) - 400, int(NOW) + 1)), heard=NOW)
    assert seen(window, NOW) == 300
    assert seen(window, NOW + 100) == 200
    assert seen(window, NOW + 299) == 1
    assert seen(window, NOW + 301) == 0


def test_silent_log_empties_the_window_as_the_hosts_time_goes_on() -> None:
    window = Window(300)
    window.take(tallied(window, [NOW - 10, NOW]), heard=NOW)
    assert [seen(window, NOW + later) for later in (0, 280, 295, 305)] == [2, 2, 1, 0]


@pytest.mark.parametrize("wrong", [-7200.0, -90.0, 90.0, 500.0])
def test_clock_of_the_log_may_be_wrong(wrong: float) -> None:
    window = Window(300)
    window.take(tallied(window, [NOW + wrong - 100, NOW + wrong]), heard=NOW)
    assert [seen(window, NOW + later) for later in (0, 150, 250, 350)] == [2, 2, 1, 0]


def test_log_that_was_silent_for_long_is_not_taken_for_fresh() -> None:
    window = Window(300)
    window.take(tallied(window, [NOW - 86_400]), heard=NOW - 86_400)
    assert seen(window, NOW) == 0


def test_late_lines_count_where_they_belong() -> None:
    window = Window(300)
    window.take(tallied(window, [NOW]), heard=NOW)
    window.take(tallied(window, [NOW - 200, NOW - 290, NOW - 400]), heard=NOW + 5)
    assert window.newest == NOW
    assert seen(window, NOW) == 3
    assert seen(window, NOW + 50) == 2
    assert seen(window, NOW + 150) == 1


def test_host_clock_that_is_set_back_empties_nothing() -> None:
    window = Window(300)
    window.take(tallied(window, [NOW]), heard=NOW)
    assert seen(window, NOW - 3600) == 1


def test_malformed_lines_slide_out_as_well() -> None:
    window = Window(300)
    window.blame(3, NOW)
    window.slide(NOW + 200)
    assert window.malformed == 3
    window.slide(NOW + 301)
    assert window.malformed == 0


moments = st.lists(st.integers(-900, 0), max_size=60)


@given(st.lists(moments, max_size=5), st.sampled_from([10.0, 60.0, 300.0, 3600.0, 86_400.0]))
def test_what_is_remembered_between_looks_changes_nothing(looks: list[list[int]], length: float) -> None:
    straight, remembered = Window(length), Window(length)
    for number, offsets in enumerate(looks):
        now = NOW + number
        for window in (straight, remembered):
            window.take(tallied(window, [now + offset for offset in offsets], 200 + number), heard=now)
            window.slide(now)
        remembered = Window(length, json.loads(json.dumps(remembered.memo())))
        assert remembered.total().statuses == straight.total().statuses
        assert remembered.total().took == straight.total().took
        assert remembered.newest == straight.newest


@given(moments)
def test_order_of_lines_and_cuts_between_looks_do_not_matter(offsets: list[int]) -> None:
    at_once, one_by_one = Window(300), Window(300)
    at_once.take(tallied(at_once, [NOW + offset for offset in offsets]), heard=NOW)
    for offset in offsets:
        one_by_one.take(tallied(one_by_one, [NOW + offset]), heard=NOW)
        one_by_one.slide(NOW)
    newest = max(offsets, default=0)
    assert seen(at_once, NOW) == sum(newest - 300 < offset for offset in offsets)
    assert seen(one_by_one, NOW) == seen(at_once, NOW)


@pytest.mark.parametrize("length", [300.0, 3600.0])
def test_memo_is_bounded_where_nearly_every_name_is_another(length: float) -> None:
    window = Window(length)
    rows = [
        (NOW - number % length, (200, 304, 404, 502)[number % 4], f"/group{number % 50}/{'x' * 250}{number}", None,
         f"site{number % 90}.example", 0.001 * (number % 977), 100, f"https://r{number % 70}.example/{'y' * 200}", "u")
        for number in range(20_000)
    ]  # fmt: skip
    tally = Tally(step=window.step, span=window.span)
    tally.add(rows)
    tally.settle()
    window.take(tally, heard=NOW)
    assert window.total().requests == 20_000
    assert len(json.dumps(window.memo())) < 250_000


@pytest.mark.parametrize(
    "memo",
    [
        {"step": 1, "end": [None, None], "fine": [], "details": []},
        {"step": 1, "end": [1e999, 0], "fine": [], "details": []},
        {"step": 1, "end": [1, 1], "fine": [[1, 2, 3]], "details": []},
        {"step": 1, "end": [1, 1], "fine": [[1, 2, 3, [200]]], "details": []},
        {"step": 1, "end": [1, 1], "fine": [[1, 2, 3, [200, -1]]], "details": []},
        {"step": 1, "end": [1, 1], "fine": [["1", 2, 3, [200, 1]]], "details": []},
        {"step": 1, "end": [1, 1], "fine": [], "details": [[1, [], {}, [], [], [], []]]},
        {"step": 7, "end": [NOW, NOW], "fine": [[int(NOW), 0, 0, [200, 1]]], "details": []},
        [],
    ],
)
def test_memo_that_makes_no_sense_is_no_memo(memo: Any) -> None:
    window = Window(300, memo)
    assert (window.newest, window.total().requests, window.malformed) == (None, 0, 0)
