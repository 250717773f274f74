"""Laws that hold for every log: nothing raises, no line is lost, memory stays bounded, fast and careful agree."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from checks.access_log import clf
from checks.access_log.columns import columns
from checks.access_log.formats import NAMES, Reader
from checks.access_log.latency import add_to_sketch, percentile
from checks.access_log.moments import Moments
from checks.access_log.slices import OTHER
from checks.access_log.tally import Tally
from tests.checks.access_log.counted import NOW, counted
from tests.checks.access_log.test_lines import LINES

_TEN = 1_431_856_800  # 2015-05-17 10:00 UTC
_REAL = st.sampled_from([text for text, _ in LINES.values()])
_PIECES = st.sampled_from(
    ['"', " ", "[", "]", "\\", "-", " - - ", "200", '" 404 12 "', "[17/May/2015:10:05:03 +0000]", "GET /a HTTP/1.1",
     "{", "}", '"status":', "\n", "\r\n", "\0", "\t", ":", ",", "#Fields: date time sc-status", "::1", "1.2.3.4",
     "[pid: ", " => generated "]
)  # fmt: skip
_MADE_UP = st.lists(_PIECES, max_size=30).map("".join)


def mutilated(text: str, at: int, piece: str, length: int) -> str:
    """The text with something else at one place."""
    at %= len(text) + 1
    return text[:at] + piece + text[at + length :]


_BROKEN = st.builds(mutilated, _REAL, st.integers(0, 500), _PIECES, st.integers(0, 8))
_LOG = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(_REAL, _BROKEN, _MADE_UP), max_size=12).map(lambda lines: "\n".join(lines).encode()),
)


@given(_LOG, st.sampled_from(["auto", *NAMES]))
def test_no_bytes_raise_and_every_line_is_a_request_malformed_or_skipped(data: bytes, format_: str) -> None:
    found = counted(data, format_)
    lines = data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    assert found.tally.lines == lines
    assert lines == found.total.requests + found.tally.malformed + found.tally.skipped
    for groups in (found.total.groups, {"": found.total.statuses}):
        assert sum(sum(statuses.values()) for statuses in groups.values()) == found.total.requests


@given(_LOG, st.integers(0, 400))
def test_a_log_read_in_two_parts_counts_as_in_one(data: bytes, near: int) -> None:
    cut = data.find(b"\n", near) + 1
    reader, tally = Reader(now=NOW), Tally(client_cap=100)
    reader.feed(data[:cut], tally)
    again = Reader(memo=reader.memo(), now=NOW)
    again.feed(data[cut:], tally)
    whole = Tally(client_cap=100)
    Reader(now=NOW).feed(data, whole)
    assert tally.lines == whole.lines
    if b"#" not in data:  # what a directive said of the day is not remembered
        assert (tally.malformed, tally.total().statuses) == (whole.malformed, whole.total().statuses)


_WORD = st.text("abz019.-_/?=&%:[]'\\", min_size=1, max_size=8)
_PLAIN = st.builds(
    '{} - {} [{:02}/May/2015:10:{:02}:03 +0000] "{} /{} HTTP/1.1" {} {} "{}" "{}"{}\n'.format,
    _WORD, st.sampled_from(["-", "bob", "a b", ""]), st.integers(0, 40), st.integers(0, 70), _WORD, _WORD,
    st.sampled_from([200, 200, 404, 503, "000", "-"]), st.sampled_from([0, 12, "-", "x", -1]), _WORD, _WORD,
    st.sampled_from(["", "", "", " 0.120", " 0.1 0.2", ' "-"', ' "1.2.3.4" rt=0.5', " -"]),
)  # fmt: skip


@given(st.lists(_PLAIN, min_size=1, max_size=6))
def test_lines_by_columns_are_the_same_as_one_by_one(lines: list[str]) -> None:
    moments = Moments(NOW)
    found = columns("".join(lines), moments)
    careful = [clf.parse(line[:-1], moments) for line in lines]
    if found is None:
        return
    for quick, slow in zip(found.rows(), careful, strict=True):
        assert slow is not None
        assert (quick[:7], quick[7] if quick[7] != "-" else None, quick[8]) == (slow[:7], slow[7], slow[8])


def test_plain_lines_are_read_by_columns() -> None:
    plain = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /p HTTP/1.1" 200 5 "-" "agent"'
    for line in (
        plain,
        plain.rpartition(' "-"')[0],
        f"x.org:80 {plain}",
        f'{plain} "1.1.1.1"',
        f"{plain} 0.012",
    ):
        found = columns(f"{line}\n" * 40, Moments(NOW))
        assert found is not None and len(found.statuses) == 40


@given(st.lists(st.floats(1e-6, 1e5), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_off_by_one_in_a_hundred_at_most(durations: list[float], share: float) -> None:
    sketch: dict[int, int] = {}
    add_to_sketch(sketch, durations)
    right = sorted(durations)[max(math.ceil(len(durations) * share), 1) - 1]
    found = percentile(sketch, share)
    assert found is not None
    assert abs(found - right) <= 0.0101 * right or right <= 1.02e-6  # a microsecond, give or take a bin


def test_hostile_names_do_not_fill_the_memory() -> None:
    tally = Tally(step=10, span=60, until=2e9, client_cap=50)
    reader = Reader(now=NOW)
    for round_ in range(20):
        lines = [
            f'h{number}.x {number % 250}.{round_}.{number // 250}.1 - - [17/May/2015:10:{number % 60:02}:03 +0000] '
            f'"GET /{round_}-{number}/x{"y" * 900} HTTP/1.1" 404 5 "https://r{round_}{number}/{"z" * 900}" "-"\n'
            for number in range(2000)
        ]  # fmt: skip
        reader.feed("".join(lines).encode(), tally)
    assert len(tally.slices) <= 7
    for each in tally.slices.values():
        for counts in (each.groups, each.sites, each.faults, each.referrers):
            assert len(counts) <= 2 * tally.cap
        assert sum(statuses[404] for statuses in each.groups.values()) == each.requests
        assert max(len(path) for _, path in each.faults) <= 300
    assert len(tally.clients) <= 51
    assert sum(tally.clients.values()) + tally.late <= 40_000
    assert OTHER in tally.clients


def test_what_is_frequent_outlives_a_flood_of_names() -> None:
    tally = Tally(cap=50)
    reader = Reader(now=NOW)
    line = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET {} HTTP/1.1" 404 5 "-" "-"\n'
    for round_ in range(20):
        flood = "".join(line.format(f"/{round_}/{number}") for number in range(500))
        reader.feed((flood + line.format("/missed") * 5).encode(), tally)
    assert tally.total().faults[404, "/missed"] == 100
    assert tally.total().statuses == {404: 20 * 505}


def test_slices_hold_their_own_time_whatever_the_order() -> None:
    line = '1.2.3.4 - - [17/May/2015:10:{:02}:{:02} +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n'
    orders = [[(minute, second) for minute in range(10) for second in range(0, 60, 5)]]
    orders.append(orders[0][::-1])
    orders.append(sorted(orders[0], key=lambda moment: moment[1]))
    for order in orders:
        tally = Tally(step=60, span=300, until=2e9)
        Reader(now=NOW).feed("".join(line.format(*moment) for moment in order).encode(), tally)
        assert sorted(tally.slices) == [_TEN + 60 * minute for minute in range(4, 10)]
        assert {each.requests for each in tally.slices.values()} == {12}
        first = tally.slices[_TEN + 240]
        assert (first.first, first.last) == (_TEN + 240.0, _TEN + 295.0)


def test_a_line_from_the_future_pushes_nothing_out() -> None:
    line = '1.2.3.4 - - [17/May/{}:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n'
    tally = Tally(step=60, span=300, until=1_500_000_000.0)
    Reader(now=NOW).feed((line.format(2015) * 3 + line.format(9999)).encode(), tally)
    assert (tally.total().requests, tally.ahead, tally.lines) == (3, 1, 4)
