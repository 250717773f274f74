"""`tocsin service`: the unit as the package has it, with the command that is really there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli.completion import Shell, script
from agent.cli.manual import manual
from tests.end_to_end.daemon import TOCSIN, tocsin

PLACES = {
    "etc/systemd/system/tocsin.service": "tocsin.service",
    "etc/systemd/system/tocsin.socket": "tocsin.socket",
    "etc/sysusers.d/tocsin.conf": "tocsin.sysusers",
    "etc/tmpfiles.d/tocsin.conf": "tocsin.tmpfiles",
    "etc/sysctl.d/50-tocsin.conf": "tocsin.sysctl",
    **{
        f"usr/local/share/tocsin/drop-ins/{name}.conf": f"drop-ins/{name}.conf"
        for name in ("clock", "docker", "journal", "raw-commands", "raw-ping")
    },
}
READ = {
    "usr/local/share/bash-completion/completions/tocsin": script(Shell.BASH) + "\n",
    "usr/local/share/fish/vendor_completions.d/tocsin.fish": script(Shell.FISH) + "\n",
    "usr/local/share/man/man1/tocsin.1": manual(),
    "usr/local/share/zsh/site-functions/_tocsin": script(Shell.ZSH) + "\n",
}


def written(root: Path) -> set[str]:
    return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()}


def test_it_writes_what_the_package_has_and_takes_it_away(tmp_path: Path, root: Path) -> None:
    done = tocsin("service", "install", "--root", str(tmp_path))
    assert done.code == 0, done.err
    assert written(tmp_path) == PLACES.keys() | READ.keys()
    assert {place: (tmp_path / place).read_text() for place in READ} == READ
    for place, name in PLACES.items():
        packaged = (root / "systemd" / name).read_text()
        assert (tmp_path / place).read_text() == packaged.replace("/opt/tocsin/bin/tocsin", str(TOCSIN))
    assert tocsin("service", "remove", "--root", str(tmp_path)).code == 0
    assert written(tmp_path) == set()


def test_others_may_read_what_is_written_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        assert tocsin("service", "install", "--root", str(tmp_path / "r")).code == 0
    finally:
        os.umask(before)
    closed = [each for each in (tmp_path / "r").rglob("*") if not each.stat().st_mode & 0o004]
    assert closed == []


def test_without_systemd_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = tocsin("service", "install", "--dry-run")
    assert (done.code, done.out) == (64, "")
    assert done.err == "tocsin: systemd-sysusers is not here: this host has no systemd\n"


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    done = tocsin("service", "install", "--root", str(tmp_path), "--dry-run")
    assert done.code == 0 and str(tmp_path / "etc/systemd/system/tocsin.service") in done.out
    assert written(tmp_path) == set()


@pytest.mark.parametrize("command", ["install", "remove"])
def test_beside_the_debian_package_it_does_nothing(command: str, tmp_path: Path) -> None:
    unit = tmp_path / "usr" / "lib" / "systemd" / "system" / "tocsin.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    done = tocsin("service", command, "--root", str(tmp_path))
    assert done.code == 64 and f"the Debian package is installed, its unit is {unit}" in done.err
    assert written(tmp_path) == {str(unit.relative_to(tmp_path))}


@pytest.mark.parametrize(
    ("home", "mode", "reason"),
    [
        ("home", 0o700, "nobody but its owner may enter {home}"),
        ("100% ours", 0o755, "a unit cannot name this path"),
    ],
)
def test_what_the_services_user_cannot_reach_is_refused(
    home: str, mode: int, reason: str, tmp_path: Path
) -> None:
    above = tmp_path / home
    place = above / "venv"
    shutil.copytree(Path(sys.prefix) / "bin", place / "bin", symlinks=True)
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", place / "pyvenv.cfg")
    (place / "lib").symlink_to(Path(sys.prefix) / "lib")
    above.chmod(mode)
    python = str(place / "bin" / "python")
    command = [python, "-m", "agent.cli", "service", "install", "--root", str(tmp_path / "r")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 64
    assert reason.format(home=above) in done.stderr and "PIPX_HOME" in done.stderr
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", ["install", "remove"])
def test_the_help_has_an_example(command: str) -> None:
    assert f"tocsin service {command}" in tocsin("service", command, "--help").out
