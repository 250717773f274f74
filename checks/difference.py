"""What two readings of one check differ in, in words: for whoever asks what changed since it was last good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.base import Reading, Scalar
from checks.masking import is_private, masked
from checks.readable import readable
from checks.text import visible

_MOST = 12
_LONGEST = 80
_DAY = 86_400 * 1_000_000
_MOVED = 2.0  # a number that is this many times what it was, or this part of it, has moved
_NOTABLE = {"seconds": 0.1, "bytes": 1024.0}  # less is chance
_SHARES = 0.05  # of a share it is enough to be so much more or less
_DAYS = 1.0
# What tells most stands first; what only counts on with time is left out.
_FIRST = ("status", "ip", "cert_days", "chain_days", "fingerprint", "cert_issuer", "cert_names", "version")
_CODES = frozenset({"status", "recipient_code"})  # numbers that are names
_LEFT_OUT = frozenset({"took", "serial", "body_hash"})


def differences(good: Reading, now: Reading, units: Mapping[str, str]) -> list[str]:
    """`status: 200 -> 503`; values first named, at most a dozen lines. `units` are the base units of values.

    Numbers are told where they moved far, days where they did not just pass; what is missing now is told only where it
    was text, and phases are told elsewhere.
    """
    lines = [*_values(good, now, units), *_versions(good, now)]
    kinds = [each.error_kind.value if each.error_kind else "none" for each in (good, now)]
    if kinds[0] != kinds[1]:
        lines.append(f"error kind: {kinds[0]} -> {kinds[1]}")
    return lines if len(lines) <= _MOST else [*lines[: _MOST - 1], f"and {len(lines) - _MOST + 1} more"]


def _values(good: Reading, now: Reading, units: Mapping[str, str]) -> Iterator[str]:
    timed = now.phases.keys() | good.phases.keys() | _LEFT_OUT
    names = [name for name in now.values if name in good.values and name not in timed]
    days = (now.at - good.at) / _DAY
    for name in sorted(names, key=_rank):
        before, after, unit = good.values[name], now.values[name], units.get(name, "")
        if before != after and (name in _CODES or _differ(before, after, unit, days)):
            shown = [_shown(name, each, unit) for each in (before, after)]
            more = " (another certificate)" if unit == "days" and name.startswith("cert") else ""
            yield f"{name}: {shown[0]} -> {shown[1]}{more}"


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _differ(before: Scalar, after: Scalar, unit: str, days: float) -> bool:
    if before is None or after is None:
        return isinstance(before if after is None else after, str)
    numbers = [float(each) for each in (before, after) if isinstance(each, (int, float))]
    if len(numbers) < 2 or isinstance(before, bool) or isinstance(after, bool):
        return True
    was, now = numbers
    if unit == "days":
        return abs(was - days - now) > _DAYS
    if unit == "ratio":
        return abs(now - was) >= _SHARES
    most = max(abs(was), abs(now))
    return most > _MOVED * min(abs(was), abs(now)) and most >= _NOTABLE.get(unit, 0.0)


def _shown(name: str, value: Scalar, unit: str) -> str:
    if value is None:
        return "absent"
    if isinstance(value, str) and is_private(name):
        return "***"
    if unit == "days" and isinstance(value, (int, float)):
        return f"{value:.1f} days"
    return visible(masked(readable(value, unit)), _LONGEST)


def _versions(good: Reading, now: Reading) -> Iterator[str]:
    """A release shows itself in the headers; an answer that never came tells nothing of them."""
    if not now.versions:
        return
    for name in (*now.versions, *(name for name in good.versions if name not in now.versions)):
        before, after = good.versions.get(name), now.versions.get(name)
        if before != after:
            shown = (
                visible(masked(each), _LONGEST) if each is not None else "absent" for each in (before, after)
            )
            yield f"header {name}: {' -> '.join(shown)}"
