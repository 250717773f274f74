"""What a model wants at each place: which texts stay secret, which are whole numbers, what lies deeper."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, WrapValidator
from pydantic.fields import FieldInfo

from config.json_value import JsonValue
from config.placeholders import FieldValue
from config.secrets import Secret

_SHORT, _FEW = 200, 64
_OWN_READING = (BeforeValidator, PlainValidator, WrapValidator)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is wanted at one place. `fields` are those of a model, `item` is for entries of lists and mappings.

    `filled`: with placeholders of its own.
    """

    secret: bool = False
    whole: bool = False
    number: bool = False
    filled: bool = False
    fields: Mapping[str, Shape] | None = None
    item: Shape | None = None
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", not (self.secret or self.whole or self.number or self.filled))


ANY = Shape()
# JSON, however deep: each text in it may refer to a secret.
_SECRET_ALL_DOWN = Shape(secret=True)
object.__setattr__(_SECRET_ALL_DOWN, "item", _SECRET_ALL_DOWN)
_FILLED_ALL_DOWN = Shape(filled=True)
object.__setattr__(_FILLED_ALL_DOWN, "item", _FILLED_ALL_DOWN)


@dataclass(slots=True)
class _Parts:
    """What the branches of a type come to."""

    secret: bool = False
    text: bool = False
    whole: bool = False
    number: bool = False
    filled: bool = False
    fields: dict[str, Shape] | None = None
    items: list[Shape] = field(default_factory=list)

    def shape(self) -> Shape:
        item = next((item for item in self.items if item.secret), self.items[0] if self.items else None)
        bare = not self.text
        if self.filled:
            return _FILLED_ALL_DOWN
        return Shape(self.secret, self.whole and bare, self.number and bare, fields=self.fields, item=item)


@lru_cache(maxsize=512)
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model."""
    return Shape(fields={name: _of_field(info) for name, info in model.model_fields.items()})


def alike(value: Any) -> Any:
    """What is equal for blocks that read the same wherever they stand; None for one that may not, or is large.

    Thousands of checks have the same few options: it is enough to read them once.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return value if len(value) <= _SHORT and "$" not in value and "@" not in value else None
    if len(value) > _FEW:
        return None
    if isinstance(value, dict):
        parts = [(key, alike(below)) for key, below in value.items()]
        return None if any(part is None for _, part in parts) else ("{", *parts)
    items = [alike(below) for below in value]
    return None if None in items else ("[", *items)


def _of_field(info: FieldInfo) -> Shape:
    parts = _Parts()
    _collect(info.annotation, parts, own=_reads_itself(info.metadata))
    return parts.shape()


def _of(annotation: Any) -> Shape:
    parts = _Parts()
    _collect(annotation, parts, own=False)
    return parts.shape()


def _reads_itself(metadata: Any) -> bool:
    """Whether the field reads its text in a way of its own (durations, sizes)."""
    return any(isinstance(mark, _OWN_READING) for mark in metadata)


def _collect(annotation: Any, parts: _Parts, *, own: bool) -> None:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        _collect(inner[0], parts, own=own or _reads_itself(inner[1:]))
    elif origin in (Union, types.UnionType):
        for branch in inner:
            _collect(branch, parts, own=own)
    elif isinstance(annotation, type) and issubclass(annotation, Secret):
        parts.secret = True
    elif isinstance(annotation, type) and issubclass(annotation, FieldValue):
        parts.filled = True
    elif isinstance(annotation, type) and issubclass(annotation, JsonValue):
        parts.secret = True
        parts.items.append(_SECRET_ALL_DOWN)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        parts.fields = {**(parts.fields or {}), **(shape_of(annotation).fields or {})}
    elif isinstance(origin, type) and inner:
        parts.items.append(_of(inner[-1] if issubclass(origin, Mapping) else inner[0]))
    elif annotation in (int, float) and not own:
        parts.whole = parts.whole or annotation is int
        parts.number = parts.number or annotation is float
    elif annotation is not type(None):
        parts.text = True
