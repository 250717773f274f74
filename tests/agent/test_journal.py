"""Entries as the journal takes them: fields to search by, large ones in a file, nothing that escapes its field."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.journal import Journal, entry, leads_there, message, words

FLIPPED = {
    "event": "check.flipped",
    "level": "warning",
    "at": "2026-11-23T10:00:00Z",
    "check": "shop.home",
    "reason": "HTTP 503: \x1b[2J\u202e down",
    "ticket": "T-1",
    "after": None,
    "seconds": 1.5,
}


def fields(data: bytes) -> dict[str, str]:
    """What the journal reads from an entry."""
    found = {}
    while data:
        line, _, data = data.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
        else:
            size = int.from_bytes(data[:8], "little")
            name, value, data = line, data[8 : 8 + size], data[8 + size :]
            assert data[:1] == b"\n"
            data = data[1:]
        assert name.decode() not in found
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def opened() -> Iterator[Callable[[str], Journal]]:
    with contextlib.ExitStack() as journals:
        yield lambda path: journals.enter_context(contextlib.closing(Journal(path)))


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "socket"))
        bound.settimeout(30)
        yield bound


def test_every_field_of_a_line_is_one_to_search_by() -> None:
    found = fields(entry(FLIPPED))
    assert found["TOCSIN_EVENT"] == "check.flipped"
    assert (found["TOCSIN_CHECK"], found["TOCSIN_SERVICE"]) == ("shop.home", "shop")
    assert (found["TOCSIN_TICKET"], found["TOCSIN_SECONDS"]) == ("T-1", "1.5")
    assert (found["PRIORITY"], found["SYSLOG_IDENTIFIER"]) == ("4", "tocsin")
    assert "TOCSIN_AFTER" not in found


def test_a_message_is_one_line_that_moves_no_cursor() -> None:
    said = message({**FLIPPED, "list": ["a b"], "exception": "Traceback\n  E: \x1b[2J"})
    first, second, third = said.split("\n")
    assert first.startswith(
        'check.flipped check=shop.home reason="HTTP 503: \\u001b[2J\\u202e down" ticket=T-1'
    )
    assert (second, third) == ("Traceback", "  E: \\x1b[2J")


@pytest.mark.parametrize("key", ["x=1\nMESSAGE", "_HOSTNAME", "ünlaut", "a" * 200])
def test_no_key_or_value_from_outside_makes_another_field(key: str) -> None:
    found = fields(entry({"event": "odd", key: "one\nPRIORITY=0\ntwo"}))
    (name,) = set(found) - {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "TOCSIN_EVENT"}
    assert name.startswith("TOCSIN_") and len(name) <= 64
    assert found[name] == "one\nPRIORITY=0\ntwo"
    assert found["PRIORITY"] == "6"


def test_entries_arrive_small_as_datagrams_and_large_as_sealed_files(
    receiver: socket.socket, opened: Callable[[str], Journal]
) -> None:
    journal = opened(receiver.getsockname())
    journal.send(words("hello"))
    assert fields(receiver.recv(1000))["MESSAGE"] == "hello"
    large = entry({"event": "large", "text": "x" * 3_000_000})
    assert journal.send(large) == len(large)
    data, (file,), _, _ = socket.recv_fds(receiver, 1000, 1)
    try:
        assert data == b""
        assert os.pread(file, len(large) + 1, 0) == large
        assert fcntl.fcntl(file, fcntl.F_GET_SEALS) == 15
    finally:
        os.close(file)


def test_a_journal_that_was_away_is_found_again(tmp_path: Path, opened: Callable[[str], Journal]) -> None:
    path = tmp_path / "socket"
    journal = opened(str(path))
    with pytest.raises(FileNotFoundError):
        journal.send(words("too early"))
    for turn in ("first", "second"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
            bound.bind(str(path))
            journal.send(words(turn))
            assert fields(bound.recv(1000))["MESSAGE"] == turn
        with pytest.raises(ConnectionRefusedError):
            journal.send(words("nobody there"))
        path.unlink()


def test_a_descriptor_leads_to_the_journal_only_when_systemd_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "file").open("w") as file:
        at = os.fstat(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{at.st_dev}:{at.st_ino}")
        assert leads_there(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{at.st_dev}:{at.st_ino + 1}")
        assert not leads_there(file.fileno())
        monkeypatch.delenv("JOURNAL_STREAM")
        assert not leads_there(file.fileno())
    assert not leads_there(1_000_000)
