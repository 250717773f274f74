"""Tocsin under measurement: its configuration, the installed command, what its metrics and its store say."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Cost, running
from benchmarks.website import Website, free_port

_PER_SERVICE = 5
_LOOKED = "SELECT 1 FROM readings WHERE at >= ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class Plan:
    """So many HTTP checks, each looking every so many seconds."""

    checks: int
    every: float


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that runs, started at `began` on `time.monotonic` and at `at`, in microseconds UTC."""

    process: subprocess.Popen[bytes]
    directory: Path
    port: int
    began: float
    at: int

    def cost(self) -> Cost:
        return Cost.of([self.process.pid])

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name with labels."""
        lines = self._get("/metrics").splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def looks(self) -> int:
        """How many looks were committed so far."""
        return int(sum(v for name, v in self.metrics().items() if name.startswith("tocsin_check_runs_total")))

    def moments(self) -> dict[tuple[str, str], list[int]]:
        """When each check looked, from the store: microseconds, in order."""
        found: dict[tuple[str, str], list[int]] = {}
        with self._store() as store:
            for service, check, at in store.execute("SELECT service, check_id, at FROM readings ORDER BY at"):
                found.setdefault((service, check), []).append(at)
        return found

    def wait(self) -> tuple[float, float]:
        """Seconds from the start until it said it was ready, and until the first look was in the store."""
        ready = first = 0.0
        while not (ready and first):
            if self.process.poll() is not None:
                raise SystemExit(f"tocsin ended: {(self.directory / 'log').read_text()[-2000:]}")
            passed = time.monotonic() - self.began
            if passed > 60:
                raise SystemExit("tocsin did not get ready within a minute")
            ready = ready or (passed if self._ready() else 0.0)
            first = first or (passed if self._looked() else 0.0)
            time.sleep(0.005)
        return ready, first

    def _ready(self) -> bool:
        try:
            self._get("/-/ready")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _looked(self) -> bool:
        try:
            with self._store() as store:
                return store.execute(_LOOKED, (self.at,)).fetchone() is not None
        except sqlite3.Error:
            return False

    @contextmanager
    def _store(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"file:{self.directory}/state/tocsin.db?mode=ro", uri=True)
        try:
            yield connection
        finally:
            connection.close()

    def _get(self, path: str) -> str:
        answer: bytes = urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10).read()
        return answer.decode()


def command() -> str:
    """The installed command, beside the running Python or on the PATH."""
    beside = Path(sys.executable).parent / "tocsin"
    found = str(beside) if beside.is_file() else shutil.which("tocsin")
    if not found:
        raise SystemExit("tocsin is not installed (script/setup)")
    return found


def write_config(directory: Path, site: Website, plan: Plan) -> tuple[Path, int]:
    """The configuration file and the port that its daemon will listen on."""
    port = free_port()
    tls = f", tls: {{ca: {json.dumps(str(site.authority))}}}" if site.authority else ""
    lines = [
        f"agent: {{id: benchmark, listen: '127.0.0.1:{port}', state_dir: '{directory}/state'}}",
        "services:",
    ]
    for page in range(plan.checks):
        if page % _PER_SERVICE == 0:
            lines += [f"  site{page // _PER_SERVICE}:", "    checks:"]
        options = f"type: http, url: '{site.url(page)}', every: {plan.every:g}s, timeout: 5s{tls}"
        lines.append(f"      page{page}: {{{options}}}")
    path = directory / "tocsin.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path, port


@contextmanager
def daemon(directory: Path, site: Website, plan: Plan) -> Iterator[Daemon]:
    """`tocsin run` on this plan, ended with the block."""
    directory.mkdir(parents=True, exist_ok=True)
    path, port = write_config(directory, site, plan)
    began, at = time.monotonic(), time.time_ns() // 1000
    with running([command(), "run", "--config", str(path)], directory / "log") as process:
        yield Daemon(process, directory, port, began, at)
