"""Text patterns on RE2, which cannot be made to hang."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from config.conditions.work import Work

MAX_PATTERN = 1024
# A program above this size takes too long to be made.
_MAX_PROGRAM = 2000
# So many signs in a row that stand for several characters can make RE2 build a new state for every
# character of a hostile text: [ab]*a[ab]{13}.
_LONGEST_RUN = 12
_SLOW_MEMORY = 1 << 20
# Measured, in steps.
_PER_VALUE = 4
_ATOM = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
    r"|\{(\d+)(?:,(\d*))?\}|\(\?[^:)]*[:)]?|.",
    re.DOTALL,
)
_WIDE = re.compile(r"\.|\[.{2,}|\\[dDsSwWpPCX].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. `open_end`: text added at the end cannot undo a match; `slow`: it may need many states."""

    written: str
    open_end: bool
    slow: bool = field(compare=False)
    _compiled: Any = field(repr=False, compare=False)

    def found_in(self, text: bytes) -> bool:
        """Whether the UTF-8 text holds a match, whatever that costs: for short texts."""
        return self._search(text)

    def found_within(self, text: str, work: Work) -> bool:
        """The same, paid for. Raises TooMuchWork."""
        cost = self._cost(1, _bytes(text))
        work.afford(cost, f"this pattern is too costly for a text of {len(text)} characters")
        return self.found_in(text.encode("utf-8", "replace"))

    def found_in_each(self, values: Sequence[object], work: Work) -> list[bool]:
        """The same for many values, of which only texts can hold a match. Raises TooMuchWork."""
        work.spend(_PER_VALUE * len(values))
        texts = [value for value in values if isinstance(value, str)]
        work.afford(
            self._cost(len(texts), sum(map(_bytes, texts))),
            f"this pattern is too costly for {len(texts)} texts of {sum(map(len, texts))} characters",
        )
        search = self._search
        return [isinstance(value, str) and search(value.encode("utf-8", "replace")) for value in values]

    def _search(self, text: bytes) -> bool:
        # The library's own search() makes a generator and a match of it, which takes as long again.
        spans = self._compiled._regexp.Match(_anywhere(), text, 0, len(text))
        return bool(spans[0][0] >= 0)

    def _cost(self, texts: int, length: int) -> int:
        """Measured: a quick pattern takes 4 ns a byte, a slow one 150 ns and more with each place in it."""
        size: int = self._compiled.programsize
        return texts * (36 + size) + (length * (6 + size // 2) if self.slow else length // 5)


@cache
def _anywhere() -> Any:
    import re2

    return re2._Anchor.UNANCHORED


def _bytes(text: str) -> int:
    """About how many it takes in UTF-8, had at once."""
    return len(text) if text.isascii() else 3 * len(text)


def regex(written: str) -> Pattern:
    """A RE2 pattern, found anywhere in the text. Raises ValueError saying what is wrong with it."""
    return _pattern(written, written, open_end=True)


def glob(written: str) -> Pattern:
    """A pattern for the whole text: `*` any run of characters, `?` one. Raises ValueError."""
    signs = {"*": ".*", "?": "."}
    inner = "".join(signs.get(char) or _literal(char) for char in written)
    return _pattern(written, rf"(?s)\A{inner}\z", open_end=written.endswith("*"))


def iregexp(written: str, *, whole: bool) -> Pattern:
    """A pattern of RFC 9485, as the paths' `match()` and `search()` have it. Raises ValueError."""
    inner = "".join(r"[^\n\r]" if atom[0] == "." else atom[0] for atom in _ATOM.finditer(written))
    return _pattern(written, rf"\A(?:{inner})\z" if whole else inner, open_end=False)


def _literal(char: str) -> str:
    return char if char.isalnum() or char in " _" or ord(char) > 127 else f"\\x{ord(char):02x}"


def _pattern(written: str, pattern: str, *, open_end: bool) -> Pattern:
    if len(written) > MAX_PATTERN:
        raise ValueError(f"a pattern is at most {MAX_PATTERN} characters long")
    slow = _longest_run(pattern) > _LONGEST_RUN
    return Pattern(written, open_end, slow, _compile(pattern, slow=slow))


def _compile(pattern: str, *, slow: bool) -> Any:
    import re2  # not loaded until a pattern is used

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    if slow:
        options.max_mem = _SLOW_MEMORY
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise ValueError(f"not a RE2 pattern: {_reason(error)}") from None
    except UnicodeEncodeError:
        raise ValueError("not a RE2 pattern: it is not valid Unicode") from None
    if compiled.programsize > _MAX_PROGRAM:
        raise ValueError("this pattern is too large to be quick; use fewer or shorter repetitions")
    return compiled


def _longest_run(pattern: str) -> int:
    """How many signs in a row stand for several characters, repetitions written out: 4 in `a\\d{4}-`."""
    run = longest = last = 0
    opened: list[tuple[int, bool]] = []
    for atom in _ATOM.finditer(pattern):
        sign = atom[0]
        if atom[1] is not None:
            times = max(int(atom[1]), int(atom[2] or 0))
            run += last * max(0, min(times, MAX_PATTERN) - 1)
        elif sign == "(" or (sign.startswith("(?") and not sign.endswith(")")):
            opened.append((run, False))
        elif sign == "|" and opened:
            opened[-1] = (opened[-1][0], True)
        elif sign == ")" and opened:
            before, branched = opened.pop()
            run = max(run, before + branched)
            last = max(0, run - before)
        elif _WIDE.fullmatch(sign):
            run, last = run + 1, 1
        elif sign not in "?*+|^$":
            run = last = 0
        longest = max(longest, run)
    return longest


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
