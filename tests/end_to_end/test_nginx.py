"""A real nginx stops and starts: one ticket with the reason, an honest down span, metrics that agree."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import Daemon, Page, now, wait_for

EVERY, CONFIRM, TIMEOUT = 1.0, 2, 2.0
# The scheduler's own grain, and what a busy machine adds before a look begins.
SLACK = 0.75
# A look that began just before the turn may already see what comes after it.
UNDER_WAY = 0.1
CHECK = {"service": "web", "check": "home", "kind": "http"}

CONF = """
daemon off;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello\\n"; }} }}
}}
"""


class Nginx:
    """An nginx of our own; `start` and `stop` give the moments between which it changed, in microseconds."""

    def __init__(self, program: Path, prefix: Path, port: int) -> None:
        self._program, self._prefix, self.port = program, prefix, port
        prefix.mkdir()
        (prefix / "nginx.conf").write_text(CONF.format(prefix=prefix, port=port), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> tuple[int, int]:
        before, log = now(), str(self._prefix / "error.log")
        self._process = subprocess.Popen(
            [self._program, "-p", self._prefix, "-e", log, "-c", self._prefix / "nginx.conf"]
        )
        wait_for(self._listens, "nginx listens")
        return before, now()

    def stop(self) -> tuple[int, int]:
        before = now()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
        return before, now()

    def _listens(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0


def config(port: int) -> dict[str, Any]:
    home = {
        "type": "http",
        "url": f"http://127.0.0.1:{port}/",
        "every": "1s",
        "timeout": "2s",
        "confirm": CONFIRM,
    }
    services = {"web": {"criticality": "high", "checks": {"home": home}}}
    return {"agent": {"self_service": False}, "services": services}


def test_an_outage_of_nginx_is_one_ticket_from_its_first_second_to_its_last(
    tmp_path: Path, free_port: Callable[[], int], program: Callable[[str, str], Path]
) -> None:
    nginx = Nginx(program("nginx", "nginx-light"), tmp_path / "nginx", free_port())
    try:
        nginx.start()
        with Daemon(tmp_path, **config(nginx.port)) as daemon:
            daemon.start()
            wait_for(lambda: is_up(daemon.metrics()), "the first good reading")
            assert daemon.rows("SELECT * FROM tickets") == []
            first = outage(daemon, nginx, state="new")
            agrees_with_the_outages(daemon, [first])
            second = outage(daemon, nginx, state="in_progress")
            agrees_with_the_outages(daemon, [first, second])
            daemon.stop()
    finally:
        nginx.stop()


def outage(daemon: Daemon, nginx: Nginx, *, state: str) -> tuple[int, int, int, int]:
    """One outage from stop to start; gives the moments around its real begin and its real end."""
    seen = len(daemon.events("incident.recovered"))
    began = nginx.stop()
    wait_for(lambda: len(daemon.events("incident.opened", "incident.reopened")) > seen, "an incident")
    shows(daemon.metrics(), up=0, state=state)
    opened_in_time(daemon, began, state=state)

    ended = nginx.start()
    wait_for(lambda: len(daemon.events("incident.recovered")) > seen, "the recovery")
    (resolved,) = daemon.tickets()
    assert (resolved["id"], resolved["state"]) == ("T-1", "resolved")
    first_good = daemon.rows(
        "SELECT min(at) FROM readings WHERE service <> 'tocsin' AND status = 'ok' AND at > ?", began[1]
    )[0][0]
    assert moment(resolved["resolved_at"]) == first_good
    shows(daemon.metrics(), up=1, state=state)
    return *began, *ended


def opened_in_time(daemon: Daemon, began: tuple[int, int], *, state: str) -> None:
    """The ticket was there within confirm x every + timeout, says why, and is the only one."""
    (ticket,) = daemon.tickets()
    assert (ticket["id"], ticket["state"], ticket["severity"]) == ("T-1", state, "high")
    shown = daemon.json("tickets", "show", "T-1")
    assert "connection refused" in shown["description"].lower()
    confirmed = shown["timeline"][-1]
    assert confirmed["what"] == ("opened" if state == "new" else "reopened")
    assert "connection refused" in confirmed["text"].lower()
    assert began[0] <= moment(confirmed["at"]) <= began[1] + us(CONFIRM * EVERY + TIMEOUT)
    (incident,) = daemon.json("incidents", "--open")
    assert (incident["ticket"], incident["service"], incident["rule"]) == ("T-1", "web", "home")


def agrees_with_the_outages(daemon: Daemon, outages: list[tuple[int, int, int, int]]) -> None:
    """Each down span is the real outage within one interval, and so is their sum."""
    (figure,) = daemon.json("uptime")
    assert len(figure["outages"]) == len(outages)
    for shown, (before, gone, returning, back) in zip(figure["outages"], outages, strict=True):
        assert before - us(UNDER_WAY) <= moment(shown["from"]) <= gone + us(EVERY + SLACK)
        assert returning - us(UNDER_WAY) <= moment(shown["to"]) <= back + us(EVERY + SLACK)
        assert "connection refused" in shown["cause"].lower()
    down = sum(moment(shown["to"]) - moment(shown["from"]) for shown in figure["outages"])
    assert round(float(figure["seconds"]["down"]) * 1_000_000) == down
    real = sum(returning - gone for _, gone, returning, _ in outages)
    assert abs(down - real) <= len(outages) * us(EVERY + SLACK)
    print(f"outages: {real / 1e6:.2f}s real, {down / 1e6:.2f}s in the ledger")


def shows(page: Page, *, up: int, state: str) -> None:
    """The page tells the same story as the commands."""
    assert page.total("tocsin_check_up", **CHECK) == up
    assert page.total("tocsin_check_state", **CHECK, state="ok") == up
    assert page.total("tocsin_check_state", **CHECK, state="down") == 1 - up
    assert page.total("tocsin_check_state", **CHECK) == 1
    assert (
        page.total("tocsin_incidents_open", severity="high") == page.total("tocsin_incidents_open") == 1 - up
    )
    ticket = {"state": state, "priority": "high", "tier": "1"}
    assert page.total("tocsin_tickets_open", **ticket) == page.total("tocsin_tickets_open") == 1 - up


def is_up(page: Page) -> bool:
    return page.total("tocsin_check_up", **CHECK) == 1


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def us(seconds: float) -> int:
    return round(seconds * 1_000_000)
