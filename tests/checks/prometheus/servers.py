"""A real exporter and a real Prometheus of our own on free loopback ports, for as long as a test needs them."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PATIENCE = 60.0


@contextmanager
def running(command: list[str], ready: str, log: Path) -> Iterator[None]:
    """The program, from when it answers at the address `ready` until the block ends."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            _wait_until(ready, server, log)
            yield
        finally:
            server.terminate()
            server.wait(30)


def _wait_until(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with _DIRECT.open(address, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(
        f"no answer at {address}: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    )


@contextmanager
def node_exporter(program: Path, directory: Path, port: int) -> Iterator[str]:
    """The address of its page."""
    address = f"http://127.0.0.1:{port}/metrics"
    command = [str(program), f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, address, directory / "exporter.log"):
        yield address


@contextmanager
def prometheus(program: Path, directory: Path, port: int) -> Iterator[str]:
    """The base address of a server that scrapes itself."""
    base = f"http://127.0.0.1:{port}"
    config = directory / "prometheus.yml"
    config.write_text(
        "scrape_configs:\n- job_name: self\n  scrape_interval: 1s\n  static_configs:\n"
        f'  - targets: ["127.0.0.1:{port}"]\n',
        encoding="utf-8",
    )
    command = [
        str(program),
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, f"{base}/-/ready", directory / "prometheus.log"):
        yield base
