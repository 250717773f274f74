"""pydantic's complaints -> sentences with a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_WANTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "yes or no",
    "bool_type": "yes or no",
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def nearest(word: str, known: Collection[str]) -> str | None:
    """`did you mean "every"?`, or None when nothing known is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{found[0]}"?' if found else None


def complaints(
    error: ValidationError, known: Collection[str]
) -> Iterable[tuple[tuple[str | int, ...], str, str | None, bool]]:
    """For each mistake: where (below the model), the sentence, a hint, and whether the key itself is meant."""
    for detail in error.errors(include_url=False):
        where = tuple(part for part in detail["loc"] if not _is_branch(part))
        message, hint, is_key = _sentence(detail, known)
        yield where, message, hint, is_key


def shown(value: Any) -> str:
    """A value as it may stand in a message: quoted, short, never a whole structure."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = "nothing" if value is None else f'"{value}"'
    return text if len(text) <= 64 else text[:60] + '..."'


def _is_branch(part: str | int) -> bool:
    """pydantic names the branch of a union in the place; the operator never wrote that."""
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "float", "bool", "nullable"})


def _sentence(detail: ErrorDetails, known: Collection[str]) -> tuple[str, str | None, bool]:
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind == "extra_forbidden":
        word = str(detail["loc"][-1])
        listed = ", ".join(sorted(known)) if known else ""
        hint = nearest(word, known) or (f"known here: {listed}" if 0 < len(listed) < 160 else None)
        return f'unknown key "{word[:60]}"', hint, True
    if kind == "missing":
        return "is missing", None, True
    if kind == "value_error":
        return str(context.get("error", detail["msg"])), None, False
    if kind == "literal_error":
        return (
            f"expected {context.get('expected', '')}, got {shown(given)}",
            nearest(str(given), _choices(context)),
            False,
        )
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}, got {shown(given)}", None, False
    if kind == "less_than_equal":
        return f"must be at most {context['le']}, got {shown(given)}", None, False
    if kind in _WANTED:
        return f"expected {_WANTED[kind]}, got {shown(given)}", None, False
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {shown(given)}", None, False


def _choices(context: dict[str, Any]) -> list[str]:
    return [
        word.strip(" '\"")
        for part in str(context.get("expected", "")).split(" or ")
        for word in part.split(",")
    ]
