"""What a verdict rests on: on what is only foreseen, or on a share of requests that fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks.base import Judged, Scalar, Status, Value
from config.conditions import Leaf


def is_forecast(judged: Iterable[Judged], values: Iterable[Value]) -> bool:
    """Whether whatever makes it degraded is the time left until something happens: nobody notices yet.

    What has happened is foreseen no more: a certificate that has ended, a disk that is full.
    """
    names = {value.name for value in values if value.forecast}
    causes = list(_causes(judged, Status.DEGRADED)) if names else []
    return bool(causes) and all(not _named(leaf).isdisjoint(names) and _to_come(leaf) for leaf in causes)


def share_of(
    judged: Iterable[Judged], declared: Iterable[Value], values: Mapping[str, Scalar]
) -> float | None:
    """The largest share of failing requests that a verdict rests on, as it was seen; None without any."""
    names = {value.name for value in declared if value.share}
    if not names:
        return None
    asked = {
        name
        for level in (Status.DOWN, Status.DEGRADED)
        for leaf in _causes(judged, level)
        for name in _named(leaf)
    }
    seen = (values.get(name) for name in asked & names)
    return max((float(share) for share in seen if isinstance(share, (int, float))), default=None)


def _causes(judged: Iterable[Judged], level: Status) -> Iterator[Leaf]:
    """The questions that made conditions of that level true."""
    for each in judged:
        if each.level is level and each.verdict is True:
            yield from (each.leaves[place] for place in each.causes)


def _named(leaf: Leaf) -> set[str]:
    """The values that were looked at; one may be written as `value "name"`."""
    return {name.removeprefix('value "').removesuffix('"') for name, _ in leaf.seen}


def _to_come(leaf: Leaf) -> bool:
    return not (isinstance(leaf.value, (int, float)) and leaf.value <= 0)
