"""The options of a model as rows for people: name, type, default, description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.unit_table import SIZE
from config.units import parse_duration, parse_size, show_duration

Schema = Mapping[str, Any]

_NUMBERS = {"integer": "whole number", "number": "number"}


@dataclass(frozen=True, slots=True)
class Option:
    """One row. `name` is dotted for what lies inside another option; an empty `default` means none."""

    name: str
    kind: str
    default: str
    description: str


def options_of(model: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """A row for every option, those inside others after them."""
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        shape = schema["properties"][field.alias or name]
        yield Option(f"{prefix}{name}", _kind(shape, schema), _default(field, shape), field.description or "")
        inner = _model_in(field.annotation)
        if inner is not None:
            yield from options_of(inner, f"{prefix}{name}.")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an option is, or may be beside None."""
    for part in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _kind(shape: Schema, whole: Schema) -> str:
    """What to write there, in words."""
    shape = _followed(shape, whole)
    if "anyOf" in shape:
        parts = [_kind(part, whole) for part in shape["anyOf"] if part.get("type") != "null"]
        return _with_example(" or ".join(dict.fromkeys(parts)), shape)
    if "enum" in shape:
        return _one_of(shape["enum"])
    if "const" in shape:
        return f"`{shape['const']}`"
    return _with_example(_plain_kind(shape, whole), shape)


def _plain_kind(shape: Schema, whole: Schema) -> str:
    sort = shape.get("type")
    if sort == "boolean":
        return "`true` or `false`"
    if sort in _NUMBERS:
        return _NUMBERS[sort] + _bounds(shape)
    if sort == "array":
        return f"list of {_kind(shape['items'], whole)}" if "items" in shape else "list"
    if sort == "object":
        return "mapping"
    return "text"


def _with_example(kind: str, shape: Schema) -> str:
    if not shape.get("examples") or "such as" in kind:
        return kind
    example = str(shape["examples"][0])
    return f"{_measure(example) or kind if kind == 'text' else kind}, such as `{example}`"


def _followed(shape: Schema, whole: Schema) -> Schema:
    reference = shape.get("$ref")
    if reference is None:
        return shape
    found: Schema = whole["$defs"][reference.rpartition("/")[2]]
    return found


def _one_of(choices: list[Any]) -> str:
    shown = [f"`{choice}`" for choice in choices]
    return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _bounds(shape: Schema) -> str:
    low, high = shape.get("minimum"), shape.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    if low is not None:
        return f", at least {low}"
    return f", at most {high}" if high is not None else ""


def _default(field: FieldInfo, shape: Schema) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=False)
    if default is None or isinstance(default, BaseModel) or default in ((), {}):
        return ""
    return f"`{_written(default, shape)}`"


def _written(default: Any, shape: Schema) -> str:
    """The default as the operator would write it; the example tells times, sizes and shares apart."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (float, Fraction)):
        examples = shape.get("examples") or [""]
        return _with_unit(default, str(examples[0]))
    if isinstance(default, (tuple, list)):
        return ", ".join(str(item) for item in default)
    return str(default)


def _with_unit(number: float | Fraction, example: str) -> str:
    measure = _measure(example)
    if measure == "duration":
        return show_duration(float(number))
    if measure == "size":
        return _size(float(number))
    return f"{float(number) * 100:g}%" if measure == "share" else f"{float(number):g}"


def _measure(example: str) -> str | None:
    """What the example is: `30s` a duration, `10MiB` a size, `99%` a share; None for anything else."""
    for name, parse in (("duration", parse_duration), ("size", parse_size)):
        with suppress(ValueError):
            if not example.isdecimal():
                parse(example)
                return name
    return "share" if example.endswith("%") else None


def _size(number: float) -> str:
    fitting = [name for name, worth in SIZE.items() if number >= worth and number % worth == 0]
    best = max(fitting, key=lambda name: SIZE[name], default="B")
    return f"{number / SIZE[best]:g}{best}"
