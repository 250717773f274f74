"""Slips of the keyboard in times, sizes and shares: what a text was most likely to be."""

from __future__ import annotations

import re
import unicodedata

_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_WORDS = {"hourly": "1h", "daily": "1d", "weekly": "1w"}
_OF_THE_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_THOUSANDS = re.compile(r"(?<=[0-9])[,_'](?=[0-9]{3}(?![0-9]))")
_DECIMAL = re.compile(r"(?<=[0-9]),(?=[0-9])")
_SCIENTIFIC = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?[eE][0-9]")


def cleaned(text: str) -> str:
    """Plain digits and letters, a decimal point, no quotes around it, no sign before and no comma behind it."""
    plain = unicodedata.normalize("NFKC", text).strip(f"{_QUOTES} ").rstrip(",;").strip(f"{_QUOTES} ")
    plain = plain.removeprefix("+").removeprefix("-").removeprefix("\u2212")
    return _WORDS.get(plain.lower(), _DECIMAL.sub(".", _THOUSANDS.sub("", plain)))


def time_of_day(text: str) -> str | None:
    """`12:30` is minutes and seconds to some and hours and minutes to others: the remedy names both."""
    found = _OF_THE_DAY.fullmatch(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2])
    return f"write {first}m{second}s or {first}h{second}m" if first else f"write {second}s or {second}m"


def plain_number(text: str) -> str:
    """A number without what Python alone takes: 1_000 -> 1000, 1e3 -> 1000, 007 -> 7; anything else nearly as it is."""
    simple = re.sub(r"^(-?)0+(?=[0-9])", r"\1", re.sub(r"[_ ',]|^\+", "", text))
    return f"{float(simple):.0f}" if _SCIENTIFIC.fullmatch(simple) else simple
