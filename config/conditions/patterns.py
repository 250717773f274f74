"""Text patterns on RE2, which cannot be made to hang."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_PATTERN = 1024
# Measured: above this size RE2 can need a second for a body of one megabyte.
_MAX_PROGRAM = 2000


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. `open_end`: text added at the end cannot undo a match."""

    written: str
    open_end: bool
    _compiled: Any = field(repr=False, compare=False)

    def found_in(self, text: bytes) -> bool:
        """Whether the UTF-8 text holds a match."""
        return self._compiled.search(text) is not None


def regex(written: str) -> Pattern:
    """A RE2 pattern, found anywhere in the text. Raises ValueError saying what is wrong with it."""
    return Pattern(written, True, _compile(written))


def glob(written: str) -> Pattern:
    """A pattern for the whole text: `*` any run of characters, `?` one. Raises ValueError."""
    signs = {"*": ".*", "?": "."}
    inner = "".join(signs.get(char) or _literal(char) for char in written)
    return Pattern(written, written.endswith("*"), _compile(rf"(?s)\A{inner}\z", len(written)))


def _literal(char: str) -> str:
    return char if char.isalnum() or char in " _" or ord(char) > 127 else f"\\x{ord(char):02x}"


def _compile(pattern: str, length: int | None = None) -> Any:
    if (len(pattern) if length is None else length) > MAX_PATTERN:
        raise ValueError(f"a pattern is at most {MAX_PATTERN} characters long")
    import re2  # not loaded until a pattern is used

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise ValueError(f"not a RE2 pattern: {_reason(error)}") from None
    except UnicodeEncodeError:
        raise ValueError("not a RE2 pattern: it is not valid Unicode") from None
    if compiled.programsize > _MAX_PROGRAM:
        raise ValueError("this pattern is too large to be quick; use fewer or shorter repetitions")
    return compiled


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
