"""What is said over and over: written at once the first time, then once a minute with how often."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

EVERY = 60.0
_MOST = 1000
_TELLING = ("warning", "error", "critical")
# What varies from one time to the next: when it was, counts and durations, and figures within the reason, unless they
# belong to a name (web2).
_APART = frozenset({"at", "reason", "exception"})
_FIGURES = re.compile(r"(?<!\w)\d\w*")
Line = Mapping[str, Any]
Key = tuple[object, ...]


@dataclass(slots=True)
class _Heard:
    """When a line was last written, how often it came since, and the latest of those."""

    since: float
    times: int = 0
    latest: Line | None = None


class Repeats:
    """Of warnings and faults; what the daemon decides, level info, is each worth its line. For several threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._heard: dict[Key, _Heard] = {}
        self._lock = threading.Lock()

    def passes(self, line: Line) -> bool:
        """Whether the line is to be written now; else it is kept, and counts."""
        if line.get("level") not in _TELLING:
            return True
        key = subject(line)
        with self._lock:
            heard = self._heard.get(key)
            if heard is not None:
                heard.times, heard.latest = heard.times + 1, line
                return False
            if len(self._heard) < _MOST:
                self._heard[key] = _Heard(self._monotonic())
            return True

    def due(self, *, at_end: bool = False) -> list[Line]:
        """The latest of each that was kept back for a minute, or until the end, with `repeated`: how often it came
        since the line before."""
        found: list[Line] = []
        with self._lock:
            now = self._monotonic()
            for key, heard in list(self._heard.items()):
                if now - heard.since < EVERY and not at_end:
                    continue
                if heard.latest is None:
                    del self._heard[key]
                    continue
                found.append({**heard.latest, "repeated": heard.times})
                self._heard[key] = _Heard(now)
        return found


def subject(line: Line) -> Key:
    """Event and what it is about: two lines with the same one say the same again.

    Numbers tell lines apart only where nothing else does; figures in the reason never, but for those in a name.
    """
    fields = {key: value for key, value in line.items() if key not in _APART}
    words = {key: value for key, value in fields.items() if not isinstance(value, (int, float))}
    about = words if len(words) > len({"event", "level", "logger"} & words.keys()) else fields
    reason = f"{line.get('reason', '')}{str(line.get('exception', '')).strip().rpartition(chr(10))[2]}"
    event = _FIGURES.sub("0", str(line["event"])) if "logger" in line else line["event"]
    told = tuple(sorted((key, str(value)) for key, value in about.items() if key != "event"))
    return (event, _FIGURES.sub("0", reason), told)
