"""Each drop-in lets a check see what the unit alone keeps from it; the unit itself stays tight."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.boxes.box import Box
from tests.boxes.look import prepare, under_the_unit
from tests.boxes.test_installed import install

Package = Callable[[str], Path]
UNIT = "/usr/lib/systemd/system/tocsin.service"
CONFIG = """\
agent: {id: box}
services:
  host:
    checks:
      raw-ping: {type: ping, host: 127.0.0.1, count: 2, interval: 10ms}
      raw-commands: {type: command, command: [/usr/local/bin/check_raw], counts_for_uptime: false}
      journal: {type: log, unit: dbus.service, window: 1h, degraded: lines == 0}
      docker: {type: http, url: "http://docker/_ping", unix_socket: /run/docker.sock}
      clock: {type: time_sync, degraded: offset > 1d}
"""
# What a drop-in opens beside what it is called after.
ALSO = {"raw-commands": {"raw-ping"}}
# Nothing of it is open to the service: pings, the journal, a socket of Docker's; raw sockets.
WORLD = r"""
set -eu
sysctl -q -w net.ipv4.ping_group_range='1 0'
gpasswd -d tocsin adm
groupadd docker
install -m 4755 "$(readlink -f /usr/bin/python3)" /usr/local/bin/of_root
"""
# As check_icmp does: a program of root's that opens its socket, and is root no more.
PLUGIN = """\
#!/usr/local/bin/of_root
import os, socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    os.setresuid(os.getuid(), os.getuid(), os.getuid())
except OSError as error:
    print(error)
    raise SystemExit(3)
print("OK")
"""
DOCKER = """\
import http.server, os, shutil, socketserver
class Docker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")
    def address_string(self):
        return "-"
with socketserver.UnixStreamServer("/run/docker.sock", Docker) as server:
    shutil.chown("/run/docker.sock", group="docker")
    os.chmod("/run/docker.sock", 0o660)
    server.serve_forever()
"""


def test_each_drop_in_opens_what_it_says(box: Box, package: Package, root: Path) -> None:
    closed_in(box, package(""))
    drop_ins = {file.stem: file.read_text() for file in (root / "systemd" / "drop-ins").glob("*.conf")}
    without = looked(box)
    assert drop_ins.keys() == without.keys()
    assert {name for name, opened in without.items() if opened} == set()
    for name, text in drop_ins.items():
        dropped_in = f"/run/systemd/system/look.service.d/{name}.conf"
        box.write(dropped_in, text)
        box.run("systemctl", "daemon-reload")
        wanted = {name, *ALSO.get(name, ())}
        assert {each for each, opened in looked(box).items() if opened} == wanted
        box.run("rm", dropped_in)
    for name, text in drop_ins.items():
        box.write(f"/etc/systemd/system/tocsin.service.d/{name}.conf", text)
    verified(box)
    box.run("systemctl", "restart", "tocsin")
    assert box.show("ActiveState") == "active"


def test_the_unit_alone_is_tight(box: Box, package: Package) -> None:
    install(box, package(""))
    verified(box)
    box.run("systemd-analyze", "security", "--offline=true", "--threshold=16", UNIT)


def test_every_line_of_the_unit_and_every_drop_in_is_explained(root: Path) -> None:
    page = (root / "docs" / "hardening.md").read_text(encoding="utf-8")
    service = (
        (root / "systemd" / "tocsin.service").read_text().partition("[Service]")[2].partition("[Install]")[0]
    )
    settings = set(re.findall(r"^(\w+)=", service, re.MULTILINE))
    assert {each for each in settings if f"`{each}=" not in page} == set()
    names = {each.name for each in (root / "systemd" / "drop-ins").iterdir()}
    assert set(re.findall(r"^\| `([\w-]+\.conf)`", page, re.MULTILINE)) == names


def verified(box: Box) -> None:
    box.run("systemctl", "daemon-reload")
    done = box.try_("systemd-analyze", "verify", "--man=no", UNIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def closed_in(box: Box, file: Path) -> None:
    """A host on which each of them is needed."""
    install(box, file)
    box.run("sh", "-s", stdin=WORLD)
    box.write("/usr/local/bin/check_raw", PLUGIN, mode="755")
    box.write("/srv/docker.py", DOCKER)
    box.write("/run/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/python3 /srv/docker.py\n")
    prepare(box, CONFIG)
    box.run("systemctl", "start", "docker")
    box.until("Docker listens", lambda: box.try_("test", "-S", "/run/docker.sock").returncode == 0)


def looked(box: Box) -> dict[str, bool]:
    """Which of the checks see what they look at."""
    return {
        check: look.values.get("kernel_offset") is not None
        if look.kind == "time_sync"
        else look.status == "ok"
        for check, look in under_the_unit(box).items()
    }
