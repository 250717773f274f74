"""What a ticket or comment says, as parts that each vendor's markup is made from. Pure.

Nothing of it is markup: every text stands for itself, whatever marks are in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias, TypeVar

from alerting.messages import Comment, Desired

_MARK = re.compile(r"\[tocsin ([A-Za-z0-9-]{1,80})\]")
_CUT = "… (cut: the rest is in our ticket)"
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; its lines stay lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """Evidence, shown as it is: equal width, no wrapping."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Small:
    """A line for machines that people may skip: the key, the mark of a comment."""

    text: str


Part: TypeAlias = Text | Quoted | Facts | Small
Document: TypeAlias = tuple[Part, ...]


def described(desired: Desired) -> Document:
    """A new ticket's description: what is known when it is created, and the key at its end."""
    facts = [("Service", desired.service), ("Check", desired.check), ("Severity", desired.severity)]
    facts += [("Our ticket", desired.ticket)]
    facts += [(name, value) for name, value in sorted(desired.labels.items())]
    if desired.follows is not None:
        facts.append(("Goes on from", desired.follows))
    if desired.duplicate_of is not None:
        facts.append(("Caused by", desired.duplicate_of))
    shown = tuple((name, value) for name, value in facts if value)
    return (*parts_of(desired.description), Facts(shown), Small(mark(desired.key)))


def remarked(comment: Comment) -> Document:
    """A comment, and its mark at the end."""
    return (*parts_of(comment.text), Small(mark(comment.id)))


def parts_of(text: str) -> Document:
    """Paragraphs; lines that are indented by two or more are quoted."""
    parts: list[Part] = []
    for block in re.split(r"\n{2,}", text.strip("\n")):
        for quoted, lines in groupby(block.split("\n"), key=lambda line: line.startswith("  ")):
            joined = "\n".join(line[2:] if quoted else line for line in lines)
            if joined.strip():
                parts.append(Quoted(joined) if quoted else Text(joined.strip()))
    return tuple(parts)


def mark(name: str) -> str:
    """How a key or a comment's id is written into a text, so that it is found again in any markup."""
    return f"[tocsin {name}]"


def marks_in(text: str) -> tuple[str, ...]:
    """The keys and ids that a text carries, in order; markup may have put backslashes before the brackets."""
    return tuple(_MARK.findall(text.replace("\\", "")))


def cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, never half a character; what was cut is shown by `…`."""
    if len(text.encode("utf-8", "replace")) <= most:
        return text
    kept = text.encode("utf-8", "replace")[: max(most - 3, 0)].decode("utf-8", "ignore")
    return f"{kept}…"


def one_line(text: str, most: int) -> str:
    """A title: one line, at most so many bytes."""
    return cut(" ".join(text.split()), most)


def fitted(document: Document, build: Callable[[Document], R], size: Callable[[R], int], most: int) -> R:
    """What `build` makes of as much of the document as keeps its `size` within `most`.

    The longest texts are cut first; facts and the mark stay. Markup may make a text several times as long.
    """
    built = build(document)
    while size(built) > most:
        shorter = _shorter(document)
        if shorter is None:
            return built
        document, built = shorter, build(shorter)
    return built


def _shorter(document: Document) -> Document | None:
    """With the longest text cut to half; None when nothing is left to cut."""
    longest, at = 0, -1
    for number, part in enumerate(document):
        if isinstance(part, Text | Quoted) and len(part.text) > longest:
            longest, at = len(part.text), number
    if longest <= 2 * len(_CUT):
        return None
    part = document[at]
    assert isinstance(part, Text | Quoted)
    kept = part.text.removesuffix(_CUT)
    after: Sequence[Part] = [replace(part, text=kept[: len(kept) // 2] + _CUT)]
    return (*document[:at], *after, *document[at + 1 :])


def bytes_of(text: object) -> int:
    """The size of a text as it is sent."""
    return len(str(text).encode("utf-8", "replace"))
