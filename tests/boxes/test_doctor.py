"""What is wrong with a host is told by doctor with what mends it; when that was done, it is told to be well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.boxes.box import Box
from tests.boxes.test_first_hour import doctor
from tests.boxes.test_installed import configured, dropped_in, install

Package = Callable[[str], Path]
CONFIG = """\
agent: {id: box, listen: 127.0.0.1:9809}
services:
  shop:
    checks:
      home: {type: http, url: "http://shop.test:8080/", headers: {Authorization: "${credential:shop-token}"}}
      other: {type: http, url: "http://127.0.0.1:8080/", headers: {X-Other: "${credential:other}"}}
      journal: {type: log, unit: dbus.service, window: 1h, match: {pay: .}}
      log: {type: log, path: /var/log/shop/app.log, window: 1h, match: {pay: .}}
      space: {type: disk, path: /srv/data}
      plugin: {type: command, command: [/usr/local/bin/check_shop]}
      gateway: {type: ping, host: 127.0.0.1}
"""
BROKEN = r"""
set -eu
systemctl stop tocsin
gpasswd -d tocsin adm
sysctl -q -w net.ipv4.ping_group_range='1 0'
groupadd shop
install -d -m 755 /var/log/shop
install -m 640 -g shop /dev/null /var/log/shop/app.log
umount -q /etc/resolv.conf || true
rm -f /etc/resolv.conf
echo nameserver 127.0.0.1 >/etc/resolv.conf
printf '#!/bin/sh\nexec /opt/tocsin/bin/tocsin "$@"\n' >/usr/local/bin/tocsin
chmod 755 /usr/local/bin/tocsin
other=$(echo /opt/tocsin/lib/python3*/site-packages)/other-1.0.dist-info
mkdir "$other"
printf 'Metadata-Version: 2.1\nName: other\nVersion: 1.0\n' >"$other/METADATA"
echo agent >"$other/top_level.txt"
touch -d '+2 days' /etc/tocsin/tocsin.yaml
mkdir -p /etc/systemd/system/tocsin.service.d
printf '[Service]\nLoadCredential=other:/etc/tocsin/other\n' >/etc/systemd/system/tocsin.service.d/other.conf
"""
# As the remedies say.
MENDED = r"""
set -eu
systemctl stop squatter
usermod -aG systemd-journal tocsin
usermod -aG shop tocsin
sysctl -q net.ipv4.ping_group_range="0 2147483647"
rm -r /usr/local/bin/tocsin /opt/tocsin/lib/python3*/site-packages/other-1.0.dist-info
touch /etc/tocsin/tocsin.yaml
mkdir -p /srv/data
install -m 600 /etc/hostname /etc/tocsin/other
install -m 755 /bin/true /usr/local/bin/check_shop
echo '127.0.0.1 shop.test' >>/etc/hosts
"""
SQUATTER = """\
[Service]
ExecStart=/usr/bin/python3 -m http.server 9809 --bind 127.0.0.1
"""
# To every question: no such name.
NAMES = """\
import socket
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind(("127.0.0.1", 53))
while True:
    question, whence = here.recvfrom(512)
    here.sendto(question[:2] + bytes((0x81, 0x83)) + question[4:6] + bytes(6) + question[12:], whence)
"""
REMEDIES = {
    ("credentials", "shop-token"): "LoadCredential=NAME:PATH, with shop-token as NAME",
    ("credentials", "other"): "write it to /etc/tocsin/other, for root alone",
    ("ports", "agent.listen"): "ss -ltnp 'sport = :9809'",
    ("clock", "time"): "timedatectl set-ntp true",
    ("dns", "name server 127.0.0.1"): "/etc/resolv.conf",
    ("dns", "shop.home"): "getent hosts shop.test",
    ("logs", "shop.journal"): "usermod -aG systemd-journal tocsin",
    ("logs", "shop.log"): "usermod -aG shop tocsin",
    ("disk", "shop.space"): "mount it, or mend path:",
    ("programs", "shop.plugin"): "ls -l /usr/local/bin/check_shop",
    ("ping", "permission"): 'sysctl net.ipv4.ping_group_range="0 2147483647"',
    ("names", "agent"): "install tocsin into an environment of its own",
    ("names", "command"): "remove those that are not used",
}


def test_what_is_wrong_is_told_with_what_mends_it(box: Box, package: Package) -> None:
    install(box, package(""))
    configured(box, CONFIG)
    box.run("sh", "-s", stdin=BROKEN)
    box.write("/run/systemd/system/squatter.service", SQUATTER)
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "squatter")
    box.until("it sits there", lambda: "9809" in box.run("ss", "-ltn"))
    found = doctor(box)
    told = {name: (found.get(name) or {}).get("remedy") or "" for name in REMEDIES}
    assert {name: text for name, text in told.items() if REMEDIES[name] not in text} == {}
    assert {found[name]["state"] for name in REMEDIES} == {"fail", "warn"}

    box.run("sh", "-s", stdin=MENDED)
    box.write("/srv/names.py", NAMES)
    box.write("/run/systemd/system/names.service", "[Service]\nExecStart=/usr/bin/python3 /srv/names.py\n")
    box.write("/etc/tocsin/shop-token", "a-secret", mode="600")
    dropped_in(box, "token", "[Service]\nLoadCredential=shop-token:/etc/tocsin/shop-token\n")
    box.run("systemctl", "start", "names")
    box.until("the daemon answers", lambda: doctor(box)["daemon", "running"]["state"] == "ok")
    found = doctor(box)
    assert {name: each for name, each in found.items() if each["state"] == "fail"} == {}
    assert found["credentials", "shop-token"]["text"] == "the unit that runs has it"
    assert {name for name in REMEDIES if name in found and found[name]["state"] != "ok"} == set()
    assert "a-secret" not in str(found)
