"""A real nginx writes its access log: exact rates, a ticket with the paths that failed, through a rotation."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import Daemon, wait_for

CONF = """
daemon off;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {prefix}/access.log;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 "hello\\n"; }}
        location /gone {{ return 404; }}
        location /broken {{ return 500; }}
    }}
}}
"""


@contextmanager
def nginx(program: Path, prefix: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    prefix.mkdir()
    (prefix / "nginx.conf").write_text(CONF.format(prefix=prefix, port=port), encoding="utf-8")
    command = [str(program), "-p", str(prefix), "-e", f"{prefix}/error.log", "-c", f"{prefix}/nginx.conf"]
    with subprocess.Popen(command) as process:
        try:
            wait_for(lambda: listens(port), "nginx listens")
            yield process
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, path: str, times: int) -> None:
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(times):
        caller.request("GET", path)
        caller.getresponse().read()
    caller.close()


def config(log: Path) -> dict[str, Any]:
    errors = {
        "type": "access_log", "path": str(log), "every": "1s", "window": "1h", "min_requests": 50,
        "degraded": "rate_404 > 5%", "down": "rate_5xx > 2% and count_5xx >= 10",
    }  # fmt: skip
    return {"services": {"shop": {"criticality": "high", "checks": {"errors": errors}}}}


def values(daemon: Daemon) -> dict[str, Any]:
    """Of the last reading in the store; none before the first."""
    rows = daemon.rows("SELECT last FROM checks WHERE check_id = 'errors'")
    return dict(json.loads(rows[0][0])["values"]) if rows else {}


def test_failing_requests_open_a_ticket_that_names_their_paths(
    tmp_path: Path, free_port: Callable[[], int], program: Callable[[str, str], Path]
) -> None:
    port, log = free_port(), tmp_path / "nginx" / "access.log"
    with (
        nginx(program("nginx", "nginx-light"), log.parent, port) as process,
        Daemon(tmp_path, **config(log)) as daemon,
    ):
        daemon.start()
        ask(port, "/gone/early", 20)
        wait_for(lambda: values(daemon).get("count_404") == 20, "the first requests")
        assert values(daemon)["rate_404"] is None  # too few to say
        assert daemon.tickets() == []

        ask(port, "/", 170)
        log.rename(f"{log}.1")
        ask(port, "/broken/checkout?token=abcdef", 10)  # nginx still writes to the old file
        os.kill(process.pid, signal.SIGUSR1)
        wait_for(log.exists, "nginx opened its log anew")
        wait_for(lambda: values(daemon).get("requests") == 200, "all of the old file")
        seen = values(daemon)
        service, _itself = daemon.json("status")["services"]
        assert service["checks"][0]["values"]["requests"] == 200
        assert (seen["rate_404"], seen["rate_500"], seen["rate_5xx"]) == (0.1, 0.05, 0.05)

        wait_for(lambda: daemon.rows("SELECT 1 FROM tickets"), "the ticket")
        (ticket,) = daemon.tickets()
        assert (ticket["id"], ticket["severity"], ticket["check"]) == ("T-1", "high", "errors")
        told = daemon.json("tickets", "show", "T-1")["description"]
        assert "500 /broken/checkout (10)" in told
        assert "404: /gone/early (20)" in told
        assert "abcdef" not in told

        ask(port, "/", 300)
        wait_for(lambda: values(daemon).get("requests") == 500, "the new file")
        assert values(daemon)["rate_404"] == 0.04
        resolved = "SELECT 1 FROM tickets WHERE state = 'resolved'"
        wait_for(lambda: daemon.rows(resolved), "the ticket resolved")
        daemon.stop()
