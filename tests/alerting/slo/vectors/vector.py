"""A vector: what was recorded of a service, what is asked, and the answer that was worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from agent.uptime import Alive, Ledger, Told, figures, retired
from alerting.slo.lines import Line, Recorded, parse_line
from alerting.slo.periods import explicit, moment, parse_period
from config.options import UptimeConfig


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of the question, as they are typed: a period, or both ends; and as of when."""

    as_of: str
    period: str = ""
    start: str = ""
    end: str = ""
    zone: str = "UTC"

    def typed(self) -> tuple[str, ...]:
        ends = ("--period", self.period) if self.period else ("--from", self.start, "--to", self.end)
        return (*ends, "--zone", self.zone, "--as-of", self.as_of)


@dataclass(frozen=True, slots=True)
class Vector:
    """`words` is the arithmetic; `gives` are those fields of the answer that it settles.

    `told` has one record a line, in the order in which it is imported:
    `MOMENT up`, `MOMENT ok for 120`, `work MOMENT MOMENT`, `off MOMENT MOMENT`.
    """

    name: str
    words: str
    told: str
    asked: Asked
    gives: Mapping[str, object]
    target: str = "99%"
    agreement: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The records as lines of a history file."""
        records = (text.split() for text in self.told.splitlines())
        return [json.dumps(self._line(words)) for words in records if words]

    def _line(self, words: list[str]) -> dict[str, object]:
        match words:
            case ["off", start, end]:
                return {"kind": "agent_off", "from": start, "to": end}
            case ["work", start, end]:
                return {"service": self.name, "kind": "maintenance", "from": start, "to": end}
            case [at, status, "for", seconds]:
                lasts: float | int = float(seconds) if "." in seconds else int(seconds)
                said = {"at": at, "status": status, "valid_for": lasts}
                return {"service": self.name, "kind": "reading", **said}
            case [at, state]:
                return {"service": self.name, "kind": "state", "at": at, "state": state}
        raise ValueError(f"{self.name}: {words}")

    def settled(self, figure: Mapping[str, Any]) -> dict[str, object]:
        """Of the product's answer what the vector settles, to be compared with `gives`."""
        got = short(figure)
        return {key: got[key] for key in self.gives}


def short(figure: Mapping[str, Any]) -> dict[str, object]:
    """A figure of the JSON, flat: the classes by their own names, outages as `FROM TO`."""
    ends = {key: figure["period"][key] for key in ("from", "to")}
    outages = [f"{each['from']} {each['to']}" for each in figure["outages"]]
    return {**figure, **figure["seconds"], **ends, "outages": outages}


def answered(vector: Vector, off: Iterable[tuple[int, int]] = ()) -> Mapping[str, Any]:
    """The product's answer without a store: parsed, laid out and reckoned."""
    lines = [parse_line(line) for line in vector.lines()]
    service = replace(
        retired(vector.name),
        target=Fraction(vector.target.rstrip("%")) / 100,
        uptime=UptimeConfig.model_validate(vector.agreement),
    )
    asked = vector.asked
    now = moment(asked.as_of, asked.zone)
    period = (
        parse_period(asked.period, asked.zone, now)
        if asked.period
        else explicit(asked.start, asked.end, asked.zone)
    )
    return figures(service, Ledger((), Alive(running=False, until=0), told=_told(lines, off)), period, now)


def _told(lines: Iterable[Line], off: Iterable[tuple[int, int]]) -> Told:
    lines = list(lines)
    events = {line.event.at: line.event for line in lines if isinstance(line, Recorded)}
    windows = [line for line in lines if not isinstance(line, Recorded)]
    return Told(
        tuple(events[at] for at in sorted(events)),
        tuple(sorted((each.start, each.end) for each in windows if each.service)),
        (*sorted((each.start, each.end) for each in windows if not each.service), *off),
    )


def off_windows(vectors: Iterable[Vector]) -> Iterator[tuple[int, int]]:
    """The time in which nobody watched, of all the vectors: in one store it is everybody's."""
    for vector in vectors:
        for line in map(parse_line, vector.lines()):
            if not isinstance(line, Recorded) and not line.service:
                yield line.start, line.end
