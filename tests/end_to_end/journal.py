"""What `tocsin explain` says, against the daemon's log and the watched site's own record: neither is read by our code.

Every decision is logged once, when it is committed: `incident.opened`, `problem.held` and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

_SLOW = 10.0  # seconds between a decision and its line, or a look and its answer, on a busy machine
_EARLY = 5_000  # microseconds by which two clocks of one machine may seem to disagree
_SORTS = ("incident", "problem")
_STATUSES = {200: "ok", 404: "degraded", 503: "down"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log about a decision; what it does not say is None. `at` is seconds since 1970.

    Where time is moved by hand the log is to be captured without moments: those of the machine would mean nothing.
    """

    at: float | None
    what: str
    service: str
    rule: str
    reason: str
    by: str
    incident: int | None
    ticket: str | None


class Journal:
    """The decisions that a daemon logged, in order. `lines` are its log, parsed."""

    def __init__(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self.lines = [_line(each) for each in lines if _is_decision(each)]

    def of(self, service: str, rule: str) -> list[Line]:
        return [line for line in self.lines if (line.service, line.rule) == (service, rule)]

    def confirms_all(self, decisions: Sequence[Mapping[str, Any]]) -> list[Line]:
        """Each of them has a line of its own that says the same, in the order of the log but for those made at once."""
        lines: list[Line] = []
        for decision in decisions:
            lines.append(self._confirms(decision, told=lines))
        places = [_place(self.lines, line) for line in lines]
        for (place, one), (later, other) in pairwise(zip(places, decisions, strict=True)):
            assert place < later or one["at"] == other["at"], f"in another order: {one}, {other}"
        return lines

    def is_told_by(self, story: Mapping[str, Any]) -> None:
        """The story of an incident: nothing in it that the log does not know, and nothing left out of it."""
        told = self.confirms_all([each for each in story["story"] if each["kind"] == "decision"])
        mine = [line for line in self.lines if line.incident == story["id"]]
        left_out = [line for line in mine if not any(line is each for each in told)]
        assert not left_out, left_out

    def _confirms(self, decision: Mapping[str, Any], told: Sequence[Line]) -> Line:
        """The line of a decision, the first that was not told before; fails where there is none."""
        free = [
            line for line in self.lines if _same(line, decision) and not any(line is each for each in told)
        ]
        assert free, f"the log knows nothing of {decision}; it says {self._about(decision)}"
        line = min(free, key=lambda each: _apart(each, decision))
        assert line.by == decision["by"], (line, decision)
        assert line.ticket is None or line.ticket == decision["ticket"], (line, decision)
        assert _apart(line, decision) < _SLOW, (line, decision)
        return line

    def _about(self, decision: Mapping[str, Any]) -> list[Line]:
        return self.of(decision["service"], decision["check"])


def was_answered(readings: Iterable[Mapping[str, Any]], given: Sequence[tuple[int, int]]) -> None:
    """Each reading is an answer that the site gave to it: the first one after the look began."""
    for reading in readings:
        began = _micros(reading["at"])
        answer = next((each for each in given if each[0] >= began - _EARLY), None)
        assert answer is not None, f"the site gave no answer after {reading}"
        assert answer[0] - began < _SLOW * 1_000_000, (reading, answer)
        assert reading["status"] == _STATUSES[answer[1]], (reading, answer)


def were_all(readings: Sequence[Mapping[str, Any]], given: Sequence[tuple[int, int]]) -> None:
    """The readings, which follow one another, are all the answers of that time, one for one."""
    was_answered(readings, given)
    first = _micros(readings[0]["at"])
    answers = [status for at, status in given if at >= first - _EARLY][: len(readings)]
    assert [_STATUSES[status] for status in answers] == [each["status"] for each in readings]


def _place(lines: Sequence[Line], line: Line) -> int:
    """Where it stands among them; there may be others that say the same."""
    return next(number for number, each in enumerate(lines) if each is line)


def _is_decision(line: Mapping[str, Any]) -> bool:
    sort, _, what = str(line.get("event", "")).partition(".")
    return sort in _SORTS and bool(what)


def _line(told: Mapping[str, Any]) -> Line:
    at = _seconds(told["at"]) if "at" in told else None
    what = str(told["event"]).partition(".")[2]
    found = (
        told["service"],
        told["rule"],
        told["reason"],
        told["by"],
        told.get("incident"),
        told.get("ticket"),
    )
    return Line(at, what, *found)


def _same(line: Line, decision: Mapping[str, Any]) -> bool:
    said = (line.what, line.service, line.rule, line.incident, line.reason)
    names = ("what", "service", "check", "incident", "reason")
    return said == tuple(decision[name] for name in names)


def _apart(line: Line, decision: Mapping[str, Any]) -> float:
    return 0.0 if line.at is None else abs(line.at - _seconds(decision["at"]))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _micros(moment: str) -> int:
    return round(_seconds(moment) * 1_000_000)
