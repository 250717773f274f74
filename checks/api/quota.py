"""API: a quota, the buckets it is counted in, and which of them counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from checks.api.moments import Until

Count: TypeAlias = int | float


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit and what is left of it. `reset` is when it is full again, `window` how many seconds it lasts.

    `used` is what the vendor tells, `share` likewise (0 to 1) where it tells no counts. None is not told.
    """

    name: str = ""
    limit: Count | None = None
    remaining: Count | None = None
    used: Count | None = None
    reset: Until | None = None
    window: float | None = None
    unit: str = ""
    share: float | None = None

    @property
    def left(self) -> Count | None:
        """What is left, told or reckoned."""
        if self.remaining is not None:
            return self.remaining
        if self.limit is None or self.used is None:
            return None
        return max(0, self.limit - self.used)

    @property
    def used_share(self) -> float | None:
        """From 0 to 1; None where it cannot be told."""
        if self.share is not None:
            return self.share
        left, whole = self.left, self.limit
        if whole is None and left is not None and self.used is not None:
            whole = left + self.used
        if left is None or not whole:
            return 1.0 if left == 0 else None
        return min(1.0, max(0.0, 1 - left / whole))

    @property
    def exhausted(self) -> bool:
        return self.left == 0 or self.used_share == 1.0

    @property
    def told(self) -> bool:
        """Whether it says anything of a quota: a count of what was used alone does not."""
        return any(each is not None for each in (self.limit, self.remaining, self.share))


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed in a window of so many seconds, as the vendor announces it."""

    quota: Count
    window: float | None = None
    name: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """All that an answer tells of quotas, in its own order."""

    buckets: tuple[Bucket, ...] = ()
    policies: tuple[Policy, ...] = ()

    @property
    def exhausted(self) -> bool:
        return any(each.exhausted for each in self.buckets)

    @property
    def by_tightness(self) -> tuple[Bucket, ...]:
        """The bucket with the least left of its limit first; those of an unknown share follow, as they come."""
        return tuple(sorted(self.buckets, key=_looseness))

    @property
    def tightest(self) -> Bucket:
        """The one that counts; one that tells nothing where there is none."""
        return next(iter(self.by_tightness), Bucket())


def _looseness(bucket: Bucket) -> float:
    share = bucket.used_share
    if share is not None:
        return 1 - share
    return 2.0 if bucket.left is not None else 3.0
