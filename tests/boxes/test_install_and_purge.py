"""From the package to its purge: data survives what it should, and nothing survives the purge."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.boxes.box import Box
from tests.boxes.test_installed import CONFIG, configured, install, main_pid, said

Package = Callable[[str], Path]


def test_from_the_first_command_to_the_purge(box: Box, package: Package) -> None:
    before = everything(box)
    printed = install(box, package(""))
    assert "not started" not in printed
    assert box.show("ActiveState") == "active" and box.show("UnitFileState") == "enabled"
    assert re.fullmatch(r"watching \d+ checks", box.show("StatusText"))
    assert box.run("stat", "-c", "%U:%G %a", "/etc/tocsin/tocsin.yaml").strip() == "root:tocsin 640"
    assert box.run("stat", "-c", "%U:%G %a", "/var/lib/tocsin").strip() == "tocsin:tocsin 700"
    assert box.run("ps", "-o", "user=", "-p", main_pid(box)).strip() == "tocsin"
    assert "(adm)" in box.run("id", "tocsin")
    assert said(box, "validate")["ok"]
    refused = box.try_("tocsin", "service", "remove")
    assert refused.returncode == 64 and "apt remove tocsin" in refused.stderr
    assert box.show("ActiveState") == "active" and box.show("UnitFileState") == "enabled"
    box.run("sh", "-c", by_socket(box))
    assert box.show("ActiveState", "tocsin.socket") == "active"
    box.write("/etc/systemd/system/tocsin.socket.d/ours.conf", "[Socket]\nBacklog=64\n")
    not_started_with_mistakes(box)
    configured(box)
    box.run("dpkg", "--remove", "tocsin")
    assert box.show("ActiveState") == "inactive"
    assert box.show("ActiveState", "tocsin.socket") == "inactive"
    box.run("test", "-e", "/var/lib/tocsin/tocsin.db")
    not_over_another(box)
    install(box, package(""))
    assert box.run("cat", "/etc/tocsin/tocsin.yaml") == CONFIG
    box.until("it runs again", lambda: box.show("ActiveState") == "active")
    box.run("dpkg", "--purge", "tocsin")
    assert everything(box) - before == set()
    assert box.try_("getent", "passwd", "tocsin").returncode == 2


def by_socket(box: Box) -> str:
    """The command that the socket unit names itself."""
    text = box.run("cat", "/usr/lib/systemd/system/tocsin.socket")
    return next(line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   "))


def not_started_with_mistakes(box: Box) -> None:
    """An upgrade whose configuration cannot be used leaves the old daemon alone, and the file as it is."""
    pid, broken = main_pid(box), CONFIG.replace("url:", "uri:")
    configured(box, broken)
    printed = box.try_("dpkg", "-i", "/tmp/tocsin.deb", seconds=300)
    assert (
        printed.returncode == 0
        and "tocsin: not restarted: /etc/tocsin/tocsin.yaml has mistakes" in printed.stderr
    )
    assert 'unknown key "uri"' in printed.stderr
    assert (box.show("ActiveState"), main_pid(box)) == ("active", pid)
    assert box.run("cat", "/etc/tocsin/tocsin.yaml") == broken


def not_over_another(box: Box) -> None:
    """Removed, but not purged: a unit that was made by hand since then would hide that of the package."""
    unit = "/etc/systemd/system/tocsin.service"
    box.run("rm", unit)  # the link by which it is masked
    box.write(unit, "[Service]\nExecStart=/bin/true\n")
    refused = box.try_("dpkg", "-i", "/tmp/tocsin.deb")
    assert refused.returncode != 0
    assert f"{unit} was installed by hand: take it away first: tocsin service remove" in refused.stderr
    box.run("rm", unit)


def everything(box: Box) -> set[str]:
    """All files that are there to stay, but for what the system itself writes down."""
    places = ["/etc", "/usr", "/opt", "/var/lib", "/var/log"]
    theirs = "/var/lib/(dpkg|apt|systemd)|/var/log/(journal|dpkg.log)|/etc/(passwd|group|g?shadow|subuid|subgid)-?$"
    found = box.try_("find", *places, "-xdev", "-print").stdout.splitlines()
    return {path for path in found if not re.match(theirs, path)}
