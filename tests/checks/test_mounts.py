"""The mount table is read as the kernel writes it, and the right line of it is chosen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checks.mounts import Mount, mount_id_of, mount_of, parse_line, read_mounts

ROOT = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard"


def _mount(mount_id: int, device: str, point: str) -> Mount:
    return Mount(mount_id, device, point, "ext4", frozenset({"rw"}))


def test_line_is_read_with_and_without_optional_fields() -> None:
    root = Mount(27, "254:0", "/", "ext4", frozenset({"rw", "discard"}), "/", frozenset({"rw", "relatime"}))
    assert parse_line(ROOT) == root
    plain = parse_line("28 27 8:1 / /mnt/a\\040b ro,relatime - xfs /dev/sda1 rw")
    assert plain is not None
    assert plain.point == "/mnt/a b"


@pytest.mark.parametrize(
    "line", ["", "x", "27 1 254:0 / / rw", "27 1 254:0 / / rw - ext4", "x 1 8:0 / / rw - e d rw"]
)
def test_what_is_no_line_of_the_table_is_passed_over(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("mount_options", "own_options", "read_only"),
    [
        ("rw", "rw", False),
        ("ro", "rw", False),
        ("rw", "ro,errors=remount-ro", True),
        ("rw", "rw,emergency_ro", True),
    ],
)
def test_only_the_file_systems_own_options_make_it_read_only(
    mount_options: str, own_options: str, read_only: bool
) -> None:
    mount = parse_line(f"27 1 8:1 / /data {mount_options} - ext4 /dev/sda1 {own_options}")
    assert mount is not None
    assert mount.read_only is read_only


def test_mount_hidden_under_another_is_not_taken() -> None:
    hidden, above = _mount(5, "8:2", "/a/b"), _mount(6, "8:3", "/a")
    assert mount_of([hidden, above], 6, "8:3") is above


def test_without_an_id_the_device_decides() -> None:
    first, second = _mount(5, "8:2", "/a"), _mount(6, "8:3", "/b")
    assert mount_of([first, second], None, "8:2") is first
    assert mount_of([first, second], None, "8:9") is None


def test_id_and_device_that_disagree_give_no_mount_unless_the_device_is_made_up() -> None:
    disk, btrfs = _mount(5, "8:2", "/a"), _mount(6, "0:31", "/b")
    assert mount_of([disk, btrfs], 5, "8:3") is None
    assert mount_of([disk, btrfs], 6, "0:44") is btrfs


def test_kernel_tells_the_mount_of_an_open_file(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_PATH)
    try:
        mount_id, device = mount_id_of(descriptor), os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)
    mount = mount_of(read_mounts(), mount_id, f"{os.major(device)}:{os.minor(device)}")
    assert mount is not None
    assert tmp_path.is_relative_to(mount.point)


def test_mounts_of_some_file_systems_are_read_alone() -> None:
    every = read_mounts()
    for name in {mount.file_system for mount in every}:
        wanted = [mount for mount in every if mount.file_system.startswith(name)]
        assert list(read_mounts(file_systems=name)) == wanted
    assert read_mounts(file_systems="no such") == ()
