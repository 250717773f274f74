"""Status page: fields of a document that may hold anything, taken as what they should be."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from checks.text import visible

Fields = Mapping[str, object]

_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_TITLE, _READ = 200, 2000
_NOTHING: Fields = {}


def fields(value: object) -> Fields:
    """An object's fields; none of what is no object."""
    return value if isinstance(value, dict) else _NOTHING


def entries(value: object) -> list[Fields]:
    """The objects in a list; none of what is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def are_objects(value: object) -> bool:
    """Whether this is a list of objects and nothing else; an empty list is."""
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def line(*values: object) -> str:
    """The first that holds a text or a number, as one line without markup, safe to show; empty where none does."""
    for value in values:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            shown = without_markup(value if isinstance(value, str) else str(value))
            if shown:
                return visible(shown, _TITLE)
    return ""


def without_markup(text: str) -> str:
    """The first 2000 characters without HTML tags and entities, white space made single."""
    bare = html.unescape(_TAG.sub(" ", text[:_READ]))
    return " ".join(_TAG.sub(" ", bare).split())


def names(*values: object) -> tuple[str, ...]:
    """Texts, and the names of objects, in these values or lists: each once, empty ones left out."""
    found: dict[str, None] = {}
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            known = fields(each)
            found.setdefault(line(known.get("name"), known.get("title")) if known else line(each))
    found.pop("", None)
    return tuple(found)
