"""Debian's Alertmanager on a free loopback port with a directory of its own, and a receiver of what it fires."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PATIENCE = 60.0
_CONFIG = """\
route: {{receiver: all, group_by: ["..."], group_wait: 0s, group_interval: 100ms, repeat_interval: 1h}}
receivers:
- name: all
  webhook_configs: [{{url: "{receiver}", send_resolved: true}}]
"""


class Receiver:
    """Hears what an Alertmanager fires: `heard` are pairs of status and key, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.notes: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for each in told["alerts"]:
                    receiver.notes.append(each["annotations"])
                    receiver.heard.append((each["status"], each["labels"].get("tocsin_key", "")))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Alertmanager:
    """One real server. Started again after a stop it has the same port, and none of its data."""

    def __init__(self, program: Path, directory: Path, port: int, receiver: str) -> None:
        self._program, self._directory, self._port = program, directory, port
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "am.yml").write_text(_CONFIG.format(receiver=receiver), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._lives = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Without what it knew before; returns when it answers."""
        self._lives += 1
        command = [
            str(self._program),
            f"--config.file={self._directory / 'am.yml'}",
            f"--storage.path={self._directory / f'data-{self._lives}'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--cluster.listen-address=",
        ]
        with (self._directory / "am.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        _until(self._is_ready, "no Alertmanager")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def active(self) -> list[dict[str, Any]]:
        """The alerts that it shows."""
        with _DIRECT.open(f"{self.url}/api/v2/alerts", timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return sorted(found, key=lambda each: str(each["startsAt"]))

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "am.log").read_text(encoding="utf-8")
        try:
            with _DIRECT.open(f"{self.url}/-/ready", timeout=5):
                return True
        except OSError:
            return False


def _until(happened: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not happened():
        if time.monotonic() > until:
            raise AssertionError(otherwise)
        time.sleep(0.02)
