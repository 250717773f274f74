"""One log line -> what is asked of it: its text, its own time, its level; JSON lines by their fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from checks.line_time import moment, moment_of_value
from checks.log.events import bare
from checks.log.levels import field_of, level_of_fields, level_of_text
from checks.log_lines import Line

FRONT = 19  # a date and a time to the second, of ISO 8601 and of syslog
_TIMES = ("time", "timestamp", "ts", "@timestamp", "datetime", "date", "asctime", "t", "eventTime", "@t")


class Record(NamedTuple):
    """`text` is what patterns see; `line` is that without what a collector wrote before it, `writer` its program.

    `at` is Unix seconds, `level` as syslog counts; both None where the line does not say.
    """

    text: bytes
    line: bytes
    writer: str
    at: float | None
    level: int | None


class Reader:
    """`field` is the field of JSON lines that is looked at (None: the whole line), `levels` whether they matter."""

    def __init__(self, field: str | None = None, *, levels: bool = False) -> None:
        self.field, self.levels = field, levels
        self._front, self._at = b"", 0.0

    def read(self, line: Line, now: float) -> Record:
        """Any bytes give a record."""
        fields = _fields(line.data)
        if fields is None:
            return self._plain(line, now)
        text = line.data if self.field is None else _text(field_of(fields, self.field))
        at = self.own_time(line, now, fields)
        level = _worse(level_of_fields(fields), line.priority) if self.levels else None
        return Record(text, text, line.writer, at, level)

    def own_time(self, line: Line, now: float, fields: Mapping[str, Any] | None = None) -> float | None:
        """Unix seconds; of a JSON line, whose `fields` may be given, that of its fields."""
        if line.at is not None:
            return line.at
        fields = _fields(line.data) if fields is None else fields
        return self._moment(line.data, now) if fields is None else _moment(fields, now)

    def _plain(self, line: Line, now: float) -> Record:
        inner, writer = bare(line.data) if line.at is None else (line.data, line.writer)
        at = self.own_time(line, now)
        level = _worse(level_of_text(line.data), line.priority) if self.levels else None
        return Record(line.data, inner, writer, at, level)

    def _moment(self, data: bytes, now: float) -> float | None:
        """That of the line before where both begin with the same second, as most do."""
        front = data[:FRONT]
        if front == self._front:
            return self._at
        at = moment(data, now)
        if at is not None and dated(front):
            self._front, self._at = front, at
        return at


def dated(front: bytes) -> bool:
    """Whether the first 19 bytes of a line look like such a date and time."""
    return front[13:14] == front[16:17] == b":" or front[12:13] == front[9:10] == b":"


def _fields(data: bytes) -> Mapping[str, Any] | None:
    """The fields of a JSON line; None for anything else."""
    if data.lstrip()[:1] != b"{":
        return None
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _moment(fields: Mapping[str, Any], now: float) -> float | None:
    for name in _TIMES:
        at = moment_of_value(fields[name], now) if name in fields else None
        if at is not None:
            return at
    return None


def _text(value: Any) -> bytes:
    if value is None:
        return b""
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown.rstrip("\n").encode("utf-8", "replace")


def _worse(one: int | None, other: int | None) -> int | None:
    """What a program writes to its output the journal takes as `info`, whatever the line says of itself."""
    return min((level for level in (one, other) if level is not None), default=None)
