"""HTTP: the headers by which a site asks browsers for care, as values."""

from __future__ import annotations

import re

from checks.base import Scalar

Headers = tuple[tuple[str, str], ...]
HEADER_VALUES = frozenset({"hsts_max_age", "hsts_subdomains", "security_headers_missing"})
_MAX_AGE = re.compile(r'max-age\s*=\s*"?(\d{1,15})"?', re.IGNORECASE)
_HSTS = "strict-transport-security"


def header_values(headers: Headers, *, secure: bool) -> dict[str, Scalar]:
    """The values of an answer's headers; by plain HTTP a browser ignores HSTS (RFC 6797), and so do we."""
    first = {name.lower(): value for name, value in reversed(headers)}
    age, subdomains = _hsts(first.get(_HSTS)) if secure else (None, None)
    missing = _missing(first) + ([_HSTS] if secure and not age else [])
    return {
        "hsts_max_age": age,
        "hsts_subdomains": subdomains,
        "security_headers_missing": ", ".join(sorted(missing)),
    }


def _hsts(header: str | None) -> tuple[float | None, bool | None]:
    """Seconds, and whether it is for all below as well."""
    if header is None:
        return None, None
    parts = [part.strip() for part in header.split(";")]
    ages = [found for part in parts if (found := _MAX_AGE.fullmatch(part))]
    if not ages:
        return None, None
    return float(ages[0][1]), any(part.lower() == "includesubdomains" for part in parts)


def _missing(first: dict[str, str]) -> list[str]:
    policy = first.get("content-security-policy", "").lower()
    framed = "x-frame-options" in first or "frame-ancestors" in policy
    there = {
        "content-security-policy": bool(policy),
        "x-content-type-options": first.get("x-content-type-options", "").strip().lower() == "nosniff",
        "x-frame-options": framed,
        "referrer-policy": "referrer-policy" in first,
    }
    return [name for name, found in there.items() if not found]
