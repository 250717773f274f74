"""Mappings and lists that still know where each of their entries was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Where: TypeAlias = tuple[str | int, ...]
# Where an entry's value stands, and its key: file, line, column, key's line, key's column, from 1; for an item of
# a list both are the same. A plain tuple, because there is one for each value of each file.
Place: TypeAlias = tuple[str, int, int, int, int]


class Block(dict[str, Any]):
    """A mapping as written. An entry taken over from elsewhere keeps the place it was written at."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, Place] = {}

    def write(self, key: str, value: Any, place: Place | None) -> None:
        """Set an entry together with its place."""
        self[key] = value
        if place is not None:
            self.places[key] = place


class Listing(list[Any]):
    """A list as written."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Block:
    """A new block with the entries of both; where both have one, the upper wins."""
    merged = Block()
    for layer in (below, above):
        places = layer.places if isinstance(layer, Block) else {}
        for key, value in layer.items():
            merged.write(key, value, places.get(key))
    return merged


def place_of(tree: Any, where: Where, *, key: bool = False) -> tuple[str, int, int] | None:
    """File, line and column of a value (or of its key); of its nearest parent when it was not written."""
    node, found = tree, None
    for part in where:
        place = _entry(node, part)
        if place is None:
            key = True
            break
        found, node = place, node[part]
    if found is None:
        return None
    return (found[0], found[3], found[4]) if key else found[:3]


def as_written(tree: Any, where: Where) -> Where:
    """The path without an index behind it where the operator wrote one name instead of a list of names."""
    node = tree
    for number, part in enumerate(where):
        if isinstance(part, int) and isinstance(node, str):
            return where[:number]
        node = node[part] if _entry(node, part) is not None else None
    return where


def dotted(where: Where) -> str:
    """The path as messages show it: `services.web.checks.home.every`."""
    return ".".join(str(part)[:64] for part in where)


def _entry(node: Any, part: str | int) -> Place | None:
    if isinstance(node, Block):
        return node.places.get(str(part))
    if isinstance(node, Listing) and isinstance(part, int) and part < len(node.places):
        return node.places[part]
    return None
