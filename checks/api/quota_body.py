"""API: the quota that an answer's document tells: where the operator says it stands, or in forms that are known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks.api.moments import number, until
from checks.api.quota import Bucket, Quota
from checks.text import visible
from config.conditions import Facts
from config.conditions.paths import compile_path
from config.conditions.tree import Special
from config.conditions.work import TooMuchWork

_MOST = 32
# Stack Exchange, Shopify's GraphQL, GitHub's rate_limit and GraphQL, and whoever names an object so.
_HINTS = ("quota_remaining", "throttleStatus", "rateLimit", "rate_limit", '"resources"', '"quota"')
_PLACES = (
    ("rateLimit",), ("rate_limit",), ("quota",), ("data", "rateLimit"), ("extensions", "cost", "throttleStatus"),
    ("meta", "rate_limit"), ("meta", "rateLimit"), ("error", "rate_limit"),
)  # fmt: skip
_KEYS: Mapping[str, frozenset[str]] = {
    "limit": frozenset({"limit", "max", "maximum", "total", "maximumavailable", "quotamax"}),
    "remaining": frozenset({"remaining", "left", "available", "currentlyavailable", "quotaremaining"}),
    "used": frozenset({"used", "usage", "consumed"}),
    "reset": frozenset({"reset", "resetat", "resets", "resetsat", "resetin", "resetafter", "resettime"}),
}


def quota_in_body(text: str, now: float) -> Quota:
    """The quota of a document in a form that is known; an empty one otherwise. Never raises."""
    if text[:1] != "{" or not any(hint in text for hint in _HINTS):
        return Quota()
    try:
        document = json.loads(text, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return Quota()
    found = [_bucket(name, told, now) for name, told in _objects(document)]
    return Quota(tuple(each for each in found if each is not None)[:_MOST])


def _objects(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What may be a quota, by name."""
    if not isinstance(document, dict):
        return
    yield "", {key: each for key, each in document.items() if key in ("quota_max", "quota_remaining")}
    resources = document.get("resources")
    for name, told in list(resources.items())[:_MOST] if isinstance(resources, dict) else ():
        if isinstance(told, dict):
            yield visible(name, 60), told
            # X parts them once more: by resource, and by address.
            yield from (
                (visible(key, 60), each) for key, each in list(told.items())[:_MOST] if isinstance(each, dict)
            )
    for place in _PLACES:
        told = document
        for key in place:
            told = told.get(key) if isinstance(told, dict) else None
        if isinstance(told, dict):
            yield "", told


def _bucket(name: str, told: Mapping[str, Any], now: float) -> Bucket | None:
    """Its figures by their keys; none unless it says what is left."""
    known: dict[str, Any] = {}
    for key, value in list(told.items())[:_MOST]:
        plain = re.sub(r"[^a-z]", "", str(key)[:60].lower())
        for role, keys in _KEYS.items():
            if plain in keys:
                known.setdefault(role, value)
    limit, remaining, used = (number(known.get(role)) for role in ("limit", "remaining", "used"))
    found = Bucket(name, limit, remaining, used, until(known.get("reset"), now))
    return found if found.left is not None else None


def selected(path: str, body: str, *, whole: bool) -> list[object]:
    """What stands at a JSON path; nothing where the document has no such thing or cannot be read."""
    facts = Facts({}, None, body, whole)
    try:
        found = facts.select(compile_path(path), facts.work())
    except TooMuchWork:
        return []
    if isinstance(found, Special):
        return []
    return found if isinstance(found, list) else [found]
