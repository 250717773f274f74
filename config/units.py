"""Times, sizes and shares as people write them: `30s`, `5m`, `10GiB`, `95%`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from config.errors import one_line
from config.masks import mask
from config.slips import cleaned, time_of_day
from config.unit_table import SIZE, TIME

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)")
_BARE = re.compile(r"[0-9]+(\.[0-9]+)?")
_LONGEST_TEXT = 40
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
YEAR = 366 * DAY
_LONGEST, _LARGEST = 100 * YEAR, 2.0**60
_MOST_TIMES = 1_000_000

_TIME_NAMES = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "week": "w", "weeks": "w",
    "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    **{name.lower(): name for name in TIME},
}  # fmt: skip
_SIZE_NAMES = {
    "k": "KiB", "m": "MiB", "g": "GiB", "t": "TiB", "byte": "B", "bytes": "B",
    **{name.lower(): name for name in SIZE},
}  # fmt: skip
DURATION_FORM = r"^(0|\s*([0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d|w)\s*)+)$"
SIZE_FORM = r"^\s*([0-9]+|([0-9]+(\.[0-9]+)?\s*(B|[KMGT]i?B)\s*)+)$"
RATIO_FORM = r"^\s*[0-9]+(\.[0-9]+)?\s*%?\s*$"


def parse_duration(text: object) -> float:
    """Seconds of `30s`, `1h30m`, `250ms`; raises ValueError with a remedy. `0` alone needs no unit."""
    seconds = _seconds(text)
    if seconds > _LONGEST:
        raise ValueError(f"must be at most 100 years, got {_quoted(text)}")
    return seconds


def parse_size(text: object) -> float:
    """Bytes of `512KB`, `10GiB`; a bare number is bytes; raises ValueError with a remedy."""
    if isinstance(text, str) and re.fullmatch(r"[0-9]{1,20}", text.strip()):
        size = float(text.strip())
    else:
        size = _sum_of_parts(text, SIZE, _SIZE_NAMES, ("a size like 10MiB", "B"))
    if size > _LARGEST:
        raise ValueError(f"must be at most 1048576TiB, got {_quoted(text)}")
    return size


def parse_ratio(text: object) -> Fraction:
    """The exact share of `99%`, `99.95 %` or `0.99`, between 0 and 1; raises ValueError with a remedy."""
    shown = str(text).strip()
    body = shown.removesuffix("%").strip()
    if len(body) > _LONGEST_TEXT or not _BARE.fullmatch(body):
        raise ValueError(f"expected a share like 99% or 0.99, got {_quoted(shown)}{_near_share(shown)}")
    value = Fraction(body) / (100 if shown.endswith("%") else 1)
    if value > 1:
        hint = f" (did you mean {body}%?)" if not shown.endswith("%") and value <= 100 else ""
        raise ValueError(f"expected a share between 0% and 100%, got {_quoted(shown)}{hint}")
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


def show_size(size: float) -> str:
    """The size in the largest unit that gives a whole number: 10485760.0 -> `10MiB`."""
    fitting = [unit for unit, worth in SIZE.items() if size >= worth and size % worth == 0]
    unit = max(fitting, key=lambda unit: SIZE[unit], default="B")
    return f"{size / SIZE[unit]:g}{unit}"


def show_ratio(share: Fraction) -> str:
    """The share in per cent: 99/100 -> `99%`."""
    return f"{float(share * 100):g}%"


def duration_between(least: float, most: float) -> Any:
    """Makes a float field read a duration and hold it within bounds in seconds, both allowed."""

    def read(text: object) -> float:
        seconds = _seconds_or_fewer(text, most)
        if not least <= seconds <= most:
            bound = f"at least {_plain(least)}" if seconds < least else f"at most {_plain(most)}"
            raise ValueError(f"must be {bound}, got {_quoted(text)}")
        return seconds

    return _reading(read, DURATION_FORM)


def _seconds_or_fewer(text: object, most: float) -> float:
    """A bare number that would be too many seconds was most likely meant in milliseconds."""
    bare = str(text).strip()
    if isinstance(text, str) and _BARE.fullmatch(bare) and len(bare) <= _LONGEST_TEXT and float(bare) > most:
        hint = f" (did you mean {bare}ms?)" if float(bare) / 1000 <= most else ""
        raise ValueError(f"expected a duration like 30s or 1h30m, got {_quoted(text)}{hint}")
    return _seconds(text)


def _seconds(text: object) -> float:
    return _sum_of_parts(text, TIME, _TIME_NAMES, ("a duration like 30s or 1h30m", "s"))


def _sum_of_parts(
    text: object, units: Mapping[str, float], names: Mapping[str, str], wanted: tuple[str, str]
) -> float:
    """`wanted`: what is expected, and the unit that a bare number most likely lacks."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)  # a default in a model, already in base units
    shown = str(text).strip()
    if shown == "0":
        return 0.0
    parts = _parts(shown)
    if parts and all(unit in units for _, unit in parts):
        return sum(float(number) * units[unit] for number, unit in parts)
    remedy = _near(shown, names, wanted[1]) or (time_of_day(shown) if units is TIME else None)
    raise ValueError(f"expected {wanted[0]}, got {_quoted(shown)}{f' ({remedy})' if remedy else ''}")


