"""Several logs by path or pattern: each gets its share of what one look may read."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from checks.tail.log import Chunk, Log
from checks.tail.names import Folders, live_name
from checks.tail.source import why
from checks.text import visible

__all__ = ["Chunk", "Follower"]

MOST_LOGS = 2000
_MOST_GONE = 500
_LEAST = 64 * 1024


class Follower:
    """Reads on in all files that the patterns name; `read` once, then ask for `memo()` and what came of it.

    What `read` yielded counts as read, also when the caller stops in the middle. `back` is how many bytes before
    the end are read at the very first look. `overlong` lines were longer than 1 MiB and are skipped; `readable`
    is how many logs are there and can be read.
    """

    def __init__(self, patterns: Sequence[str], memo: Any, *, limit: int, back: int) -> None:
        self._patterns, self._limit = patterns, limit
        states, self._missed = _parsed(memo)
        self._first = states is None
        self._states = states or {}
        self._problems: list[str] = []
        self._unmatched: set[str] = set()
        paths = self._paths()
        gone = [path for path in self._states if path not in paths]
        self._states = {path: state for path, state in self._states.items() if path not in gone[:-_MOST_GONE]}
        every = dict.fromkeys([*paths, *self._states])
        begun = [path for path in every if self._states.get(path) is None]
        share = max(back // max(len(begun), 1), min(back, _LEAST))
        self._logs = [self._log(path, share, every) for path in every]

    @property
    def overlong(self) -> int:
        return sum(log.overlong for log in self._logs)

    @property
    def readable(self) -> int:
        return sum(log.readable for log in self._logs)

    @property
    def behind(self) -> int:
        """Bytes still unread."""
        folders = Folders()
        return sum(log.unread(folders) for log in self._logs)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why files could not be read. One that is missing for a moment, as in a rotation, is none."""
        missing = [
            f"there is no file {visible(pattern, 120)} (check `path`)"
            for pattern, count in self._now_missed().items()
            if count > 1 or self._first
        ]
        return tuple(
            dict.fromkeys([*self._problems, *missing, *(log.problem for log in self._logs if log.problem)])
        )

    def read(self) -> Iterator[Chunk]:
        """At most about `limit` bytes of whole lines."""
        left = self._limit
        for most in (left // max(len(self._logs), 1), left):
            folders = Folders()
            for log in self._logs:
                if left <= 0:
                    return
                if log.done:
                    continue
                for chunk in log.read(folders, max(min(most, left), 1)):
                    left -= len(chunk.data)
                    yield chunk

    def memo(self) -> Any:
        """What the next one goes on from."""
        return {"logs": {log.path: log.memo() for log in self._logs}, "missed": self._now_missed()}

    def _log(self, path: str, back: int, every: dict[str, None]) -> Log:
        """A log that appears after the first look is read from its begin."""
        new = {"places": [], "orphans": [], "past": 0}
        state = None if self._first else self._states.get(path, new)
        return Log(path, state, back, every.keys() - {path})

    def _now_missed(self) -> dict[str, int]:
        """How many looks in a row a pattern found nothing."""
        gone = {log.path for log in self._logs if log.missing} | self._unmatched
        return {each: self._missed.get(each, 0) + 1 for each in self._patterns if each in gone}

    def _paths(self) -> dict[str, None]:
        found: dict[str, None] = {}
        for pattern in self._patterns:
            matched = self._matched(pattern)
            if not matched:
                self._unmatched.add(pattern)
            found.update(dict.fromkeys(matched))
        logs = _once([path for path in found if not self._is_rotated(path, found)])
        if len(logs) > MOST_LOGS:
            self._problems.append(
                f"more than {MOST_LOGS} files match: the others are not read (narrow `path`)"
            )
        return dict.fromkeys(logs[:MOST_LOGS])

    def _matched(self, pattern: str) -> list[str]:
        if not glob.has_magic(pattern) or os.path.lexists(pattern):
            return [pattern]
        found = sorted(glob.glob(pattern))  # noqa: PTH207  # Path.glob takes no pattern from the root
        if not found:
            self._tell_why_none(pattern)
        return found

    def _tell_why_none(self, pattern: str) -> None:
        """A directory that may not be listed looks empty."""
        parts = pattern.split("/")
        fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
        directory = "/".join(parts[:fixed]) or "/"
        try:
            os.scandir(directory).close()
        except OSError as error:
            reason = why(directory, error)
            if reason is not error:
                self._problems.append(str(reason))

    def _is_rotated(self, path: str, found: dict[str, None]) -> bool:
        """Whether the pattern also names what rotation made of another log."""
        directory, name = os.path.split(path)
        live = live_name(name)
        whole = None if live is None else f"{directory}/{live}" if directory else live
        return path not in self._states and (whole in found or whole in self._states)


def _once(paths: list[str]) -> list[str]:
    """Without the names that lead to a file named already; a link gives way to the file itself."""
    known: set[tuple[int, int]] = set()
    kept: list[str] = []
    for path in sorted(paths, key=os.path.islink):
        try:
            status = Path(path).stat()
        except OSError:
            kept.append(path)
            continue
        if (status.st_dev, status.st_ino) not in known:
            known.add((status.st_dev, status.st_ino))
            kept.append(path)
    return sorted(kept)


def _parsed(memo: Any) -> tuple[dict[str, Any] | None, dict[str, int]]:
    """The states of the logs and the counts of looks that found nothing; nothing when it has another shape."""
    match memo:
        case {"logs": dict(logs), "missed": dict(missed)} if all("\0" not in path for path in logs):
            counted = all(isinstance(count, int) for count in missed.values())
            return (dict(logs), dict(missed)) if counted else (None, {})
    return None, {}
