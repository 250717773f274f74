"""The journal, from journal files that systemd's own programs made."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.journal import Journal
from checks.log.kind import sample
from checks.log.spec import LogSpec
from checks.logins import kind as logins

REMOTE = "/lib/systemd/systemd-journal-remote"
NOW = 1_795_321_741.0
BOOT = "0123456789abcdef0123456789abcdef"

Fields = dict[str, bytes]


class Written:
    """A directory of journal files that grows."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.files, self.entries = directory, 0, 0
        directory.mkdir()

    def add(self, entries: Iterable[tuple[float, bytes, Fields]]) -> None:
        """Entries of (Unix seconds, message, other fields), in a journal file of their own."""
        export = b"".join(self._exported(*entry) for entry in entries)
        self.files += 1
        file = self.directory / f"part{self.files}.journal"
        subprocess.run(
            [REMOTE, "--output", file, "-"], input=export, check=True, timeout=60, capture_output=True
        )

    def _exported(self, at: float, message: bytes, fields: Fields) -> bytes:
        self.entries += 1
        known = {
            "__REALTIME_TIMESTAMP": str(int(at * 1e6)).encode(),
            "__MONOTONIC_TIMESTAMP": str(self.entries * 1000).encode(),
            "_BOOT_ID": BOOT.encode(),
            "_SYSTEMD_UNIT": b"app.service",
            "SYSLOG_IDENTIFIER": b"app",
            "_PID": b"12",
            "PRIORITY": b"6",
            **fields,
        }
        lines = b"".join(name.encode() + b"=" + value + b"\n" for name, value in known.items())
        return lines + b"MESSAGE\n" + struct.pack("<Q", len(message)) + message + b"\n\n"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Written]:
    if not Path(REMOTE).exists() or shutil.which("journalctl") is None:
        pytest.skip("systemd-journal-remote or journalctl is not installed")
    yield Written(tmp_path / "journal")


def _spec(journal: Written, **options: Any) -> LogSpec:
    return LogSpec.model_validate({"directory": str(journal.directory), "window": "1h", **options})


def _entries(count: int, text: bytes, at: float = NOW, **fields: bytes) -> list[tuple[float, bytes, Fields]]:
    return [(at + number / 1000, text, dict(fields)) for number in range(count)]


def test_each_entry_counts_once_through_new_journal_files(journal: Written) -> None:
    spec = _spec(journal, match="ERROR")
    memo, wanted = None, 0
    for turn in range(4):
        journal.add(_entries(20, b"ERROR", NOW + turn) + _entries(5, b"fine", NOW + turn + 0.5))
        wanted += 20
        for _ in range(2):
            seen = sample(spec, memo, NOW + 10, 20)
            memo = json.loads(json.dumps(seen.memo))
            assert (seen.blind, seen.values["errors"]) == (None, wanted)
    assert seen.values["lines"] == 100


def test_units_are_told_apart(journal: Written) -> None:
    journal.add(_entries(3, b"ERROR") + _entries(2, b"ERROR", NOW + 1, _SYSTEMD_UNIT=b"other.service"))
    for unit, count in (("app.service", 3), ("other", 2), ("*.service", 5), ("none.service", 0)):
        assert sample(_spec(journal, unit=unit), None, NOW + 10, 20).values["errors"] == count


def test_priority_is_a_level(journal: Written) -> None:
    journal.add(_entries(3, b"it broke", PRIORITY=b"3") + _entries(2, b"hm", NOW + 1, PRIORITY=b"4"))
    assert sample(_spec(journal), None, NOW + 10, 20).values["errors"] == 3
    assert sample(_spec(journal, level="warning"), None, NOW + 10, 20).values["errors"] == 5


def test_entry_may_be_long_binary_or_of_many_lines(journal: Written) -> None:
    trace = b"ERROR serving\nTraceback (most recent call last):\n  File x\nValueError: ERROR"
    messages = (b"x" * 200_000 + b" ERROR", b"\x00\xff ERROR \x1b[31m", trace, b"")
    journal.add((NOW + number, message, {}) for number, message in enumerate(messages))
    seen = sample(_spec(journal, match="ERROR"), None, NOW + 10, 20)
    assert seen.values["errors"] == 3
    assert all(note.isprintable() for note in seen.notes)


