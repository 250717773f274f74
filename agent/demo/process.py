"""The daemon of the demo: the installed command in a process of its own, always ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import httpx

_PATIENCE = 20.0
_ASK_TIMEOUT = 2.0


class DaemonGone(Exception):
    """The daemon ended by itself; the text has the last line of its log."""


class Daemon:
    """`tocsin run`, from the beginning of the `with` block to its end."""

    def __init__(self, config: Path, log: Path, address: str) -> None:
        """`address` is where it will serve, as `host:port`."""
        self._config, self._log, self.url = config, log, f"http://{address}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-m", "agent.cli", "run", "-c", str(self._config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONSAFEPATH": "1"},
                process_group=0,  # Ctrl-C is for the demo, which then ends the daemon in good order
            )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def stop(self) -> int:
        """End it with SIGTERM and wait; its exit code. A second call changes nothing."""
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def must_live(self) -> None:
        """Raises DaemonGone when it ended."""
        if self._process is not None and self._process.poll() is not None:
            lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "it left no log")
            raise DaemonGone(f"the daemon ended with code {self._process.returncode}: {last.strip()}")

    def ask(self, path: str) -> str | None:
        """What it answers with 200 on `path`, else None."""
        try:
            # trust_env: a proxy set for the outside world has no business on the loopback.
            answer = httpx.get(self.url + path, timeout=_ASK_TIMEOUT, trust_env=False)
        except httpx.HTTPError:
            return None
        return answer.text if answer.status_code == httpx.codes.OK else None


class Interrupted:
    """Whether someone asked the demo to end: Ctrl-C, SIGTERM, or the terminal closed. For a `with` block."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        heeded = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: the demo outlives its terminal
            heeded.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._note) for number in heeded}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
