"""What a ticket tells of the requests that failed: where, from where, at whose upstream; masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from checks.access_log.slices import Slice, Statuses
from checks.masking import masked
from checks.text import visible

_SHOWN = 5
_WIDTH = 80
Blamed = Mapping[tuple[int, str], int]


def evidence(total: Slice, groups: Mapping[str, Statuses]) -> tuple[str, ...]:
    """Lines for people; none when nothing failed."""
    return tuple(line for line in _lines(total, groups) if line)


def _lines(total: Slice, groups: Mapping[str, Statuses]) -> Iterator[str]:
    yield _most("5xx", total.faults, _is_5xx)
    yield _most("404", total.faults, lambda status: status == 404)
    yield _most("other 4xx", total.faults, lambda status: 400 <= status < 500 and status != 404)
    yield _most("upstreams of 5xx", total.upstreams, _is_5xx)
    yield _most("referrers of 404", total.referrers, lambda status: status == 404)
    worst = Counter({name: _sum(statuses, _is_5xx) for name, statuses in groups.items()})
    yield _told("groups by 5xx", {name: count for name, count in worst.items() if count})


def _is_5xx(status: int) -> bool:
    return status >= 500


def _sum(statuses: Statuses, wanted: Callable[[int], bool]) -> int:
    return sum(count for status, count in statuses.items() if wanted(status))


def _most(title: str, blamed: Blamed, wanted: Callable[[int], bool]) -> str:
    named: Counter[str] = Counter()
    several = title != "404" and not title.endswith(" 404")
    for (status, name), count in blamed.items():
        if wanted(status):
            named[f"{status} {name}" if several else name] += count
    return _told(title, named)


def _told(title: str, named: Mapping[str, int]) -> str:
    """`404: /old.html (120), /favicon.ico (8), and others`; nothing when there is nothing to tell."""
    if not named:
        return ""
    most = Counter(named).most_common(_SHOWN)
    shown = [f"{visible(masked(name), _WIDTH)} ({count})" for name, count in most]
    return f"{title}: " + ", ".join([*shown, *(["and others"] if len(named) > len(most) else [])])
