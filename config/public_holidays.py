"""Public holidays by country and part of a country, `ZA` or `DE-BY`: the only file that knows the library."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from config.friendly import shown

_FORM = "write an ISO code such as ZA or DE-BY, or a date such as 2026-12-24"
_MOST_LISTED = 40
_LONGEST = 64


def known_region(text: str) -> str:
    """The region, when its holidays are known. Raises ValueError with a remedy."""
    code, dash, part = text.partition("-")
    names = _names()
    if code not in names.values():
        raise ValueError(f"no country is called {shown(code)} ({_near(code, names)})")
    parts = _entity(code).subdivisions if dash else ()
    if dash and part not in parts:
        listed = f"write one of {', '.join(parts[:_MOST_LISTED])}" if parts else f"write {code}"
        raise ValueError(f"{code} has no part {shown(part)} with holidays of its own ({listed})")
    return text


@lru_cache(maxsize=256)
def holidays_of(region: str, year: int) -> frozenset[date]:
    """The days of a year on which a known region's offices are closed by law; none where nothing is known."""
    code, _, part = region.partition("-")
    return frozenset(_entity(code)(subdiv=part or None, years=year))


def load_holidays(region: str) -> None:
    """Fetch all that is known of a region, ahead of time: it takes some tenths of a second, once."""
    _entity(region.partition("-")[0])()


def _entity(code: str) -> Any:
    import holidays  # 0.4 s and 20 MB with the country's rules: only when its days are asked for

    return getattr(holidays, code)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """ISO codes of two letters, by everything a country may be called."""
    from holidays.registry import COUNTRIES

    named = {}
    for name, (_, code, *further) in COUNTRIES.items():
        named.update(dict.fromkeys((code, name.replace("_", " "), *further), code))
    return named


def _near(text: str, names: dict[str, str]) -> str:
    codes = {name.lower(): code for name, code in names.items()}
    word = text[:_LONGEST].strip().lower()
    found = (
        [word] if word in codes else get_close_matches(word, [name for name in codes if len(name) > 3], n=1)
    )
    return f"did you mean {codes[found[0]]}?" if found else _FORM
