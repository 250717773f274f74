"""`tocsin reload`, renames, files of targets and rotated secrets, on the installed command."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.website import Site

SUCCESSFUL = "tocsin_config_last_reload_successful"
SUCCEEDED_AT = "tocsin_config_last_reload_success_timestamp_seconds"
QUICK = {"type": "http", "every": "1s", "timeout": "1s", "retry_every": "300ms"}


def config(site: Site, *names: str, **options: Any) -> dict[str, Any]:
    checks = {name: {**QUICK, "url": site.url, **options} for name in names}
    return {"agent": {"self_service": False}, "services": {"web": {"checks": checks}}}


def test_reload_waits_for_the_outcome_and_says_what_changed(tmp_path: Path) -> None:
    with Site() as site, Daemon(tmp_path, **config(site, "home", "old")) as daemon:
        daemon.start()
        before = daemon.metrics().total(SUCCEEDED_AT)
        changed = config(site, "home", "new", headers={"X-Key": "so-secret-a-word"})
        changed["services"]["shop"] = {"checks": {"cpu": {"type": "cpu", "every": "20s"}}}
        changed["agent"] |= {"stop_grace": "1s", "timezone": "Africa/Johannesburg"}
        daemon.write(**changed)
        ended = daemon.tocsin("reload")
        assert (ended.code, ended.out.splitlines()) == (
            0,
            [
                f"reloaded {daemon.config}: 2 services, 3 checks",
                "added: shop, shop.cpu, web.new",
                "removed: web.old",
                "changed: agent (timezone, stop_grace), web.home (headers)",
            ],
        )
        assert daemon.metrics().labels("tocsin_check_up", "check") == {"home", "new", "cpu"}
        assert daemon.metrics().total(SUCCESSFUL) == 1
        assert daemon.metrics().total(SUCCEEDED_AT) > before
        again = daemon.tocsin("reload")
        assert (again.code, again.out.splitlines()[1:]) == (0, ["nothing changed"])
        told = daemon.events("config.reloaded")[0]
        assert told["changed"] == ["agent (timezone, stop_grace)", "web.home (headers)"]
        assert "so-secret-a-word" not in daemon.log_file.read_text() + ended.out + ended.err
        daemon.stop()


def test_reload_as_json(tmp_path: Path) -> None:
    with Site() as site, Daemon(tmp_path, **config(site, "home")) as daemon:
        daemon.start()
        changed = config(site, "front", was="home")
        changed["agent"] |= {"listen": "127.0.0.1:1"}
        daemon.write(**changed)
        document = daemon.json("reload")
        assert document == {
            "ok": True,
            "file": str(daemon.config),
            "services": 1,
            "checks": 1,
            "added": [],
            "removed": [],
            "disabled": {},
            "renamed": {"web.home": "web.front"},
            "changed": {"agent": ["listen"], "web.front": ["was"]},
            "restart": ["agent.listen"],
            "counts": {"added": 0, "removed": 0, "disabled": 0, "renamed": 1, "changed": 2, "restart": 1},
            "errors": [],
            "warnings": [],
        }
        assert daemon.events("config.restart_wanted")[0]["options"] == ["agent.listen"]
        daemon.stop()


@pytest.mark.parametrize("broken", ["timeuot: 1s", "services: ["])
def test_a_refused_file_is_told_as_validate_tells_it_and_the_old_one_stays(
    tmp_path: Path, broken: str
) -> None:
    with Site() as site, Daemon(tmp_path, **config(site, "home")) as daemon:
        daemon.start()
        succeeded_at = daemon.metrics().total(SUCCEEDED_AT)
        good = daemon.config.read_text()
        daemon.config.write_text(good.replace("timeout: 1s", "timeuot: 1s\n        evry: 2s") + f"{broken}\n")
        refused, validated = daemon.tocsin("reload"), daemon.tocsin("validate")
        assert refused.code == validated.code == 78
        mistakes = [line for line in validated.err.splitlines() if line.startswith("error: ")]
        assert [line for line in refused.err.splitlines() if line.startswith("error: ")] == mistakes != []
        assert refused.err.splitlines()[-1] == (
            f"refused: {daemon.config}: the configuration from before stays in force"
        )
        as_json = daemon.tocsin("reload", "--json")
        assert (as_json.code, as_json.document["ok"]) == (78, False)
        assert as_json.document["errors"] == daemon.tocsin("validate", "--json").document["errors"]
        page = daemon.metrics()
        assert (page.total(SUCCESSFUL), page.total(SUCCEEDED_AT)) == (0, succeeded_at)
        assert page.labels("tocsin_check_up", "check") == {"home"}
        daemon.config.write_text(good)
        assert daemon.tocsin("reload").code == 0
        assert daemon.metrics().total(SUCCESSFUL) == 1
        daemon.stop()


def test_without_a_daemon_reload_says_what_to_do(tmp_path: Path) -> None:
    with Site() as site:
        daemon = Daemon(tmp_path, **config(site, "home"))
        ended = daemon.tocsin("reload")
        remedy = "start one with `systemctl start tocsin`, or `tocsin run`"
        assert (ended.code, ended.out, ended.err) == (
            1, "", f"tocsin: no daemon runs in {daemon.state_dir} ({remedy})\n"
        )  # fmt: skip


def test_a_rename_takes_incident_and_ticket_along(tmp_path: Path) -> None:
    with Site() as site, Daemon(tmp_path, **config(site, "home")) as daemon:
        site.turn(good=False)
        daemon.start()
        wait_for(lambda: daemon.events("incident.opened"), "an incident")
        daemon.write(**config(site, "front", was="home"))
        daemon.signal(signal.SIGHUP)
        wait_for(lambda: daemon.events("check.renamed"), "the rename")
        wait_for(lambda: daemon.rows("SELECT 1 FROM readings WHERE check_id = 'front'"), "a reading")
        assert [(t["id"], t["check"], t["state"]) for t in daemon.tickets()] == [("T-1", "front", "new")]
        site.turn(good=True)
        wait_for(lambda: daemon.events("incident.recovered"), "the end of it")
        (incident,) = daemon.json("incidents")
        assert (incident["rule"], incident["state"]) == ("front", "watching")
        (figure,) = daemon.json("uptime", "--period", "30d")
        assert [outage["incident"] for outage in figure["outages"]] == [incident["id"]]
        daemon.stop()


def test_a_file_of_targets_is_followed_by_itself(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.json"
    with Site() as site, Site() as other:
        ports = [site.url.split(":")[-1].rstrip("/"), other.url.split(":")[-1].rstrip("/")]
        hosts.write_text(json.dumps([{"targets": ports[:1]}]))
        check = {**QUICK, "url": "http://127.0.0.1:${target}/", "targets_file": "hosts.json"}
        with Daemon(
            tmp_path, agent={"self_service": False}, services={"web": {"checks": {"c": check}}}
        ) as daemon:
            daemon.start()
            hosts.write_text(json.dumps([{"targets": ports}]))
            told = wait_for(lambda: daemon.events("config.reloaded"), "the second target")[0]
            assert told["added"] == [f"web.c-{ports[1]}"]
            hosts.write_text("[{")
            wait_for(lambda: daemon.metrics().total(SUCCESSFUL) == 0, "the refusal")
            assert len(daemon.metrics().labels("tocsin_check_up", "check")) == 2
            hosts.write_text("[]")
            wait_for(lambda: daemon.metrics().total(SUCCESSFUL) == 1, "a good file again")
            assert "tocsin_check_up{" not in daemon.metrics().text
            daemon.stop()


class Guard(ThreadingHTTPServer):
    """Lets in whoever brings the token of the moment."""

    daemon_threads = True

    def __init__(self) -> None:
        self.token, self.let_in, self.refused = "", 0, 0
        super().__init__(("127.0.0.1", 0), _Gate)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Gate(BaseHTTPRequestHandler):
    server: Guard

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {self.server.token}"
        self.server.let_in += known
        self.server.refused += not known
        # What was brought is said back: it must not travel any further.
        body = f"you said {self.headers.get('Authorization')}".encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def guard(token: str) -> Iterator[Guard]:
    server = Guard()
    server.token = token
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("kind", ["file", "credential"])
def test_a_rotated_secret_is_used_at_the_next_look_and_never_shown(tmp_path: Path, kind: str) -> None:
    first, second, wrong = "first-t0ken-9f2c", "second-t0ken-77aa", "wrong-t0ken-0000"
    kept = tmp_path / "api-token"
    kept.write_text(f"{first}\n")
    kept.chmod(0o600)
    reference = f"${{file:{kept}}}" if kind == "file" else "${credential:api-token}"
    with guard(first) as site:
        check = {**QUICK, "url": site.url, "headers": {"Authorization": f"Bearer {reference}"}}
        check["down"] = 'status != 200 or body contains "nobody"'
        with Daemon(tmp_path, services={"api": {"checks": {"home": check}}}) as daemon:
            daemon.environment["CREDENTIALS_DIRECTORY"] = str(tmp_path)
            daemon.start()
            wait_for(lambda: site.let_in >= 2, "looks with the first token")
            site.token = second
            kept.write_text(f"{second}\n")
            site.let_in = 0
            wait_for(lambda: site.let_in >= 3, "looks with the second token")
            kept.write_text(f"{wrong}\n")
            wait_for(lambda: daemon.events("incident.opened"), "an incident over the wrong token")
            kept.write_text(f"{second}\n")
            wait_for(lambda: daemon.events("incident.recovered"), "its end")
            assert not daemon.events("config.reloaded", "reload.asked")
            (ticket,) = daemon.tickets()
            shown = daemon.tocsin("tickets", "show", ticket["id"]).out
            assert "401" in shown
            everything = shown + daemon.log_file.read_text() + daemon.metrics().text
            everything += repr(daemon.rows("SELECT * FROM readings")) + repr(
                daemon.rows("SELECT * FROM tickets")
            )
            for secret in (first, second, wrong):
                assert secret not in everything
            daemon.stop()


@contextmanager
def notify_socket(directory: Path) -> Iterator[list[str]]:
    """A stand-in for the service manager; gives what it hears, in order."""
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(directory / "notify"))

        def listen() -> None:
            while message := listener.recv(4096):
                heard.append(message.decode())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(directory / "notify"))
        thread.join()


def test_systemd_hears_when_a_reload_begins_and_ends(tmp_path: Path) -> None:
    """As Type=notify-reload wants it: RELOADING=1 with the moment, then READY=1."""
    with Site() as site, Daemon(tmp_path, **config(site, "home")) as daemon, notify_socket(tmp_path) as heard:
        daemon.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        daemon.start()
        wait_for(lambda: any("READY=1" in each for each in heard), "READY=1")
        heard.clear()
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.signal(signal.SIGHUP)
        wait_for(lambda: len(heard) >= 2, "two messages")
        reloading, ready = heard[:2]
        assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert (
            began <= int(reloading.rpartition("=")[2]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        )
        assert ready.startswith("READY=1\n")
        daemon.stop()
