"""pydantic's complaints -> sentences with a remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.errors import one_line
from config.masks import mask
from config.other_words import OF_A_CHECK, OF_UPTIME, is_foreign, ours
from config.places import Where
from config.units import show_size

MISSING = "is missing"
_MANY, _ENOUGH, _LONG_WORD, _LONG_LIST = 200, 40, 64, 280
_WANTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of usual size",
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
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}
_REMEDY = re.compile(r"(?s)(.+) \((did you mean [^()]*\?|write [^()]*)\)")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake: where below the model, the sentence, a hint; `key`: the key itself is meant."""

    where: Where
    message: str
    hint: str | None = None
    key: bool = False


def nearest(word: str, known: Collection[str]) -> str | None:
    """`did you mean "every"?` for a name, or None when nothing known is near."""
    return _did_you_mean(_near(word, known))


def meant(word: str, known: Collection[str]) -> str | None:
    """As `nearest`, for a word of ours, which other tools may have another word for."""
    return _did_you_mean(ours(word, known) or (None if is_foreign(word) else _near(word, known)))


def _did_you_mean(name: str | None) -> str | None:
    return None if name is None else f'did you mean "{name}"?'


def _near(word: str, known: Collection[str]) -> str | None:
    if len(word) > _LONG_WORD:
        return None
    candidates = {name.lower(): name for name in _candidates(word.lower(), known)}
    found = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    return candidates[found[0]] if found else None


def complaints(
    error: ValidationError, model: type[BaseModel], block: Any, also: Collection[str] = ()
) -> list[Complaint]:
    """Each mistake in `block`; `also` are keys that are known beside the fields of the model."""
    found = []
    for detail in error.errors(include_url=False, include_context=True):
        where = _written(detail, block)
        if detail["type"] == "extra_forbidden":
            inner = _model_at(model, where[:-1])
            known = {*inner.model_fields, *(also if len(where) == 1 else ())} if inner else set()
            found.append(_unknown_key(where, known, detail.get("input")))
        elif detail["type"] == "missing":
            field = _field_at(model, where)
            found.append(Complaint(where, MISSING, field.description if field else None, key=True))
        else:
            message, hint = _sentence(detail, _field_at(model, where))
            found.append(Complaint(where, message, hint))
    return _once(found)


def _once(found: list[Complaint]) -> list[Complaint]:
    """A key that is only misspelt is not missing as well."""
    meant_here = {
        (*one.where[:-1], one.hint.split('"')[1]) for one in found if one.key and one.hint and '"' in one.hint
    }
    return [one for one in found if one.message != MISSING or one.where not in meant_here]


def shown(value: Any) -> str:
    """A value as it may stand in a message: quoted, short, never a whole structure."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    # Masked first: a secret that is cut short would not be recognised any more.
    return "nothing" if value is None else f'"{one_line(mask(str(value)), 60)}"'


def sort_of(value: Any) -> str:
    """What a value is, without the value: it may be a secret in the wrong place."""
    return "a text" if isinstance(value, str) else shown(value)


def _candidates(word: str, known: Collection[str]) -> Iterable[str]:
    """All of a few; of many only some that look alike at an end, or one wrong name would cost seconds."""
    if len(known) <= _MANY:
        return known
    start, end, size = word[:3], word[-3:], len(word)
    alike = (name for name in known if (name[:3] == start or name[-3:] == end) and abs(len(name) - size) <= 3)
    return islice(alike, _ENOUGH)


def _unknown_key(where: Where, known: Collection[str], value: Any) -> Complaint:
    word = str(where[-1])
    return Complaint(where, f'unknown key "{one_line(word, 60)}"', _key_hint(word, known, value), key=True)


def _key_hint(word: str, known: Collection[str], value: Any) -> str | None:
    if "checks" in known and isinstance(value, dict) and "type" in value:
        return "a check stands below checks:"
    if "checks" in known and (word in OF_A_CHECK or ours(word, OF_A_CHECK)):
        return "it belongs to a check, below checks:"
    if "uptime" in known and word in OF_UPTIME:
        return "it belongs below uptime:"
    listed = ", ".join(sorted(known))
    return meant(word, known) or (f"known here: {listed}" if 0 < len(listed) < _LONG_LIST else None)


def _written(detail: ErrorDetails, block: Any) -> Where:
    """The place in the operator's words: pydantic also names branches of unions, which nobody wrote."""
    node, where = block, []
    for part in detail["loc"]:
        if isinstance(node, dict) and part in node:
            node = node[str(part)]
        elif isinstance(node, (list, tuple)) and isinstance(part, int) and part < len(node):
            node = node[part]
        elif detail["type"] != "missing" or part != detail["loc"][-1]:
            continue
        where.append(part)
    return tuple(where)


