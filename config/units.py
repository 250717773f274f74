"""Times, sizes and shares as people write them: `30s`, `5m`, `10GiB`, `95%`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, Field

from config.unit_table import SIZE, TIME

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_LONG_NAMES = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "week": "w", "weeks": "w",
    "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "k": "KiB", "kb": "KB", "kib": "KiB", "mb": "MB", "mib": "MiB", "gb": "GB", "gib": "GiB", "tb": "TB", "tib": "TiB",
}  # fmt: skip


def parse_duration(text: object) -> float:
    """Seconds of `30s`, `1h30m`, `250ms`; raises ValueError with a remedy. `0` alone needs no unit."""
    return _sum_of_parts(text, TIME, "a duration like 30s or 1h30m")


def parse_size(text: object) -> float:
    """Bytes of `512KB`, `10GiB`; a bare number is bytes; raises ValueError with a remedy."""
    if isinstance(text, str) and text.strip().isdecimal():
        return float(text.strip())
    return _sum_of_parts(text, SIZE, "a size like 10MiB")


def parse_ratio(text: object) -> Fraction:
    """The exact share of `99%`, `99.95 %` or `0.99`, between 0 and 1; raises ValueError with a remedy."""
    shown = str(text).strip()
    body = shown.removesuffix("%").strip()
    if not re.fullmatch(r"\d+(\.\d+)?", body):
        raise ValueError(f'expected a share like 99% or 0.99, got "{_clip(shown)}"')
    value = Fraction(body) / (100 if shown.endswith("%") else 1)
    if value > 1:
        hint = f" (did you mean {body}%?)" if not shown.endswith("%") and value <= 100 else ""
        raise ValueError(f'a share lies between 0 and 100%, got "{_clip(shown)}"{hint}')
    return value


def show_duration(seconds: float) -> str:
    """The shortest way a person would write it: 90.0 -> `1m30s`, 0.25 -> `250ms`."""
    if seconds < 0:
        return "-" + show_duration(-seconds)
    if seconds == 0:
        return "0s"
    if seconds < 1:
        return f"{seconds * 1000:.3g}ms"
    if seconds < 60:
        return f"{seconds:.3g}s"
    rest, parts = round(seconds), []
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])


def _sum_of_parts(text: object, units: Mapping[str, float], wanted: str) -> float:
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)  # a default in a model, already in base units
    shown = str(text).strip()
    if shown == "0":
        return 0.0
    parts = _PART.findall(shown)
    joined = "".join(number + unit for number, unit in parts)
    if parts and joined == re.sub(r"\s+", "", shown):
        if all(unit in units for _, unit in parts):
            return sum(float(number) * units[unit] for number, unit in parts)
        guess = "".join(number + _LONG_NAMES.get(unit.lower(), unit) for number, unit in parts)
        if all(unit in units for _, unit in _PART.findall(guess)):
            raise ValueError(f'expected {wanted}, got "{_clip(shown)}" (did you mean {guess}?)')
    base = next(iter(units)) if "s" not in units else "s"
    hint = f" (did you mean {shown}{base}?)" if re.fullmatch(r"\d+(\.\d+)?", shown) else ""
    raise ValueError(f'expected {wanted}, got "{_clip(shown)}"{hint}')


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be longer than 0s")
    return value


Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    Field(description="a duration", examples=["30s"]),
]
PositiveDuration = Annotated[
    float,
    BeforeValidator(lambda text: _positive(parse_duration(text)), json_schema_input_type=str),
    Field(description="a duration longer than 0s", examples=["30s"]),
]
Size = Annotated[
    float,
    BeforeValidator(parse_size, json_schema_input_type=str),
    Field(description="a size", examples=["10MiB"]),
]
Ratio = Annotated[
    Fraction,
    BeforeValidator(parse_ratio, json_schema_input_type=str),
    Field(description="a share", examples=["99%"]),
]
