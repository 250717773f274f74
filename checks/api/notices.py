"""API: what a vendor announces of its interface: deprecated, gone by a day (sunset), and which version answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from checks.api.moments import date, number
from checks.api.structured import items
from checks.status_page.moments import moment
from checks.text import visible

_DAY = 86400.0
_NO = frozenset({"false", "no", "0", "?0", ""})
_LINK = re.compile(r"<([^<>]{1,500})>([^<>]{0,500})")
_RELATION = re.compile(r"""\brel\s*=\s*["']?([^"';,]+)""", re.IGNORECASE)
_RELATIONS = ("deprecation", "sunset")
# Names of those who do not keep to the RFCs: `X-API-Deprecation-Date`, `X-Shopify-API-Deprecated-Reason`, `Deprecated`.
_DEPRECATED = re.compile(r"(?:x-)?(?:[a-z]+-)*deprecat(?:ed|ion)(?:-(?:date|since|at|reason|info|notice))?")
_SUNSET = re.compile(r"(?:x-)?api-sunset(?:-(?:date|at|on))?")
# In this order: what names the API itself, a vendor's own, and what tells it by the way.
_VERSIONS = (
    re.compile(r"(?:[a-z]+-)*api-version(?:-selected)?"),
    re.compile(r"(?!mime-|odata-)[a-z]+-version"),
    re.compile(r"x-ms-version|odata-version|x-github-media-type"),
)
_LONGEST = 16384


@dataclass(frozen=True, slots=True)
class Notices:
    """Moments are seconds since 1970; None is not told."""

    deprecated: bool = False
    deprecated_since: float | None = None
    sunset_at: float | None = None
    link: str | None = None
    version: str | None = None
    now: float = 0.0

    @property
    def sunset_days(self) -> float | None:
        """Days left, below 0 once it has passed."""
        return None if self.sunset_at is None else round((self.sunset_at - self.now) / _DAY, 3)

    @property
    def deprecation_to_come(self) -> bool:
        return not self.deprecated and self.deprecated_since is not None


def notices(headers: Mapping[str, str], now: float) -> Notices:
    """What the headers announce (RFC 9745, RFC 8594). By their names in lower case; `now` by the server's clock."""
    since, deprecated = _deprecation(headers, now)
    version = next((told for names in _VERSIONS if (told := _first(headers, names))), None)
    return Notices(
        deprecated=deprecated,
        deprecated_since=since,
        sunset_at=_moment(headers.get("sunset") or _first(headers, _SUNSET)),
        link=_link(headers.get("link", "")[:_LONGEST]),
        version=visible(version, 60) if version else None,
        now=now,
    )


def _deprecation(headers: Mapping[str, str], now: float) -> tuple[float | None, bool]:
    """Since when, and whether it is by now. Drafts of the RFC wrote `true` or a date of HTTP."""
    told = headers.get("deprecation", _first(headers, _DEPRECATED))
    if not told:
        warning = headers.get("warning", "")[:_LONGEST]
        return None, "299" in warning and "deprecat" in warning.lower()
    text = told.partition(";")[0].strip()
    at = _moment(next((each.params["date"] for each in items(told) if "date" in each.params), text))
    return at, at <= now if at is not None else text.lower() not in _NO


def _moment(told: str) -> float | None:
    """A date as text, or `@` and seconds since 1970; some forget the `@`."""
    count = number(told.strip().removeprefix("@"))
    return date(told) if count is None else moment(count)


def _first(headers: Mapping[str, str], names: re.Pattern[str]) -> str:
    return next((value for name, value in headers.items() if len(name) < 100 and names.fullmatch(name)), "")


def _link(text: str) -> str | None:
    """Where the announcement is: the link of that relation, of deprecation before sunset."""
    found: dict[str, str] = {}
    for address, params in _LINK.findall(text):
        relation = _RELATION.search(params)
        for word in relation[1].lower().split() if relation else ():
            found.setdefault(word, address)
    return next((visible(found[word], 300) for word in _RELATIONS if word in found), None)
