"""The unit as systemd itself reads it: nothing to complain about, and not more exposed than it need be."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NAME = "tocsin.service"
# In tenths, as `--threshold` takes it; what the unit is at today. Only ever lowered.
EXPOSURE = "15"
Program = Callable[[str, str], Path]


@pytest.fixture
def tree(tmp_path: Path, root: Path) -> Path:
    """A root directory with this host's units, ours, and the files that ours starts."""
    units = tmp_path / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    shutil.copy(root / "systemd" / NAME, units)
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    file = tmp_path / "opt/tocsin/bin/tocsin"
    file.parent.mkdir(parents=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return tmp_path


def analyze(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [program("systemd-analyze", "systemd"), "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_has_nothing_to_say_about_the_unit(tree: Path, program: Program) -> None:
    verified = analyze(program, "verify", f"--root={tree}", NAME)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_a_mistake_in_the_unit_would_be_seen(tree: Path, program: Program) -> None:
    unit = tree / "etc/systemd/system" / NAME
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "WatchdogSecs" in analyze(program, "verify", f"--root={tree}", NAME).stderr


def test_the_unit_stays_as_closed_as_it_is(root: Path, program: Program) -> None:
    unit = str(root / "systemd" / NAME)
    judged = analyze(program, "security", "--offline=true", f"--threshold={EXPOSURE}", unit)
    assert judged.returncode == 0, judged.stdout.splitlines()[-1]


def test_the_unit_has_what_the_daemon_counts_on(root: Path) -> None:
    """What no tool would miss: readiness, the watchdog, the state directory, and imports from nowhere else."""
    said = {line.strip() for line in (root / "systemd" / NAME).read_text().splitlines()}
    wanted = {"Type=notify", "NotifyAccess=main", "WatchdogSec=60s", "Restart=always", "User=tocsin"}
    wanted |= {"StateDirectory=tocsin", "StateDirectoryMode=0700", "Environment=PYTHONSAFEPATH=1"}
    assert wanted <= said


def test_reload_waits_for_the_outcome(root: Path) -> None:
    lines = (root / "systemd" / NAME).read_text().splitlines()
    reload = [line.partition("=")[2] for line in lines if line.startswith("ExecReload=")]
    assert reload == ["/opt/tocsin/bin/tocsin reload"]


def test_the_sysctl_lets_an_ordinary_user_ping(root: Path, program: Program) -> None:
    """Set in a network namespace of its own, by systemd itself; there it is closed to all until then."""
    sysctl, ping = "/lib/systemd/systemd-sysctl", "import socket as s; s.socket(s.AF_INET, s.SOCK_DGRAM, 1)"
    python = shlex.quote(os.path.realpath(sys.executable))
    user = f"setpriv --reuid 65534 --regid 65534 --clear-groups {python} -c '{ping}'"
    script = f"! {user} && {sysctl} {shlex.quote(str(root / 'systemd/tocsin.sysctl'))} && {user}"
    command = [str(program("unshare", "util-linux")), "--net", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


def test_users_and_directories_are_what_systemd_understands(
    tmp_path: Path, root: Path, program: Program
) -> None:
    (tmp_path / "etc").mkdir()
    for tool, option, file in (
        ("systemd-sysusers", "--", "tocsin.sysusers"),
        ("systemd-tmpfiles", "--create", "tocsin.tmpfiles"),
    ):
        command: list[str | Path] = [
            program(tool, "systemd"),
            f"--root={tmp_path}",
            option,
            root / "systemd" / file,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    assert "tocsin:" in (tmp_path / "etc/passwd").read_text()
    assert (tmp_path / "etc/tocsin").stat().st_mode & 0o777 == 0o750
