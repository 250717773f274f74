"""API: what this check itself uses of a quota, how fast the quota goes, and when to leave it alone.

All of it is kept in the check's memo, which is stored with each reading: nothing is counted twice or forgotten over
a restart. A memo is data from a disk: what has another shape is as good as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2s
from typing import Any

from checks import forecast
from checks.api.quota import Bucket, Count, Quota
from checks.api.throttling import Throttling
from checks.memo_numbers import is_number
from config.units import show_duration

LONGEST_REST = 86400.0
_SHORTEST_REST, _LONGEST_WITHOUT_WORD = 60.0, 900.0
_BACK = 60.0
_MOST_BUCKETS = 4
_MOST_DOUBLINGS = 8
_WINDOW = 3600.0  # of a quota that tells neither reset nor window


@dataclass(frozen=True, slots=True)
class Counted:
    """One bucket over time. `until` is when its window ends, `own` what we asked in it, `left` what there was last.

    `total` is all that was used by anybody since it was first seen; `samples` are (moment, total).
    """

    until: float
    own: int
    left: Count
    total: float = 0.0
    samples: forecast.Samples = ()


@dataclass(frozen=True, slots=True)
class Use:
    """What is remembered from look to look. `rests` is until when nothing is asked, and why; `streak` counts the
    answers in a row that throttled us without saying for how long."""

    at: float = 0.0
    rests: tuple[float, str] | None = None
    streak: int = 0
    buckets: Mapping[str, Counted] = field(default_factory=dict)

    def resting(self, now: float) -> tuple[float, str] | None:
        """Seconds still to wait, and why. A clock that was set back by much ends the rest."""
        if self.rests is None or now < self.at - _BACK:
            return None
        left = self.rests[0] - now
        return (left, self.rests[1]) if 0 < left <= LONGEST_REST else None

    def own(self, name: str) -> int | None:
        """How many requests of this check fell into the present window."""
        return self.buckets[name].own if name in self.buckets else None

    def exhausted_in(self, bucket: Bucket) -> tuple[float | None, bool]:
        """Seconds until nothing is left at the present pace, None where the reset comes first; and whether there was
        enough to go by."""
        left, known = bucket.left, self.buckets.get(bucket.name)
        if left == 0:
            return 0.0, True
        if left is None or known is None or not forecast.slopes(known.samples):
            return None, False
        seconds = forecast.forecast(known.samples, left)["full_in"]
        if seconds is None or (bucket.reset is not None and seconds >= bucket.reset.seconds):
            return None, True
        return round(seconds, 3), True


@dataclass(frozen=True, slots=True)
class Manners:
    """How much of the quota is left to others, as shares of the limit."""

    reserve: float
    own_share: float


def identity(url: str) -> str:
    """Whose quota a memo speaks of: another address is another quota."""
    return blake2s(url.encode(), digest_size=6).hexdigest()


def used(before: Use, quota: Quota, requests: int, now: float) -> Use:
    """What is known after an answer that took so many requests."""
    counted = {
        each.name: _counted(before.buckets.get(each.name), each, requests, now)
        for each in quota.by_tightness
        if each.left is not None
    }
    for name, known in before.buckets.items():
        if name not in counted and now < known.until:
            counted[name] = replace(known, own=known.own + requests)
    return Use(now, None, before.streak, dict(list(counted.items())[:_MOST_BUCKETS]))


def _counted(before: Counted | None, bucket: Bucket, requests: int, now: float) -> Counted:
    left = bucket.left or 0
    lasts = bucket.reset.seconds if bucket.reset else bucket.window or _WINDOW
    if before is None:
        return Counted(now + lasts, requests, left, 0.0, ((now, 0.0),))
    over = now >= before.until
    grown = before.left - left
    if over and grown <= 0 and bucket.limit is not None:
        grown = max(0, bucket.limit - left)  # since the quota was filled up
    elif over:
        grown = max(0, grown)
    total = before.total + grown
    return Counted(
        until=now + lasts if over else before.until,
        own=requests if over else before.own + requests,
        left=left,
        total=total,
        samples=forecast.with_sample(before.samples, now, total),
    )


def rested(use: Use, quota: Quota, throttled: Throttling, manners: Manners, now: float) -> Use:
    """The same with the rest that is due now, if any."""
    if throttled.throttled:
        return _after_throttling(use, quota, throttled, now)
    found = [rest for each in quota.buckets if (rest := _rest(use, each, manners, now)) is not None]
    return replace(use, rests=max(found, default=None), streak=0)


def _after_throttling(use: Use, quota: Quota, throttled: Throttling, now: float) -> Use:
    """For as long as the vendor says, by Retry-After or by the reset of what is used up; else longer each time."""
    empty = [each.reset.seconds for each in quota.buckets if each.exhausted and each.reset]
    told = throttled.retry_after if throttled.retry_after is not None else max(empty, default=None)
    if told is not None:
        return replace(use, rests=_until(now, told, "the vendor throttles us and asks us to wait"), streak=0)
    seconds = min(_LONGEST_WITHOUT_WORD, _SHORTEST_REST * 2 ** min(use.streak, _MOST_DOUBLINGS))
    return replace(
        use,
        rests=_until(now, seconds, "the vendor throttles us without a word how long"),
        streak=min(use.streak + 1, _MOST_DOUBLINGS),
    )


def _rest(use: Use, bucket: Bucket, manners: Manners, now: float) -> tuple[float, str] | None:
    """Until when a bucket is to be left alone, and why."""
    left, limit, known = bucket.left, bucket.limit, use.buckets.get(bucket.name)
    seconds = bucket.reset.seconds if bucket.reset else _SHORTEST_REST
    if left is not None and left <= (manners.reserve * limit if limit else 0):
        what = f"{left:g} of {limit:g}" if limit else "nothing"
        return _until(now, seconds, f"{what} of the quota is left, which is left to others (quota.reserve)")
    if known is not None and limit and known.own >= max(1.0, manners.own_share * limit) and bucket.reset:
        return _until(
            now,
            known.until - now,
            f"this check itself used {known.own} of {limit:g}, look less often (quota.own_share)",
        )
    return None


def _until(now: float, seconds: float, why: str) -> tuple[float, str] | None:
    return (round(now + min(seconds, LONGEST_REST), 6), why) if seconds > 0 else None


def shown_rest(seconds: float, why: str) -> str:
    """Why nothing was asked, on one line."""
    return f"{why}: not asked for another {show_duration(seconds)}"


def as_memo(use: Use, url: str) -> dict[str, Any]:
    """For the disk."""
    return {
        "of": identity(url),
        "at": use.at,
        "rests": list(use.rests) if use.rests else None,
        "streak": use.streak,
        "buckets": {
            name: [each.until, each.own, each.left, each.total, [list(one) for one in each.samples]]
            for name, each in use.buckets.items()
        },
    }


def remembered(memo: Any, url: str, now: float) -> Use:
    """What a memo tells; nothing of one with another shape or for another address."""
    if not isinstance(memo, dict) or memo.get("of") != identity(url) or not is_number(memo.get("at")):
        return Use()
    rests, streak, buckets = memo.get("rests"), memo.get("streak"), memo.get("buckets")
    if not isinstance(buckets, dict) or len(buckets) > _MOST_BUCKETS:
        return Use()
    known = {name: _of_memo(each, now) for name, each in buckets.items()}
    return Use(
        at=memo["at"],
        rests=_rest_of_memo(rests),
        streak=streak if isinstance(streak, int) and 0 <= streak <= _MOST_DOUBLINGS else 0,
        buckets={name: each for name, each in known.items() if each is not None},
    )


def _rest_of_memo(told: Any) -> tuple[float, str] | None:
    if not isinstance(told, list) or len(told) != 2 or not is_number(told[0]) or not isinstance(told[1], str):
        return None
    return told[0], told[1]


def _of_memo(told: Any, now: float) -> Counted | None:
    if not isinstance(told, list) or len(told) != 5 or not all(is_number(each) for each in told[:4]):
        return None
    until, own, left, total, samples = told
    return Counted(until, int(own), left, total, forecast.remembered(samples, now))
