"""`write: true` on real file systems: what works, what fails and how, and that nothing is left or followed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from checks.base import ErrorKind, Observation, Status
from checks.disk import KIND, DiskSpec, sample
from checks.disk.writing import closed_to_us_alone, nameless
from checks.judge import Rules, judge
from checks.mounts import Mount
from config.conditions import parse
from tests.checks.disk.mounting import run

AT = 1_800_000_000.0
NOBODY = 65534


def _write(point: Path) -> Observation:
    return sample(DiskSpec(path=str(point), write=True), None, AT)


def _as_nobody(point: Path) -> dict[str, Any]:
    """The same, seen by a user who may do little."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    script = (
        "import json, os, sys; from checks.disk import DiskSpec, sample\n"
        "spec = DiskSpec(path=sys.argv[1], write=True)\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "seen = sample(spec, None, 1.8e9)\n"
        "print(json.dumps([seen.failure, dict(seen.unread), seen.values.get('writable')]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(point)], capture_output=True, text=True, timeout=60, check=True
    )
    failure, unread, writable = json.loads(done.stdout)
    return {"failure": failure, "unread": unread, "writable": writable}


@contextmanager
def _open_to_all(directory: Path) -> Iterator[None]:
    """Lets other users pass through the private directories of a test."""
    above = [each for each in (directory, *directory.parents) if not each.stat().st_mode & 0o001]
    modes = [each.stat().st_mode for each in above]
    for each in above:
        each.chmod(0o711)
    try:
        yield
    finally:
        for each, mode in zip(above, modes, strict=True):
            each.chmod(mode)


def test_writable_directory_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    seen = _write(tmp_path)
    assert (seen.failure, seen.values["writable"], dict(seen.unread)) == (None, True, {})
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_path_of_a_file_means_its_directory(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    assert _write(tmp_path / "mine").values["writable"] is True
    assert (tmp_path / "mine").read_text() == "kept"


def test_nothing_is_written_unless_asked(tmp_path: Path) -> None:
    assert sample(DiskSpec(path=str(tmp_path)), None, AT).values["writable"] is None


def test_links_that_lie_in_the_directory_are_not_touched(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    for number in range(64):
        (tmp_path / f".tocsin-write-test-{number:016x}").symlink_to(target)
    assert _write(tmp_path).values["writable"] is True
    assert target.read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 65


@pytest.mark.parametrize("make", ["overlay", "tmpfs", "ext4"])
def test_file_systems_of_several_makes_are_written_to(
    make: str, mounted: Callable[..., Path], ext4: Callable[..., Path]
) -> None:
    if make == "overlay":
        base = mounted("-t", "tmpfs", "tmpfs")
        for name in ("lower", "upper", "work"):
            (base / name).mkdir()
        layers = f"lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work"
        point = mounted("-t", "overlay", "-o", layers, "overlay")
    else:
        point = ext4(8) if make == "ext4" else mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    before = set(point.iterdir())
    seen = _write(point)
    assert (seen.failure, seen.values["writable"]) == (None, True)
    assert set(point.iterdir()) == before


def test_where_there_are_no_nameless_files_the_name_is_gone_at_once(mounted: Callable[..., Path]) -> None:
    point = mounted("-t", "mqueue", "mqueue")
    with pytest.raises(OSError, match="not supported"):
        os.open(point, os.O_RDWR | os.O_TMPFILE)
    directory = os.open(point, os.O_PATH)
    before = set(point.iterdir())
    file = nameless(directory)
    try:
        assert os.fstat(file).st_nlink == 0
        assert set(point.iterdir()) == before
    finally:
        os.close(file)
        os.close(directory)


def test_full_file_system_is_told_from_a_read_only_one(mounted: Callable[..., Path]) -> None:
    point = mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs")
    (point / "file").write_bytes(b"x" * 64 * 1024)
    full = _write(point)
    assert full.failure == f"{point}: cannot write: no space or no inode is left (df -h, df -i)"
    assert full.values["writable"] is False
    assert full.values["used"] == 1.0
    (point / "file").unlink()
    run("mount", "-o", "remount,ro", str(point))
    stopped = _write(point)
    assert stopped.failure == f"{point}: cannot write: read-only file system"
    assert stopped.values["read_only"] is True


def test_file_system_without_inodes_left_is_full(mounted: Callable[..., Path]) -> None:
    point = mounted("-t", "tmpfs", "-o", "size=1m,nr_inodes=5", "tmpfs")
    for number in range(4):
        (point / str(number)).touch()
    assert "no space or no inode is left" in (_write(point).failure or "")


def test_mount_that_is_read_only_for_this_service_says_nothing_about_the_disk(
    mounted: Callable[..., Path],
) -> None:
    point = mounted("--bind", "-o", "ro", str(mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")))
    seen = _write(point)
    assert (seen.failure, seen.values["writable"]) == (None, None)
    assert "ReadWritePaths=" in seen.unread["writable"]


def test_directory_of_another_user_says_nothing_about_the_disk(tmp_path: Path) -> None:
    with _open_to_all(tmp_path):
        seen = _as_nobody(tmp_path)
    assert (seen["failure"], seen["writable"]) == (None, None)
    assert "let the service's user write there" in seen["unread"]["writable"]


def test_what_could_not_be_tried_makes_the_check_unknown_and_hides_nothing_else() -> None:
    values = {"used": 0.5, "read_only": False, "writable": None}
    rules = Rules(KIND, [parse(KIND.down or "")], [])
    blind = judge(Observation(values, unread={"writable": "may not"}), rules, 0, 0.1)
    assert (blind.status, blind.notes) == (Status.UNKNOWN, ("writable: may not",))
    full = judge(Observation({**values, "used": 0.99}, unread={"writable": "may not"}), rules, 0, 0.1)
    assert full.status is Status.DOWN
    not_asked = judge(Observation(values), rules, 0, 0.1)
    assert not_asked.status is Status.OK


def test_failed_writing_is_down_and_the_figures_stay(mounted: Callable[..., Path]) -> None:
    point = mounted("-t", "tmpfs", "-o", "size=1m,ro", "tmpfs")
    reading = judge(_write(point), Rules(KIND, [], []), 0, 0.1)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert reading.values["total"] == 1024 * 1024


def test_disk_that_fails_while_writing_is_told_as_such(
    mounted: Callable[..., Path], program: Callable[[str, str], Path]
) -> None:
    """A disk that promises more than lies behind it takes what is written, and fails to keep it."""
    behind = mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs")
    image = behind / "image"
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    made = run(str(program("mkfs.ext4", "e2fsprogs")), "-q", "-O", "^has_journal", "-b", "4096", str(image))
    assert made.returncode == 0
    point = mounted("-o", "loop,errors=continue", str(image))
    assert _write(point).failure is None
    with (behind / "rest").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    seen = _write(point)
    assert seen.values["writable"] is False
    # What reaches the program depends on the kernel; the file system itself has room.
    assert float(seen.values["used"] or 0) < 0.5
    assert (seen.failure or "").endswith(
        (os.strerror(errno.EIO).lower(), "no space or no inode is left (df -h, df -i)")
    )


def test_mount_options_alone_tell_who_may_not_write() -> None:
    def mount(own: str, options: str) -> Mount:
        return Mount(1, "8:1", "/", "ext4", frozenset({own}), options=frozenset({options}))

    assert closed_to_us_alone(mount("rw", "ro"))
    assert not closed_to_us_alone(mount("ro", "ro"))
    assert not closed_to_us_alone(mount("emergency_ro", "ro"))
    assert not closed_to_us_alone(mount("rw", "rw"))
