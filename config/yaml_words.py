"""What YAML's parser complains of, in words that help."""

from __future__ import annotations

from typing import Any

import yaml

from config.errors import Problem, one_line

_QUOTES = "a text that holds ': ' or ' #', or starts with a sign such as % @ * & ! { [, wants \"quotes\""
_TABS = "YAML indents with spaces, not with tabs"
# What the parser says (the beginning of it) -> what it most often means, and the remedy.
_WORDS = {
    "mapping values are not allowed": ("a colon stands where no key can", _QUOTES),
    "found character that cannot start any token": ("a text cannot begin with this sign", _QUOTES),
    "did not find expected key": ("a key is expected here", "look at the indentation and at open quotes"),
    "could not find expected ':'": ("a key without its colon", "write key: value"),
    "did not find expected '-' indicator": (
        "an item of the list is expected here",
        "look at the indentation",
    ),
    "did not find expected ',' or ']'": ("a list [ is not closed", "a ] or a comma is missing before this"),
    "did not find expected ',' or '}'": (
        "a mapping { is not closed",
        "a } or a comma is missing before this",
    ),
    "found unexpected end of stream": ("the file ends inside quotes", "a closing quote is missing"),
    "found unknown escape character": (
        "an unknown escape in double quotes",
        "write '\\\\' for a backslash, or use 'single quotes'",
    ),
    "found undefined tag handle": ("tags are not supported", _QUOTES),
    "did not find expected node content": ("a value is expected here", _QUOTES),
    "block sequence entries are not allowed": (
        "a list item cannot stand here",
        "begin it on a line of its own",
    ),
    "did not find expected alphabetic": ("a name is missing after * or &", _QUOTES),
    "control characters are not allowed": ("holds a control character", "remove it"),
    "special characters are not allowed": ("holds a control character", "remove it"),
}


def broken(error: Any, text: str, file: str) -> Problem:
    """The parser's complaint as one problem with its place."""
    complaint = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    line, column = _spot(error, text)
    message, hint = next((words for begin, words in _WORDS.items() if begin in complaint), (None, None))
    if _indented_with_tab(text, line):
        hint = _TABS
    if message is None:
        message = one_line(complaint.split("\n", 1)[0], 160)
    return Problem(f"is no valid YAML: {message}", file, line, column, hint=hint)


def _spot(error: Any, text: str) -> tuple[int, int]:
    """Line and column from 1."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if error.context_mark and "end of stream" in (error.problem or ""):
            mark = error.context_mark  # where the quote opens says more than where the file ends
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)
    found = next((at for at, char in enumerate(text) if char not in "\t\n\r" and ord(char) < 32), None)
    if found is None:
        return 1, 1
    return text.count("\n", 0, found) + 1, found - text.rfind("\n", 0, found)


def _indented_with_tab(text: str, line: int) -> bool:
    """Whether this line, or the one before (where the parser stumbles late), begins with a tab."""
    lines = text.split("\n", line)[:line]
    return any("\t" in shown[: len(shown) - len(shown.lstrip())] for shown in lines[-2:])
