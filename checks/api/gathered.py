"""API: the figures of several headers put together into buckets, each with a name of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeAlias

from checks.api.header_names import WINDOWS
from checks.api.moments import Until
from checks.api.quota import Bucket, Count

Limit: TypeAlias = tuple[Count, float | None]  # and the window it is for


@dataclass(slots=True)
class Gathered:
    """The figures of one bucket so far, a list for each header; `resets` carry how far each is to be trusted."""

    limits: list[list[Limit]] = field(default_factory=list)
    remaining: list[list[Count]] = field(default_factory=list)
    used: list[list[Count]] = field(default_factory=list)
    resets: list[tuple[int, Until]] = field(default_factory=list)
    window: float | None = None
    share: float | None = None


Figures: TypeAlias = dict[tuple[str, str], Gathered]
_Families: TypeAlias = dict[tuple[str, str], list[Bucket]]


def buckets_of(figures: Figures) -> list[Bucket]:
    """The buckets, by family and name of the headers that told them, in the order they came."""
    return _named(_with_shared_resets({key: _buckets(key[1], each) for key, each in figures.items()}))


def _buckets(name: str, known: Gathered) -> list[Bucket]:
    """One bucket, or one for each window where a header of limits and one of counts are lists of the same length."""
    limits = next((each for each in known.limits if len(each) > 1), [])
    for remaining, used in [*((each, []) for each in known.remaining), *(([], each) for each in known.used)]:
        if len(limits) == len(remaining or used) > 1:
            return [_window(name, place, limits, remaining, used) for place in range(len(limits))]
    flat = list(chain(*known.limits))
    limit, window = next((each for each in flat if each[1] is None), next(iter(flat), (None, None)))
    return [
        Bucket(
            name,
            limit,
            min(chain(*known.remaining), default=None),
            max(chain(*known.used), default=None),
            min(known.resets)[1] if known.resets else None,
            known.window or window or WINDOWS.get(name.rpartition("-")[2]),
            share=known.share,
        )
    ]


def _window(name: str, place: int, limits: list[Limit], remaining: list[Count], used: list[Count]) -> Bucket:
    limit, window = limits[place]
    return Bucket(
        f"{name}-{place + 1}".strip("-"),
        limit,
        remaining[place] if remaining else None,
        used[place] if used else None,
        window=window,
    )


def _with_shared_resets(found: _Families) -> _Families:
    """A reset or a limit that stands by itself belongs to what else the family tells."""
    for (family, name), (own, *more) in list(found.items()):
        others = [key for key in found if key[0] == family and key[1] != name]
        if more or not others or name:
            continue
        if not own.told and own.reset is not None:
            for key in others:
                found[key] = [
                    replace(each, reset=own.reset if each.reset is None else each.reset)
                    for each in found[key]
                ]
        lonely = [key for key in others if found[key][0].limit is not None and found[key][0].left is None]
        if own.limit is None and own.left is not None and len(lonely) == len(others) == 1:
            whole = found.pop(lonely[0])[0]
            found[family, name] = [replace(own, limit=whole.limit, window=own.window or whole.window)]
    return found


def _named(found: _Families) -> list[Bucket]:
    """Each with a name by which it can be told from the others. Without a mark only what is left tells a quota."""
    told = [
        (family, each)
        for (family, _), several in found.items()
        for each in several
        if family or each.remaining is not None
    ]
    names = [each.name or family.rpartition("-")[2] for family, each in told]
    return [
        replace(each, name=name if names.count(name) == 1 else f"{family} {each.name}".strip())
        for (family, each), name in zip(told, names, strict=True)
    ]
