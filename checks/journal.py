"""The journal of systemd, read with `journalctl` from where the last look ended."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from checks.host_programs import PATH
from checks.text import visible

_FIELDS = "MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID,_SYSTEMD_UNIT"
_USUAL = ("/var/log/journal", "/run/log/journal")
# Nothing of ours goes in: no pager, no language, no colours.
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "TZ": "UTC"}
_CURSOR = re.compile(r"[\x21-\x7e]{1,500}")
_PIECE = 1 << 16
_ERRORS_KEPT = 4096
_REMEDY = "let the service's user in: usermod -aG systemd-journal, then restart"


class Entry(NamedTuple):
    """One entry: when it was taken in (Unix seconds), syslog priority, who wrote it, unit, what it says."""

    at: float
    priority: int | None
    writer: str
    pid: str
    unit: str
    message: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What one run gave: entries, the memo for the next, whether there is more, and why nothing could be read."""

    entries: Sequence[Entry]
    memo: Any
    more: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """Whose entries are read (no unit: everybody's), and from which directory (None: this host's own journal)."""

    units: Sequence[str] = ()
    directory: str | None = None

    def read(self, memo: Any, since: float, *, until: float, most: int) -> Page:
        """The entries after the memo's, or, without a sound memo, from the moment `since` (Unix seconds) on.

        Ends at the moment `until` (of `perf_counter`), and after `most` bytes of output. Never raises.
        """
        if problem := self._unreadable():
            return Page((), memo, problem=problem)
        cursor, since = _remembered(memo, since)
        page = self._page(cursor, since, until, most)
        if page.problem and cursor and "cursor" in page.problem:  # of another journal, or none at all
            page = self._page(None, _after(memo, since), until, most)
        return page

    def _page(self, cursor: str | None, since: float, until: float, most: int, *, whole: bool = True) -> Page:
        """With `whole` the text of each entry, however long; else none above 4 KiB."""
        command = self._command(cursor, since, whole=whole)
        try:
            out, said, more = _run(command, until, most)
        except FileNotFoundError:
            return Page(
                (), _memo(cursor, since), problem="journalctl is not installed (read a log file: path)"
            )
        except OSError as error:
            return Page((), _memo(cursor, since), problem=f"cannot run journalctl: {error.strerror}".lower())
        read = list(_entries(out))
        if problem := _told(said, found=bool(read)):
            return Page((), _memo(cursor, since), problem=problem)
        if whole and not read and len(out) >= most:  # one entry is more than that: past it, without its text
            return self._page(cursor, since, until, _PIECE, whole=False)
        if read:
            cursor, since = read[-1][0], read[-1][1].at
        return Page([entry for _, entry in read], _memo(cursor, since), more)

    def _command(self, cursor: str | None, since: float, *, whole: bool) -> list[str]:
        where = [f"--directory={self.directory}"] if self.directory else []
        start = f"--after-cursor={cursor}" if cursor else f"--since=@{since:.6f}"
        units = [f"--unit={unit}" for unit in self.units]
        shown = ["--output=json", f"--output-fields={_FIELDS}", "--no-pager", *(["--all"] * whole)]
        return ["journalctl", *shown, *where, *units, start]

    def _unreadable(self) -> str | None:
        """Why there is nothing to be read at all; journalctl itself says nothing then, and exits with 0."""
        places = (self.directory,) if self.directory else _USUAL
        files = [file for place in places for file in _journal_files(Path(place))]
        if any(os.access(file, os.R_OK, effective_ids=True) for file in files):
            return None
        if files or any(_barred(Path(place)) for place in places):
            return f"may not read the journal ({_REMEDY})"
        return f"there is no journal in {' or '.join(visible(place, 100) for place in places)}"


def _barred(place: Path) -> bool:
    """Whether it is there and may not be looked into, as far as we may know."""
    try:
        return place.is_dir() and not os.access(place, os.R_OK | os.X_OK, effective_ids=True)
    except PermissionError:  # of a directory above
        return True


def _journal_files(place: Path) -> list[Path]:
    """Those in the directory and one level below it; none where it may not be looked at."""
    try:
        return [*place.glob("*.journal"), *place.glob("*/*.journal")]
    except OSError:
        return []


def _run(command: Sequence[str], until: float, most: int) -> tuple[bytes, str, bool]:
    """Output, complaints, and whether it was cut short; the process does not outlive the call."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    try:
        out, said, whole = _drained(process, until, most)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    return out, said.decode("utf-8", "replace"), not whole


def _drained(process: subprocess.Popen[bytes], until: float, most: int) -> tuple[bytes, bytes, bool]:
    assert process.stdout is not None
    assert process.stderr is not None
    kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    out, said = kept.values()
    with selectors.DefaultSelector() as waiting:
        for descriptor in kept:
            waiting.register(descriptor, selectors.EVENT_READ)
        while waiting.get_map() and len(out) < most:
            left = until - perf_counter()
            if left <= 0 or not (ready := waiting.select(left)):
                return bytes(out), bytes(said), False
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    waiting.unregister(key.fd)
                kept[key.fd] += piece
                del said[_ERRORS_KEPT:]
        return bytes(out), bytes(said), not waiting.get_map()


def _entries(out: bytes) -> Iterator[tuple[str, Entry]]:
    """Cursor and entry of every whole line of output; what cannot be read is passed over."""
    for line in out.split(b"\n")[:-1]:
        if not line.startswith(b"{"):
            continue
        try:
            fields = json.loads(line)
            yield str(fields["__CURSOR"]), _entry(fields)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue


def _entry(fields: Mapping[str, Any]) -> Entry:
    priority = _text(fields.get("PRIORITY"))
    return Entry(
        at=int(fields["__REALTIME_TIMESTAMP"]) / 1e6,
        priority=int(priority) if len(priority) == 1 and priority in b"01234567" else None,
        writer=_text(fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM")).decode("utf-8", "replace"),
        pid=_text(fields.get("_PID")).decode("utf-8", "replace"),
        unit=_text(fields.get("_SYSTEMD_UNIT")).decode("utf-8", "replace"),
        message=_text(fields.get("MESSAGE")),
    )


def _text(value: Any) -> bytes:
    """A field is text, a list of bytes where it is not text, or a list of these where it is said repeatedly."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, list) and value and all(isinstance(byte, int) for byte in value):
        return bytes(byte & 0xFF for byte in value)
    return _text(value[0]) if isinstance(value, list) and value else b""


def _told(said: str, *, found: bool) -> str | None:
    """What journalctl complains of, in our words; None when it read what it was asked for."""
    small = said.lower()
    if "insufficient permission" in small or "permission denied" in small or "not seeing messages" in small:
        return f"may not read the journal ({_REMEDY})"
    first = said.strip().partition("\n")[0]
    return f"journalctl: {visible(first, 200).lower()}" if first and not found else None


def _memo(cursor: str | None, since: float) -> dict[str, Any]:
    return {"cursor": cursor, "since": since}


def _remembered(memo: Any, since: float) -> tuple[str | None, float]:
    if not isinstance(memo, Mapping):
        return None, since
    cursor = memo.get("cursor")
    if isinstance(cursor, str) and _CURSOR.fullmatch(cursor):
        return cursor, since
    return None, _after(memo, since)


def _after(memo: Any, since: float) -> float:
    """The moment remembered beside the cursor."""
    kept = memo.get("since") if isinstance(memo, Mapping) else None
    if isinstance(kept, bool) or not isinstance(kept, (int, float)) or not 0 < kept < 1e11:
        return since
    return float(kept)
