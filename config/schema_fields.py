"""Options as an editor's schema has them: what the daemon understands, however YAML's own types come out.

An editor reads YAML its own way (`no` or `yes`, `4` and `1.10` as numbers, nothing at all as null); the daemon
reads texts, and follows references in them. Whatever it understands is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from config.units import DURATION_FORM, RATIO_FORM, SIZE_FORM, show_duration, show_ratio, show_size

_TEXT = ["string", "number", "boolean"]
_KINDS_OF_TEXT = {RATIO_FORM: ["string", "number"], SIZE_FORM: ["string", "number"]}
_REFERENCE = r"\$\{"
_WHOLE = rf"^-?(0|[1-9][0-9]*)$|{_REFERENCE}"
_NUMBER = rf"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$|{_REFERENCE}"
_TRUTH = [True, False, "yes", "no", "on", "off", "true", "false"]


class FieldSchema(GenerateJsonSchema):
    """Texts as editors see them, and defaults as operators write them."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        pattern = made.get("pattern")
        if pattern is None:
            return {**made, "type": _TEXT}
        kinds = _KINDS_OF_TEXT.get(pattern, "string")
        bare = {"maximum": 1} if pattern == RATIO_FORM else {}  # 99 without its % is no share
        return {**made, "pattern": f"{pattern}|{_REFERENCE}", "type": kinds, **bare}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {**super().int_schema(schema), "type": ["integer", "string"], "pattern": _WHOLE}

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return {**super().float_schema(schema), "type": ["number", "string"], "pattern": _NUMBER}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:  # noqa: ARG002 - its signature
        return _or_reference({"enum": _TRUTH})

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        made = super().literal_schema(schema)
        choices = made.get("enum", [made.get("const")])
        numbers = [_number(choice) for choice in choices if _number(choice) is not None]
        return _or_reference({"enum": [*choices, *numbers]})

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if "default" in made:
            made["default"] = _as_written(schema["default"], made)
        return made

    def encode_default(self, default: Any) -> Any:
        if isinstance(default, BaseModel):
            return {name: self.encode_default(value) for name, value in default}
        return show_ratio(default) if isinstance(default, Fraction) else super().encode_default(default)


def or_nothing(option: Mapping[str, Any]) -> dict[str, Any]:
    """The option, which may also be left empty: `every:` without a value is as good as no `every:`."""
    if "anyOf" in option:
        empty = {"type": "null"}
        return {**option, "anyOf": [*(part for part in option["anyOf"] if part != empty), empty]}
    if isinstance(option.get("type"), str | list):
        kinds = option["type"] if isinstance(option["type"], list) else [option["type"]]
        return {**option, "type": [*kinds, "null"]}
    told = {key: option[key] for key in ("description", "default", "examples", "title") if key in option}
    rest = {key: value for key, value in option.items() if key not in told}
    return {**told, "anyOf": [rest, {"type": "null"}]}


def _or_reference(made: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [made, {"type": "string", "pattern": _REFERENCE}]}


def _as_written(default: Any, made: JsonSchemaValue) -> Any:
    """A default as the operator would write it: `60s`, and not 60.0."""
    pattern = str(made.get("pattern", "")).removesuffix(f"|{_REFERENCE}")
    show = {DURATION_FORM: show_duration, SIZE_FORM: show_size}.get(pattern)
    return show(default) if show and isinstance(default, float) else made["default"]


def _number(choice: object) -> int | float | None:
    """The number an editor would take a word for, or None."""
    try:
        return int(str(choice)) if str(choice).isdecimal() else float(str(choice))
    except ValueError:
        return None
