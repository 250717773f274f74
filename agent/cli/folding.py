"""Text folded to the page: as wide as the terminal, further lines below the first."""

from __future__ import annotations

import shutil
import sys
import textwrap

_WIDTH, _WIDEST = 80, 100
_NARROWEST = 30


def print_heading(text: str, indent: str = "") -> None:
    """A line by itself after an empty one, bold on terminals."""
    print(f"\n{indent}\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else f"\n{indent}{text}")


def print_hanging(name: str, text: str, column: int) -> None:
    """The text beside its name, its further lines below its first; a long name stands alone.

    One long word, such as a fingerprint, is rather put further left than broken.
    """
    if len(text) <= page_width() and " " not in text:
        column = min(column, page_width() - len(text))
    if len(name) > column - 2:
        print(name)
        name = ""
    print_wrapped(text, " " * column, f"{name:<{column}}")


def print_wrapped(text: str, indent: str = "", first: str | None = None) -> None:
    """The text in lines that fit, each after the indent, the first one after its own."""
    for line in folded(text, indent, first):
        print(line)


def folded(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """The lines of `print_wrapped`."""
    lead = indent if first is None else first
    return textwrap.wrap(
        text, page_width(), initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False
    )


def page_width() -> int:
    """As wide as the terminal, within reason; a file or pipe is as wide as a page."""
    if not sys.stdout.isatty():
        return _WIDTH
    return max(_NARROWEST, min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDEST))