def _model_at(model: type[BaseModel], where: Where) -> type[BaseModel] | None:
    """The model that stands at a place below this one; None where none does."""
    found: type[BaseModel] | None = model
    for part in where:
        field = found.model_fields.get(str(part)) if found else None
        inner = _model_in(field.annotation) if field else None
        if field is not None:
            found = inner
        elif not isinstance(part, int):
            return None
    return found


def _field_at(model: type[BaseModel], where: Where) -> FieldInfo | None:
    """The field of the option at a place below the model, or of the list or mapping it is an item of."""
    for depth in range(len(where), 0, -1):
        inner = _model_at(model, where[: depth - 1])
        field = inner.model_fields.get(str(where[depth - 1])) if inner else None
        if field is not None:
            return field
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)


def _sentence(detail: ErrorDetails, field: FieldInfo | None) -> tuple[str, str | None]:
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind == "value_error":
        return _with_remedy(str(context.get("error", detail["msg"])))
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return f"expected {_either(choices)}, got {shown(given)}", meant(str(given), choices)
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {_bound(context[name])}, got {shown(given)}", None
    if kind == "string_too_short" and context["min_length"] == 1:
        return "must not be empty", _example(field)
    if kind in ("too_short", "string_too_short"):
        return "must name at least one", _example(field)
    if kind == "string_pattern_mismatch":
        return f"must fit the pattern {context['pattern']}, got {shown(given)}", _example(field)
    wanted = _WANTED.get(kind)
    if wanted is None:
        return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {shown(given)}", None
    if wanted == "a mapping":  # it may hold secrets, which a wrong shape does not make less secret
        return f"expected a mapping, got {sort_of(given)}", mapping_hint(given)
    return f"expected {wanted}, got {shown(given)}", _shape_hint(wanted, given, field)


def mapping_hint(given: Any) -> str | None:
    """Why what was to be a mapping may have become a text."""
    if isinstance(given, str) and re.match(r"[\w-]+\s*=", given):
        return "write key: value, with a colon instead of ="
    if isinstance(given, str) and re.match(r"[\w-]+:(?!//)\S", given):
        return "write key: value, with a space behind the colon"
    return None


def list_hint(given: Any) -> str | None:
    """How named things are written that were made a list of."""
    return "begin each with its id and a colon, not with a -" if isinstance(given, list) else None


def _shape_hint(wanted: str, given: Any, field: FieldInfo | None) -> str | None:
    """How a list or a text is written here."""
    if wanted == "a list" and field is not None and _model_in(field.annotation) is not None:
        return "begin each item with a - on a line of its own"
    if wanted == "a list" and isinstance(given, str) and len(given) < _LONG_WORD:
        return f"write [{one_line(given, 60)}]"
    return _example(field) if isinstance(given, (list, dict)) else None


def _example(field: FieldInfo | None) -> str | None:
    example = (field.examples or [None])[0] if field is not None else None
    if isinstance(example, list):
        example = f"[{', '.join(map(str, example))}]"
    return f"such as {example}" if isinstance(example, str) else None


def _bound(bound: Any) -> str:
    """A bound as it would be written; those of sizes are kept in bytes."""
    return show_size(bound) if isinstance(bound, float) and bound >= 1024 else f"{bound}"


def _with_remedy(text: str) -> tuple[str, str | None]:
    """`no (did you mean yes?)` -> `no`, `did you mean yes?`."""
    found = _REMEDY.fullmatch(text)
    return (found[1], found[2]) if found else (text, None)


def _either(choices: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]])) if choices else "something else"
