"""API: the few headers whose quota no rule would find: Salesforce's pairs, and Meta's shares in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from checks.api.moments import number, until
from checks.api.quota import Bucket
from checks.api.structured import items
from checks.text import visible

_SHARES = (
    "x-app-usage",
    "x-page-usage",
    "x-ad-account-usage",
    "x-business-use-case-usage",
    "x-fb-ads-insights-throttle",
)
_OF_HUNDRED = frozenset(
    {"call_count", "total_time", "total_cputime", "acc_id_util_pct", "app_id_util_pct"}
)  # fmt: skip
_LONGEST, _MOST = 8192, 16


def quota_in_forms(headers: Mapping[str, str], now: float) -> Iterator[Bucket]:
    """The buckets of such headers, by their names in lower case; `now` as the server's clock shows it."""
    yield from _pairs(headers.get("sforce-limit-info", ""))
    for name in _SHARES:
        text = headers.get(name, "")
        if text.startswith("{") and len(text) <= _LONGEST:
            yield from _shares(_parsed(text), now)


def _pairs(text: str) -> Iterator[Bucket]:
    """`api-usage=18/5000; per-app-api-usage=17/250(appName=sample)`."""
    for each in items(text):
        for name, told in each.params.items():
            first, _, second = told.partition("(")[0].partition("/")
            used, limit = number(first), number(second)
            if used is not None and limit is not None:
                yield Bucket(visible(name, 60), limit, used=used)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None


def _shares(told: Any, now: float) -> Iterator[Bucket]:
    """Figures from 0 to 100, in an object or in those it holds by the name of an account."""
    if not isinstance(told, dict):
        return
    inner = [one for each in list(told.values())[:_MOST] if isinstance(each, list) for one in each[:_MOST]]
    for each in [told, *inner][:_MOST]:
        known = {name: number(value) for name, value in each.items()} if isinstance(each, dict) else {}
        for name in sorted(_OF_HUNDRED & known.keys()):
            percent = known[name]
            if percent is not None:
                minutes = known.get("estimated_time_to_regain_access")
                reset = until(minutes * 60, now) if minutes else None
                yield Bucket(name, reset=reset, share=min(1.0, percent / 100))
