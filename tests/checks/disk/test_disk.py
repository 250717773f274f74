"""Disk on real file systems: this one, /proc, and as root a tmpfs and a loop device."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.base import ErrorKind
from checks.disk import KIND, DiskSpec, sample
from tests.checks.disk.mounting import run

AT = 1_800_000_000.0


def test_figures_are_those_of_df(tmp_path: Path) -> None:
    shown = run("df", "--block-size=1", "--output=size,used,avail,target", str(tmp_path)).stdout.splitlines()[
        1
    ]
    size, used, free, point = shown.split(maxsplit=3)
    seen = sample(DiskSpec(path=str(tmp_path)), None, AT).values
    assert seen["total"] == int(size)
    assert seen["free"] == pytest.approx(int(free), rel=0.02)
    assert seen["used"] == pytest.approx(int(used) / (int(used) + int(free)), abs=0.02)
    assert seen["mount"] == point


def test_file_stands_for_the_file_system_it_lies_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert (
        sample(DiskSpec(path=str(tmp_path / "file")), None, AT).values["total"]
        == shutil.disk_usage(tmp_path).total
    )


def test_missing_path_says_nothing_about_any_disk(tmp_path: Path) -> None:
    seen = sample(DiskSpec(path=str(tmp_path / "gone")), [[1, 2]], AT)
    assert (seen.failure, seen.error_kind) == (None, ErrorKind.LOCAL)
    assert seen.blind == f"there is no {tmp_path}/gone on this host (check `path`, or mount it)"
    assert dict(seen.values) == {}
    assert seen.memo == [[1, 2]]


def test_file_system_without_a_size_is_not_judged() -> None:
    seen = sample(DiskSpec(path="/proc"), None, AT)
    assert seen.blind == "/proc lies on proc, which has no size (check `path`)"


def test_forecast_comes_from_the_memo_and_the_memo_grows(tmp_path: Path) -> None:
    now = shutil.disk_usage(tmp_path)
    memo = [[AT - 100 * back, now.used - 1_000_000 * back] for back in range(9, 0, -1)]
    seen = sample(DiskSpec(path=str(tmp_path)), memo, AT)
    assert seen.values["full_in"] == pytest.approx(now.free / 10_000, rel=0.25)
    assert len(seen.memo) == 10
    assert seen.memo[:9] == memo


def test_first_look_has_no_forecast(tmp_path: Path) -> None:
    seen = sample(DiskSpec(path=str(tmp_path)), "not a memo", AT)
    assert seen.values["full_in"] is None
    assert [when for when, _ in seen.memo] == [AT]


def test_path_must_start_at_the_root() -> None:
    with pytest.raises(ValidationError, match="path from the root"):
        DiskSpec(path="var/log")


def test_full_file_system_is_seen_full(mounted: Callable[..., Path]) -> None:
    point = mounted("-t", "tmpfs", "-o", "size=1m,nr_inodes=10", "tmpfs")
    (point / "file").write_bytes(b"x" * 1024 * 1024)
    for number in range(8):
        (point / str(number)).touch()
    seen = sample(DiskSpec(path=str(point)), None, AT).values
    assert (seen["used"], seen["free"], seen["inodes_used"]) == (1.0, 0, 1.0)


def test_mount_hidden_under_another_is_not_looked_at(mounted: Callable[..., Path]) -> None:
    outer = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", on=outer / "inner")
    mounted("-t", "tmpfs", "-o", "size=4m", "tmpfs", on=outer)
    (outer / "inner").mkdir()
    seen = sample(DiskSpec(path=str(outer / "inner")), None, AT).values
    assert seen["total"] == 4 * 1024 * 1024
    assert seen["mount"] == str(outer)


def test_read_only_bind_mount_of_a_writable_file_system_is_not_read_only(
    mounted: Callable[..., Path],
) -> None:
    source = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    bound = mounted("--bind", "-o", "ro", str(source))
    assert os.statvfs(bound).f_flag & os.ST_RDONLY
    assert sample(DiskSpec(path=str(bound)), None, AT).values["read_only"] is False


def test_file_system_remounted_read_only_is_seen(mounted: Callable[..., Path]) -> None:
    point = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    assert sample(DiskSpec(path=str(point)), None, AT).values["read_only"] is False
    run("mount", "-o", "remount,ro", str(point))
    assert sample(DiskSpec(path=str(point)), None, AT).values["read_only"] is True


def test_space_kept_back_for_root_counts_as_neither(ext4: Callable[..., Path]) -> None:
    point = ext4(16, "-m", "20")
    seen, usage = sample(DiskSpec(path=str(point)), None, AT).values, os.statvfs(point)
    kept_back = (usage.f_bfree - usage.f_bavail) * usage.f_frsize
    assert kept_back > 2 * 1024 * 1024
    assert seen["free"] == usage.f_bavail * usage.f_frsize
    assert seen["used"] == pytest.approx(
        1 - float(seen["free"] or 0) / (float(seen["total"] or 0) - kept_back)
    )


def test_file_system_that_stopped_itself_after_an_error_is_seen_read_only(ext4: Callable[..., Path]) -> None:
    point = ext4(8)
    device = point.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    run("mount", "-o", "remount,errors=remount-ro", str(point))
    assert sample(DiskSpec(path=str(point)), None, AT).values["read_only"] is False
    Path(f"/sys/fs/ext4/{block}/trigger_fs_error").write_text("a test\n")
    seen = sample(DiskSpec(path=str(point), write=True), None, AT)
    assert seen.values["read_only"] is True
    assert seen.failure == f"{point}: cannot write: read-only file system"


def test_path_that_systemd_hides_from_the_service_is_not_looked_at(mounted: Callable[..., Path]) -> None:
    runtime = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    (runtime / "systemd/inaccessible/dir").mkdir(parents=True)
    point = mounted("--bind", str(runtime / "systemd/inaccessible/dir"))
    seen = sample(DiskSpec(path=str(point)), None, AT)
    assert (
        seen.blind == f"{point} is hidden from this service (InaccessiblePaths= or ProtectHome= in its unit)"
    )


def test_disk_does_not_count_for_uptime_and_runs_aside() -> None:
    assert not KIND.counts_for_uptime
    assert KIND.blocking
