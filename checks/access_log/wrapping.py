"""What others put around a log line: syslog, container runtimes, docker's JSON files."""

from __future__ import annotations

from checks.access_log.json_lines import loaded

_MONTHS = frozenset(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
_LONGEST_TAG = 200


def unwrapped(line: str) -> tuple[str, str] | None:
    """The time and the message of a wrapped line; None when nothing known is around it.

    RFC 3164 (`Nov 22 04:00:00 host nginx: …`) with or without its priority, RFC 5424, the same with an ISO time as
    rsyslog writes it, containers (`2026-11-22T04:00:00Z stdout F …`), compose (`web-1  | …`).
    """
    if line.startswith("{"):
        return _in_json(line)
    if line.startswith("<"):
        end = line.find(">", 1, 8)
        line = line[end + 1 :] if line[1:end].isdigit() else line
    if line[:2] == "1 " and line[6:7] == "-":
        return _structured(line)
    if line[:3] in _MONTHS and line[3:4] == " ":
        return _tagged(line[:15], line[15:])
    if line[4:5] == "-" and line[7:8] == "-" and line[:4].isdigit():
        return _iso(line)
    tag, found, message = line.partition("]: ")
    if found and len(tag) < _LONGEST_TAG and not any(mark in tag for mark in ' "'):
        return "", message
    end = line.find(" | ", 0, _LONGEST_TAG)
    name = line[:end].rstrip()
    return ("", line[end + 3 :]) if end > 0 and not any(mark in name for mark in ' "[') else None


def _in_json(line: str) -> tuple[str, str] | None:
    """docker's `{"log":"…\\n","stream":"stdout","time":"…"}` and shippers' `{"message":"…"}`."""
    document = loaded(line) or {}
    for name in ("log", "message", "MESSAGE"):
        message = document.get(name)
        if isinstance(message, str):
            time = document.get("time", document.get("@timestamp"))
            return (time if isinstance(time, str) else ""), message.rstrip("\r\n")
    return None


def _structured(line: str) -> tuple[str, str] | None:
    """`1 time host app pid msgid structured-data message` (RFC 5424)."""
    words = line.split(" ", 6)
    if len(words) < 7:
        return None
    time, rest = words[1], words[6]
    if rest.startswith("-"):
        return time, rest[2:].removeprefix("\ufeff")
    _, found, message = rest.partition("] ")
    return (time, message.removeprefix("\ufeff")) if found and rest.startswith("[") else None


def _tagged(time: str, rest: str) -> tuple[str, str] | None:
    """` host tag[pid]: message`."""
    end = rest.find(": ", 0, _LONGEST_TAG)
    if end < 0 or '"' in rest[:end] or rest[:end].count(" ") > 3:
        return None
    return time, rest[end + 2 :].lstrip(" ")


def _iso(line: str) -> tuple[str, str] | None:
    words = line.split(" ", 3)
    if len(words) < 4:
        return None
    if words[1] in {"stdout", "stderr"}:
        return words[0], words[3]
    if words[1][2:3] == words[1][5:6] == ":":
        time = f"{words[0]}T{words[1]}"
        return _tagged(time, line[len(time) :])
    return _tagged(words[0], line[len(words[0]) :]) if words[2].endswith(":") else None
