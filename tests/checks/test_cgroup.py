"""Limits of control groups: a real group with a quota and a limit, and trees of both versions in files."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checks import cgroup
from tests.end_to_end.daemon import TOCSIN

MIB = 1024 * 1024
_SECOND = "28 1 0:38 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw"
_FIRST = """\
30 1 0:30 {root} /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
31 1 0:31 {root} /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct
32 1 0:32 {root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
"""


def _tree(root: Path, own: str, mounts: str, files: dict[str, str]) -> Path:
    process = root / "proc/self"
    process.mkdir(parents=True)
    (process / "cgroup").write_text(own)
    (process / "mountinfo").write_text(mounts)
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_container_of_version_2_has_its_limits_at_the_top(tmp_path: Path) -> None:
    files = {
        "memory.max": f"{512 * MIB}\n", "memory.current": f"{300 * MIB}\n",
        "memory.stat": f"anon 5\ninactive_file {100 * MIB}\n",
        "cpu.max": "150000 100000\n", "cpu.stat": "usage_usec 2500000\nnr_periods 40\nnr_throttled 10\n",
    }  # fmt: skip
    root = _tree(tmp_path, "0::/\n", _SECOND.format(root="/"), files)
    top = root / "sys/fs/cgroup"
    for top_only in (True, False):
        assert cgroup.memory(root, top_only=top_only) == cgroup.Memory(top, 512 * MIB, 200 * MIB)
        assert cgroup.processors(root, top_only=top_only) == cgroup.Processors(top, 1.5, 2.5, 40, 10)


def test_limit_of_a_service_on_a_host_is_not_that_of_the_host(tmp_path: Path) -> None:
    files = {
        "system.slice/cpu.max": "max 100000\n", "system.slice/memory.max": "max\n",
        "system.slice/tocsin.service/memory.max": f"{512 * MIB}", "system.slice/tocsin.service/memory.current": "5",
        "system.slice/tocsin.service/cpu.max": "50000 100000",
    }  # fmt: skip
    root = _tree(tmp_path, "0::/system.slice/tocsin.service\n", _SECOND.format(root="/"), files)
    own = root / "sys/fs/cgroup/system.slice/tocsin.service"
    assert (cgroup.memory(root, top_only=True), cgroup.processors(root, top_only=True)) == (None, None)
    assert cgroup.memory(root) == cgroup.Memory(own, 512 * MIB, 5)
    assert cgroup.processors(root) == cgroup.Processors(own, 0.5, 0.0, 0, 0)


def test_tightest_limit_of_all_around_counts(tmp_path: Path) -> None:
    files = {
        "a/memory.max": f"{100 * MIB}", "a/memory.current": f"{90 * MIB}", "a/cpu.max": "200000 100000",
        "a/b/memory.max": f"{50 * MIB}", "a/b/memory.current": f"{10 * MIB}", "a/b/cpu.max": "300000 100000",
    }  # fmt: skip
    root = _tree(tmp_path, "0::/a/b\n", _SECOND.format(root="/"), files)
    memory, processors = cgroup.memory(root), cgroup.processors(root)
    assert memory is not None and memory.limit == 100 * MIB
    assert processors is not None and processors.quota == 2.0


def test_container_of_version_1_that_sees_the_hosts_names(tmp_path: Path) -> None:
    own = "4:memory:/docker/abc\n3:cpuacct:/docker/abc\n2:cpu:/docker/abc\n0::/docker/abc\n"
    files = {
        "memory/memory.limit_in_bytes": f"{512 * MIB}", "memory/memory.usage_in_bytes": f"{300 * MIB}",
        "memory/memory.stat": f"inactive_file 7\ntotal_inactive_file {100 * MIB}\n",
        "cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000",
        "cpu/cpu.stat": "nr_periods 40\nnr_throttled 10\nthrottled_time 5\n", "cpuacct/cpuacct.usage": "2500000000",
    }  # fmt: skip
    root = _tree(tmp_path, own, _FIRST.format(root="/docker/abc"), files)
    assert cgroup.memory(root, top_only=True) == cgroup.Memory(
        root / "sys/fs/cgroup/memory", 512 * MIB, 200 * MIB
    )
    assert cgroup.processors(root) == cgroup.Processors(root / "sys/fs/cgroup/cpu", 0.5, 2.5, 40, 10)


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("", {}),
        ("garbage\n:::\n", {}),
        ("0::/../../elsewhere\n", {}),
        ("0::/gone\n", {"memory.max": "x", "cpu.max": "x y"}),
        ("0::/\n", {"memory.max": "0", "memory.current": "5", "cpu.max": "0 100000"}),
        ("0::/\n", {"memory.max": "-5", "memory.current": "5", "cpu.max": "100000 0"}),
        ("0::/\n", {"memory.max": "500", "memory.current": "\x00", "cpu.max": "max"}),
        (
            "4:memory:/\n2:cpu:/\n",
            {"memory/memory.limit_in_bytes": str(2**63 - 4096), "cpu/cpu.cfs_quota_us": "-1"},
        ),
    ],
)
def test_what_is_no_limit_is_none(own: str, files: dict[str, str], tmp_path: Path) -> None:
    root = _tree(tmp_path, own, _FIRST.format(root="/") + _SECOND.format(root="/"), files)
    assert (cgroup.memory(root), cgroup.processors(root)) == (None, None)


def test_without_proc_there_is_no_limit(tmp_path: Path) -> None:
    assert (cgroup.memory(tmp_path), cgroup.processors(tmp_path)) == (None, None)


def _write(file: Path, text: str) -> None:
    """Without creating it: what a tree of groups does not have, it does not know."""
    with file.open("r+") as opened:
        opened.write(text)


def _new_group(controller: str) -> Path:
    """A new group of the real tree below this program's own, or a skip."""
    found = cgroup.groups(controller)
    if os.geteuid() != 0 or not found:
        pytest.skip(f"there is no tree of groups for {controller} to write to")
    top = found[-1].path
    if (top / "cgroup.controllers").exists() and controller not in (
        top / "cgroup.subtree_control"
    ).read_text():
        top = found[0].path
    group = top / f"tocsin-test-{secrets.token_hex(4)}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"may not make a group for {controller}: {error}")
    return group


@pytest.fixture
def limited() -> Iterator[list[Path]]:
    """Real groups: half a processor, 256 MiB."""
    made: list[Path] = []
    try:
        for controller, limits in (
            ("cpu", {"cpu.max": "50000 100000", "cpu.cfs_quota_us": "50000"}),
            ("memory", {"memory.max": f"{256 * MIB}", "memory.limit_in_bytes": f"{256 * MIB}"}),
        ):
            made.append(_new_group(controller))
            known = [name for name in limits if (made[-1] / name).exists()]
            if not known:
                pytest.skip(f"the tree of groups has no limits for {controller}")
            _write(made[-1] / known[0], limits[known[0]])
        accounts = cgroup.groups("cpuacct")
        if (
            accounts
            and made[0].name != accounts[-1].path.name
            and accounts[0].top != cgroup.groups("cpu")[0].top
        ):
            made.append(accounts[0].top / made[0].relative_to(cgroup.groups("cpu")[0].top))
            made[-1].mkdir()
        yield made
    finally:
        for group in made:
            if group.is_dir():
                group.rmdir()


def _inside(groups: list[Path], *command: str) -> str:
    """What a program says that runs in the groups."""

    def enter() -> None:
        for group in groups:
            _write(group / "cgroup.procs", str(os.getpid()))

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=enter)
    assert done.stdout, done.stderr
    return done.stdout


