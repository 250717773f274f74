"""Requests by hour: every line in the hour of its own time, once, over looks, stops, rotation and old memos."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.access_log.hours import HOUR, LONGEST, Hours
from checks.access_log.kind import sample
from checks.access_log.spec import AccessLogSpec
from checks.base import Observation
from tests.checks.access_log.test_kind import NOW, line, look, write

THIS = int(NOW)  # an hour begins at that moment
DAY = 24 * HOUR


def hours(seen: Observation) -> Mapping[int, tuple[int, int]]:
    """What the look told of, by hours from the one that begins at NOW on."""
    if seen.requests is None:
        return {}
    assert seen.requests.so_far
    return {(hour - THIS) // HOUR: counts for hour, counts in seen.requests.hours.items()}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Seen already, and empty."""
    return write(tmp_path / "access.log", [])


def test_good_is_all_but_what_the_server_failed_to_answer(log: Path) -> None:
    write(log, [line(NOW + 1, status) for status in (200, 301, 404, 499, 500, 503, 599)])
    assert hours(look(log, now=NOW + 2)) == {0: (7, 4)}


def test_what_is_no_request_that_was_answered_is_neither(log: Path) -> None:
    write(log, ["nonsense\n", line(NOW), line(NOW, 999), line(NOW)])
    assert hours(look(log)) == {0: (2, 2)}


def test_only_requests_to_the_wanted_hosts_count(log: Path) -> None:
    write(
        log, [line(NOW, 500, host="a.example "), line(NOW, host="b.example "), line(NOW, host="a.example ")]
    )
    assert hours(look(log, hosts=["a.example"])) == {0: (2, 1)}


def test_each_line_counts_in_the_hour_of_its_own_time(log: Path) -> None:
    memo = look(log).memo
    moments = (NOW, NOW + HOUR - 1, NOW + HOUR, NOW + HOUR + 1)
    write(log, [line(at, 500 if at == NOW + HOUR else 200) for at in moments])
    assert hours(look(log, memo, NOW + 2 * HOUR)) == {0: (2, 2), 1: (2, 1)}


@pytest.mark.parametrize("window", ["10s", "5m", "35m", "59m", "7h", "23h", "1d"])
def test_the_turn_of_an_hour_lies_between_two_slices_of_every_window(log: Path, window: str) -> None:
    """In rows (the log with hosts) and in columns."""
    memo = look(log, window=window).memo
    write(log, [line(NOW + HOUR + second) for second in range(-400, 400)])
    seen = look(log, memo, NOW + HOUR + 400, window=window)
    assert hours(seen) == {0: (400, 400), 1: (400, 400)}
    write(log, [line(NOW + HOUR + second, host="a.example ") for second in range(-400, 400)])
    seen = look(log, seen.memo, NOW + HOUR + 400, window=window)
    assert hours(seen) == {0: (800, 800), 1: (800, 800)}


@pytest.mark.parametrize("rest", ['"-" "curl/8"', '"-" "a \\" quote makes it no column"'])
def test_what_is_too_late_for_the_window_counts_all_the_same(log: Path, rest: str) -> None:
    """A daemon that was stopped for two days; the window is five minutes."""
    memo = look(log).memo
    write(log, [line(NOW + hour * HOUR, 500 if hour % 2 else 200, rest=rest) for hour in range(48)])
    seen = look(log, memo, NOW + 2 * DAY)
    assert hours(seen) == {hour: (1, 1 - hour % 2) for hour in range(48)}
    assert seen.values["requests"] == 0


def test_a_look_that_is_blind_tells_of_what_it_read(log: Path) -> None:
    memo = look(log).memo
    write(log, [line(NOW + 1), *["nonsense\n"] * 20])
    seen = look(log, memo, NOW + HOUR)
    assert seen.blind is not None
    assert hours(seen) == {0: (1, 1)}


def test_of_the_first_look_only_its_own_hour_counts(log: Path) -> None:
    write(log, [line(NOW - 1), line(NOW - 1), line(NOW)])
    first = look(log)
    assert (first.values["requests"], hours(first)) == (3, {0: (1, 1)})
    write(log, [line(NOW - 1), line(NOW + 1)])
    assert hours(look(log, first.memo, NOW + 2)) == {0: (2, 2)}


def test_no_new_line_tells_nothing(log: Path) -> None:
    assert look(log).requests is None
    memo = look(write(log, [line(NOW)])).memo
    assert look(log, memo, NOW + 1).requests is None


def test_lines_are_counted_once_over_rotation(log: Path) -> None:
    memo = look(write(log, [line(NOW)])).memo
    write(log, [line(NOW + 1)])
    log.rename(f"{log}.1")
    write(log, [line(NOW + 2, 500)], at=NOW + 2)
    seen = look(log, memo, NOW + 2)
    assert hours(seen) == {0: (3, 2)}
    log.rename(f"{log}.2")
    assert hours(look(log, seen.memo, NOW + 3)) == {}


def test_a_look_from_an_older_memo_tells_the_same_sums_again(log: Path) -> None:
    """As while the store cannot write: what is told last stands, and nothing counts twice."""
    memo = look(write(log, [line(NOW)])).memo
    write(log, [line(NOW + 1)])
    assert hours(look(log, memo, NOW + 1)) == {0: (2, 2)}
    write(log, [line(NOW + 2)])
    assert hours(look(log, memo, NOW + 2)) == {0: (3, 3)}


