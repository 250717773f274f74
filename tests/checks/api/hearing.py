"""What an answer says, asked without a server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from checks.api.kind import KIND
from checks.api.quota import Bucket, Quota
from checks.api.quota_headers import quota_in
from checks.api.spec import ApiSpec
from checks.api.understood import Understood, by_name, understood
from checks.base import Observation

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


def heard(
    status: int = 200, headers: Headers = (), body: Any = "", now: float = NOW, **options: Any
) -> Understood:
    """What is understood of an answer; a `body` that is no text is served as JSON."""
    pairs = tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers)
    text = body if isinstance(body, str) else json.dumps(body)
    answer = Observation(values={"status": status}, headers=pairs, body=text)
    return understood(spec(**options), answer, now)


def spec(url: str = "http://api.example.org/v1/things", **options: Any) -> ApiSpec:
    """The options as the file gives them."""
    found = KIND.spec.model_validate({"url": url, **options})
    assert isinstance(found, ApiSpec)
    return found


def quota(headers: Headers, now: float = NOW) -> Quota:
    """The quota of headers alone."""
    pairs = tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers)
    return quota_in(by_name(pairs), now)


def bucket(headers: Headers, name: str = "", now: float = NOW) -> Bucket:
    """The bucket of that name, or the one that counts."""
    found = quota(headers, now)
    return next(each for each in found.buckets if each.name == name) if name else found.tightest


def figures(found: Bucket) -> tuple[Any, ...]:
    """Limit, what is left, and seconds until the reset."""
    return found.limit, found.left, None if found.reset is None else found.reset.seconds
