"""Disk I/O: a real loop device with known writes, the real /proc/diskstats, and laws of the counters."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Context, Observation
from checks.disk_io import DiskIoSpec, disks, figures, kernel_name, parse, probe
from checks.network import Network
from checks.rates import Look, Meter, Passed
from tests.checks.disk.mounting import mounting, run

WRAP = 1 << 32
FIELDS = ("reads", "sectors_read", "read_ms", "writes", "sectors_written", "write_ms", "busy_ms")
TIMES = ("read_ms", "write_ms", "busy_ms")
NOTHING: Mapping[str, int] = dict.fromkeys(FIELDS, 0)


def _look(device: str = "all", memo: Any = None, **options: Any) -> Observation:
    spec = DiskIoSpec.model_validate({"device": device, **options})
    return asyncio.run(probe(spec, Context(timeout=5, network=Network(), now=1.8e9, memo=memo)))


def _figures(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Any]:
    meter = Meter(dict, dict.fromkeys(TIMES, WRAP))
    return figures(Passed(meter, Look(0.0, {"sda": before}), Look(10.0, {"sda": after})), "sda")


def test_known_writes_to_a_real_disk_give_known_rates(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    assert run(str(program("mkfs.ext4", "e2fsprogs")), "-q", str(image)).returncode == 0
    with mounting(tmp_path) as mount:
        point = mount("-o", "loop", str(image))
        number = point.stat().st_dev
        device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve().name
        memo = json.loads(json.dumps(_look(device).memo))
        with (point / "file").open("wb") as written:
            written.write(b"x" * 16 * 1024 * 1024)
            os.fsync(written.fileno())
        memo["at"] -= 100
        ((name, seen),) = _look(f"/dev/{device}", memo).parts.items()
    assert name == seen.values["device"] == device
    assert float(seen.values["write_rate"] or 0) == pytest.approx(16 * 1024 * 1024 / 100, rel=0.15)
    assert float(seen.values["iops"] or 0) > 0
    assert 0 < float(seen.values["await"] or 0) < 60
    assert 0 < float(seen.values["util"] or 0) < 1


def test_counters_are_those_of_psutil() -> None:
    seen, known = (
        parse(Path("/proc/diskstats").read_text()),
        psutil.disk_io_counters(perdisk=True, nowrap=False),
    )
    assert set(seen) == set(known)
    for name, counted in known.items():
        assert seen[name]["reads"] == pytest.approx(counted.read_count, rel=0.05, abs=1000)
        assert seen[name]["sectors_written"] * 512 == pytest.approx(counted.write_bytes, rel=0.05, abs=1e8)
        assert seen[name]["busy_ms"] == pytest.approx(counted.busy_time, rel=0.05, abs=10_000)


def test_figures_are_over_the_time_between() -> None:
    after = {"reads": 30, "sectors_read": 2000, "read_ms": 100, "writes": 70, "sectors_written": 4000,
             "write_ms": 400, "busy_ms": 2500}  # fmt: skip
    assert _figures(NOTHING, after) == {
        "util": 0.25, "await": 0.005, "iops": 10, "read_rate": 102_400, "write_rate": 204_800,
    }  # fmt: skip


def test_idle_disk_has_no_waiting_time() -> None:
    assert _figures(NOTHING, NOTHING) == {
        "util": 0,
        "await": None,
        "iops": 0,
        "read_rate": 0,
        "write_rate": 0,
    }


def test_times_that_wrapped_go_on_and_a_disk_made_anew_does_not() -> None:
    before = {**NOTHING, "reads": 100, "busy_ms": WRAP - 1000, "read_ms": WRAP - 50}
    assert _figures(before, {**before, "reads": 110, "busy_ms": 4000, "read_ms": 50}) == {
        "util": 0.5, "await": 0.01, "iops": 1, "read_rate": 0, "write_rate": 0,
    }  # fmt: skip
    assert set(_figures(before, {**NOTHING, "reads": 5}).values()) == {None}


counted = st.fixed_dictionaries(
    {name: st.integers(0, WRAP - 1 if name in TIMES else 2**63) for name in FIELDS}
)


@given(counted, counted)
def test_rates_are_never_negative_and_util_is_a_share(before: dict[str, int], after: dict[str, int]) -> None:
    seen = _figures(before, after)
    assert all(each is None or each >= 0 for each in seen.values())
    assert seen["util"] is None or seen["util"] <= 1


@given(st.text(alphabet="0123456789 sdaloop-\n\x00é", max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(set(found) == set(FIELDS) for found in parse(text).values())


def test_only_disks_that_lie_on_no_others_are_looked_at(tmp_path: Path) -> None:
    for name in ("sda", "nvme0n1", "dm-0", "md0", "loop0", "ram1", "zram0", "sr0", "cciss!c0d0"):
        (tmp_path / name / "slaves").mkdir(parents=True)
    (tmp_path / "dm-0/slaves/sda").touch()
    (tmp_path / "md0/slaves/nvme0n1").touch()
    names = [
        "sda",
        "sda1",
        "nvme0n1",
        "nvme0n1p1",
        "dm-0",
        "md0",
        "loop0",
        "ram1",
        "zram0",
        "sr0",
        "cciss/c0d0",
    ]
    assert disks(names, tmp_path) == ["sda", "nvme0n1", "cciss/c0d0"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("sda", "sda"),
        ("/dev/sda", "sda"),
        ("vg-root", "dm-0"),
        ("/dev/mapper/vg-root", "dm-0"),
        ("dm-0", "dm-0"),
        ("gone", "gone"),
    ],
)
def test_device_is_found_by_the_name_that_people_use(written: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "dm-0/dm").mkdir(parents=True)
    (tmp_path / "dm-0/dm/name").write_text("vg-root\n")
    assert kernel_name(written, {"sda": 1, "dm-0": 1}, tmp_path) == name


def test_device_that_never_was_is_unknown_and_one_that_has_gone_is_down() -> None:
    assert _look("sdzz").blind == "there is no block device sdzz on this host (see `lsblk`)"
    gone = _look("sdzz", {"boot": "an earlier one", "at": 1.0, "counters": {"sdzz": {}}})
    assert gone.failure == "sdzz has gone: it was there at an earlier look"
    assert gone.memo is not None


def test_disks_that_are_left_out_are_not_looked_at() -> None:
    every = set(_look().parts)
    assert every
    assert "loop0" not in every
    seen = _look(exclude=["*"])
    assert seen.blind == "there is no disk to look at on this host (check `exclude`)"
