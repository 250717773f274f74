"""Mistakes for people: one line each, a caret under the wrong word, coloured and folded on a terminal only."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.errors import Problem

_COLOURS = {"error": "1;31", "warning": "33"}
_CARET = "1;32"
_NARROWEST = 40


def list_problems(level: str, problems: Sequence[Problem]) -> None:
    """Each as `level: file:line:column: path: message (hint)` on stderr; below a condition, what is wrong in it."""
    width = _terminal_width()
    for problem in problems:
        line = f"{level}: {problem}"
        excerpt = problem.excerpt.split("\n") if problem.excerpt else []
        if width:
            line = _coloured(_folded(line, width), level, _COLOURS[level])
            excerpt = _fitted(excerpt, width)
        print("\n".join([line, *excerpt]), file=sys.stderr)


def count(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_document(problem: Problem) -> dict[str, Any]:
    """As the contract says: a place that is not known is null."""
    return {
        "file": problem.file or None,
        "line": problem.line or None,
        "column": problem.column or None,
        "path": problem.path or None,
        "message": problem.message,
        "hint": problem.hint,
    }


def _terminal_width() -> int:
    """Columns of the terminal that stderr is, 0 when it is none."""
    try:
        return max(_NARROWEST, os.get_terminal_size(sys.stderr.fileno()).columns)
    except (OSError, ValueError):
        return 0


def _folded(line: str, width: int) -> str:
    """The line broken between words; a path is never broken, so that it can be copied."""
    return textwrap.fill(
        line,
        width,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _fitted(excerpt: list[str], width: int) -> list[str]:
    """The condition and its caret, cut so that neither runs over the edge and the caret stays under its word."""
    if len(excerpt) != 2:
        return excerpt
    line, caret = excerpt
    at = len(caret) - 1
    start = max(0, min(at - width // 2, len(line) - width))
    if start:
        line, at = "  ..." + line[start + 5 :], at - start
    cut = line if len(line) <= width else line[: width - 3] + "..."
    return [cut, " " * at + _coloured("^", "^", _CARET)]


def _coloured(text: str, word: str, colour: str) -> str:
    """The text with the word it begins with in colour, unless colours are not wanted (https://no-color.org)."""
    return text if os.environ.get("NO_COLOR") else f"\x1b[{colour}m{word}\x1b[0m{text[len(word) :]}"
