"""Days with the service, as a sysadmin lives them, under the real systemd of each Debian."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.boxes.box import Box

Package = Callable[[str], Path]
CONFIG = """\
agent: {id: box, listen: 127.0.0.1:9809}
defaults: {every: 1s, timeout: 1s, retry_every: 200ms, confirm: 2, recover: 2}
services:
  shop:
    criticality: high
    checks:
      home: {type: http, url: "http://127.0.0.1:8080/"}
"""
SITE = """\
[Service]
WorkingDirectory=/srv
ExecStart=/usr/bin/python3 -m http.server 8080 --bind 127.0.0.1
"""


def install(box: Box, file: Path) -> str:
    box.bring(file, "/tmp/tocsin.deb")
    return box.run("dpkg", "-i", "/tmp/tocsin.deb", seconds=300)


def said(box: Box, *command: str) -> Any:
    return json.loads(box.run("tocsin", *command, "--json"))


def configured(box: Box, text: str = CONFIG) -> None:
    box.run("install", "-m", "640", "-g", "tocsin", "/dev/stdin", "/etc/tocsin/tocsin.yaml", stdin=text)


def watching(box: Box, file: Path) -> None:
    """Installed, and watching a site that runs."""
    install(box, file)
    box.write("/srv/index.html", "hello")
    box.write("/run/systemd/system/site.service", SITE)
    configured(box)
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "site")
    box.run("systemctl", "restart", "tocsin")
    box.until("shop is up", lambda: state(box) == "up")


def state(box: Box) -> str:
    found = said(box, "status")["services"]
    return str(next((each["state"] for each in found if each["service"] == "shop"), ""))


def tickets(box: Box) -> dict[str, str]:
    return {each["id"]: each["state"] for each in said(box, "tickets", "list") if each["service"] == "shop"}


def broken(box: Box) -> None:
    """The site goes, and its ticket comes."""
    box.run("systemctl", "stop", "site")
    box.until("a ticket is open", lambda: list(tickets(box).values()) == ["new"])


def metrics(box: Box) -> list[str]:
    fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9809/metrics', timeout=10).read().decode())"
    return box.run("python3", "-c", fetch).splitlines()


def main_pid(box: Box) -> str:
    return box.show("MainPID")


def test_a_day_with_it(box: Box, package: Package) -> None:
    watching(box, package(""))
    broken(box)
    reload_good_and_broken(box)
    stopped_and_killed(box)
    upgraded(box, package)
    out_of_memory(box)
    credential_renewed(box)
    listening_for_it(box)
    not_ours_to_write(box)
    box.run("systemctl", "start", "site")
    box.until("the ticket is resolved", lambda: list(tickets(box).values()) == ["resolved"])


def reload_good_and_broken(box: Box) -> None:
    pid = main_pid(box)
    configured(box, CONFIG.replace("checks:", "title: The shop\n    checks:", 1))
    box.run("systemctl", "reload", "tocsin")
    configured(box, CONFIG.replace("url:", "uri:"))
    refused = box.try_("systemctl", "reload", "tocsin")
    assert refused.returncode != 0
    assert "config.refused" in box.journal() and 'unknown key "uri"' in box.journal()
    assert (box.show("ActiveState"), main_pid(box)) == ("active", pid)
    assert 'tocsin_check_state{check="home",kind="http",service="shop",state="down"} 1.0' in metrics(box)
    assert "tocsin_config_last_reload_successful 0.0" in metrics(box)
    configured(box)
    box.run("systemctl", "reload", "tocsin")
    assert main_pid(box) == pid


def stopped_and_killed(box: Box) -> None:
    """The watchdog ends what hangs; what is killed comes back; nothing is lost and no second ticket comes."""
    box.write("/etc/systemd/system/tocsin.service.d/quick.conf", "[Service]\nWatchdogSec=3s\n")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "restart", "tocsin")
    for number in ("STOP", "KILL"):
        box.until("it is up", lambda: box.show("ActiveState") == "active")
        pid = main_pid(box)
        box.run("kill", f"-{number}", pid)
        box.until(
            f"another process after {number}",
            lambda pid=pid: main_pid(box) not in ("0", pid) and box.show("ActiveState") == "active",  # type: ignore[misc]
        )
        assert list(tickets(box).values()) == ["new"]
    assert "Watchdog timeout" in box.run("journalctl", "--no-pager", "-u", "tocsin")


def upgraded(box: Box, package: Package) -> None:
    pid, ids = main_pid(box), sorted(tickets(box))
    printed = install(box, package("+1"))
    assert "not restarted" not in printed
    box.until(
        "the new one runs", lambda: main_pid(box) not in ("0", pid) and box.show("ActiveState") == "active"
    )
    assert sorted(tickets(box)) == ids
    assert state(box) == "down"
    assert box.run("dpkg-query", "-W", "-f", "${Version}", "tocsin").count("+1~") == 1


def dropped_in(box: Box, name: str, text: str) -> None:
    """A drop-in for the unit, in force after a restart."""
    box.write(f"/etc/systemd/system/tocsin.service.d/{name}.conf", text)
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "restart", "tocsin")


def out_of_memory(box: Box) -> None:
    """What grows beyond its limit is ended, and comes back as it was."""
    dropped_in(box, "memory", "[Service]\nMemoryHigh=infinity\nMemoryMax=160M\n")
    restarts = int(box.show("NRestarts"))
    many = "".join(
        f"  many-{n}: {{checks: {{c: {{type: tcp, host: 127.0.0.1, port: 9}}}}}}\n" for n in range(6000)
    )
    configured(box, CONFIG + many)
    box.try_("systemctl", "reload", "tocsin")
    box.until("it was ended for its memory", lambda: int(box.show("NRestarts")) > restarts)
    configured(box)
    box.run("systemctl", "restart", "tocsin")
    box.run("rm", "/etc/systemd/system/tocsin.service.d/memory.conf")
    box.run("systemctl", "daemon-reload")
    assert list(tickets(box).values()) == ["new"]
    assert state(box) == "down"


KEEPER = """\
import http.server, pathlib
class Keeper(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pathlib.Path("/srv/shown").write_text(self.headers.get("Authorization", ""))
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8081), Keeper).serve_forever()
"""


def credential_renewed(box: Box) -> None:
    """A secret comes by the unit; another one counts from the next start, and no reload before."""
    box.write("/srv/keeper.py", KEEPER)
    box.write("/run/systemd/system/keeper.service", "[Service]\nExecStart=/usr/bin/python3 /srv/keeper.py\n")
    box.write("/etc/tocsin/shop-token", "first-secret", mode="600")
    keeper = (
        '      keeper: {type: http, url: "http://127.0.0.1:8081/", '
        'headers: {Authorization: "${credential:shop-token}"}}\n'
    )
    configured(box, CONFIG + keeper)
    dropped_in(box, "token", "[Service]\nLoadCredential=shop-token:/etc/tocsin/shop-token\n")
    box.run("systemctl", "start", "keeper")

    def shown() -> str:
        return box.try_("cat", "/srv/shown").stdout

    box.until("the secret is shown", lambda: shown() == "first-secret")
    box.write("/etc/tocsin/shop-token", "second-secret", mode="600")
    box.run("systemctl", "reload", "tocsin")
    box.run("rm", "/srv/shown")
    box.until("it is shown after a reload", lambda: shown() == "first-secret")
    box.run("systemctl", "restart", "tocsin")
    box.until("the new one is shown after a restart", lambda: shown() == "second-secret")
    assert "first-secret" not in box.journal() and "second-secret" not in box.journal()
    configured(box)
    box.run("rm", "/etc/systemd/system/tocsin.service.d/token.conf")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "restart", "tocsin")


def listening_for_it(box: Box) -> None:
    """With the socket unit, who asks while the daemon is not there waits for it."""
    box.run("systemctl", "stop", "tocsin")
    box.run("systemctl", "enable", "--now", "tocsin.socket")
    assert "tocsin_build_info" in "".join(metrics(box))
    assert box.show("ActiveState") == "active"
    pid = main_pid(box)
    box.run("kill", "-KILL", pid)
    assert "tocsin_build_info" in "".join(metrics(box))
    assert main_pid(box) != pid
    box.run("systemctl", "disable", "--now", "tocsin.socket")
    box.run("systemctl", "restart", "tocsin")


def not_ours_to_write(box: Box) -> None:
    """A state directory that was given to somebody else is said clearly, once; systemd gives the directory back."""
    box.run("systemctl", "stop", "tocsin")
    box.run("chown", "root:root", "/var/lib/tocsin/tocsin.db")
    box.run("systemctl", "reset-failed", "tocsin")
    box.try_("systemctl", "start", "tocsin")
    box.until("it has given up", lambda: box.show("ActiveState") == "failed")
    assert (box.show("ExecMainStatus"), box.show("NRestarts")) == ("78", "0")
    assert "tocsin.db belongs to root, with mode 600: tocsin cannot write to it" in box.journal()
    box.run("chown", "tocsin:tocsin", "/var/lib/tocsin/tocsin.db")
    box.run("systemctl", "start", "tocsin")
