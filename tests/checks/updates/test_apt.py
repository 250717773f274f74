"""Updates of a Debian that lives in a directory, asked of the real apt-get."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.base import Context, ErrorKind, Observation
from checks.network import Network
from checks.updates.apt import updates
from checks.updates.kind import KIND, UpdatesSpec, probe
from tests.checks.updates.repository import Debian, debian

DAY = 86400.0


def look(root: Path, now: float | None = None, timeout: float = 120.0, **options: Any) -> Observation:
    context = Context(timeout=timeout, network=Network(), now=now or time.time())
    seen = asyncio.run(probe(UpdatesSpec(root=str(root), **options), context))
    assert seen.values == {} or set(seen.values) == KIND.value_names - {"took"}
    return seen


@pytest.fixture
def host(tmp_path: Path, program: Callable[[str, str], Path]) -> Debian:
    program("apt-get", "apt")
    return debian(tmp_path)


def test_updates_are_counted_and_those_for_security_apart(host: Debian) -> None:
    host.install(tool="1.0", library="1.9", current="3.0")
    host.publish("stable", "Debian", tool="1.1", library="2.0", current="3.0", unrelated="1.0")
    host.publish("stable-security", "Debian-Security", library="2.1")
    host.fetch()
    seen = look(host.root)
    assert (seen.blind, seen.notes) == (None, ())
    assert (seen.values["security"], seen.values["pending"]) == (1, 2)
    assert seen.values["packages"] == "library tool"
    assert seen.values["reboot_required"] is False
    assert 0 <= float(seen.values["lists_age"] or 0) < 600


def test_host_that_is_up_to_date_has_none(host: Debian) -> None:
    host.install(tool="1.1")
    host.publish("stable", "Debian", tool="1.1")
    host.fetch()
    values = look(host.root, manager="apt").values
    assert (values["security"], values["pending"], values["packages"]) == (0, 0, None)


def test_ubuntu_names_its_archive_for_security(host: Debian) -> None:
    host.install(tool="1.0", other="1.0")
    host.publish("jammy-security", "Ubuntu", tool="1.1")
    host.publish("jammy-updates", "Ubuntu", other="1.1")
    host.fetch()
    values = look(host.root).values
    assert (values["security"], values["pending"]) == (1, 2)


def test_reboot_is_required_when_the_host_says_so(host: Debian) -> None:
    host.install(tool="1.1")
    host.publish("stable", "Debian", tool="1.1")
    host.fetch()
    (host.root / "run/reboot-required").touch()
    assert look(host.root).values["reboot_required"] is True


def test_host_without_package_lists_is_unknown_and_not_up_to_date(host: Debian) -> None:
    host.install(tool="1.0")
    seen = look(host.root)
    assert seen.blind == (
        f"there are no package lists in {host.root}/var/lib/apt/lists (run apt-get update, best by a timer)"
    )
    assert seen.error_kind is ErrorKind.LOCAL


def test_old_lists_are_noted(host: Debian) -> None:
    host.install(tool="1.1")
    host.publish("stable", "Debian", tool="1.1")
    host.fetch()
    seen = look(host.root, now=time.time() + 10 * DAY)
    assert seen.values["lists_age"] == pytest.approx(10 * DAY, abs=600)
    assert seen.notes == ("the package lists are old: newer updates are not known here",)


def test_stamp_of_the_last_success_is_believed_more_than_a_try(host: Debian) -> None:
    host.install(tool="1.1")
    host.publish("stable", "Debian", tool="1.1")
    host.fetch()
    now = time.time()
    stamp = host.root / "var/lib/apt/periodic/update-success-stamp"
    stamp.parent.mkdir()
    stamp.touch()
    for path in (stamp, host.root / "var/lib/apt/lists"):
        os.utime(path, (now - 3 * DAY,) * 2)
    assert look(host.root, now=now).values["lists_age"] == pytest.approx(3 * DAY, abs=60)


def test_broken_dependencies_are_told_in_the_words_of_apt(host: Debian) -> None:
    host.install(tool="1.0")
    host.publish("stable", "Debian", tool="1.1")
    with (host.root / "var/lib/dpkg/status").open("a") as status:
        status.write(
            "Package: broken\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
            "Maintainer: Nobody <nobody@example.org>\nDepends: no-such-package\nDescription: x\n\n"
        )
    host.fetch()
    blind = str(look(host.root).blind)
    assert blind.startswith("apt-get ended with code 100: E: ")
    assert "nmet dependencies" in blind


def test_slow_apt_is_unknown_by_the_deadline(host: Debian) -> None:
    host.install(tool="1.0")
    host.publish("stable", "Debian", tool="1.1")
    host.fetch()
    assert look(host.root, timeout=0.02).blind == "apt-get did not end within 19ms (raise timeout:)"


def test_tree_without_packages_is_unknown(tmp_path: Path) -> None:
    assert look(tmp_path).blind == f"no packages of dpkg or rpm in {tmp_path} (say which: manager)"


def test_lines_of_apt_are_told_apart() -> None:
    lines = """
Inst base-files [12.4+deb12u11] (12.4+deb12u12 Debian:12.12/stable [amd64])
Inst libc6 [2.36-9] (2.36-10 Debian:12.12/stable, Debian-Security:12/stable-security [amd64]) []
Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian-Security:12/stable-security [amd64])
Inst vim [2:8.2] (2:8.3 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
Inst esm [1] (2 UbuntuESM:16.04/xenial-infra-security [amd64])
Inst tail [1] (2 Vendor:1/stable-security-tools [all])
Conf libc6 (2.36-10 Debian-Security:12/stable-security [amd64])
Remv old [1]
Inst security [1-security] (2-security Debian:12/stable [all])
"""
    every, security = updates(lines)
    assert every == ["base-files", "libc6", "vim", "esm", "tail", "security"]
    assert security == ["libc6", "vim", "esm"]
