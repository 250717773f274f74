"""Lines of history: what was recorded elsewhere, or is taken along to another store; one JSON object a line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from alerting.slo.events import Event
from alerting.slo.figures import exact_seconds, rfc3339
from alerting.slo.periods import micros
from alerting.slo.spans import Klass

MOST_BYTES = 64 * 1024
_SECOND = 1_000_000
_LONGEST = 10 * 366 * 24 * 3600
_NAME = re.compile(r"[a-z0-9_-]{1,63}")
_STATES = {"up": Klass.UP, "degraded": Klass.DEGRADED, "down": Klass.DOWN, "unknown": Klass.UNKNOWN}
_STATUSES = {"ok": Klass.UP, "degraded": Klass.DEGRADED, "down": Klass.DOWN, "unknown": Klass.UNKNOWN}
# What each kind of line says beside its kind.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "state": ("service", "at", "state"),
    "reading": ("service", "at", "status", "valid_for"),
    "maintenance": ("service", "from", "to"),
    "agent_off": ("from", "to"),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A state or reading of a service."""

    service: str
    event: Event


@dataclass(frozen=True, slots=True)
class Window:
    """Planned work on a service (`maintenance`); or nothing at all was watched (`unknown`, of no service)."""

    service: str
    klass: Klass
    start: int
    end: int


Line: TypeAlias = Recorded | Window


def parse_line(text: str) -> Line:
    """What a line says. Raises ValueError with the reason and the remedy."""
    said = _object(text)
    kind = said.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KEYS:
        raise ValueError(f'"kind" wants one of {", ".join(_KEYS)}, got {_shown(kind)}')
    if missing := [key for key in _KEYS[kind] if key not in said]:
        raise ValueError(f'a line of kind {kind} wants "{missing[0]}"')
    if unknown := sorted(set(said) - set(_KEYS[kind])):
        raise ValueError(
            f"a line of kind {kind} has no {_shown(unknown[0])} (it has {', '.join(_KEYS[kind])})"
        )
    service = _service(said["service"]) if "service" in said else ""
    return _window(kind, service, said) if "from" in said else Recorded(service, _event(kind, said))


def line_of(line: Line) -> str:
    """The inverse of `parse_line`: a state, reading or window as one line of JSON, without its end of line."""
    return json.dumps(dict(_fields(line)), separators=(",", ":"))


def _fields(line: Line) -> Iterator[tuple[str, Any]]:
    if line.service:
        yield "service", line.service
    if isinstance(line, Window):
        yield "kind", "maintenance" if line.klass is Klass.MAINTENANCE else "agent_off"
        yield from (("from", rfc3339(line.start)), ("to", rfc3339(line.end)))
        return
    event = line.event
    yield "kind", "state" if event.until is None else "reading"
    yield "at", rfc3339(event.at)
    if event.until is None:
        yield "state", event.klass.value
    else:
        yield "status", "ok" if event.klass is Klass.UP else event.klass.value
        seconds = Decimal(exact_seconds(event.until - event.at))
        yield "valid_for", int(seconds) if seconds == seconds.to_integral() else float(seconds)


def _object(text: str) -> dict[str, Any]:
    try:
        said = _JSON.decode(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg.lower()} at column {error.colno}") from None
    except ArithmeticError:
        raise ValueError("has a number beyond all bounds") from None
    if not isinstance(said, dict):
        raise ValueError('is no object: expected {"kind": …}')
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("says something twice")
    return said


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no number")


_JSON = json.JSONDecoder(parse_float=Decimal, parse_constant=_refused, object_pairs_hook=_once)


def _service(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f'"service" wants lower-case letters, digits, - and _, at most 63, got {_shown(name)}'
        )
    return sys.intern(name)  # one for all the lines of a service


def _event(kind: str, said: Mapping[str, Any]) -> Event:
    at = _moment("at", said["at"])
    if kind == "state":
        return Event(at, _word("state", said["state"], _STATES))
    return Event(at, _word("status", said["status"], _STATUSES), at + _lasts(said["valid_for"]))


def _window(kind: str, service: str, said: Mapping[str, Any]) -> Window:
    start, end = _moment("from", said["from"]), _moment("to", said["to"])
    if start >= end:
        raise ValueError(f'"to" must come after "from": {_shown(said["from"])} to {_shown(said["to"])}')
    return Window(service, Klass.MAINTENANCE if kind == "maintenance" else Klass.UNKNOWN, start, end)


def _word(key: str, word: Any, words: Mapping[str, Klass]) -> Klass:
    if not isinstance(word, str) or word not in words:
        raise ValueError(f'"{key}" wants one of {", ".join(words)}, got {_shown(word)}')
    return words[word]


def _moment(key: str, text: Any) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            # By way of UTC, where it must be in the calendar too: else it could never be shown.
            return micros(moment.astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f'"{key}" wants a moment such as "2026-11-21T14:00:00Z", got {_shown(text)}')


def _lasts(seconds: Any) -> int:
    number = not isinstance(seconds, bool) and isinstance(seconds, int | Decimal)
    if not number or not 0 <= seconds <= _LONGEST:
        raise ValueError(f'"valid_for" wants seconds, from 0 to ten years of them, got {_shown(seconds)}')
    return int(seconds * _SECOND)


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."
