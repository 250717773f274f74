"""The journal's own protocol: one datagram an entry, each field of a log line one to search by.

Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from typing import Any

SOCKET = "/run/systemd/journal/socket"
_LONGEST_NAME = 64
_TOO_LARGE = (errno.EMSGSIZE, errno.ENOBUFS)
# The journal takes a file only that nobody can change any more.
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_BARE = re.compile(r"[^\s\"=]+")
_NOT_SHOWN = ("event", "level", "at", "exception")


def leads_there(descriptor: int) -> bool:
    """Whether what is written to the descriptor ends in the journal, as systemd says in JOURNAL_STREAM."""
    told = os.environ.get("JOURNAL_STREAM", "")
    try:
        is_at = os.fstat(descriptor)
    except OSError:
        return False
    return told == f"{is_at.st_dev}:{is_at.st_ino}"


def entry(event: Mapping[str, Any]) -> bytes:
    """A line of the log as an entry: MESSAGE for people, and every field, TOCSIN_TICKET for `ticket`, to search by."""
    level = str(event.get("level", "info"))
    fields = {
        "MESSAGE": message(event),
        "PRIORITY": str(_PRIORITIES.get(level, 6)),
        "SYSLOG_IDENTIFIER": "tocsin",
    }
    for key, value in event.items():
        if value is not None:
            fields[_name(key)] = _text(value)
    check = event.get("check")
    if isinstance(check, str) and "." in check:
        fields.setdefault("TOCSIN_SERVICE", check.partition(".")[0])
    return b"".join(_field(name, text.encode(errors="replace")) for name, text in fields.items())


def words(text: str) -> bytes:
    """An entry that is nothing but words."""
    said = {"MESSAGE": text, "PRIORITY": "5", "SYSLOG_IDENTIFIER": "tocsin"}
    return b"".join(_field(name, value.encode(errors="replace")) for name, value in said.items())


def message(event: Mapping[str, Any]) -> str:
    """`check.flipped check=shop.home after=down reason="HTTP 503"`; below it the traceback, if there is one."""
    shown = [f"{key}={_quoted(value)}" for key, value in event.items() if key not in _NOT_SHOWN]
    line = " ".join([_printable(str(event.get("event", ""))), *shown])
    exception = event.get("exception")
    below = () if exception is None else str(exception).splitlines()
    return "\n".join([line, *(_printable(each) for each in below)])


class Journal:
    """Sends entries, over a new connection each time the journal was away."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def send(self, data: bytes) -> int:
        """Send one entry; how many bytes of it went. May wait for the journal. Raises OSError when it is away."""
        try:
            self._socket.sendto(data, self._path)
        except OSError as error:
            if error.errno not in _TOO_LARGE:
                raise
            self._send_as_file(data)
        return len(data)

    def close(self) -> None:
        self._socket.close()

    def _send_as_file(self, data: bytes) -> None:
        try:
            file = os.memfd_create("tocsin-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        except OSError as error:  # no reason to keep back all that comes after it
            said = f"log.entry_too_large bytes={len(data)} reason={json.dumps(error.strerror)}"
            self._socket.sendto(words(said), self._path)
            return
        try:
            with os.fdopen(file, "wb", closefd=False) as writing:
                writing.write(data)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, file.to_bytes(4, sys.byteorder))
            self._socket.sendmsg([b""], [rights], 0, self._path)
        finally:
            os.close(file)


def _name(key: str) -> str:
    return f"TOCSIN_{re.sub(r'[^A-Z0-9_]', '_', key.upper())}"[:_LONGEST_NAME]


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return b"%s\n%s%s\n" % (name.encode(), len(value).to_bytes(8, "little"), value)
    return b"%s=%s\n" % (name.encode(), value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _quoted(value: object) -> str:
    text = _text(value)
    return _printable(text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False))


def _printable(text: str) -> str:
    """Nothing in it moves a terminal's cursor or makes another line."""
    return text if text.isprintable() else "".join(_escaped(mark) for mark in text)


def _escaped(mark: str) -> str:
    return mark if mark.isprintable() else mark.encode("unicode_escape", "surrogatepass").decode()
