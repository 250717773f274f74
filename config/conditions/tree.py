"""A condition once read: what is looked at, compared with what, joined how."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from config.conditions.paths import Path
from config.conditions.patterns import Pattern
from config.unit_table import TIME


class Special(Enum):
    """What is not an ordinary value: not there, not readable, or the JSON word null."""

    ABSENT = "absent"
    UNKNOWN = "unknown"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Range:
    """`low..high`, both ends included, in base units."""

    low: int | float
    high: int | float


@dataclass(frozen=True, slots=True)
class Literal:
    """Something written out: a scalar, a range, a list of scalars or a compiled pattern."""

    text: str
    value: str | int | float | Special | Range | Pattern | tuple[str | int | float | Special, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the reading, by name."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the answer; `name` in lower case."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Body:
    """The body of the answer as text."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonPath:
    """What a path selects in the body read as JSON."""

    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Length:
    """How many elements or characters another operand has."""

    text: str
    of: Operand


Operand = Literal | Value | Header | Body | JsonPath | Length


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question; `operator` is the positive one, `negated` turns its answer round. `start` is its offset."""

    text: str
    operator: str
    left: Operand
    right: Operand
    negated: bool = False
    start: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Exists:
    """Is it there at all?"""

    text: str
    of: Operand
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a whole group."""

    of: Node


@dataclass(frozen=True, slots=True)
class And:
    """True when every part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when some part is."""

    parts: tuple[Node, ...]


Node = Comparison | Exists | Not | And | Or


@dataclass(frozen=True, slots=True)
class Hold:
    """How long, or in how many of the last readings, the condition must be true before it counts."""

    seconds: float | None = None
    count: int | None = None
    of: int | None = None

    def __str__(self) -> str:
        if self.seconds is None:
            return f"{self.count} of {self.of}"
        for unit in sorted(TIME, key=lambda unit: -TIME[unit]):
            times = self.seconds / TIME[unit]
            if times == int(times):
                return f"{int(times)}{unit}"
        return f"{self.seconds:.12g}s"


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition, ready to be evaluated as often as wanted. `names`: the values it asks for."""

    text: str
    tree: Node
    must_hold: Hold | None
    needs_body: bool
    needs_headers: bool
    names: frozenset[str]