def test_a_backlog_that_takes_several_looks_keeps_its_hours(log: Path) -> None:
    """The newest lines stand in another file, which is read first."""
    other = write(log.with_name("b.log"), [])
    spec = AccessLogSpec.model_validate({"path": [str(other), str(log)]})
    memo = sample(spec, None, NOW, 5.0).memo
    write(other, [line(NOW + 10 * DAY)] * 20_000)
    write(log, [line(NOW + hour * HOUR) for hour in range(240) for _ in range(100)])
    now, sums, looks = NOW + 10 * DAY, Counter[int](), 0
    while True:
        seen = sample(spec, memo, now, 0.0)
        sums.update({hour: valid - sums[hour] for hour, (valid, _) in hours(seen).items()})
        memo, looks = seen.memo, looks + 1
        if not seen.values["behind"]:
            break
        assert looks < 20
    assert looks > 2
    assert sums == {**dict.fromkeys(range(240), 100), 240: 20_000}


def test_what_claims_to_be_later_than_now_is_left_out(log: Path) -> None:
    write(log, [line(NOW + 599), line(NOW + 601), line(NOW + DAY)])
    assert hours(look(log)) == {0: (1, 1)}


def test_a_clock_that_was_set_back_does_not_end_the_counting(log: Path) -> None:
    ahead = NOW + 365 * DAY
    memo = look(write(log, [line(ahead)], at=ahead), now=ahead).memo
    for number in range(1, 4):
        write(log, [line(NOW + number)])
        seen = look(log, memo, NOW + number)
        memo = seen.memo
        assert hours(seen) == {0: (number, number)}


@pytest.mark.parametrize("astray", [-2 * HOUR, -56 * 365 * DAY, 20 * HOUR])
def test_a_clock_that_went_astray_for_a_while_takes_nothing_from_the_hour(log: Path, astray: int) -> None:
    memo = look(write(log, [line(NOW), line(NOW, 500)])).memo
    memo = look(write(log, [line(NOW + astray)], at=NOW + astray), memo, NOW + astray).memo
    write(log, [line(NOW + 9, 500)])
    assert hours(look(log, memo, NOW + 9)) == {0: (3, 1)}


def test_what_was_counted_with_a_clock_that_was_ahead_counts_on_when_that_hour_comes(log: Path) -> None:
    memo = look(write(log, [line(NOW + 2 * HOUR)]), now=NOW + 2 * HOUR).memo
    memo = look(write(log, [line(NOW)]), memo).memo
    write(log, [line(NOW + 2 * HOUR, 500)])
    assert hours(look(log, memo, NOW + 2 * HOUR)) == {2: (2, 1)}


def test_a_clock_that_goes_astray_again_and_again_fills_no_memory() -> None:
    memo: Any = None
    for day in range(200, 0, -1):
        sums = Hours(memo, NOW + day * DAY)
        sums.take({THIS + day * DAY + hour * HOUR: (1, 1) for hour in range(24)}, all_read=False)
        memo = sums.memo()
    assert len(memo[1]) <= 2 * LONGEST // HOUR + 24


def test_a_line_more_than_a_day_late_is_left_out(log: Path) -> None:
    memo = look(log).memo
    write(log, [line(NOW + 2 * DAY)])
    memo = look(log, memo, NOW + 2 * DAY).memo
    write(log, [line(NOW + DAY), line(NOW + DAY - 1)])
    assert hours(look(log, memo, NOW + 2 * DAY)) == {24: (1, 1)}


@given(st.dictionaries(st.integers(-2000, 2000), st.just((1, 1)), min_size=1), st.booleans())
def test_what_is_remembered_is_bounded(read: dict[int, tuple[int, int]], all_read: bool) -> None:
    sums = Hours([0, []], NOW + 2000 * HOUR)
    sums.take({THIS + hour * HOUR: counts for hour, counts in read.items()}, all_read=all_read)
    _, kept = sums.memo()
    newest = max(read)
    assert [(hour - THIS) // HOUR for hour, *_ in kept] == [
        hour for hour in read if newest - hour <= (DAY if all_read else LONGEST) // HOUR
    ]


@pytest.mark.parametrize(
    "memo",
    [
        None, 7, "x", [], [1], [None, []], [0, {}], [0, [[1, 2]]], [0, [[THIS, 1, 2]]], [0, [[THIS + 1, 2, 1]]],
        [0, [[THIS, 1, -1]]], [0, [["a", 1, 1]]], [0, [[THIS, 1.5, 1]]], {"begin": 0},
    ],
)  # fmt: skip
def test_a_memo_of_another_shape_is_as_good_as_none(memo: Any) -> None:
    assert Hours(memo, NOW + 5).memo() == [THIS, []]


looks = st.lists(
    st.tuples(
        st.integers(0, 4000),  # seconds that pass
        st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([200, 404, 500])), max_size=5),
        st.sampled_from(["go on", "rotate", "not stored"]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(looks)
def test_however_it_is_looked_at_each_line_counts_once(drawn: Any) -> None:
    """Lines come up to 5000 s late; some looks are lost with their memo, as by kill -9."""
    with TemporaryDirectory() as directory:
        path = write(Path(directory) / "access.log", [])
        memo, now, table = look(path).memo, NOW, dict[int, tuple[int, int]]()
        wanted = Counter[tuple[int, bool]]()
        for passed, lines, what in [*drawn, (0, [], "go on")]:
            now += passed
            for late, status in lines:
                at = max(now - late, NOW)
                write(path, [line(at, status)], at=now)
                wanted[int(at - NOW) // HOUR, status < 500] += 1
            if what == "rotate":
                os.rename(path, f"{path}.{int(now)}.{len(os.listdir(directory))}")  # noqa: PTH104,PTH208 - short
                write(path, [], at=now)
            seen = look(path, memo, now)
            if what != "not stored":
                memo = seen.memo
                table.update(hours(seen))
        every = {hour for hour, _ in wanted}
        assert table == {
            hour: (wanted[hour, True] + wanted[hour, False], wanted[hour, True]) for hour in every
        }
