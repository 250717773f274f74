"""Hours of the week as people write them: `mon-fri 08:00-17:00, sat 09:00-12:00`, `22:00-06:00`, `24x7`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from config.friendly import nearest, shown

DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WHOLE_DAY = 24 * 60
# Minutes of a local day that are open: ascending, apart from each other, within 0..1440.
Spans = tuple[tuple[int, int], ...]
# One entry for each day, Monday first.
Week = tuple[Spans, ...]

_ALWAYS = "24x7"
_DAYS = {short: number for number, name in enumerate(DAY_NAMES) for short in (name, name[:3])}
_SPOKEN_DAYS = {
    **dict.fromkeys(("weekday", "weekdays", "workdays", "mo-fr"), "mon-fri"),
    **dict.fromkeys(("weekend", "weekends", "sa-su"), "sat-sun"),
    **dict.fromkeys(("daily", "everyday", "all"), "mon-sun"),
    **dict.fromkeys(("always", "24h"), _ALWAYS),
}
_DASH = re.compile(r"\s*[-\u2013]\s*")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})")
_NEARLY_TIME = re.compile(r"([0-9]{1,2})(?:[:.h]?([0-9]{2}))?(am|pm)?")
_BACKWARDS = re.compile(r"([0-9:-]+)[,;\s]+([a-z-]+)")
_LONGEST = 1000
_WANTED = "expected hours like mon-fri 08:00-17:00"


@dataclass(slots=True)
class _Entry:
    """Days and the minutes they are open; an end beyond 1440 lies on the day after."""

    days: list[int]
    written: str = ""
    times: list[tuple[int, int]] = field(default_factory=list)


def week_of(texts: Iterable[str]) -> Week:
    """The open minutes of each day, of all texts together. Raises ValueError with a remedy."""
    days: list[list[tuple[int, int]]] = [[] for _ in DAY_NAMES]
    for entry in (entry for text in texts for entry in _entries(text)):
        for day in entry.days:
            for start, end in entry.times:
                days[day].append((start, min(end, WHOLE_DAY)))
                if end > WHOLE_DAY:
                    days[(day + 1) % 7].append((0, end - WHOLE_DAY))
    return tuple(_joined(spans) for spans in days)


def overlap(weeks: Sequence[Week]) -> bool:
    """Whether there is a minute at which all of them are open."""
    return any(
        min(end for _, end in spans) > max(start for start, _ in spans)
        for days in zip(*weeks, strict=True)
        for spans in product(*days)
    )


def days_in(word: str) -> list[int]:
    """The days of `mon`, `Monday`, `mon-fri` or `fri-mon`, Monday 0. Raises ValueError with a remedy."""
    lowered = _tidy(word, "expected days like mon-fri")
    first, dash, last = lowered.partition("-")
    for name in (first, last) if dash else (first,):
        if name not in _DAYS:
            spoken = _SPOKEN_DAYS.get(lowered)
            hint = f"did you mean {spoken}?" if spoken else _near_day(name)
            raise ValueError(f"no day is called {shown(name)} ({hint})")
    start, end = _DAYS[first], _DAYS[last if dash else first]
    return [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]


def time_of_day(text: str, *, end: bool = False) -> int:
    """Minutes since midnight of `HH:MM`; `24:00` as an end only. Raises ValueError with a remedy."""
    found = _TIME.fullmatch(text)
    if found is None:
        near = _near_time(text)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"expected a time like 08:00, got {shown(text)}{hint}")
    hours, minutes = int(found[1]), int(found[2])
    if minutes > 59 or hours > 24 or (hours == 24 and (minutes or not end)):
        last = "24:00" if end else "23:59"
        raise ValueError(f"{shown(text)} is no time of the day (write 00:00 to {last})")
    return hours * 60 + minutes


def _entries(text: str) -> Iterator[_Entry]:
    """Commas and blanks separate alike: `mon, wed 08:00-12:00, 13:00-17:00` is two days with two spans each."""
    entry, tidy = _Entry(list(range(7))), _tidy(text, _WANTED)
    for word in [word for word in re.split(r"[,;\s]+", tidy) if word] or [""]:
        if word == _ALWAYS:
            yield _Entry(list(range(7)), word, [(0, WHOLE_DAY)])
        elif word[:1].isdigit() and word not in _SPOKEN_DAYS and word != "24/7":
            entry.times.append(_span(word))
        else:
            if entry.times:
                yield entry
                entry = _Entry([], "")
            known = _days_of_hours(word)
            entry = _Entry([*(entry.days if entry.written else []), *known], _listed(entry.written, word))
    if entry.times:
        yield entry
    elif entry.written:
        found = _BACKWARDS.fullmatch(tidy)
        right = f"{found[2]} {found[1]}" if found else f"{entry.written} 00:00-24:00"
        raise ValueError(f"{shown(entry.written)} has no times after it (write {right})")


def _tidy(text: str, wanted: str) -> str:
    """In small letters, every dash the same and without blanks around it."""
    if len(text) > _LONGEST:
        raise ValueError(f"{wanted}, got {shown(text)}")
    return _DASH.sub("-", text.strip().lower())


def _days_of_hours(word: str) -> list[int]:
    spoken = _ALWAYS if word == "24/7" else _SPOKEN_DAYS.get(word)
    if spoken or not word or not word[0].isalpha():
        hint = f" (did you mean {spoken}?)" if spoken else ""
        raise ValueError(f"{_WANTED}, got {shown(word)}{hint}")
    return days_in(word)


def _span(word: str) -> tuple[int, int]:
    first, dash, last = word.partition("-")
    if not dash or not _TIME.fullmatch(first) or not _TIME.fullmatch(last):
        near = [_near_time(part) for part in (first, last)]
        hint = f" (did you mean {near[0]}-{near[1]}?)" if dash and all(near) else ""
        raise ValueError(f"{_WANTED}, got {shown(word)}{hint}")
    start, end = time_of_day(first), time_of_day(last, end=True)
    if start == end:
        raise ValueError(f"{shown(word)} ends when it begins (write 00:00-24:00 for the whole day)")
    return (start, end) if start < end else (start, end + WHOLE_DAY)


def _listed(before: str, word: str) -> str:
    return f"{before},{word}" if before else word


def _near_day(name: str) -> str:
    return nearest(name, _DAYS) or "write mon, tue, wed, thu, fri, sat or sun"


def _near_time(text: str) -> str | None:
    """`8`, `8:00`, `0800`, `8.30`, `5pm` as a time of the day, or None."""
    found = _NEARLY_TIME.fullmatch(text.lower().replace(" ", ""))
    if found is None:
        return None
    hours, minutes = int(found[1]), int(found[2] or 0)
    if found[3] and not 1 <= hours <= 12:
        return None
    if found[3]:
        hours = hours % 12 + (12 if found[3] == "pm" else 0)
    return f"{hours:02}:{minutes:02}" if hours < 24 and minutes < 60 else None


def _joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """In order, those that touch or overlap made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
