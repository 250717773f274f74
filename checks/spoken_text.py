"""Text that is sent to a service and looked for in its answer: escapes, secrets, patterns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from checks.text import visible
from config.conditions.patterns import Pattern, regex
from config.secrets import Secret, mask

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
_EXCERPT = 100
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def unescape(text: str) -> str:
    """The text with `\\r \\n \\t \\0 \\xHH \\\\` read as what they stand for; ValueError on any other escape."""

    def mark(found: re.Match[str]) -> str:
        if len(found[1]) == 3:
            return bytes([int(found[1][1:], 16)]).decode("utf-8", "surrogateescape")
        if found[1] not in _ESCAPES:
            known = "\\r, \\n, \\t, \\0, \\xHH or, for a backslash, \\\\"
            raise ValueError(f'unknown escape "{visible(found[0])}": use {known}')
        return _ESCAPES[found[1]]

    return _ESCAPE.sub(mark, text)


def encoded(text: str) -> bytes:
    """The bytes to send: UTF-8, and single bytes where `\\xHH` asked for them."""
    return text.encode("utf-8", "surrogateescape")


def _unescaped(value: object) -> object:
    return unescape(value) if isinstance(value, str) else value


def searchable(text: str) -> str:
    """The text, once it is known to be a pattern. Raises ValueError."""
    line_pattern(text)
    return text


@lru_cache(maxsize=1024)
def line_pattern(text: str) -> Pattern:
    """RE2, with `^` and `$` at each line. Raises ValueError."""
    regex(text)  # for a mistake, with the reason about the text as it was written
    return regex(f"(?m){text}")


def heard_in(said: bytes | bytearray, pattern: str) -> bool:
    """Whether the pattern is found in what came, whether its lines end with CR LF or LF.

    It is read as UTF-8, and byte by byte too: `\\xff` in a pattern stands for that byte.
    """
    text, wanted = said.decode("utf-8", "replace"), line_pattern(pattern)
    readings = [text, text.replace("\r\n", "\n")]
    if not said.isascii():
        readings.append(said.decode("latin-1"))
    return any(wanted.found_in(each.encode()) for each in dict.fromkeys(readings))


def excerpt(said: bytes | bytearray) -> str:
    """The beginning of what came, in one line; a secret in it is hidden even where it is cut."""
    return visible(mask(said.decode("utf-8", "replace").strip()), _EXCERPT)


Searchable = Annotated[str, AfterValidator(searchable)]
Words = Annotated[Secret, BeforeValidator(_unescaped)]