BUSY = """
import json, threading, os, sys
from checks import cgroup
before = cgroup.processors()
for _ in range(3_000_000): pass
kept = bytearray(64 * 1024 * 1024)
after, memory = cgroup.processors(), cgroup.memory()
print(json.dumps([before.quota, after.usage - before.usage, memory.limit, memory.used]))
"""


def test_real_groups_limits_and_usage_are_read(limited: list[Path], root: Path) -> None:
    quota, used, limit, memory = json.loads(
        _inside(limited, sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{BUSY}")
    )
    assert (quota, limit) == (0.5, 256 * MIB)
    assert 0.005 < used < 30
    assert 64 * MIB < memory < 256 * MIB


def test_installed_command_tells_of_the_group_it_runs_in(limited: list[Path], tmp_path: Path) -> None:
    config = tmp_path / "tocsin.yaml"
    config.write_text(
        "services:\n  host:\n    checks:\n"
        "      cpu: {type: cpu, scope: cgroup}\n      memory: {type: memory, scope: cgroup}\n"
        "      whole: {type: memory}\n"
    )
    looked = json.loads(_inside(limited, str(TOCSIN), "--config", str(config), "check", "--json"))
    cpu, memory, whole = (_values(looked, name) for name in ("cpu", "memory", "whole"))
    assert cpu["quota"] == 0.5
    assert cpu["busy"] == cpu["quota_used"]
    assert 0 <= cpu["throttled"] <= 1
    assert (memory["total"], memory["limit"]) == (256 * MIB, 256 * MIB)
    assert memory["used"] == pytest.approx(memory["limit_used"], abs=0.05)
    assert whole["total"] > memory["total"]
    assert whole["limit"] == 256 * MIB


CONTAINER = """
for name in cpu cpuacct memory; do
    umount "$(readlink -f /sys/fs/cgroup/$name)" 2>/dev/null && mount -t cgroup -o $name cgroup /sys/fs/cgroup/$name
done
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; fi
exec "$@"
"""


def test_container_is_told_by_the_top_of_its_own_tree(
    limited: list[Path], tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    """A namespace of groups, and the tree mounted anew in it, as container engines do."""
    unshare, config = program("unshare", "util-linux"), tmp_path / "tocsin.yaml"
    config.write_text(
        "services:\n  host:\n    checks:\n      cpu: {type: cpu}\n      memory: {type: memory}\n"
        "      host: {type: memory, scope: host}\n"
    )
    command = (str(TOCSIN), "--config", str(config), "check", "--json")
    looked = json.loads(_inside(limited, str(unshare), "-C", "-m", "sh", "-c", CONTAINER, "sh", *command))
    cpu, memory, host = (_values(looked, name) for name in ("cpu", "memory", "host"))
    assert (cpu["quota"], cpu["busy"]) == (0.5, cpu["quota_used"])
    assert (memory["total"], host["total"] > memory["total"]) == (256 * MIB, True)


def _values(looked: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each["values"] for each in looked if each["check"] == name)
    return found
