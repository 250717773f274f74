"""The options of a model as rows for people: name, type, default, description, example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.markdown import table
from config.units import parse_duration, parse_size, show_duration, show_ratio, show_size

Schema = Mapping[str, Any]

_NUMBERS = {"integer": "whole number", "number": "number"}


@dataclass(frozen=True, slots=True)
class Option:
    """One row. `name` is dotted for what lies inside another option; empty texts mean there is none.

    `kind` and `description` have words of the file in backquotes; `default` and `example` are as written there.
    """

    name: str
    kind: str
    default: str
    description: str
    example: str = ""
    required: bool = False


def options_of(
    model: type[BaseModel], prefix: str = "", defaults: type[BaseModel] | None = None
) -> Iterator[Option]:
    """A row for every option, those inside others after them.

    An option without a default of its own has the one of its namesake in `defaults`.
    """
    schema = model.model_json_schema()
    general = {option.name: option.default for option in options_of(defaults)} if defaults else {}
    for name, field in model.model_fields.items():
        shape = schema["properties"][field.alias or name]
        yield Option(
            name=f"{prefix}{field.alias or name}",
            kind=_kind(shape, schema),
            default=_default(field, shape) or general.get(name, ""),
            description=field.description or "",
            example=_example(shape, schema),
            required=field.is_required(),
        )
        inner = _model_in(field.annotation)
        if inner is not None:
            yield from options_of(inner, f"{prefix}{name}.")


def option_table(options: Iterable[Option]) -> str:
    """The rows as a table in Markdown."""
    return table(("option", "type", "default", "meaning"), (_row(option) for option in options))


def plain(text: str) -> str:
    """The text without its backquotes, for terminals and programs."""
    return text.replace("`", "")


def _row(option: Option) -> tuple[str, ...]:
    kind = f"{option.kind}, such as `{option.example}`" if option.example else option.kind
    default = "required" if option.required else option.default and f"`{option.default}`"
    return f"`{option.name}`", kind, default, option.description


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an option is, or may be beside something else, or has many of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_model_in, getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _kind(shape: Schema, whole: Schema) -> str:
    """What to write there, in words."""
    shape = _followed(shape, whole)
    if "anyOf" in shape:
        parts = dict.fromkeys(_kind(part, whole) for part in shape["anyOf"] if part.get("type") != "null")
        one, *further = parts
        one_or_many = further == [f"list of {one}"]
        return _measured(f"{one}, or a list of them" if one_or_many else " or ".join(parts), shape)
    if "enum" in shape:
        return _one_of(shape["enum"])
    if "const" in shape:
        return f"`{shape['const']}`"
    return _measured(_plain_kind(shape, whole), shape)


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


def _measured(kind: str, shape: Schema) -> str:
    """Times, sizes and shares are texts; the example tells them apart."""
    examples = shape.get("examples")
    return _measure(str(examples[0])) or kind if examples and kind == "text" else kind


def _example(shape: Schema, whole: Schema) -> str:
    if shape.get("examples"):
        return _written(shape["examples"][0], shape)
    inner = [_followed(shape, whole)] if "$ref" in shape else shape.get("anyOf", [])
    return next(filter(None, (_example(part, whole) for part in inner)), "")


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
    default = None if field.is_required() else field.get_default(call_default_factory=False)
    if default in (None, PydanticUndefined, (), {}) or isinstance(default, BaseModel):
        return ""
    return _written(default, shape)


def _written(value: Any, shape: Schema) -> str:
    """The value as the operator would write it; the example tells times, sizes and shares apart."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (float, Fraction)):
        examples = shape.get("examples") or [""]
        return _with_unit(value, str(examples[0]))
    if isinstance(value, (tuple, list, Mapping)):
        return _in_one_line(value)
    return str(value)


def _in_one_line(value: Any) -> str:
    import yaml

    written = value if isinstance(value, Mapping) else list(value)
    return yaml.safe_dump(written, default_flow_style=True, sort_keys=False, width=10_000).strip()


def _with_unit(number: float | Fraction, example: str) -> str:
    measure = _measure(example)
    if measure == "duration":
        return show_duration(float(number))
    if measure == "size":
        return show_size(float(number))
    return show_ratio(Fraction(number)) if measure == "share" else f"{float(number):g}"


def _measure(example: str) -> str | None:
    """What the example is: `30s` a duration, `10MiB` a size, `99%` a share; None for anything else."""
    for name, parse in (("duration", parse_duration), ("size", parse_size)):
        with suppress(ValueError):
            if not example.isdecimal():
                parse(example)
                return name
    return "share" if example.endswith("%") else None
