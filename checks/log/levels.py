"""How grave a log line says it is: words of all the usual loggers on the scale of syslog, 0 worst to 7."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

Level = Literal["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"]
LEVELS: Mapping[Level, int] = {
    "emergency": 0, "alert": 1, "critical": 2, "error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7,
}  # fmt: skip
ERROR = LEVELS["error"]
_WORDS: Mapping[str, int] = {
    **{str(name): number for name, number in LEVELS.items()},
    "emerg": 0, "panic": 0, "dpanic": 0, "crit": 2, "fatal": 2, "err": 3, "severe": 3, "exception": 3,
    "warn": 4, "wrn": 4, "inf": 6, "information": 6, "informational": 6, "log": 6, "dbg": 7, "trace": 7,
    "verbose": 7, "fine": 7, "finer": 7, "finest": 7,
}  # fmt: skip
_OF_TRACES = {"recent": ERROR, "thread": ERROR}  # the last words of what begins one
_KLOG = {b"F": 2, b"E": 3, b"W": 4, b"I": 6}
_LAST_WORD = re.compile(rb"([A-Za-z]+)[^A-Za-z]*$")
# Where in a line its level is looked for.
_REACH = 200
_FIELDS = (
    "level",
    "severity",
    "levelname",
    "lvl",
    "log.level",
    "@level",
    "loglevel",
    "log_level",
    "priority",
    "PRIORITY",
)


def level_of_text(line: bytes) -> int | None:
    """The level that a line of text names near its beginning, or that the head of a trace has; None without."""
    found = _said().search(line[:_REACH])
    if found is None:
        return None
    said = found[0]
    word = _LAST_WORD.search(said)
    if word is None:
        return None
    if said[1:5].isdigit():
        return _KLOG.get(said[:1])
    name = word[1].decode("ascii").lower()
    return _WORDS.get(name, _OF_TRACES.get(name))


def grave(least: int) -> str:
    """A RE2 pattern found in every text with a line in it whose level is that or worse."""
    words = "|".join(word for word, level in _WORDS.items() if level <= least)
    number = r'(?:level|severity|lvl|priority)\w*\\?"\s*:\s*"?\d'
    return rf"(?im)(?:{words}|traceback|exception in|^[FEWI]\d{{4}} |{number})"


def level_of_fields(fields: Mapping[str, Any]) -> int | None:
    """The level that a JSON line says, as a word or as a number of syslog, pino and bunyan, or Python."""
    for name in _FIELDS:
        value = field_of(fields, name)
        if isinstance(value, str):
            word = value.strip().lower()
            return (
                _level_of_number(int(word), name) if word.isdecimal() and len(word) < 4 else _WORDS.get(word)
            )
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _level_of_number(value, name)
    return None


def field_of(fields: Mapping[str, Any], name: str) -> Any:
    """The field called so, or else what the dots in the name lead to; None when there is none."""
    if name in fields:
        return fields[name]
    inner: Any = fields
    for step in name.split("."):
        if not isinstance(inner, Mapping):
            return None
        inner = inner.get(step)
    return inner


def _level_of_number(number: float, name: str) -> int | None:
    """0 to 7 is syslog's; 10, 20 … 60 are trace, debug, info, warn, error, fatal (of Python's one less)."""
    if 0 <= number <= 7:
        return int(number)
    steps = (7, 7, 6, 4, 3, 2) if name != "levelname" else (7, 6, 4, 3, 2)
    return steps[min(int(number // 10), len(steps)) - 1] if number >= 10 else None


@cache
def _said() -> Any:
    import re2  # as for the operators' patterns: one pass, whatever the line holds

    words = "|".join(sorted(_WORDS, key=len, reverse=True))
    small = "error|fatal|critical|panic|severe|warning|err|warn|alert|emerg"
    options = re2.Options()
    options.never_capture = True
    return re2.compile(
        r"^\s*(?:Traceback \(most recent|Exception in thread|panic: |fatal error: |Unhandled exception)"
        r"|^[IWEF]\d{4} \d\d:"
        rf"|(?:^|[^\w/.=-])(?:{words.upper()})(?:[^\w/=-]|$)"
        rf"|(?i:\[(?:[\w-]+:)?(?:{words})\s*\])"
        rf"|(?i:\b(?:level|lvl|severity)[=:]\s?[\"']?(?:{words})\b)"
        rf"|(?i:(?:^|: )(?:{small})(?:: |\[))".encode(),
        options,
    )
