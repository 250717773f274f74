"""Installed from the wheel, as pipx lays it out for the whole host: the same service, and nothing of it left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.boxes.box import Box
from tests.boxes.test_first_hour import doctor
from tests.boxes.test_install_and_purge import everything
from tests.boxes.test_installed import configured, main_pid, said

Package = Callable[[str], Path]
UNIT = "/etc/systemd/system/tocsin.service"
# What `pipx install` does with PIPX_HOME=/opt/pipx and PIPX_BIN_DIR=/usr/local/bin; the libraries are here already.
PIPX = r"""
set -eu
kept=/var/cache/tocsin place=/opt/pipx/venvs/tocsin
[ -e $place ] || {
    /usr/bin/python3 -m venv --without-pip $place
    cp -r $kept/opt/tocsin/lib/python3*/site-packages/. $place/lib/python3*/site-packages
}
export PIP_DISABLE_PIP_VERSION_CHECK=1
$kept/pip/bin/python -m pip --python $place/bin/python install -q --force-reinstall --no-deps --no-index "$1"
ln -sf $place/bin/tocsin /usr/local/bin/tocsin
"""
# Places that `service remove` leaves, empty.
SHELVES = {
    "/etc/sysusers.d",
    "/usr/local/share/bash-completion", "/usr/local/share/bash-completion/completions",
    "/usr/local/share/fish", "/usr/local/share/fish/vendor_completions.d", "/usr/local/share/man/man1",
    "/usr/local/share/tocsin", "/usr/local/share/tocsin/drop-ins",
    "/usr/local/share/zsh", "/usr/local/share/zsh/site-functions",
}  # fmt: skip


def test_by_pipx_it_is_the_same_service_from_install_to_remove(box: Box, package: Package) -> None:
    file = package("")
    before = everything(box)
    by_pipx(box, file)
    box.run("tocsin", "service", "install")
    box.run("tocsin", "init", "--output", "/etc/tocsin/tocsin.yaml")
    box.run("systemctl", "enable", "--now", "tocsin")
    assert (box.show("ActiveState"), box.show("UnitFileState")) == ("active", "enabled")
    assert box.run("stat", "-c", "%U:%G %a", "/etc/tocsin/tocsin.yaml").strip() == "root:tocsin 640"
    box.run("rm", "-f", "/etc/resolv.conf")
    found = doctor(box)
    assert [each for each in found.values() if each["state"] == "fail"] == []
    assert found["daemon", "running"]["state"] == found["names", "packages"]["state"] == "ok"
    the_package_does_not_come_over_it(box, file)
    upgraded(box, file)
    printed = box.run("tocsin", "service", "remove")
    assert box.show("LoadState") == "not-found"
    left = everything(box) - before - SHELVES
    theirs = ("/opt/pipx", "/usr/local/bin/tocsin", "/etc/tocsin", "/var/lib/tocsin")
    assert {path for path in left if not path.startswith(theirs)} == set()
    assert "/etc/tocsin, /var/lib/tocsin, the user tocsin" in printed
    in_somebodys_home(box)


def by_pipx(box: Box, file: Path) -> None:
    (wheel,) = file.parent.glob("*.whl")
    box.bring(wheel, f"/tmp/{wheel.name}")
    box.run("sh", "-s", "--", f"/tmp/{wheel.name}", stdin=PIPX)


def the_package_does_not_come_over_it(box: Box, file: Path) -> None:
    pid = main_pid(box)
    box.bring(file, "/tmp/tocsin.deb")
    refused = box.try_("dpkg", "-i", "/tmp/tocsin.deb")
    assert refused.returncode != 0
    assert f"{UNIT} was installed by hand: take it away first: tocsin service remove" in refused.stderr
    assert box.try_("test", "-e", "/opt/tocsin").returncode == 1
    assert (box.show("ActiveState"), main_pid(box)) == ("active", pid)


def upgraded(box: Box, file: Path) -> None:
    """What is stored, configured and enabled stays."""
    configured(box)
    box.run("systemctl", "restart", "tocsin")
    box.until("a ticket is open", lambda: said(box, "tickets", "list", "--open") != [])
    pid = main_pid(box)
    by_pipx(box, file)
    printed = box.run("tocsin", "service", "install")
    assert printed.endswith("Next: systemctl enable tocsin; systemctl restart tocsin\n")
    box.run("systemctl", "enable", "tocsin")
    box.run("systemctl", "restart", "tocsin")
    assert main_pid(box) not in ("0", pid)
    assert [each["service"] for each in said(box, "tickets", "list")] == ["shop"]


def in_somebodys_home(box: Box) -> None:
    """As pipx does it when it is told nothing, or with a Python of root's own: the service's user cannot get there."""
    place, home = "/opt/pipx/venvs/tocsin", "/root/.local/share/pipx"
    box.run("sh", "-c", f"cp /usr/bin/python3 /root/python3 && ln -sf /root/python3 {place}/bin/python3")
    refused = box.try_("tocsin", "service", "install")
    assert refused.returncode == 64
    assert "/root/python3: nobody but its owner may enter /root:" in refused.stderr
    box.run("sh", "-c", f"mkdir -p /root/.local/share && mv /opt/pipx {home}")
    refused = box.try_(f"{home}/venvs/tocsin/bin/python", "-m", "agent.cli", "service", "install")
    assert refused.returncode == 64
    assert "bin/tocsin: nobody but its owner may enter /root:" in refused.stderr
    assert "PIPX_HOME=/opt/pipx" in refused.stderr
    assert box.try_("test", "-e", UNIT).returncode == 1
