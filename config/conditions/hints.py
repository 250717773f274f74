"""The words of the language, and what to say when one was nearly right."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

SIGNS = ("<", "<=", ">", ">=", "==", "!=")
WORDS = ("in", "contains", "matches", "like")
_CONSTANTS = ("true", "false", "null")
_JOINERS = ("and", "or", "not", "for", "of")
RESERVED = {*_JOINERS, *WORDS, *_CONSTANTS, "exists", "len", "json", "header", "body", "value"}
_MISSPELT = {
    "is": "== or !=",
    "equals": "==",
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "ge": ">=",
    "lt": "<",
    "le": "<=",
}
EXAMPLE = "a condition starts with what is looked at, as in status == 200"
_MOST_NAMES = 12


def name_hint(name: str, names: Collection[str] | None, *, right: bool) -> str | None:
    """For a name that is not declared; on the right of an operator it may be text without quotes."""
    if name.lower() in _CONSTANTS:
        return f"did you mean {name.lower()}?"
    known = sorted(names or ())
    near = get_close_matches(name, [*known, "body", "header", "json"], 1, 0.8 if right else 0.6)
    if near:
        return f"did you mean {near[0]}?"
    if right:
        return f'quote it: "{name}"'
    return f"known are {', '.join(known[:_MOST_NAMES])}" if known else None


def operator_hint(found: str, left: str) -> str | None:
    """For a word that stands where an operator should."""
    lower = found.lower()
    if lower in _MISSPELT:
        return f"write {_MISSPELT[lower]}"
    if lower in ("", "and", "or", ")", "for"):
        return f"if it is a yes or no, write {left} == true"
    near = get_close_matches(lower, [*WORDS, "not"], 1, 0.7)
    return f"did you mean {near[0]}?" if near else None


def reserved_hint(word: str) -> str:
    """For a word of the language that stands where a value should."""
    return EXAMPLE if word in _CONSTANTS else f'for a value of that name write value "{word}"'
