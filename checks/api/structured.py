"""API: lists of items with parameters (RFC 9651 and what resembles it), read leniently and within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_LONGEST = 8192
_MOST_ITEMS = 64


@dataclass(frozen=True, slots=True)
class Item:
    """`"default";r=50;t=30` has the head `default`; `limit=100` has none, and one parameter."""

    head: str
    params: Mapping[str, str] = field(default_factory=dict)


def items(text: str) -> list[Item]:
    """The items of a list; of more than 8 KiB or 64 items the first."""
    found = [_parts(part, ";") for part in _parts(text[:_LONGEST], ",")[:_MOST_ITEMS]]
    return [_item([piece.strip() for piece in pieces]) for pieces in found if any(map(str.strip, pieces))]


def _parts(text: str, mark: str) -> list[str]:
    """The text cut at each mark that does not stand in quotes."""
    if '"' not in text:
        return text.split(mark)
    cuts, quoted, escaped = [-1], False, False
    for place, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == mark and not quoted:
            cuts.append(place)
    return [text[begin + 1 : end] for begin, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _item(pieces: list[str]) -> Item:
    first, *rest = [piece for piece in pieces if piece]
    params = dict(_param(piece) for piece in (rest if _is_head(first) else [first, *rest]))
    return Item(_bare(first) if _is_head(first) else "", params)


def _is_head(piece: str) -> bool:
    return piece.startswith(('"', ":")) or "=" not in piece


def _param(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name.strip().lower(), _bare(value.strip())


def _bare(text: str) -> str:
    return (
        text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        if len(text) > 1 and text[0] == text[-1] == '"'
        else text
    )