def test_window_goes_by_when_the_journal_took_it(journal: Written) -> None:
    journal.add(_entries(2, b"ERROR", NOW - 4000) + _entries(3, b"ERROR", NOW - 3000))
    assert sample(_spec(journal), None, NOW, 20).values["errors"] == 3


@pytest.mark.parametrize("cursor", ["nonsense", "s=0;i=1", 7, None, "a\nb", "-x"])
def test_cursor_that_leads_nowhere_is_given_up(journal: Written, cursor: object) -> None:
    journal.add(_entries(3, b"ERROR"))
    page = Journal((), str(journal.directory)).read(
        {"cursor": cursor, "since": NOW - 5}, 0.0, until=time.perf_counter() + 20, most=1 << 20
    )
    assert page.problem is None
    assert len(page.entries) == 3


def test_what_is_too_much_for_one_page_comes_with_the_next(journal: Written) -> None:
    journal.add((NOW + number / 1000, b"%d" % number, {}) for number in range(3000))
    reader, memo, seen = Journal((), str(journal.directory)), None, []
    for _ in range(200):
        page = reader.read(memo, NOW - 5, until=time.perf_counter() + 20, most=100_000)
        memo = json.loads(json.dumps(page.memo))
        seen += [int(entry.message) for entry in page.entries]
        if not page.more:
            break
    assert seen == list(range(3000))


def test_without_a_journal_nothing_can_be_said(tmp_path: Path) -> None:
    seen = sample(LogSpec(directory=str(tmp_path)), None, NOW, 20)
    assert seen.blind is not None
    assert "no journal" in seen.blind


def test_journal_that_may_not_be_read_is_told_with_the_group(journal: Written) -> None:
    if os.geteuid() != 0:
        pytest.skip("to become somebody else needs root")
    journal.add(_entries(1, b"ERROR"))
    for file in journal.directory.iterdir():
        file.chmod(0o600)
    for folder in (journal.directory, *journal.directory.parents):
        if len(folder.parts) > len(Path(tempfile.gettempdir()).parts):
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        seen = sample(_spec(journal), None, NOW, 20)
    finally:
        os.seteuid(0)
    assert seen.blind is not None
    assert "systemd-journal" in seen.blind


def test_logins_are_read_from_the_journal(journal: Written) -> None:
    sshd = {"_SYSTEMD_UNIT": b"ssh.service", "SYSLOG_IDENTIFIER": b"sshd"}
    said = b"Failed password for root from 203.0.113.9 port 22 ssh2"
    journal.add((NOW + number, said, {**sshd, "_PID": b"%d" % number}) for number in range(4))
    journal.add([(NOW + 9, said, {})])  # another program says the same
    spec = logins.LoginsSpec.model_validate({"directory": str(journal.directory)})
    assert logins.sample(spec, None, NOW + 20, 20).values["failed"] == 4


def test_entry_that_is_too_much_for_a_page_stops_nothing(journal: Written) -> None:
    journal.add([(NOW, b"\xff" * 400_000, {}), (NOW + 1, b"after it", {})])
    reader, memo, seen = Journal((), str(journal.directory)), None, []
    for _ in range(3):
        page = reader.read(memo, NOW - 5, until=time.perf_counter() + 20, most=100_000)
        memo = json.loads(json.dumps(page.memo))
        seen += [entry.message for entry in page.entries]
    assert seen == [b"", b"after it"]


def test_journal_that_says_nothing_in_time_is_unknown(journal: Written) -> None:
    journal.add(_entries(3, b"ERROR"))
    seen = sample(_spec(journal), None, NOW + 10, 0)
    assert seen.blind is not None
    assert "in time" in seen.blind
    later = sample(_spec(journal), seen.memo, NOW + 10, 20)
    assert (later.blind, later.values["errors"]) == (None, 3)
