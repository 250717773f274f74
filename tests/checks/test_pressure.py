"""Pressure as the kernel tells it, and what is said where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.pressure import parse, read_pressure, values

NAMES = ["pressure_some_avg10", "pressure_some_avg60", "pressure_some_avg300"]


def test_lines_of_the_kernel_become_shares() -> None:
    text = "some avg10=2.39 avg60=1.20 avg300=0.66 total=2361809559\nfull avg10=100.00 avg60=0.00 avg300=0.50 total=0\n"
    assert parse(text) == pytest.approx(
        {
            "pressure_some_avg10": 0.0239,
            "pressure_some_avg60": 0.012,
            "pressure_some_avg300": 0.0066,
            "pressure_full_avg10": 1.0,
            "pressure_full_avg60": 0.0,
            "pressure_full_avg300": 0.005,
        }
    )


def test_this_kernels_own_file_is_read_or_its_lack_is_told() -> None:
    file = Path("/proc/pressure/cpu")
    seen, unread = read_pressure(file, "some")
    assert list(seen) == NAMES
    if file.exists():
        first = file.read_text().split()
        assert unread == {}
        assert seen["pressure_some_avg300"] == pytest.approx(
            float(first[3].partition("=")[2]) / 100, abs=0.05
        )
    else:
        assert set(unread) == set(NAMES)


def test_kernel_without_pressure_leaves_the_values_unread(tmp_path: Path) -> None:
    why = "this kernel does not measure pressure (boot it with psi=1)"
    assert read_pressure(tmp_path / "cpu", "some") == (dict.fromkeys(NAMES), dict.fromkeys(NAMES, why))


def test_line_that_is_missing_is_unread_alone(tmp_path: Path) -> None:
    (tmp_path / "io").write_text("some avg10=1.00 avg60=1.00 avg300=1.00 total=5\n")
    seen, unread = read_pressure(tmp_path / "io", "some", "full")
    assert seen["pressure_some_avg10"] == 0.01
    assert set(unread) == {"pressure_full_avg10", "pressure_full_avg60", "pressure_full_avg300"}


def test_directory_in_its_place_is_told(tmp_path: Path) -> None:
    _, unread = read_pressure(tmp_path, "some")
    assert set(unread.values()) == {"cannot read the pressure: is a directory"}


def test_what_is_declared_is_what_is_read(tmp_path: Path) -> None:
    declared = [value.name for value in values("a disk", "some", "full")]
    assert declared == list(read_pressure(tmp_path, "some", "full")[0])


@given(st.text(alphabet="somefulavg10=.60-+einfa\n \x00", max_size=200))
def test_no_text_gives_anything_but_shares(text: str) -> None:
    assert all(0 <= share <= 1 for share in parse(text).values())
