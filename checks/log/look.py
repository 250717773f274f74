"""One look at a log: every new line into its event, every event counted once, all of it remembered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from checks.base import Scalar
from checks.log.events import Event, begins, event_from, goes_on
from checks.log.evidence import Evidence
from checks.log.matching import Matcher
from checks.log.record import FRONT, Reader, Record, dated
from checks.log.spec import ERRORS, LogSpec, by_line
from checks.log_clock import LogClock
from checks.log_lines import Batch, Line, part
from checks.memo_numbers import is_number
from checks.sliding import Sliding

_LINES = "lines"
_ORIGINS = 200
_MOST_NOTES = 6
_LOOKED_BACK = 200


class Look:
    """Made from what the last look remembered; `take` each batch, then `end`, then ask."""

    def __init__(self, spec: LogSpec, memo: Any, now: float) -> None:
        self._spec, self._now = spec, now
        self._matcher = Matcher(spec)
        self._reader = Reader(spec.field, levels=self._matcher.asks_level)
        self._begin = by_line(spec.begin) if spec.begin else None
        self.clock = LogClock(now, part(memo, "read_all_at"))
        self._window = Sliding(spec.window, part(memo, "window"))
        self._evidence = Evidence(part(memo, "evidence"))
        self._open = _open_events(part(memo, "open"))
        last = part(memo, "last")
        self._last: float | None = float(last) if is_number(last) else None
        self._lines: defaultdict[int, int] = defaultdict(int)
        self._read_all = True

    def take(self, batch: Batch) -> None:
        """Count the lines of a batch."""
        if batch.fresh:
            self._close(batch.origin)
        if batch.text and not self._matcher.may_match(batch.text):
            self._pass_over(batch)
        else:
            for line in batch.lines():
                self._line(line)
        for second, count in self._lines.items():
            self._window.add(second, _LINES, count)
        self._lines.clear()
        self._read_all = not batch.behind

    def end(self) -> None:
        """Count the events that may still go on: should they, the next look puts that right."""
        for event in self._open.values():
            self._count(event)
        since = self._now - self._spec.window
        self._window.slide(self._now)
        self._evidence.slide(since - self._window.step)

    def values(self) -> dict[str, Scalar]:
        """Without `took` and `behind`, which are the caller's."""
        errors = self._window.count(ERRORS)
        return {
            ERRORS: errors,
            "rate": errors / self._spec.window,
            _LINES: self._window.count(_LINES),
            "last": None if self._last is None else max(0.0, self._now - self._last),
            **{name: self._window.count(_key(name)) for name in self._spec.names},
        }

    def notes(self) -> tuple[str, ...]:
        """The first line that counted in the window, of each name."""
        names = self._spec.names or (ERRORS,)
        lines = ((name, self._evidence.first(name), self._window.count(_key(name))) for name in names)
        told = tuple(_note(*each) for each in lines if each[1] is not None and each[2])
        return (*told[:_MOST_NOTES], *self.clock.notes(self._spec.window))

    def memo(self, log: Any) -> dict[str, Any]:
        """What the next look is made from; `log` is how far the log has been read."""
        return {
            "log": log,
            "read_all_at": self.clock.memo(read_all=self._read_all),
            "window": self._window.memo(),
            "evidence": self._evidence.memo(),
            "open": {
                origin: event.memo(ignored=self._matcher.ignores(event))
                for origin, event in self._open.items()
            },
            "last": self._last,
        }

    def _pass_over(self, batch: Batch) -> None:
        """Lines of which none can count: what matters is how many there are, and which event may still go on."""
        lines = list(batch.lines())
        event, begin = self._open.get(batch.origin), 0
        while event is not None and begin < len(lines) and self._open.get(batch.origin) is event:
            self._line(lines[begin])
            begin += 1
        end = max(begin, _last_event(lines))
        self._count_lines(lines[begin:end])
        for line in lines[end:]:
            self._line(line)

    def _count_lines(self, lines: Sequence[Line]) -> None:
        """Each by its own time, or with the line before it."""
        front, second = b"", None
        for line in lines:
            here = line.data[:FRONT]
            if second is None or not (here == front or here[:1].isspace()):
                if not here.strip():
                    continue
                own = self._reader.own_time(line, self._now)
                second = int(self.clock.counts_at(line, own)) if own is not None or second is None else second
                front = here if dated(here) else b""
            elif not here.strip():
                continue
            self._lines[second] += 1

    def _line(self, line: Line) -> None:
        if not line.data.strip():
            return
        record = self._reader.read(line, self._now)
        event = self._open.get(line.origin)
        if not record.text:  # a JSON line without the field that matters
            self._lines[int(self.clock.counts_at(line, record.at))] += 1
            return
        if event is not None and event.writer == record.writer:
            trace = goes_on(event, record.line, self._begin)
            if trace is not None:
                event.add(record.text, trace)
                self._lines[int(event.at)] += 1
                return
        self._close(line.origin)
        self._begin_event(line, record)

    def _begin_event(self, line: Line, record: Record) -> None:
        at = self.clock.counts_at(line, record.at)
        if len(self._open) >= _ORIGINS:
            self._close(next(iter(self._open)))
        self._open[line.origin] = Event(at, record.level, record.text, begins(record.line), record.writer)
        self._lines[int(at)] += 1

    def _close(self, origin: str) -> None:
        event = self._open.pop(origin, None)
        if event is not None:
            self._count(event)

    def _count(self, event: Event) -> None:
        """Count the event under what it holds by now, less what it was counted under before."""
        names = self._matcher.names(event)
        for name in names - event.counted:
            self._window.add(event.at, _key(name))
            if event.at >= self._now - self._spec.window and self._evidence.wants(name):
                self._evidence.add(event.at, name, self._matcher.first_line(event, name))
        for name in event.counted - names:
            self._window.add(event.at, _key(name), -1)
        if names:
            self._last = event.at if self._last is None else max(self._last, event.at)
        event.counted = names


def _last_event(lines: Sequence[Line]) -> int:
    """Where the last event begins, as far as that is seen without looking closely."""
    begins = len(lines)
    for at in range(len(lines) - 1, max(len(lines) - _LOOKED_BACK, 0) - 1, -1):
        front = lines[at].data[:FRONT]
        if dated(front):
            return at
        if begins == len(lines) and front.strip() and not front[:1].isspace():
            begins = at
    return begins


def _key(name: str) -> str:
    """The operator's names are apart from ours in the window."""
    return name if name == ERRORS else f"={name}"


def _note(name: str, line: str | None, count: int) -> str:
    shown = "" if name == ERRORS else f"{name}: "
    return f"{shown}first of {count}: {line}" if count > 1 else f"{shown}{line}"


def _open_events(memo: Any) -> dict[str, Event]:
    if not isinstance(memo, Mapping):
        return {}
    known = ((str(origin), event_from(event)) for origin, event in list(memo.items())[:_ORIGINS])
    return {origin: event for origin, event in known if event is not None}
