"""Updates in the RHEL family: what dnf 4, dnf 5 and yum write, and what it means."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.updates import dnf
from checks.updates.dnf import updates

DRIVER = Path(__file__).with_name("look_alone.py")
DNF4 = """
bluez.x86_64                          5.71-2.fc39                     updates
glibc-langpack-en.x86_64              2.38-14.fc39                    updates
kernel-core.x86_64                    6.6.8-200.fc39                  updates
tzdata.noarch                         2023d-1.fc39                    updates
Obsoleting Packages
grub2-tools.x86_64                    1:2.06-110.fc39                 updates
    grub2-tools.x86_64                1:2.06-100.fc39                 @anaconda
"""
YUM = """
Loaded plugins: fastestmirror, security
Limiting package lists to security relevant ones
2 package(s) needed for security, out of 9 available

NetworkManager-initscripts-updown.noarch
                                  1:1.18.8-2.el7_9             updates
openssl.x86_64                    1:1.0.2k-21.el7_9            updates
"""
DNF5 = """Updating and loading repositories:
Repositories loaded.
vim-minimal.x86_64   2:9.1.158-1.fc41   updates
zlib-ng-compat.i686  2.1.6-5.fc41       updates
"""


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (DNF4, ["bluez", "glibc-langpack-en", "kernel-core", "tzdata"]),
        (YUM, ["NetworkManager-initscripts-updown", "openssl"]),
        (DNF5, ["vim-minimal", "zlib-ng-compat"]),
        ("", []),
        ("Error: no cache for x\n\x1b[31mhttps://a.b c d\n../x.y 1 2\n", []),
    ],
    ids=["dnf 4", "yum", "dnf 5", "nothing", "noise"],
)
def test_lists_of_updates_are_read(output: str, names: list[str]) -> None:
    assert updates(output) == names


# Stands where dnf would: it answers as the real one does, from files beside it.
_DNF = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
case "$*" in
    *needs-restarting*) cat "$here/reboot"; exit "$(cat "$here/code")" ;;
    *--security*check-update*) cat "$here/security"; exit 100 ;;
    *check-update*) cat "$here/all"; exit "$(cat "$here/found")" ;;
esac
exit 1
"""
Answers = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path) -> Answers:
    """One look in a mount namespace where /usr/local/sbin holds such a dnf."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder, root = tmp_path / "bin", tmp_path / "root"
    folder.mkdir()
    (root / "var/lib/rpm").mkdir(parents=True)
    (root / "var/cache/dnf/updates-1234").mkdir(parents=True)
    (folder / "dnf").write_text(_DNF)
    (folder / "dnf").chmod(0o755)

    def ask(**texts: str) -> dict[str, Any]:
        for name, text in texts.items():
            (folder / name).write_text(text)
        script = 'mount --bind "$1" /usr/local/sbin && shift && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "sh", str(folder), sys.executable, str(DRIVER)]
        done = subprocess.run([*command, str(root)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen | {"asked": (folder / "asked").read_text().splitlines()}

    return ask


SECURITY = "openssl.x86_64  3.0.7-6.el9  baseos\n"
REBOOT = "Core libraries or services have been updated:\n  * kernel\n\nReboot is required to ensure it.\n"


def test_dnf_is_asked_without_touching_the_network(look: Answers) -> None:
    seen = look(all=f"{DNF4}", security=SECURITY, reboot=REBOOT, code="1", found="100")
    values = seen["values"]
    assert (values["pending"], values["security"], values["reboot_required"]) == (4, 1, True)
    assert values["packages"].startswith("openssl bluez")
    assert 0 <= values["lists_age"] < 600
    assert len(seen["asked"]) == 3
    assert all(asked.startswith("--quiet --cacheonly --installroot=/") for asked in seen["asked"])


def test_nothing_to_do_and_no_reboot(look: Answers) -> None:
    values = look(all="", security="", reboot="Reboot should not be necessary.\n", code="0", found="0")[
        "values"
    ]
    assert (values["pending"], values["security"], values["reboot_required"]) == (0, 0, False)


def test_dnf_that_cannot_tell_of_reboots_leaves_that_open(look: Answers) -> None:
    missing = "No such command: needs-restarting. Please use /usr/bin/dnf --help\n"
    assert look(all="", security="", reboot=missing, code="1", found="0")["values"]["reboot_required"] is None


def test_dnf_without_metadata_is_unknown(look: Answers) -> None:
    seen = look(all="Error: Cache-only enabled but no cache for 'baseos'\n", found="1")
    assert seen["blind"] == "dnf ended with code 1: Error: Cache-only enabled but no cache for 'baseos'"


def test_tree_of_rpm_is_known_by_its_database(tmp_path: Path) -> None:
    assert dnf.is_here(tmp_path) is False
    (tmp_path / "usr/lib/sysimage/rpm").mkdir(parents=True)
    assert dnf.is_here(tmp_path) is True
