"""Threshold ranges: every recorded case, and laws."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.command.ranges import Range, parse, parse_printed

ENDS = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9).map(lambda number: round(number, 3))


def test_recorded_cases_are_read_as_noted(shared: Path) -> None:
    cases = json.loads((shared / "real" / "nagios_ranges.json").read_text(encoding="utf-8"))
    for case in cases:
        found = parse(case["range"])
        assert (found is not None) is case["valid"], case["range"]
        if found is None:
            continue
        start, end = case["start"], case["end"]
        assert found.start == (-math.inf if start is None else start)
        assert found.end == (math.inf if end is None else end)
        assert found.inside is (case["alert"] == "inside")
        assert str(found) == (case["simplified"] or case["range"])
        for value, alerts in case["alerts"].items():
            assert found.alerts(float(value)) is alerts, (case["range"], value)
    assert len(cases) >= 11


@pytest.mark.parametrize(
    "text",
    ["", ":", "@", "~", "foo", "1:~", "10:~", "1-10", "1-10:2.4", "10:20:30", "2:1", "1,10", "1;2", " 1"],
)
def test_texts_that_are_no_range(text: str) -> None:
    assert parse(text) is None


def test_decimal_commas_are_read_in_what_a_plugin_prints() -> None:
    assert parse_printed("1,5:2,5") == Range(1.5, 2.5)
    assert parse_printed("1,2,3") is None


@given(ENDS, ENDS, st.booleans())
def test_range_written_and_read_is_the_same(one: float, other: float, inside: bool) -> None:
    known = Range(min(one, other), max(one, other), inside)
    assert parse(str(known)) == known


@given(st.text(alphabet="@~:0123456789.-+eE,"), st.floats(allow_nan=False))
def test_any_text_is_a_range_or_none(text: str, value: float) -> None:
    found = parse(text)
    assert found is None or found.alerts(value) is not Range(found.start, found.end, not found.inside).alerts(
        value
    )
