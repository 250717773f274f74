"""API: the quota that headers tell, in whatever dialect: names by their words, values by their shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from checks.api.gathered import Figures, Gathered, Limit, buckets_of
from checks.api.header_names import (
    DESCRIBED,
    LIMIT,
    PERCENT,
    POLICY,
    REMAINING,
    RESET,
    SHARE,
    USED,
    WINDOW,
    Said,
    said,
)
from checks.api.moments import number, seconds_of, until
from checks.api.quota import Bucket, Count, Policy, Quota
from checks.api.structured import Item, items
from checks.api.vendor_forms import quota_in_forms
from checks.text import visible

_MOST_HEADERS = 500
_MOST = 64  # buckets, and policies
_AFTER, _DATED, _NUMBER = 0, 1, 2
# Parameters by what they mean: of the IETF's drafts, and of those who write them out.
_PARAMS: Mapping[str, tuple[str, ...]] = {
    "limit": ("q", "limit", "l", "total", "max"),
    "remaining": ("r", "remaining", "left"),
    "used": ("used", "count"),
    "reset": ("t", "reset", "resets"),
    "window": ("w", "window"),
}
_FIGURES = frozenset(name for role in ("limit", "remaining", "used", "reset") for name in _PARAMS[role])


@dataclass(slots=True)
class _Look:
    """One answer's headers on the way to a quota. `now` is the server's clock."""

    now: float
    gathered: Figures = field(default_factory=dict)
    described: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)


def quota_in(headers: Mapping[str, str], now: float) -> Quota:
    """The quota of an answer. `headers` by their names in lower case, equal ones joined by commas; `now` as the
    server's clock shows it, in seconds since 1970."""
    look = _Look(now)
    for name, value in islice(headers.items(), _MOST_HEADERS):
        meant = said(name)
        if meant is not None and len(look.gathered) + len(look.described) + len(look.policies) < _MOST:
            _take(look, meant, value)
    found = [*look.described.values(), *buckets_of(look.gathered), *quota_in_forms(headers, now)]
    kept = tuple(_with_policy(each, found, look.policies) for each in found if each.told)
    return Quota(kept[:_MOST], tuple(look.policies))


def _take(look: _Look, meant: Said, value: str) -> None:
    listed = items(value)
    if meant.role == POLICY:
        look.policies += _policies(listed)
    elif meant.role == RESET:
        _take_reset(_bucket(look, meant), meant, value, look.now)
    elif meant.role in (SHARE, PERCENT):
        _bucket(look, meant).share = _share(value, hundredths=meant.role == PERCENT)
    elif meant.role == WINDOW:
        _bucket(look, meant).window = seconds_of(value, milliseconds=meant.milliseconds)
    elif meant.role in (LIMIT, REMAINING, USED, DESCRIBED):
        if any(_FIGURES & each.params.keys() for each in listed):
            _describe(look, meant, listed)
        elif meant.role != DESCRIBED:
            _take_counts(look, meant, listed)


def _bucket(look: _Look, meant: Said) -> Gathered:
    return look.gathered.setdefault((meant.family, meant.bucket), Gathered())


def _take_reset(into: Gathered, meant: Said, value: str, now: float) -> None:
    first = next((each.head for each in items(value)), "")
    for text in (value, first):
        found = until(text, now, milliseconds=meant.milliseconds)
        if found is not None:
            trust = _AFTER if meant.after else _DATED if number(text) is None else _NUMBER
            into.resets.append((trust, found))
            return


def _share(value: str, *, hundredths: bool) -> float | None:
    told = number(value.strip().removesuffix("%"))
    return None if told is None else min(1.0, told / 100 if hundredths or told > 1 else float(told))


def _take_counts(look: _Look, meant: Said, listed: list[Item]) -> None:
    """Numbers, alone or in a list: `100;w=21600`, `600,30000`, `20:1,100:120`, and used of a limit as `32/40`."""
    counts, limits = list[Count](), list[Limit]()
    for each in listed:
        first, mark, second = _pair(each.head)
        if first is None:
            _take_named(look, meant, each)
            continue
        window = second if mark == ":" else _count(each, "window")
        if mark == "/" and second is not None:
            counts.append(first)
            limits.append((second, None))
        elif meant.role == LIMIT:
            limits.append((first, window))
            look.policies += [Policy(first, window)] if window is not None else []
        else:
            counts.append(first)
    into = _bucket(look, meant)
    into.limits += [limits] if limits else []
    (into.remaining if meant.role == REMAINING else into.used).extend([counts] if counts else [])


def _take_named(look: _Look, meant: Said, each: Item) -> None:
    """`Microsoft.Compute/HighCostGet3Min;107`: what is left of a limit that has a name."""
    count = next((number(name) for name, value in each.params.items() if not value), None)
    if meant.role == REMAINING and each.head and count is not None:
        name = visible(each.head, 60)
        look.described.setdefault((name, ""), Bucket(name, remaining=count))


def _pair(text: str) -> tuple[Count | None, str, Count | None]:
    """`32/40`, `100:120` or a number alone, and the mark between."""
    mark = next((each for each in "/:" if each in text), "")
    first, _, second = text.partition(mark) if mark else (text, "", "")
    # `60:transaction:key` counts something else.
    return (None if mark == ":" and number(second) is None else number(first)), mark, number(second)


def _count(item: Item, role: str) -> Count | None:
    return next(
        (found for name in _PARAMS[role] if (found := number(item.params.get(name))) is not None), None
    )


def _describe(look: _Look, meant: Said, listed: list[Item]) -> None:
    """Buckets whose figures stand in one header: `"default";r=50;t=30`, `limit=100, remaining=50, reset=50`."""
    for each in listed:
        name = visible(each.head or each.params.get("b") or each.params.get("name") or meant.bucket, 60)
        key = name, each.params.get("pk", "")[:200]
        known = look.described.get(key, Bucket(name))
        reset = next((each.params[key] for key in _PARAMS["reset"] if key in each.params), None)
        look.described[key] = Bucket(
            name,
            _first(_count(each, "limit"), known.limit),
            _first(_count(each, "remaining"), known.remaining),
            _first(_count(each, "used"), known.used),
            until(reset, look.now) or known.reset,
            _first(_count(each, "window"), known.window),
            visible(each.params.get("qu", known.unit), 60),
        )


def _first(new: Count | None, known: Count | None) -> Count | None:
    return known if new is None else new


def _policies(listed: Iterable[Item]) -> list[Policy]:
    found = []
    for each in listed:
        counted, told = number(each.head), _count(each, "limit")
        quota = counted if told is None else told
        if quota is not None:
            name = visible(each.head, 60) if counted is None else ""
            found.append(Policy(quota, _count(each, "window"), name, visible(each.params.get("qu", ""), 60)))
    return found


def _with_policy(bucket: Bucket, all_of_them: list[Bucket], policies: list[Policy]) -> Bucket:
    """What its policy adds: the one of its name, the only one, or one of its limit."""
    alone = len(policies) == len(all_of_them) == 1
    fitting = [each for each in policies if (each.name == bucket.name if each.name else False) or alone]
    fitting += [each for each in policies if not each.name and each.quota == bucket.limit]
    if not fitting:
        return bucket
    policy = fitting[0]
    return replace(
        bucket,
        limit=policy.quota if bucket.limit is None else bucket.limit,
        window=policy.window if bucket.window is None else bucket.window,
        unit=bucket.unit or policy.unit,
    )
