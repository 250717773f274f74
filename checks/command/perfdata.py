"""Performance data: what a monitoring plugin prints after the pipe, as measurements.

The grammar is that of the Monitoring Plugins development guidelines, `'label'=value[UOM];[warn];[crit];[min];[max]`
with blanks between. What plugins really print is read as well: a comma for the decimal point, blanks and
ends of lines of every sort, a second pipe, more fields than five. What is no measurement is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import islice

from checks.base import Perfdata

_MOST = 4096
_BETWEEN = re.compile(r"[\s|]+")
_WORD = re.compile(r"[^\s|]+")
_DIGITS = r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)"
_NUMBER = re.compile(rf"[+-]?{_DIGITS}(?:[eE][+-]?[0-9]+)?")
# A unit begins with no mark that numbers are made of: 1,800,600 is neither a number nor a unit.
_UNIT = re.compile(r"(?:[^\s0-9.,:;+\-=_'\"][^\s;='\"]*)?")
_LONGEST_NUMBER = 64


def parse(text: str) -> tuple[Perfdata, ...]:
    """Every measurement in the text, in its order; takes any text, and time in proportion to its length."""
    found = (_measurement(*pair) for pair in islice(_pairs(text), _MOST))
    return tuple(one for one in found if one is not None)


def nothing_else(text: str) -> bool:
    """Whether there are measurements in the text, and nothing beside them."""
    found = [_measurement(*pair) for pair in islice(_pairs(text), _MOST)]
    return bool(found) and None not in found


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Labels, and what stands after their `=` up to the next blank; a word without `=` has an empty label."""
    at = 0
    while at < len(text):
        if between := _BETWEEN.match(text, at):
            at = between.end()
            continue
        quoted = _quoted(text, at) if text[at] == "'" else None
        if quoted is not None:
            label, at = quoted
            value = _WORD.match(text, at)
            yield label, value[0] if value else ""
            at = value.end() if value else at
            continue
        word = _WORD.match(text, at)
        assert word is not None  # no blank stands here
        label, equals, value_text = word[0].partition("=")
        yield label.removeprefix("'").removesuffix("'") if equals else "", value_text
        at = word.end()


def _quoted(text: str, at: int) -> tuple[str, int] | None:
    """The label in quotes that begins here, and where its value does; None when none ends in `'=`."""
    here = at + 1
    while True:
        end = text.find("'", here)
        if end < 0:
            return None
        if text.startswith("''", end):
            here = end + 2
            continue
        if not text.startswith("'=", end):
            return None
        return text[at + 1 : end].replace("''", "'"), end + 2


def _measurement(label: str, text: str) -> Perfdata | None:
    """None for what has no label or no value that could be one."""
    first, *further = text.split(";")
    if not label or not first:
        return None
    value, uom = None, ""
    if first.removesuffix(",") != "U":
        number = _NUMBER.match(first)
        value = _as_number(number[0]) if number else None
        uom = first[number.end() :].removesuffix(",") if number else ""
        if value is None or not _UNIT.fullmatch(uom):
            return None
    warn, crit, least, most = [*further[:4], "", "", "", ""][:4]
    return Perfdata(label, value, uom, warn or None, crit or None, _limit(least, uom), _limit(most, uom))


def _limit(text: str, uom: str) -> float | None:
    """A bound is a bare number; some plugins repeat the unit."""
    bare = text.removesuffix(uom) if uom else text
    return _as_number(bare) if _NUMBER.fullmatch(bare) else None


def _as_number(text: str) -> float | None:
    """None for what no reader of JSON would take. Counters stay exact."""
    if len(text) > _LONGEST_NUMBER:
        return None
    plain = text.replace(",", ".")
    if plain.lstrip("+-").isdecimal() and abs(int(plain)) < 2**63:
        return int(plain)
    number = float(plain)
    return number if math.isfinite(number) else None
