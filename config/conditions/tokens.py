"""From the text of a condition to its words, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from config.conditions.errors import ConditionError
from config.unit_table import SIZE, TIME

MAX_TEXT = 4096
_MAX_BRACKETS = 32
UNITS: dict[str, float] = {**TIME, **SIZE, "%": 0.01}
_LARGEST = Decimal("1e300")

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d]\w*(?:[-./:]\w+)*")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3}(?![0-9]))?")
_BASED = re.compile(r"0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)(?![\w.])")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]+)")
_UNIT = re.compile(r"%|[^\W\d_]+")
_GLUED = re.compile(r"(?:\.?\w|\.[\w.]|[-:/]\w)[\w.:/-]*")
_MARK = re.compile(r"<=|>=|==|!=|\.\.|[<>()\[\],]")
_LONG_UNITS = {
    "sec": "s",
    "min": "m",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "week": "w",
    "milli": "ms",
    "msec": "ms",
    "kilo": "KB",
}
_MISTAKES = {
    "=~": "write matches", "!~": "write not matches", "<>": "write !=", "&&": "write and", "||": "write or",
    "=": "write ==", "!": "write not", "&": "write and", "|": "write or", "~": "write matches",
    "≥": "write >=", "≤": "write <=", "≠": "write !=", "`": 'quote text with "',
    "\u201c": 'quote text with "', "\u201d": 'quote text with "',
    "\u2018": 'quote text with "', "\u2019": 'quote text with "',
    "%": "a % follows a number, as in 95%", "@": "a path starts with $",
}  # fmt: skip


class Kind(Enum):
    """What a word of a condition is."""

    WORD = auto()
    NUMBER = auto()
    TEXT = auto()
    PATH = auto()
    MARK = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `text` as written, `value` what it stands for, `unit` of a number ("" when bare)."""

    kind: Kind
    text: str
    start: int
    value: str | int | float = ""
    unit: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokenize(text: str) -> list[Token]:
    """Every word of the text, then one of kind END. Raises ConditionError."""
    if len(text) > MAX_TEXT:
        raise ConditionError(f"a condition is at most {MAX_TEXT} characters long", MAX_TEXT, None, text)
    return [*_words(text), Token(Kind.END, "", len(text))]


def _words(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        token = _next(text, at)
        yield token
        at = token.end


def _next(text: str, at: int) -> Token:
    if text[at] in "\"'":
        return _quoted(text, at)
    if text[at] == "$":
        return Token(Kind.PATH, text[at : _path_end(text, at)], at)
    if word := _WORD.match(text, at):
        return Token(Kind.WORD, word[0], at, word[0])
    if based := _BASED.match(text, at):
        return _based(text, based)
    if number := _NUMBER.match(text, at):
        return _number(text, number)
    if mark := _MARK.match(text, at):
        return Token(Kind.MARK, mark[0], at)
    wrong = next((sign for sign in _MISTAKES if text.startswith(sign, at)), text[at])
    raise ConditionError(f"unexpected {_shown(wrong)}", at, _MISTAKES.get(wrong), text)


def _shown(wrong: str) -> str:
    return f'"{wrong}"' if wrong.isprintable() else f"character U+{ord(wrong[0]):04X}"


def _quoted(text: str, at: int) -> Token:
    """Backslash escapes a quote and itself; before anything else it stays, so patterns read well."""
    quote, parts, here = text[at], [], at + 1
    while here < len(text) and text[here] != quote:
        if text[here] == "\\" and text[here + 1 : here + 2] in ("\\", '"', "'"):
            here += 1
        parts.append(text[here])
        here += 1
    if here >= len(text):
        raise ConditionError("this quote is never closed", at, None, text)
    return Token(Kind.TEXT, text[at : here + 1], at, "".join(parts))


def _based(text: str, found: re.Match[str]) -> Token:
    value = int(found[0], 0)
    if value >= 2**63:
        raise ConditionError("this number is too large", found.start(), None, text)
    return Token(Kind.NUMBER, found[0], found.start(), value)


def _number(text: str, found: re.Match[str]) -> Token:
    at, end = found.span()
    unit = _UNIT.match(text, end)
    if unit is None:
        _refuse_glued(text, at, end)
        return Token(Kind.NUMBER, found[0], at, _scaled(text, at, [(found[0], 1.0)]))
    parts, end = [(found[0], _unit_worth(text, at, unit))], unit.end()
    while part := _PART.match(text, end):
        if unit[0] not in TIME or part[2] not in TIME:
            break
        parts.append((("-" if found[0].startswith("-") else "") + part[1], TIME[part[2]]))
        end = part.end()
    _refuse_glued(text, at, end)
    return Token(Kind.NUMBER, text[at:end], at, _scaled(text, at, parts), unit[0])


def _unit_worth(text: str, at: int, unit: re.Match[str]) -> float:
    if unit[0] in UNITS:
        return UNITS[unit[0]]
    end = unit.end()
    if glued := _GLUED.match(text, end):
        hint: str | None = f'quote it: "{text[at : glued.end()]}"'
    else:
        hint = _near_unit(unit[0])
    raise ConditionError(f'unknown unit "{unit[0]}"', unit.start(), hint, text)


def _near_unit(wrong: str) -> str:
    for unit in UNITS:
        if unit.casefold() == wrong.casefold():
            return f"did you mean {unit}?"
    for long_name, unit in _LONG_UNITS.items():
        if wrong.lower().startswith(long_name):
            return f"did you mean {unit}?"
    return "known are " + " ".join(UNITS)


def _refuse_glued(text: str, at: int, end: int) -> None:
    glued = None if text.startswith("..", end) else _GLUED.match(text, end)
    if glued:
        whole = text[at : glued.end()]
        raise ConditionError(f'"{whole}" is not a number', at, f'quote it: "{whole}"', text)


def _scaled(text: str, at: int, parts: list[tuple[str, float]]) -> int | float:
    """In base units, exact as far as a float allows: 57% is 0.57, not 0.5700000000000001."""
    total = sum((Decimal(number) * Decimal(repr(worth)) for number, worth in parts), Decimal(0))
    if abs(total) > _LARGEST:
        raise ConditionError("this number is too large", at, None, text)
    return int(total) if total == total.to_integral_value() and abs(total) < 2**63 else float(total)


def _path_end(text: str, at: int) -> int:
    """A path ends at white space, an operator or a closing bracket, unless brackets or quotes hold it."""
    opened: list[int] = []
    here = at + 1
    while here < len(text):
        char = text[here]
        if char in "\"'" and opened:
            here = _skip_quotes(text, here)
        elif char in "[(":
            opened.append(here)
        elif char in "])" and opened:
            opened.pop()
        elif not opened and (char.isspace() or char in ")],<>=!\"'"):
            break
        here += 1
        if len(opened) > _MAX_BRACKETS:
            message = f"more than {_MAX_BRACKETS} brackets inside each other"
            raise ConditionError(message, here - 1, None, text)
    if opened:
        raise ConditionError("this bracket is never closed", opened[-1], None, text)
    return here


def _skip_quotes(text: str, at: int) -> int:
    """The offset of the closing quote."""
    here = at + 1
    while here < len(text) and text[here] != text[at]:
        here += 2 if text[here] == "\\" else 1
    if here >= len(text):
        raise ConditionError("this quote is never closed", at, None, text)
    return here
