"""API: what the name of a header says of a quota: its family, which figure it carries, and of which bucket.

There is no list of vendors: names are made of the same few words everywhere, in whatever order. A header is about a
quota if its name has one of the marks (`ratelimit`, `quota`, …), or a figure beside what is counted or a window
(`x-requests-remaining`, `x-remaining-today`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_MARK = re.compile(r"rate[-_]?limit(?:ed|ing|er|s)?|quota|(?:call|error)[-_]?limit")
# The last of a word that is written together: `clientremaining`, `resettime`.
_TOGETHER = re.compile(r"([a-z]+?)(limit|remaining|resettime|reset|used|usage|time|seconds)")

LIMIT, REMAINING, USED, RESET, WINDOW, POLICY, REASON, RETRY, SHARE, PERCENT, DESCRIBED, NOTHING = (
    "limit", "remaining", "used", "reset", "window", "policy", "reason", "retry", "share", "percent", "described", "",
)  # fmt: skip
# In the order of what weighs more: `reset-requests-limit` is about a reset.
_ROLES: Mapping[str, frozenset[str]] = {
    REASON: frozenset({"reason", "rule", "cause", "scope", "problem"}),
    RETRY: frozenset({"retry"}),
    POLICY: frozenset({"policy", "policies"}),
    RESET: frozenset({"reset", "resets", "expires", "expiry", "expire", "refill"}),
    REMAINING: frozenset({"remaining", "remain", "remains", "left", "available"}),
    SHARE: frozenset({"utilization"}),
    PERCENT: frozenset({"percentage", "percent", "pct"}),
    USED: frozenset({"used", "usage", "count", "consumed", "observed", "current"}),
    WINDOW: frozenset({"window", "period", "interval", "duration"}),
    LIMIT: frozenset(
        {"limit", "max", "maximum", "total", "allowed", "allowance", "capacity", "quota", "threshold", "cap"}
    ),
}
# Whatever else the name says, it is no figure of a quota: whether it is nearly used up, and what would be done then.
_OTHER = frozenset({"nearlimit", "near", "fallback"})
_COUNTED = frozenset({"requests", "calls", "queries", "credits", "hits", "tokens", "api", "app", "user"})
WINDOWS: Mapping[str, float] = {
    **dict.fromkeys(("second", "secondly", "sec", "1s"), 1.0),
    **dict.fromkeys(("minute", "minutely", "min", "1m"), 60.0),
    **dict.fromkeys(("hour", "hourly", "1h"), 3600.0),
    **dict.fromkeys(("day", "daily", "today", "1d", "24hour", "24h"), 86400.0),
    **dict.fromkeys(("week", "weekly"), 7 * 86400.0),
    **dict.fromkeys(("month", "monthly"), 30 * 86400.0),
}
_NOISE = frozenset({"x", "per", "this", "in", "of", "the", "at", "for", "http"})
_UNITS = frozenset({"ms", "milliseconds", "millis", "seconds", "after", "time", "timestamp", "epoch"})
_LONGEST, _MOST_DASHES = 80, 12  # nobody's are longer, and hostile ones cost time
_NOT_TELLING = _NOISE.union(_UNITS, *_ROLES.values())


@dataclass(frozen=True, slots=True)
class Said:
    """What a name says. `family` keeps one vendor's headers together; `bucket` is empty for its only one."""

    family: str
    bucket: str
    role: str
    milliseconds: bool = False
    after: bool = False


@lru_cache(maxsize=1024)
def said(name: str) -> Said | None:
    """What a header of this name tells; None where it is not about a quota. `name` in lower case."""
    if len(name) > _LONGEST or name.count("-") > _MOST_DASHES:
        return None
    mark = _MARK.search(name)
    if mark is None:
        return _unmarked(_words(name))
    return _marked(mark[0], _words(name[: mark.start()]), _words(name[mark.end() :]))


def _marked(mark: str, before: list[str], after: list[str]) -> Said | None:
    if not _OTHER.isdisjoint(after):
        return None
    # A bare name, or one of what is counted, is the limit's; any other word tells nothing but in `total=9; resets=4`.
    plain = all(word in _NOISE or word in _COUNTED or word in WINDOWS for word in after)
    role = _role(after) or _role(before) or (LIMIT if plain else DESCRIBED)
    # What stands before the mark is the vendor, or parts one limit of a vendor from another.
    family = "-".join([*filter(_is_telling, before), "quota" if mark == "quota" else "rate"])
    return Said(family, "-".join(filter(_is_telling, after)), role, _in_milliseconds(after), "after" in after)


def _unmarked(words: list[str]) -> Said | None:
    role, rest = _role(words), ["day" if word == "today" else word for word in words if _is_telling(word)]
    if role not in (LIMIT, REMAINING, USED, RESET) or not rest:
        return None
    if not all(word in _COUNTED or word in WINDOWS for word in rest):
        return None
    return Said("", "-".join(rest), role, _in_milliseconds(words))


def _words(text: str) -> list[str]:
    found: list[str] = []
    for word in filter(None, re.split(r"[-_.]+", text)):
        together = _TOGETHER.fullmatch(word)
        found += together.groups() if together and word not in _OTHER else [word]
    return found


def _role(words: list[str]) -> str:
    role = next((role for role, names in _ROLES.items() if not names.isdisjoint(words)), NOTHING)
    return RESET if role == REMAINING and not {"time", "seconds"}.isdisjoint(words) else role


def _is_telling(word: str) -> bool:
    """Whether it says whose figure this is, and not only which."""
    return word not in _NOT_TELLING


def _in_milliseconds(words: list[str]) -> bool:
    return not {"ms", "milliseconds", "millis"}.isdisjoint(words)
