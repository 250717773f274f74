"""What a job's wrapper tells the daemon: short waits, a few tries, and never in the job's way."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_PATH = "/api/v1/heartbeat/"
_START_PATIENCE, _END_PATIENCE = 3.0, 10.0
_PAUSES = (0.5, 1.5, 3.0)
_LONGEST_PAUSE = 10.0
_UNKNOWN, _GIVEN_UP = 404, 500


@dataclass(frozen=True, slots=True)
class Told:
    """How a report ended: nothing when it was taken, else why not. `again` when another try may help."""

    reason: str = ""
    again: bool = False
    wait: float = 0.0


class Reports:
    """Reports of one run. The key stands in the address only, and in no message."""

    def __init__(self, url: str, key: str, run: str) -> None:
        """`url` leads to Tocsin, such as http://127.0.0.1:9809. Raises ValueError when it leads nowhere."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"expected an address like http://127.0.0.1:9809, got {url}")
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._tls, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}{_PATH}{quote(key, safe='')}"
        self._run = run
        self._start: threading.Thread | None = None

    def begin(self) -> None:
        """Report the start, beside the job; tried once."""
        self._start = threading.Thread(target=lambda: self._send("start", b"", _START_PATIENCE), daemon=True)
        self._start.start()

    def end(self, code: int, output: bytes, pauses: Sequence[float] = _PAUSES) -> str:
        """Report the exit code and the last of the output; why that could not be done, empty when it was."""
        if self._start is not None:
            self._start.join()
        told = self._send(str(code), output, _END_PATIENCE)
        for pause in pauses:
            if not told.again:
                break
            time.sleep(min(max(pause, told.wait), _LONGEST_PAUSE))
            told = self._send(str(code), output, _END_PATIENCE)
        return told.reason

    def _send(self, word: str, body: bytes, patience: float) -> Told:
        make = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        link = make(self._host, self._port, timeout=patience)
        try:
            link.request("POST", f"{self._path}/{word}?rid={self._run}", body, {"Connection": "close"})
            answer = link.getresponse()
            answer.read(_GIVEN_UP)
        except (OSError, http.client.HTTPException) as error:
            reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
            return Told(f"{self.shown} cannot be reached: {reason}", again=True)
        finally:
            link.close()
        return _told(answer.status, answer.headers.get("Retry-After", ""), self.shown)


def _told(status: int, retry_after: str, where: str) -> Told:
    if status < 300:
        return Told()
    if status == _UNKNOWN:
        return Told(f"{where} does not know this key (see `tocsin heartbeats` there)")
    wait = float(retry_after) if retry_after.isdecimal() else 0.0
    return Told(f"{where} answered {status}", again=status == 429 or status >= _GIVEN_UP, wait=wait)