def _parts(text: str) -> list[tuple[str, str]]:
    """`1h30m` as its numbers and units, whatever the units are called; [] for anything else."""
    found: list[tuple[str, str]] = _PART.findall(text) if len(text) <= _LONGEST_TEXT else []
    return found if "".join(map("".join, found)) == re.sub(r"\s+", "", text) else []


def _near(text: str, names: Mapping[str, str], bare: str) -> str | None:
    """What was meant by other names of units, or none; or once slips of the keyboard are mended."""
    text = cleaned(text) if len(text) <= _LONGEST_TEXT else ""
    parts = _parts(text)
    if parts and all(unit in names.values() or unit.lower() in names for _, unit in parts):
        meant = (number + (unit if unit in names.values() else names[unit.lower()]) for number, unit in parts)
        return f"did you mean {''.join(meant)}?"
    return f"did you mean {text}{bare}?" if _BARE.fullmatch(text) else None


def _near_share(text: str) -> str:
    meant = cleaned(text) if len(text) <= _LONGEST_TEXT else ""
    number = meant.removesuffix("%").strip()
    if not _BARE.fullmatch(number) or float(number) > 100:
        return ""
    return f" (did you mean {number}{'%' if meant.endswith('%') or float(number) > 1 else ''}?)"


def _plain(seconds: float) -> str:
    """A bound in the largest unit that gives a whole number: 366 days are not `52w2d`."""
    fitting = (unit for unit in ("d", "h", "m", "s") if seconds >= TIME[unit] and seconds % TIME[unit] == 0)
    unit = next(fitting, "ms")
    return f"{seconds / TIME[unit]:g}{unit}"


def _quoted(text: object) -> str:
    return f'"{one_line(mask(str(text)), 60)}"'


def _reading(read: Callable[[object], object], form: str) -> BeforeValidator:
    return BeforeValidator(read, json_schema_input_type=Annotated[str, Field(pattern=form)])


def _more_than_nothing(text: object) -> Fraction:
    value = parse_ratio(text)
    if value == 0:
        raise ValueError(f"must be more than 0%, got {_quoted(text)}")
    return value


def _factor(text: object) -> Fraction:
    if isinstance(text, Fraction):
        return text
    body = str(text).strip()
    if len(body) > _LONGEST_TEXT or not _BARE.fullmatch(body) or not 0 < Fraction(body) <= _MOST_TIMES:
        near = cleaned(body).rstrip("xX× ") if len(body) <= _LONGEST_TEXT else ""
        hint = f" (did you mean {near}?)" if near != body and _BARE.fullmatch(near) else ""
        raise ValueError(
            f"expected a number like 14.4, above 0 and at most {_MOST_TIMES}, got {_quoted(text)}{hint}"
        )
    return Fraction(body)


Duration = Annotated[
    float, _reading(parse_duration, DURATION_FORM), Field(description="a duration", examples=["30s"])
]
Every = Annotated[
    float, duration_between(1.0, YEAR), Field(description="a duration from 1s", examples=["30s"])
]
Timeout = Annotated[
    float, duration_between(0.01, HOUR), Field(description="a duration up to 1h", examples=["10s"])
]
Retry = Annotated[
    float, duration_between(0.1, YEAR), Field(description="a duration from 100ms", examples=["5s"])
]
Size = Annotated[float, _reading(parse_size, SIZE_FORM), Field(description="a size", examples=["10MiB"])]
Ratio = Annotated[Fraction, _reading(parse_ratio, RATIO_FORM), Field(description="a share", examples=["99%"])]
Target = Annotated[
    Fraction,
    _reading(_more_than_nothing, RATIO_FORM),
    Field(description="a share above 0%", examples=["99%"]),
]
Factor = Annotated[
    Fraction,
    BeforeValidator(_factor, json_schema_input_type=Annotated[float, Field(gt=0, le=_MOST_TIMES)]),
    Field(description="a number above 0", examples=["14.4"]),
]
