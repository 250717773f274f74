"""`path: all` in a mount namespace of the test's own, through the installed command, and the choice of mounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.base import Spec
from checks.disk import DiskSpec, sample
from checks.disk.every import local_mounts
from checks.disk_io import DiskIoSpec
from checks.interfaces import NetworkSpec
from checks.mounts import parse_table, read_mounts
from tests.checks.disk.mounting import run
from tests.end_to_end.daemon import TOCSIN

AT = 1_800_000_000.0
CONFIG = """\
services:
  host:
    checks:
      disks: {type: disk, path: all, exclude: [%s]%s}
"""

Looked = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path, program: Callable[[str, str], Path]) -> Looked:
    """Runs shell lines in a mount namespace of its own, with `$at` an empty directory, then `tocsin check`.

    What is mounted on this host is left out.
    """
    unshare = program("unshare", "util-linux")

    def look(setup: str, *, exclude: str = "", options: str = "") -> dict[str, Any]:
        config, at = tmp_path / "tocsin.yaml", tmp_path / "at"
        at.mkdir()
        hosts = [json.dumps(mount.point) for mount in local_mounts(read_mounts())]
        config.write_text(CONFIG % (", ".join(filter(None, (*hosts, exclude))), options))
        script = f"set -e; at={at}; {setup}\nexec {TOCSIN} --config {config} check --json >{tmp_path}/out"
        done = run(str(unshare), "-m", "sh", "-c", script)
        if "unshare failed" in done.stderr:
            pytest.skip(f"no mount namespaces here: {done.stderr.strip()}")
        assert (tmp_path / "out").exists(), done.stderr
        document = json.loads((tmp_path / "out").read_text())
        assert len(document) == 1
        found: dict[str, Any] = document[0]
        return found

    return look


TMPFS = "mkdir -p $at/%s; mount -t tmpfs -o size=1m tmpfs $at/%s;"


def test_fullest_file_system_is_the_reading(look: Looked, tmp_path: Path) -> None:
    seen = look(f"{TMPFS % ('a', 'a')} {TMPFS % ('b', 'b')} head -c 1000000 /dev/zero >$at/b/file")
    assert seen["status"] == "degraded"
    assert seen["values"]["mount"] == str(tmp_path / "at/b")
    assert seen["values"]["total"] == 1024 * 1024
    assert seen["message"].startswith(f"{tmp_path}/at/b: used > 90% (used = 95.")
    assert f"{tmp_path}/at/a:" not in seen["message"]


def test_each_one_that_is_not_well_is_named(look: Looked, tmp_path: Path) -> None:
    setup = f"{TMPFS % ('a', 'a')} {TMPFS % ('b', 'b')} head -c 1000000 /dev/zero >$at/b/file; "
    seen = look(setup + "head -c 1040000 /dev/zero >$at/a/file")
    assert seen["status"] == "down"
    assert f"{tmp_path}/at/a: used > 97%" in seen["message"]
    assert f"{tmp_path}/at/b: used > 90%" in seen["message"]


def test_condition_that_holds_for_any_of_them_holds(look: Looked, tmp_path: Path) -> None:
    setup = f"{TMPFS % ('a', 'a')} mkdir $at/b; mount -t tmpfs -o size=2m tmpfs $at/b;"
    options = ", down: total == 1MiB and used < 50%"
    seen = look(setup + "head -c 1500000 /dev/zero >$at/b/file", options=options)
    assert (seen["status"], seen["values"]["mount"]) == ("down", str(tmp_path / "at/a"))


def test_bind_mounts_and_excluded_ones_are_not_counted(look: Looked, tmp_path: Path) -> None:
    setup = (
        f"{TMPFS % ('a', 'a')} mkdir $at/copy; mount --bind $at/a $at/copy;"
        f"{TMPFS % ('left', 'left')} head -c 1040000 /dev/zero >$at/left/file;"
    )
    seen = look(setup, exclude=f'"{tmp_path}/at/l*"', options=", degraded: total == 1MiB")
    assert (seen["status"], seen["message"].count(str(tmp_path))) == ("degraded", 1)
    assert seen["values"]["mount"] == str(tmp_path / "at/a")


def test_mount_hidden_under_another_is_not_looked_at(look: Looked, tmp_path: Path) -> None:
    hidden = "mkdir -p $at/o; mount -t tmpfs -o size=4m tmpfs $at/o;" + TMPFS % ("o/in", "o/in")
    hidden += (
        "head -c 1040000 /dev/zero >$at/o/in/file; mount -t tmpfs -o size=4m tmpfs $at/o; mkdir $at/o/in"
    )
    seen = look(hidden, options=", degraded: total == 1MiB, down: used > 50%")
    assert (seen["status"], seen["values"]["mount"]) == ("ok", str(tmp_path / "at/o"))


def test_disk_that_became_read_only_is_found_among_all(ext4: Callable[..., Path]) -> None:
    point = ext4(8)
    run("mount", "-o", "remount,ro", str(point))
    parts = sample(DiskSpec(path="all"), None, AT).parts
    assert parts[str(point)].values["read_only"] is True
    assert parts["/"].values["read_only"] is False


def test_each_file_system_has_its_own_forecast(ext4: Callable[..., Path]) -> None:
    growing = ext4(32, "-m", "0")
    memo: Any = None
    for minute in range(10):
        (growing / str(minute)).write_bytes(b"x" * 1024 * 1024)
        seen = sample(DiskSpec(path="all"), memo, AT + minute * 60)
        memo = json.loads(json.dumps(seen.memo))
    foretold = float(seen.parts[str(growing)].values["full_in"] or 0)
    free = float(seen.parts[str(growing)].values["free"] or 0)
    assert foretold == pytest.approx(free / (1024 * 1024) * 60, rel=0.1)
    assert set(memo) == set(seen.parts)


TABLE = """\
27 1 254:0 / / rw shared:1 - ext4 /dev/vda1 rw
28 27 254:0 /sub /srv/bound rw - ext4 /dev/vda1 rw
29 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
30 27 11:0 / /media/cdrom ro - iso9660 /dev/sr0 ro
31 27 0:50 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw
32 27 0:60 / /mnt/nas rw - nfs4 nas:/a rw
33 27 0:25 / /tmp rw - tmpfs tmpfs rw
34 27 0:26 / /hidden ro - tmpfs tmpfs ro
35 27 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw
36 27 0:28 / /dev rw - tmpfs tmpfs rw
37 27 0:29 / /dev/shm rw - tmpfs tmpfs rw
38 27 254:16 / /data ro - ext4 /dev/vdb ro,emergency_ro
39 27 0:25 / /var/tmp rw - tmpfs tmpfs rw
40 27 0:22 / /proc rw - proc proc rw
"""


def test_only_what_keeps_data_of_this_host_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.isdir", lambda _path: True)
    chosen = [mount.point for mount in local_mounts(parse_table(TABLE))]
    assert chosen == ["/", "/data", "/dev/shm", "/tmp"]
    assert [mount.point for mount in local_mounts(parse_table(TABLE), ("tmpfs", "/d*"))] == ["/"]


def test_root_that_is_an_image_is_left_out() -> None:
    assert local_mounts(parse_table("27 1 7:0 / / ro - squashfs /dev/loop0 ro")) == []


def test_root_of_a_container_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.isdir", lambda path: path == "/")
    table = "27 1 0:30 / / rw - overlay overlay rw\n28 27 254:0 /h /etc/hosts rw - ext4 /dev/vda1 rw"
    assert [mount.point for mount in local_mounts(parse_table(table))] == ["/"]


@pytest.mark.parametrize("spec", [(DiskSpec, "path"), (DiskIoSpec, "device"), (NetworkSpec, "interface")])
def test_to_exclude_from_one_thing_is_a_mistake(spec: tuple[type[Spec], str]) -> None:
    model, option = spec
    with pytest.raises(ValidationError, match=f"only {option}: all can leave anything out"):
        model.model_validate({option: "/one"[option != "path" :], "exclude": ["x"]})


def test_nothing_left_to_look_at_is_unknown() -> None:
    seen = sample(DiskSpec(path="all", exclude=("/*", "*")), None, AT)
    assert seen.blind == "there is no local file system to look at (check `exclude`)"


def test_no_memo_of_another_shape_breaks_the_look() -> None:
    for memo in ([[1, 2]], {"/": [[1, "x"]]}, {"/": None}, 5, "x"):
        assert "/" in sample(DiskSpec(path="all"), memo, AT).parts


def test_looking_ends_also_beside_a_hundred_mounts(look: Looked) -> None:
    seen = look("for n in $(seq 150); do mkdir $at/$n; mount -t tmpfs -o size=64k tmpfs $at/$n; done")
    assert seen["status"] == "ok"
