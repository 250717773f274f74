"""API: the quota where the operator says it stands: in headers of any name, or at JSON paths."""

from __future__ import annotations

from collections.abc import Mapping

from checks.api.moments import Until, number, until
from checks.api.quota import Bucket, Count, Quota
from checks.api.quota_body import selected
from checks.base import Observation
from checks.text import visible

_MOST = 32


def configured(
    sources: Mapping[str, str], headers: Mapping[str, str], answer: Observation, now: float
) -> tuple[Quota, str | None]:
    """The quota, and what the answer lacks of it. A path that finds several gives as many buckets."""
    found = {role: _found(source, headers, answer)[:_MOST] for role, source in sources.items()}
    many = max(map(len, found.values()))
    buckets = tuple(_bucket(found, place, now) for place in range(many))
    lacking = [sources[role] for role in found if not _readable(role, found[role], now)]
    told = tuple(each for each in buckets if each.told)
    return Quota(told), f"the answer tells no {visible(', '.join(lacking), 120)}" if lacking else None


def _found(source: str, headers: Mapping[str, str], answer: Observation) -> list[object]:
    if source.startswith("$"):
        return selected(source, answer.body or "", whole=answer.whole)
    if number(source) is not None:
        return [source]
    told = headers.get(source.lower())
    return [] if told is None else [told]


def _readable(role: str, found: list[object], now: float) -> bool:
    return bool(found) and all(
        (until(each, now) if role == "reset" else _count(each, role)) is not None for each in found
    )


def _bucket(found: Mapping[str, list[object]], place: int, now: float) -> Bucket:
    def at(role: str) -> object:
        listed = found.get(role, [])
        return listed[place] if place < len(listed) else listed[0] if len(listed) == 1 else None

    reset: Until | None = until(at("reset"), now)
    return Bucket(
        limit=_count(at("limit"), "limit"),
        remaining=_count(at("remaining"), "remaining"),
        used=_count(at("used"), "used"),
        reset=reset,
    )


def _count(value: object, role: str) -> Count | None:
    """A number, or one side of `used/limit`."""
    if isinstance(value, str) and "/" in value:
        first, _, second = value.partition("/")
        value = second if role == "limit" else first
    return number(value)
