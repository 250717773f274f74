"""Terms of targets as people write them: `4h`, `1 business day`, `never`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from config.friendly import shown
from config.units import DAY, DURATION_FORM, YEAR, parse_duration, show_duration

NEVER_WORD = "never"
_NEVER_WORDS = frozenset({NEVER_WORD, "none", "off", "no"})
_BUSINESS = re.compile(r"([0-9]{1,6})\s*(?:business|working)[\s_-]*days?", re.IGNORECASE)
_OTHER_BUSINESS = re.compile(r"([0-9.]{1,8})\s*(?:business|working)[\s_-]*(hours?|minutes?)", re.IGNORECASE)
_MOST_DAYS = 260
_LEAST, _MOST = 1.0, YEAR
_DAYS_FORM = r"^\s*[0-9]+\s*business\s+days?\s*$"
_NEVER_FORM = f"^{NEVER_WORD}$"
_WANTED = "expected a time like 4h or 1 business day"


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time: seconds, or so many business days of the policy's calendar. Exactly one of them is not 0."""

    seconds: float = 0.0
    business_days: int = 0


# What was written as `never`; a policy has None instead.
NEVER = Term()


def read_term(text: object) -> Term:
    """The term that a text stands for. Raises ValueError with a remedy."""
    if isinstance(text, Term):
        return text
    words = str(text).strip()
    found = _BUSINESS.fullmatch(words)
    if found is not None:
        return _of_days(int(found[1]), text)
    hours = _OTHER_BUSINESS.fullmatch(words)
    if hours is not None:
        plain = f"{hours[1]}{hours[2][0].lower()}"
        raise ValueError(
            f"{_WANTED}, got {shown(text)} (write {plain}, and the priority in business: of the policy)"
        )
    try:
        seconds = parse_duration(words)
    except ValueError as error:
        raise ValueError(str(error).replace("expected a duration like 30s or 1h30m", _WANTED)) from None
    if not _LEAST <= seconds <= _MOST:
        bound = f"at least {show_duration(_LEAST)}" if seconds < _LEAST else f"at most {_MOST / DAY:g}d"
        raise ValueError(f"must be {bound}, got {shown(text)}")
    return Term(seconds)


def read_term_or_never(text: object) -> Term:
    """As read_term, and NEVER for `never`."""
    if isinstance(text, str) and text.strip().lower() in _NEVER_WORDS:
        return NEVER
    return read_term(text)


def show_term(term: Term | None) -> str:
    """As it would be written: `4h`, `1 business day`, `never`."""
    if term is None or term == NEVER:
        return NEVER_WORD
    if term.business_days:
        return f"{term.business_days} business day{'' if term.business_days == 1 else 's'}"
    return show_hours(term.seconds)


def show_hours(seconds: float) -> str:
    """As targets are spoken of: `24h` and `72h`, not `1d` and `3d`; from five days on in days."""
    if seconds >= 5 * DAY and seconds % DAY == 0:
        return f"{seconds / DAY:g}d"
    return f"{seconds / 3600:g}h" if seconds and seconds % 3600 == 0 else show_duration(seconds)


def _of_days(days: int, text: object) -> Term:
    if not 1 <= days <= _MOST_DAYS:
        raise ValueError(f"must be 1 to {_MOST_DAYS} business days, got {shown(text)}")
    return Term(business_days=days)


def _reading(read: Callable[[object], Term], *forms: str) -> GetPydanticSchema:
    """Makes a field read its text with that function; the schema is that of the text, and knows nothing of Term."""
    written = core_schema.union_schema([core_schema.str_schema(pattern=form) for form in forms])
    made = core_schema.no_info_plain_validator_function(read, json_schema_input_schema=written)
    return GetPydanticSchema(lambda _source, _handler: made)


TermOption = Annotated[Term, _reading(read_term, DURATION_FORM, _DAYS_FORM)]
TermOrNever = Annotated[Term, _reading(read_term_or_never, DURATION_FORM, _DAYS_FORM, _NEVER_FORM)]
