"""API: does the vendor refuse us because we ask too much, and until when?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from checks.api.header_names import REASON, RETRY, said
from checks.api.moments import date, number, seconds_of, until
from checks.api.quota import Quota
from checks.text import visible

# 420 was Twitter's, 456 is DeepL's; 503 alone means that the vendor is in trouble, whatever it says of waiting.
_SAYS_SO = frozenset({420, 429, 456})
_MAY_MEAN = frozenset({400, 402, 403, 503, 509})
_ANY_WORD = frozenset({402, 403, 509})
_WORDS = re.compile(
    r"rate[ _-]?limit|too[ _-]?many[ _-]?requests|throttl|abuse detection|slow ?down|quota[ _-]?exceeded"
    r"|request[ _-]?limit[ _-]?(?:exceeded|reached)|resource_exhausted|rate exceeded",
    re.IGNORECASE,
)
# Elsewhere these may speak of anything that has a limit.
_LOOSE_WORDS = re.compile(
    r"exceeded.{0,30}(?:quota|limit)|(?:quota|limit).{0,30}(?:exceeded|reached|exhausted)", re.IGNORECASE
)
# What answers 200 and still refuses: GraphQL's error codes, Shopify's whole message, Slack's and Google Maps' words.
_REFUSED_IN_200 = re.compile(
    r'"(?:code|type|error)"\s*:\s*"(?:THROTTLED|RATE_?LIMITED|ratelimited)"|"message"\s*:\s*"Throttled"'
    r'|"status"\s*:\s*"OVER_(?:QUERY|DAILY)_LIMIT"'
)
_IN_200 = re.compile(r'"(?:errors|error_message)"\s*:|"ok"\s*:\s*false')
_WAIT = re.compile(r'"(?:retry_?after|retry_?delay)"\s*:\s*"?([0-9.]{1,15}(?:ms|s)?)"?\s*[,}]', re.IGNORECASE)
_ERROR_HEADERS = ("x-amzn-errortype", "x-ms-error-code", "x-error-code")
_READ = 4096
_LONGEST_WAIT = 100 * 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Throttling:
    """`retry_after` is the seconds we are asked to wait, which a vendor in trouble may ask for as well."""

    throttled: bool = False
    retry_after: float | None = None
    reason: str | None = None


def throttling(status: int, headers: Mapping[str, str], body: str, quota: Quota, now: float) -> Throttling:
    """What an answer says of it. `headers` by their names in lower case, `now` as the server's clock shows it."""
    retry = retry_after(headers, now)
    reason = next((value for name, value in headers.items() if _has_role(name, REASON)), None)
    throttled = _is_throttled(status, headers, body[:_READ], quota, retry)
    if throttled and retry is None:
        retry = _wait_in(body[:_READ])
    return Throttling(throttled, retry, visible(reason, 120) if throttled and reason else None)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds of `Retry-After`: a number with or without a fraction, or a date; never below 0 (RFC 9110, 10.2.3)."""
    for name, unit in (
        ("retry-after-ms", 1e-3),
        ("x-ms-retry-after-ms", 1e-3),
        ("retry-after", 1.0),
        ("x-retry-after", 1.0),
    ):
        text = headers.get(name, "")
        count = number(text)
        if count is not None and count * unit <= _LONGEST_WAIT:
            return count * unit
        at = date(text)
        if at is not None:
            return max(0.0, at - now)
    # `X-RateLimit-Retry-After`, in seconds or as a moment.
    found = next((until(value, now) for name, value in headers.items() if _has_role(name, RETRY)), None)
    return found.seconds if found else None


def _wait_in(body: str) -> float | None:
    """`"retry_after": 13.57`, `"retryDelay": "36s"`: how long a document asks us to wait."""
    found = _WAIT.search(body)
    return seconds_of(found[1]) if found else None


def _is_throttled(
    status: int, headers: Mapping[str, str], body: str, quota: Quota, retry: float | None
) -> bool:
    if status in _SAYS_SO:
        return True
    if 200 <= status <= 299:
        return _IN_200.search(body) is not None and _REFUSED_IN_200.search(body) is not None
    if status not in _MAY_MEAN:
        return False
    if quota.exhausted or (status == 403 and retry is not None):
        return True
    told = " ".join((body, *(headers.get(name, "")[:100] for name in _ERROR_HEADERS)))
    return bool(_WORDS.search(told) or (status in _ANY_WORD and _LOOSE_WORDS.search(told)))


def _has_role(name: str, role: str) -> bool:
    meant = said(name)
    return meant is not None and meant.role == role
