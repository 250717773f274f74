"""What YAML's parser complains of, in words that help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from config.errors import Problem, one_line

_QUOTES = "a text that holds ': ' or ' #', or starts with a sign such as % @ * & ! { [, wants \"quotes\""
_AROUND = "put 'single quotes' around the whole, and write '' for one inside"
_INDENTATION = "look at the indentation and at open quotes"
# What the parser says (the beginning of it) -> what it most often means, and the remedy.
_WORDS = {
    "mapping values are not allowed": ("a colon stands where no key can", _QUOTES),
    "found character that cannot start any token": ("a text cannot begin with this sign", _QUOTES),
    "did not find expected key": ("a key is expected here", _INDENTATION),
    "could not find expected ':'": ("a key without its colon", "write key: value"),
    "did not find expected '-' indicator": ("an item of the list is expected here", _INDENTATION),
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
    "did not find expected <document start>": (
        "a line is indented less than the first one",
        "let all sections begin in column 1",
    ),
}
_CLOSES = {"did not find expected ',' or ']'": "[]", "did not find expected ',' or '}'": "{}"}
_KEY_AT_START = re.compile(r"\s*(?:- +)*[\w.-]+\s*")
_NO_SPACE = re.compile(r"(\s*(?:- +)*[\w.-]+):[^\s/]|(\s*(?:- +)*[\w.-]+):/(?!/)")


@dataclass(frozen=True, slots=True)
class _Complaint:
    """What the parser said, the lines of the file up to there, and the place from 1."""

    text: str
    lines: list[str]
    line: int
    column: int
    opened: Any

    @property
    def here(self) -> str:
        return self.lines[-1] if self.lines else ""

    @property
    def before(self) -> tuple[int, str]:
        """The number and text of the last line before this one that says anything; 0 when there is none."""
        for number in range(len(self.lines) - 1, 0, -1):
            if (shown := self.lines[number - 1].strip()) and not shown.startswith("#"):
                return number, self.lines[number - 1]
        return 0, ""


@dataclass(frozen=True, slots=True)
class _Words:
    """A sentence and its remedy; `at` where another place than the parser's is the wrong one."""

    message: str
    hint: str | None
    at: tuple[int, int] | None = None


def broken(error: Any, text: str, file: str) -> Problem:
    """The parser's complaint as one problem with its place."""
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    line, column = _spot(error, text)
    opened = getattr(error, "context_mark", None)
    complaint = _Complaint(said, text.split("\n", line)[:line], line, column, opened)
    words = _tab(complaint) or _comment(complaint) or _step(complaint) or _plain(complaint)
    line, column = words.at or (line, column)
    return Problem(f"is no valid YAML: {words.message}", file, line, column, hint=words.hint)


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


def _tab(complaint: _Complaint) -> _Words | None:
    """The parser stumbles over a tab in this line, or in the one before."""
    first = max(1, complaint.line - 1)
    for number, shown in enumerate(complaint.lines[first - 1 :], first):
        margin = shown[: _margin(shown)]
        if "\t" in margin:
            at = (number, margin.index("\t") + 1)
            return _Words("a line is indented with a tab", "YAML indents with spaces", at)
    return None


def _comment(complaint: _Complaint) -> _Words | None:
    """JSON with comments is what some editors call JSON."""
    number, before = complaint.before
    for line, shown in ((complaint.line, complaint.here), (number, before)):
        if shown.lstrip().startswith(("//", "/*")):
            at = (line, _margin(shown) + 1)
            return _Words("// and /* begin no comment", "a comment begins with #", at)
    return None


def _step(complaint: _Complaint) -> _Words | None:
    """Keys and colons: the parser often stumbles a line later than the mistake."""
    if complaint.text.startswith("mapping values are not allowed"):
        return _second_colon(complaint)
    if complaint.text.startswith("could not find expected ':'") and complaint.opened is not None:
        start = complaint.opened
        shown = complaint.lines[start.line] if start.line < len(complaint.lines) else ""
        return _no_key(start.line + 1, shown)
    if complaint.text.startswith("did not find expected key") and complaint.opened is not None:
        margin, above = _margin(complaint.here), _margin(complaint.before[1])
        if complaint.here[: complaint.column - 1].rstrip().endswith(("'", '"')):
            return _Words("a text goes on behind its closing quote", _AROUND)
        if margin + 1 == complaint.column and complaint.opened.column < margin < above:
            hint = f"the line before begins in column {above + 1}, the block around it in {complaint.opened.column + 1}"
            return _Words("a line is indented to no level", hint)
    return None


def _second_colon(complaint: _Complaint) -> _Words | None:
    """A key that the parser took for more of the text in the line before."""
    if not _KEY_AT_START.fullmatch(complaint.here[: complaint.column - 1]):
        return None
    number, before = complaint.before
    margin, above = _margin(complaint.here), _margin(before)
    if number == 0 or above > margin:
        return None
    if _NO_SPACE.match(before) or above == margin or ":" not in before:
        return _no_key(number, before)
    hint = f"begin it in column {above + 1}, as the line before"
    message = "a line is indented deeper than the one before, which has its value"
    return _Words(message, hint, (complaint.line, margin + 1))


def _no_key(number: int, shown: str) -> _Words:
    """The line that was to be `key: value`."""
    if found := _NO_SPACE.match(shown):
        colon = len(found[1] or found[2]) + 1
        return _Words("a space is missing after this colon", "write key: value", (number, colon))
    remedy = "write key: value" if "=" not in shown else "write key: value, with a colon"
    return _Words("a key without its colon", remedy, (number, _margin(shown) + 1))


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


def _plain(complaint: _Complaint) -> _Words:
    for begin, brackets in _CLOSES.items():
        if begin in complaint.text and complaint.opened is not None:
            opened = f"the {brackets[0]} of line {complaint.opened.line + 1}"
            return _Words(f"{opened} is not closed", f"a {brackets[1]} or a comma is missing before this")
    for begin, (message, hint) in _WORDS.items():
        if begin in complaint.text:
            return _Words(message, hint)
    return _Words(one_line(complaint.text.split("\n", 1)[0], 160), None)
