"""`full_in` on a real ext4 that fills up, by a clock that the test moves."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from checks.base import Scalar
from checks.disk import DiskSpec, sample

AT = 1_800_000_000.0
MEGABYTE = 1024 * 1024
KILOBYTE = 1024


class Filling:
    """A file system, what the check remembers of it, and a clock."""

    def __init__(self, point: Path) -> None:
        self.point, self.at, self.memo = point, AT, None
        self.number = 0

    def write(self, size: int, name: str | None = None) -> Path:
        self.number += 1
        file = self.point / (name or f"file{self.number}")
        with file.open("wb") as opened:
            os.posix_fallocate(opened.fileno(), 0, size)
        return file

    def look(self, seconds: float) -> Mapping[str, Scalar]:
        self.at += seconds
        memo: Any = self.memo
        seen = sample(DiskSpec(path=str(self.point)), memo, self.at)
        self.memo = seen.memo
        return seen.values

    @property
    def free(self) -> int:
        usage = os.statvfs(self.point)
        return usage.f_bavail * usage.f_frsize


@pytest.fixture(params=[("-m", "0"), ("-m", "20")], ids=["nothing kept back", "a fifth kept back for root"])
def filling(request: pytest.FixtureRequest, ext4: Callable[..., Path]) -> Iterator[Filling]:
    yield Filling(ext4(128, *request.param))


def _until_full(
    filling: Filling, seconds: float, step: Callable[[], None]
) -> list[tuple[float, float | None]]:
    """Looks until nothing is free for programs: moments, each with what was foretold then."""
    told: list[tuple[float, float | None]] = []
    while filling.free > MEGABYTE:
        step()
        foretold = filling.look(seconds)["full_in"]
        told.append((filling.at, None if foretold is None else float(foretold)))
        assert len(told) < 1000
    return told


def test_steady_growth_is_foretold_within_a_tenth(filling: Filling) -> None:
    told = _until_full(filling, 60, lambda: (filling.write(MEGABYTE), None)[1])
    end = filling.at + filling.free / MEGABYTE * 60
    first = next(at for at, foretold in told if foretold is not None)
    assert first == AT + 360
    far = [(end - at, foretold) for at, foretold in told if at >= first and end - at > 300]
    assert len(far) > 50
    for left, foretold in far:
        assert foretold == pytest.approx(left, rel=0.1)


def test_bounds_lie_on_either_side(filling: Filling) -> None:
    chance = random.Random(4)
    for _ in range(40):
        filling.write(int(MEGABYTE * chance.uniform(0.5, 1.5)))
        seen = filling.look(60)
    least, likely, most = (float(seen[f"full_in{end}"] or 0) for end in ("_least", "", "_most"))
    assert 0 < least < likely < most
    assert likely == pytest.approx(filling.free / MEGABYTE * 60, rel=0.1)


def test_files_that_come_and_go_do_not_hide_the_growth(filling: Filling) -> None:
    """A log grows by 1 MB a minute, and beside it a temporary file grows for 5 minutes and is removed."""
    for minute in range(60):
        filling.write(MEGABYTE)
        filling.write(1 + (minute % 5) * MEGABYTE, "temporary")
        seen = filling.look(60)
    assert seen["full_in"] == pytest.approx(filling.free / MEGABYTE * 60, rel=0.15)


def test_files_that_come_and_go_alone_foretell_nothing(filling: Filling) -> None:
    told = set()
    for minute in range(120):
        filling.write(1 + (minute % 15) * MEGABYTE, "temporary")
        seen = filling.look(60)
        if minute >= 60:
            told.add(seen["full_in"])
    assert told == {None}


def test_one_large_file_is_no_growth(filling: Filling) -> None:
    told = set()
    for minute in range(60):
        if minute == 30:
            filling.write(40 * MEGABYTE)
        filling.write(KILOBYTE, "same")
        told.add(filling.look(60)["full_in"])
    assert told == {None}


def test_sudden_rush_is_told_well_before_the_end(filling: Filling) -> None:
    for _ in range(60):
        filling.look(60)
    told = _until_full(filling, 60, lambda: (filling.write(3 * MEGABYTE), None)[1])
    end = filling.at
    first, foretold = next(each for each in told if each[1] is not None)
    assert end - first > 600
    assert foretold == pytest.approx(end - first, rel=0.15)


def test_what_is_full_is_full_now(filling: Filling) -> None:
    filling.write(filling.free - 2 * MEGABYTE)
    with (filling.point / "rest").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while filling.free:
            file.write(b"x" * KILOBYTE)
    assert [filling.look(60)[f"full_in{end}"] for end in ("", "_least", "_most")] == [0, 0, 0]
