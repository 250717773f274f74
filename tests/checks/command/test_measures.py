"""Measurements in base units, and which of them are out of range."""

from __future__ import annotations

import pytest

from checks.base import Perfdata
from checks.command.measures import as_values, out_of_range, unit_of


@pytest.mark.parametrize(
    ("value", "uom", "base", "unit"),
    [
        (250, "ms", 0.25, "seconds"),
        (0.022, "ms", 0.000022, "seconds"),
        (7, "us", 0.000007, "seconds"),
        (7, "µs", 0.000007, "seconds"),
        (3, "s", 3, "seconds"),
        (73.7, "%", 0.737, "ratio"),
        (150, "%", 1.5, "ratio"),
        (2643, "MB", 2643 * 10**6, "bytes"),
        (2643, "MiB", 2643 * 2**20, "bytes"),
        (1, "kB", 1000, "bytes"),
        (9007199254740993, "B", 9007199254740993, "bytes"),
        (42, "c", 42, ""),
        (52, "GBP", 52, ""),
        (5, "m", 5, ""),
        (1, "gib", 1, ""),
        (-5, "", -5, ""),
    ],
)
def test_values_are_in_base_units(value: float, uom: str, base: float, unit: str) -> None:
    assert as_values([Perfdata("x", value, uom)]) == {"x": base}
    assert unit_of(uom) == unit


def test_nothing_is_known_of_a_value_that_was_not_determined() -> None:
    assert as_values([Perfdata("x", None), Perfdata("y", 1)]) == {"y": 1}


def test_of_two_with_one_label_the_last_counts_and_labels_are_bounded() -> None:
    assert as_values([Perfdata("x", 1), Perfdata("x", 2)]) == {"x": 2}
    assert len(as_values(Perfdata(f"x{number}", number) for number in range(1000))) == 256


def test_measurements_out_of_range_are_told_critical_ones_first() -> None:
    told = list(
        out_of_range(
            [
                Perfdata("a", 12, "ms", "10", "20"),
                Perfdata("b", 7, "", "1:", "@5:10"),
                Perfdata("c", 1, "", "10%", "rubbish"),
                Perfdata("d", None, "", "10", "10"),
            ]
        )
    )
    assert told == ["b 7 is inside its critical range 5:10", "a 12ms is outside its warning range 10"]
    assert len(list(out_of_range([Perfdata("x", 9, "", "1", "1")] * 50))) == 5
