"""What stands in a webhook's body: read whole or refused, and its parts as texts, moments, lists. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from alerting.inbound.alert import NotRead

_DEEPEST = 30
_MOST_FIELDS = 1000
_LONGEST = 20_000
_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 10**11  # what is larger counts milliseconds
_FORM = "application/x-www-form-urlencoded"


def body_of(body: bytes, content_type: str) -> Any:
    """The JSON value, or the fields of a form as an object. Raises NotRead.

    What looks like JSON is read as such, whatever it says to be: many send it as a form.
    """
    looks_like_json = body.lstrip()[:1] in (b"{", b"[")
    if not looks_like_json and content_type.partition(";")[0].strip().lower() == _FORM:
        return _form(body)
    try:
        value = json.loads(body, parse_constant=_no_number)
    except RecursionError:
        raise NotRead("is nested too deep") from None
    except ValueError:
        raise NotRead("is no JSON") from None
    _measured(value)
    return value


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise NotRead("is no form that can be read") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _measured(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise NotRead("is nested too deep")


def block(value: Any, *names: str) -> Mapping[str, Any]:
    """The object below these names; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The list, or nothing."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The first of a list, a number, a text: as text without the blanks around it; empty for everything else."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value[:_LONGEST].strip() if isinstance(value, str) else ""


def first(found: Mapping[str, Any], *names: str) -> str:
    """The text under the first of the names that has one."""
    return next((said for name in names if (said := text(found.get(name)))), "")


def texts(found: Mapping[str, Any]) -> dict[str, str]:
    """Labels: whatever is a text or a number, by its name."""
    return {str(name): said for name, value in found.items() if (said := text(value))}


def moment(value: Any) -> int | None:
    """RFC 3339, or seconds or milliseconds since 1970 -> microseconds UTC; None for nothing and for the year 1."""
    said = text(value)
    try:
        number = float(said)
    except ValueError:
        return _written(said)
    if not math.isfinite(number) or number <= 0:
        return None
    seconds = number / 1000 if number > _LAST_SECOND else number
    return round(seconds * _SECOND) if seconds < _LAST_SECOND else None


def _written(said: str) -> int | None:
    try:
        at = datetime.fromisoformat(_to_microseconds(said))
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max((at - _EPOCH) // timedelta(microseconds=1), 0) or None


def _to_microseconds(said: str) -> str:
    """Without the digits below microseconds, of which nobody but Go knows."""
    whole, point, rest = said.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{whole}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}" if point and digits else said
