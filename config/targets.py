"""Targets: how what is made for one is called, and how its words are filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from config.field_types import is_id
from config.places import Block, Listing, Place, Where
from config.references import references

MAX_LENGTH = 512
_LONGEST_NAME, _HASH = 63, 8
_BLANK = re.compile(r"\$\{(target|label\.[^{}]+)\}")
Words: TypeAlias = Mapping[str, str]
_Fill: TypeAlias = Callable[[Words], Any]


@dataclass(frozen=True, slots=True)
class Target:
    """One target: its text, what its name ends in, its labels, and the file, line and column it stands at."""

    text: str
    ending: str
    labels: Block
    place: tuple[str, int, int]

    @property
    def words(self) -> dict[str, str]:
        """What `${target}` and `${label.x}` stand for; `__address__` is Prometheus' name for the target."""
        labels = {"__address__": self.text, **self.labels}
        return {"target": self.text, **{f"label.{name}": value for name, value in labels.items()}}

    @property
    def public(self) -> Block:
        """The labels that a service or check takes over: those with __ in front only fill in."""
        kept = Block()
        for name, value in self.labels.items():
            if not name.startswith("__"):
                kept.write(name, value, self.labels.places.get(name))
        return kept


class Unfit(Exception):
    """With the target filled in, the text at `where` would refer to something that the operator did not write."""

    def __init__(self, where: Where) -> None:
        super().__init__()
        self.where = where


def fault_of(text: str) -> str | None:
    """Why a text cannot be a target or a label of one, or None; what it holds is never followed."""
    if "${" in text:
        return "holds ${, and references are not followed here"
    if not text.isprintable():
        return "holds a control character"
    return f"is longer than {MAX_LENGTH} characters" if len(text) > MAX_LENGTH else None


def as_ending(text: str) -> str:
    """The text as the end of an id: lower case, other signs as `-`; empty when nothing would be left."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")


def made_name(name: str, ending: str) -> str:
    """`web` and `web-01-example-org` -> `web-web-01-example-org`; one that is too long ends in a hash of itself."""
    whole = f"{name}-{ending}"
    if len(whole) <= _LONGEST_NAME or not is_id(name):
        return whole
    tail = hashlib.sha256(whole.encode()).hexdigest()[:_HASH]
    return f"{whole[: _LONGEST_NAME - _HASH - 1].rstrip('-_')}-{tail}"


def has_blanks(value: Any) -> bool:
    """Whether `${target}` or `${label.x}` stands in a text somewhere in the value."""
    return _filler(value, ()) is not None


def blanks(text: str) -> list[str]:
    """What is to be filled in, as written: `["${target}"]`."""
    return [found.group(0) for found in _BLANK.finditer(text)] if "${" in text else []


class Form:
    """A block with `${target}` and `${label.x}` in it, looked through once for all its targets.

    `wanted` are the words it asks for, each with where it does so first; `spots` are the file, line and column of
    the texts that do; `cost` is roughly how many values, or pieces of 64 characters, a filled-in copy takes.
    """

    def __init__(self, block: Block) -> None:
        self._block, self._fill = block, _filler(block, ())
        texts = list(_texts(block, None, ())) if self._fill else []
        self.wanted: dict[str, Where] = {}
        for text, _, where in texts:
            for word in _BLANK.findall(text):
                self.wanted.setdefault(word, where)
        self.spots = {place[:3] for _, place, _ in texts if place is not None}
        self.cost = len(block) + sum((len(text) + MAX_LENGTH) // 64 for text, _, _ in texts)

    def lacking(self, words: Words) -> list[str]:
        """The labels that the block asks for and the target does not have."""
        return sorted(word.removeprefix("label.") for word in self.wanted if word not in words)

    def filled(self, words: Words) -> Block:
        """A copy with every blank filled in; what has none is shared. Raises Unfit."""
        made: Block = self._fill(words) if self._fill else _filled_block(self._block, {}, words)
        return made


def _filler(value: Any, where: Where) -> _Fill | None:
    """What fills in the value, or None when there is nothing to fill in."""
    if isinstance(value, str):
        return _text_filler(value, where) if blanks(value) else None
    if isinstance(value, Block):
        parts = {key: fill for key, below in value.items() if (fill := _filler(below, (*where, key)))}
        return partial(_filled_block, value, parts) if parts else None
    if isinstance(value, Listing):
        items = {at: fill for at, below in enumerate(value) if (fill := _filler(below, (*where, at)))}
        return partial(_filled_list, value, items) if items else None
    return None


def _filled_block(block: Block, parts: Mapping[str, _Fill], words: Words) -> Block:
    made = Block()
    made.update(block)
    made.places = block.places
    for key, fill in parts.items():
        made[key] = fill(words)
    return made


def _filled_list(items: Listing, parts: Mapping[int, _Fill], words: Words) -> Listing:
    made = Listing()
    made.extend(items)
    made.places = items.places
    for number, fill in parts.items():
        made[number] = fill(words)
    return made


def _text_filler(text: str, where: Where) -> _Fill:
    pieces = _BLANK.split(text)  # what stands there, and the words to be filled in, by turns
    own = [reference for piece in pieces[::2] for reference in references(piece)]

    def fill(words: Words) -> str:
        filled = "".join([words[piece] if turn % 2 else piece for turn, piece in enumerate(pieces)])
        # Only what the operator has written whole is a reference: no target chooses a file or a variable.
        if "${" in filled and references(filled) != own:
            raise Unfit(where)
        return type(text)(filled)  # quoted before, quoted after

    return fill


def _texts(value: Any, place: Place | None, where: Where) -> Iterator[tuple[str, Place | None, Where]]:
    """Each text with blanks, its place, and where it is below the block."""
    if isinstance(value, str):
        if blanks(value):
            yield value, place, where
    elif isinstance(value, Block):
        for key, below in value.items():
            yield from _texts(below, value.places.get(key), (*where, key))
    elif isinstance(value, Listing):
        for number, below in enumerate(value):
            yield from _texts(below, value.places[number], (*where, number))
