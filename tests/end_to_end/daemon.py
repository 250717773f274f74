"""The installed command as an operator has it: a configuration, a daemon in its own state directory, subcommands."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import yaml
from prometheus_client.parser import text_string_to_metric_families

T = TypeVar("T")
TOCSIN = Path(sys.executable).with_name("tocsin")
AGENT = "e2e"
PATIENCE = 90.0
_POLL = 0.02
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_for(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """The first true answer of `look`; fails, saying `what` was waited for, when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g}s: {what}"
        time.sleep(_POLL)


def now() -> int:
    """Microseconds since 1970, as the daemon stores moments."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a subcommand ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; fails when there is anything else."""
        return json.loads(self.out)


class Page:
    """What /metrics said."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    def total(self, name: str, **labels: str) -> float:
        """The sum over the samples that carry these labels; fails when there is none."""
        found = [value for seen, value in self._samples.get(name, ()) if labels.items() <= seen.items()]
        assert found, f"no sample {name} {labels} on the page"
        return sum(found)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label takes."""
        return {seen[label] for seen, _ in self._samples.get(name, ())}


class Daemon:
    """One state directory and the configuration beside it; the daemon in it may run, be killed and run again."""

    def __init__(self, directory: Path, **config: Any) -> None:
        self.directory, self.state_dir = directory, directory / "state"
        self.config, self.log_file = directory / "tocsin.yaml", directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started_lines = 0
        self.address = ""
        self.environment: dict[str, str] = {}
        self.write(**config)

    def write(self, *, agent: Mapping[str, Any] | None = None, **rest: Any) -> None:
        """Write the configuration; `agent` adds to an id, a listener on a free port and the state directory."""
        own = {"id": AGENT, "listen": "127.0.0.1:0", "state_dir": str(self.state_dir)}
        written = self.config.with_suffix(".new")
        written.write_text(yaml.safe_dump({"agent": {**own, **(agent or {})}, **rest}), encoding="utf-8")
        written.replace(self.config)  # a daemon that reads just now sees the one or the other

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if error is not None:
            error.add_note(f"end of the daemon's log:\n{self._log_text()[-3000:]}")

    def spawn(self, *wrapper: str) -> None:
        """Start the process, behind a `wrapper` command if given, and wait for nothing."""
        self._started_lines = len(self.events("daemon.started"))
        command = [*wrapper, str(TOCSIN), "run", "--config", str(self.config)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stderr=log,
                stdout=log,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                env={**_environment(), **self.environment},
            )

    def start(self, *wrapper: str) -> Self:
        """Start it and wait until it says that it is ready."""
        self.spawn(*wrapper)
        return self.wait_ready()

    def wait_ready(self) -> Self:
        def started() -> bool:
            assert self.process.poll() is None, f"ended with {self.process.returncode} before it was ready"
            return len(self.events("daemon.started")) > self._started_lines

        wait_for(started, "the line daemon.started")
        self.address = self.events("daemon.started")[-1]["listen"][0]
        wait_for(lambda: self.get("/-/ready")[0] == 200, "/-/ready")
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "never started"
        return self._process

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def stop(self, seconds: float = PATIENCE) -> None:
        """End it as a service manager does; it must exit 0 in good order."""
        self.signal(signal.SIGTERM)
        assert self.process.wait(seconds) == 0

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        assert self.process.wait(PATIENCE) == -signal.SIGKILL

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page; status 0 when nobody answers, or is killed in the middle of it."""
        try:
            with _DIRECT.open(self.address + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    def metrics(self) -> Page:
        status, text = self.get("/metrics")
        assert status == 200, f"/metrics answered {status}"
        return Page(text)

    def tocsin(self, *arguments: str) -> Ended:
        """Run a subcommand under this configuration."""
        return tocsin(*arguments, config=self.config)

    def json(self, *arguments: str) -> Any:
        """What a subcommand prints with --json; it must exit 0 and keep stderr empty."""
        ended = self.tocsin(*arguments, "--json")
        assert (ended.code, ended.err) == (0, ""), ended
        return ended.document

    def tickets(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.json("tickets", "list")
        return listed

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The log's lines of these events, or of all, oldest first, over all its lives; but one cut off by a kill."""
        text = self._log_text()
        whole = text[: text.rfind("\n") + 1]
        lines = [
            json.loads(line) for line in whole.splitlines() if line.startswith("{") and line.endswith("}")
        ]
        return [line for line in lines if not names or line["event"] in names]

    def _log_text(self) -> str:
        return self.log_file.read_text(encoding="utf-8") if self.log_file.exists() else ""

    def rows(self, query: str, *arguments: object) -> list[Any]:
        """What the store holds, read past the program."""
        connection = sqlite3.connect(f"file:{quote(str(self.state_dir / 'tocsin.db'))}?mode=ro", uri=True)
        try:
            return connection.execute(query, arguments).fetchall()
        finally:
            connection.close()


def tocsin(*arguments: str, config: Path | None = None, directory: Path | None = None) -> Ended:
    """Run the command as a person does, with stdin closed and no terminal."""
    chosen = () if config is None else ("--config", str(config))
    done = subprocess.run(
        [str(TOCSIN), *chosen, *arguments], capture_output=True, text=True, timeout=PATIENCE * 2,
        stdin=subprocess.DEVNULL, cwd=directory, env=_environment(), check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def _environment() -> dict[str, str]:
    """Ours, without what would lead the command elsewhere."""
    ours = ("TOCSIN_", "NOTIFY_SOCKET", "WATCHDOG_", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
