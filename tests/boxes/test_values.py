"""Under the hardened unit each check of the host says what it says outside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.boxes.box import Box
from tests.boxes.look import outside, prepare, under_the_unit
from tests.boxes.test_installed import install
from tests.boxes.values import BEGIN, END, PAGE, ROWS, known, table

Package = Callable[[str], Path]
# Enough for a host on which others work, too: what is kept from the service never agrees.
_TRIES = 20
CONFIG = """\
agent: {id: box}
services:
  host:
    checks:
      access_log: {type: access_log, path: /var/log/shop/access.log, window: 1h}
      command: {type: command, command: [/usr/local/bin/check_the_load], counts_for_uptime: false}
      cpu: {type: cpu}
      disk-root: {type: disk, path: /}
      disk-home: {type: disk, path: /home}
      disk-data: {type: disk, path: /srv/data, write: true}
      disk-frozen: {type: disk, path: /srv/frozen}
      disk-boot: {type: disk, path: /boot}
      disk_io: {type: disk_io}
      file: {type: file, path: /home/anna/report, hash: true}
      file-closed: {type: file, path: /etc/shadow}
      file-many: {type: file, path: /srv/data}
      load: {type: load}
      log: {type: log, path: /var/log/shop/app.log, window: 1h, match: {pay: payment failed}}
      log-journal: {type: log, unit: dbus.service, window: 1h, match: {pay: .}}
      logins: {type: logins, path: /var/log/auth.log, window: 1h}
      memory: {type: memory}
      network: {type: network, interface: lo}
      ping: {type: ping, host: 127.0.0.1, count: 3, interval: 10ms}
      process: {type: process, name: busy, user: nobody}
      swap: {type: swap}
      systemd_unit: {type: systemd_unit, unit: busy.service}
      systemd_unit-timer: {type: systemd_unit, unit: systemd-tmpfiles-clean.timer}
      temperature: {type: temperature}
      time_sync: {type: time_sync}
      updates: {type: updates, timeout: 60s}
"""
# Something of everything to be seen: file systems where the unit confines, logs of adm, sensors, an update, and work.
WORLD = r"""
set -eu
for each in home srv/data srv/frozen boot; do mkdir -p /$each; done
mount -t tmpfs -o size=32m home /home
mount -t tmpfs -o size=48m data /srv/data
mount -t tmpfs -o size=16m boot /boot
mount -t tmpfs -o size=24m frozen /srv/frozen
head -c 9000000 /dev/zero >/srv/frozen/image
mount -o remount,ro /srv/frozen
install -D -m 644 /etc/os-release /home/anna/report
head -c 3000000 /dev/zero >/home/anna/much
head -c 5000000 /dev/zero >/srv/data/much
install -d -m 750 -g adm /var/log/shop
now=$(date +%d/%b/%Y:%H:%M:%S)
for status in 200 200 301 404 500 502 499; do
    echo "192.0.2.7 - - [$now +0000] \"GET /$status HTTP/1.1\" $status 512 \"-\" \"-\""
done >/var/log/shop/access.log
echo nonsense >>/var/log/shop/access.log
echo "$(date +%Y-%m-%dT%H:%M:%SZ) ERROR payment failed" >/var/log/shop/app.log
for each in 1 2 3; do
    echo "$(date +'%b %e %H:%M:%S') box sshd[7$each]: Failed password for root from 192.0.2.9 port 40$each ssh2"
done >/var/log/auth.log
chgrp adm /var/log/auth.log /var/log/shop/*.log
chmod 640 /var/log/auth.log /var/log/shop/*.log
mkdir -p /run/class/hwmon/hwmon0 /srv/packages
echo coretemp >/run/class/hwmon/hwmon0/name
for each in input:61000 max:80000 crit:95000; do
    echo "${each#*:}" >"/run/class/hwmon/hwmon0/temp1_${each%:*}"
done
mount -t overlay class -o lowerdir=/run/class:/sys/class /sys/class
printf 'Package: tzdata\nVersion: 9999-1\nArchitecture: all\nFilename: ./a.deb\nSize: 1\n\n' >/srv/packages/Packages
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
apt-get -qq update
touch /run/reboot-required
"""
BUSY = """\
#!/usr/bin/python3
import mmap, os, socket, time
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind(("127.0.0.1", 0))
disk = os.open(os.path.realpath("/usr/bin/python3"), os.O_RDONLY | os.O_DIRECT)
room = mmap.mmap(-1, 1 << 18)
while True:
    os.preadv(disk, [room], 0)
    here.sendto(bytes(30000), here.getsockname())
    here.recv(65536)
    until = time.monotonic() + 0.01
    while time.monotonic() < until:
        pass
"""
PLUGIN = '#!/bin/sh\nread -r _ _ fifteen _ </proc/loadavg\necho "OK | load15=$fifteen"\n'


def test_the_table_is_what_the_rows_say() -> None:
    written = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert written.strip() == table(), "run python -m tests.boxes.values"


def test_what_is_seen_under_the_unit_is_what_is_seen_outside(box: Box, package: Package) -> None:
    furnished(box, package(""))
    rows, seen = {each.kind: each for each in ROWS}, dict[str, set[str]]()
    wrong: dict[str, dict[str, str]] = {}
    for _ in range(_TRIES):
        before, inside, after = outside(box), under_the_unit(box), outside(box)
        for check, look in before.items():
            seen.setdefault(look.kind, set()).update(known(look.values) - {*rows[look.kind].own})
            three = (each[check].values for each in (before, inside, after))
            found = rows[look.kind].differences(*three)
            # What agreed once is not wrong: the host goes on between the looks.
            wrong[check] = {name: how for name, how in found.items() if name in wrong.get(check, found)}
        if not any(wrong.values()) and not unseen(seen):
            break
    assert {check: how for check, how in wrong.items() if how} == {}
    assert unseen(seen) == {}


def unseen(seen: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What the table names and no look has shown so far."""
    lacking = {row.kind: row.shown - {*row.rare} - seen.get(row.kind, set()) for row in ROWS}
    return {kind: names for kind, names in lacking.items() if names}


def furnished(box: Box, file: Path) -> None:
    """A host with something of everything, and work to be measured."""
    install(box, file)
    box.run("sh", "-s", stdin=WORLD)
    box.write("/usr/local/bin/busy", BUSY, mode="755")
    box.write("/usr/local/bin/check_the_load", PLUGIN, mode="755")
    box.write("/run/systemd/system/busy.service", "[Service]\nUser=nobody\nExecStart=/usr/local/bin/busy\n")
    prepare(box, CONFIG)
    box.run("systemctl", "start", "busy")
