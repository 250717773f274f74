"""JSON access logs: one object on each line, read by the names that programs really write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from checks.access_log.dialects import DIALECTS, KNOWN, Dialect
from checks.access_log.fields import STATUSES, address, duration, named, site, split_target, target, whole
from checks.access_log.moments import Moments
from checks.access_log.rows import Row

_DEEPEST = 3  # objects in objects that are looked into
_BESIDE = "http.log.error"  # Caddy writes an error of its own beside the request that it befell
_CURT = frozenset({"code", "response"})  # which many a program writes that tells of no request
# nginx without `escape=json` writes \xHH, and nothing or - where a number is to stand.
_REPAIRED = (
    ("\\x", "\\u00"), ('":-,', '":null,'), ('": -,', '":null,'), ('":,', '":null,'), ('": ,', '":null,'),
    ('":-}', '":null}'), ('": -}', '":null}'), ('":}', '":null}'), ('": }', '":null}'),
)  # fmt: skip


def parse(line: str, moments: Moments) -> Row | None:
    """One JSON object; None when it is no request that was answered.

    Shippers put the request into an object of their own, beside what they add: then that is read as if it were whole.
    """
    document = loaded(line)
    if document is None:
        return None
    row = _read(_flat(document), moments)
    if row is not None:
        return row
    for inner in _inner(document):
        row = _read(_flat({**document, **inner}), moments)
        if row is not None and row[2]:
            return row
    return None


def _read(fields: Mapping[str, Any], moments: Moments) -> Row | None:
    if str(fields.get("logger", "")).startswith(_BESIDE):
        return None
    for dialect in _possible(tuple(filter(KNOWN.__contains__, fields))):
        status = _status(_first(fields, dialect.status))
        row = None if status is None else _row(fields, dialect, status, moments)
        if row is not None and (any(row[2:5]) or _CURT.isdisjoint(fields)):
            return row
    return None


@lru_cache(maxsize=512)  # the lines of a log have a few sorts of fields
def _possible(names: tuple[str, ...]) -> tuple[Dialect, ...]:
    """The dialects that an object with such fields may be in, each with those of its names alone that are there."""
    return tuple(each for dialect in DIALECTS if (each := dialect.of(frozenset(names))) is not None)


def _inner(document: Mapping[str, Any], deep: int = 0) -> Iterator[Mapping[str, Any]]:
    """The objects in an object, the outer ones first."""
    within = [value for value in document.values() if isinstance(value, dict)]
    yield from within
    for value in within if deep + 1 < _DEEPEST else ():
        yield from _inner(value, deep + 1)


def loaded(line: str) -> dict[str, Any] | None:
    """The object in a line; None when there is none."""
    if line[:1] != "{":
        return None
    document = _loaded(line)
    return document if isinstance(document, dict) else None


def _loaded(line: str) -> Any:
    try:
        return json.loads(line, strict=False)
    except (ValueError, RecursionError):
        pass
    for wrong, right in _REPAIRED:
        line = line.replace(wrong, right)
    try:
        return json.loads(line.rstrip(", \t\r]"), strict=False)
    except (ValueError, RecursionError):
        return None


def _row(fields: Mapping[str, Any], dialect: Dialect, status: int, moments: Moments) -> Row | None:
    at = _at(fields, dialect, moments)
    if at is None:
        return None
    asked = str(_first(fields, dialect.target) or "")
    client = str(_first(fields, dialect.client) or "")
    host, path = split_target(target(asked))
    host = site(str(_first(fields, dialect.site) or "")) or host
    referrer, upstream = _first(fields, dialect.referrer), _first(fields, dialect.upstream)
    return (
        at, status, path, address(client.rpartition(",")[2] if dialect.last else client), host,
        _took(fields, dialect), whole(_first(fields, dialect.size)),
        None if referrer is None else named(str(referrer)), None if upstream is None else named(str(upstream)),
    )  # fmt: skip


def _status(value: Any) -> int | None:
    """A number, or text such as `200` and `200 OK`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return STATUSES.get(str(value).partition(" ")[0]) if isinstance(value, (int, str)) else None


def _at(fields: Mapping[str, Any], dialect: Dialect, moments: Moments) -> float | None:
    """The first field that holds a time; a bare number is seconds, or finer when it is too large for them."""
    if "date" in fields and "time" in fields and "sc-status" in fields:  # a W3C file in JSON
        return moments.at(f"{fields['date']}T{fields['time']}Z")
    for name in dialect.time:
        value = fields.get(name)
        at: float | None = None
        if isinstance(value, str):
            at = moments.at(value.strip("[]"))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            at = moments.of_number(value)
        if at is not None:
            return at
    return None


def _took(fields: Mapping[str, Any], dialect: Dialect) -> float | None:
    """A duration. Where the name says no unit, a text may, and a number with a fraction is seconds."""
    for name, unit in dialect.took:
        value = _single(fields.get(name))
        if value is None:
            continue
        whole_number = isinstance(value, int) or (isinstance(value, str) and value.isdigit())
        if unit == 0.0 and whole_number and value not in {0, "0"}:
            continue  # seconds or milliseconds: nobody can tell
        took = duration(value, unit or 1.0)
        if took is not None:
            return took
    return None


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The first of the fields that says something."""
    for name in names:
        value = _single(fields.get(name))
        if value is not None and value not in ("", "-"):
            return value
    return None


def _single(value: Any) -> Any:
    """Headers are lists in Caddy and Kong."""
    if isinstance(value, list):
        value = value[0] if value else None
    return None if isinstance(value, (dict, list)) else value


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """All fields by names in small letters, those of objects in objects as `request.headers.host`."""
    flat: dict[str, Any] = {}
    open_objects: list[tuple[str, Mapping[str, Any], int]] = [("", document, 0)]
    while open_objects:
        prefix, within, deep = open_objects.pop()
        for name, value in within.items():
            if isinstance(value, dict) and deep < _DEEPEST:
                open_objects.append((f"{prefix}{name.lower()}.", value, deep + 1))
            else:
                flat[f"{prefix}{name.lower()}"] = value
    return flat
