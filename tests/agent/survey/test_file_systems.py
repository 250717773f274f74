"""Of the mount table, those that can fill up are found, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.survey.file_systems import MOST, file_systems
from agent.survey.found import FileSystem
from checks.mounts import parse_line

ROOT = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw"


def _points(*lines: str, root: Path) -> list[str]:
    """The mount points that are taken; every one in the table is a directory."""
    for mount in filter(None, map(parse_line, lines)):
        (root / mount.point.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return [each.point for each in file_systems("\n".join(lines), root)]


def test_real_file_systems_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    table = f"30 27 254:16 / /srv rw - xfs /dev/vdb rw\n{ROOT}\n"
    assert file_systems(table, tmp_path) == (FileSystem("/", "ext4"), FileSystem("/srv", "xfs"))


@pytest.mark.parametrize(
    "line",
    [
        "28 27 0:25 / /tmp rw - tmpfs tmpfs rw",
        "28 27 0:22 / /sys rw - sysfs sysfs rw",
        "28 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro",
        "28 27 0:50 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw",
        "28 27 254:32 / /var/lib/docker/volumes/a rw - ext4 /dev/vdc rw",
        "28 27 0:60 / /mnt/nas rw - nfs4 nas:/a rw",
        "28 27 11:0 / /media/cdrom ro - iso9660 /dev/sr0 ro",
        "28 27 254:32 / /archive ro - ext4 /dev/vdc ro",
        "28 27 254:1 / /boot/efi rw - vfat /dev/vda2 rw",
    ],
    ids=lambda line: line.split(" ")[4],
)
def test_what_cannot_fill_up_or_is_another_hosts_is_passed_over(line: str, tmp_path: Path) -> None:
    assert _points(ROOT, line, root=tmp_path) == ["/"]


def test_root_is_looked_at_also_where_it_is_an_overlay(tmp_path: Path) -> None:
    assert _points("27 1 0:30 / / rw - overlay overlay rw", root=tmp_path) == ["/"]


def test_of_many_mounts_of_one_device_the_shortest_is_taken(tmp_path: Path) -> None:
    lines = [f"{number} 27 254:16 /{path} /{path} rw - btrfs /dev/vdb rw" for number, path in
             enumerate(("data/deep/below", "data", "data/deep"), 40)]  # fmt: skip
    assert _points(ROOT, *lines, root=tmp_path) == ["/", "/data"]


def test_a_mount_hidden_by_a_later_one_is_not_looked_at(tmp_path: Path) -> None:
    hidden = "40 27 254:16 / /data rw - ext4 /dev/vdb rw"
    assert _points(ROOT, hidden, "41 40 0:70 / /data rw - tmpfs tmpfs rw", root=tmp_path) == ["/"]


def test_a_single_file_mounted_into_a_container_is_no_file_system(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").touch()
    assert file_systems("40 27 254:16 /x /etc/hosts rw - ext4 /dev/vdb rw", tmp_path) == ()


@pytest.mark.parametrize("point", ["/a\\012b", "/${file:/etc/shadow}", "/x" * 150, "/\\033[31m"])
def test_names_that_do_not_belong_in_a_file_are_passed_over(point: str, tmp_path: Path) -> None:
    assert _points(ROOT, f"40 27 254:16 / {point} rw - ext4 /dev/vdb rw", root=tmp_path) == ["/"]


def test_a_great_many_are_capped(tmp_path: Path) -> None:
    lines = [f"{n} 27 8:{n} / /m{n} rw - ext4 /dev/x rw" for n in range(100)]
    assert len(_points(*lines, root=tmp_path)) == MOST


def test_rubbish_is_no_mount(tmp_path: Path) -> None:
    assert file_systems("\0\n- - -\n" + "x" * 10_000, tmp_path) == ()
