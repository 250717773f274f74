"""The JSON Schema of the operator's file, made from the models (draft 2020-12).

An editor reads YAML its own way (`no` or `yes`, `4` and `1.10` as numbers); the daemon reads texts. So the
schema also allows what an editor takes for a number or a truth value wherever the daemon understands it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from config.models import AgentConfig, CheckOptions, Defaults, KindInfo, Route, ServiceOptions, Team
from config.units import DURATION_FORM, RATIO_FORM, SIZE_FORM, show_duration, show_ratio, show_size

_ANY = {"type": "object"}
_MODE: JsonSchemaMode = "validation"
_TEXT = ["string", "number", "boolean"]
_KINDS_OF_TEXT = {RATIO_FORM: ["string", "number"], SIZE_FORM: ["string", "number"]}
_REFERENCE = r"|\$\{"
_TRUTH = [True, False, "yes", "no", "on", "off", "true", "false"]


class _Generator(GenerateJsonSchema):
    """Texts as editors see them, and defaults as operators write them."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        pattern = made.get("pattern")
        if pattern is None:
            return {**made, "type": _TEXT}
        return {**made, "pattern": pattern + _REFERENCE, "type": _KINDS_OF_TEXT.get(pattern, "string")}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:  # noqa: ARG002 - its signature
        return {"enum": _TRUTH}

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        made = super().literal_schema(schema)
        numbers = [_number(choice) for choice in made.get("enum", []) if _number(choice) is not None]
        return {"enum": [*made["enum"], *numbers]} if numbers else made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if "default" in made:
            made["default"] = _as_written(schema["default"], made)
        return made

    def encode_default(self, default: Any) -> Any:
        return show_ratio(default) if isinstance(default, Fraction) else super().encode_default(default)


def schema(kinds: Mapping[str, KindInfo]) -> dict[str, Any]:
    """The whole file's schema; a check's options depend on its `type`."""
    models: list[type[BaseModel]] = [AgentConfig, Defaults, Team, Route, ServiceOptions, CheckOptions]
    models += [kind.spec for kind in kinds.values()]
    refs, definitions = models_json_schema(
        [(model, _MODE) for model in models], ref_template="#/$defs/{model}", schema_generator=_Generator
    )
    defs: dict[str, Any] = definitions.get("$defs", {})
    named = {model: refs[(model, _MODE)] for model in models}
    service = defs[named[ServiceOptions]["$ref"].rpartition("/")[2]]
    service["properties"]["checks"] = _map_of({"$ref": "#/$defs/Check"}, "its checks by id")
    service["allOf"] = [_TYPED_WITHOUT_TEMPLATE]
    defs["Check"] = _check(kinds, defs, named)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tocsin configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": _sections(named),
        "$defs": defs,
    }


# A check that only changes one of a template may leave its type to the template.
_TYPED_WITHOUT_TEMPLATE: Mapping[str, Any] = {
    "if": {"not": {"required": ["use"]}},
    "then": {"properties": {"checks": {"additionalProperties": {"required": ["type"]}}}},
}


def _sections(named: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    """The top of the file, in the order in which people write it."""
    files = {"type": ["string", "array"], "items": {"type": "string"}, "examples": [["conf.d/*.yaml"]]}
    routes = {"type": "array", "items": named[Route], "description": "where tickets go, first match wins"}
    return {
        "agent": named[AgentConfig],
        "include": {**files, "description": "further files, relative to this one"},
        "defaults": named[Defaults],
        "templates": _map_of(_ANY, "named blocks that services start from"),
        "teams": _map_of(named[Team], "who is asked"),
        "calendars": _map_of(_ANY, "working hours and holidays"),
        "policies": _map_of(_ANY, "targets and tiers by name"),
        "helpdesks": _map_of(_ANY, "where tickets are mirrored"),
        "channels": _map_of(_ANY, "where notices are sent"),
        "services": _map_of(named[ServiceOptions], "what people rely on"),
        "routes": routes,
    }


def _check(
    kinds: Mapping[str, KindInfo], defs: dict[str, Any], named: Mapping[type[BaseModel], Any]
) -> dict[str, Any]:
    """Any check; which options it has follows from its type."""
    branches = []
    for kind in kinds.values():
        defs[f"Check_{kind.name}"] = _check_of(kind, defs, named)
        asked = {"required": ["type"], "properties": {"type": {"const": kind.name}}}
        branches.append({"if": asked, "then": {"$ref": f"#/$defs/Check_{kind.name}"}})
    known = {"enum": [kind.name for kind in kinds.values()], "description": "the kind of check"}
    return {"type": "object", "properties": {"type": known}, "allOf": branches}


def _check_of(
    kind: KindInfo, defs: Mapping[str, Any], named: Mapping[type[BaseModel], Any]
) -> dict[str, Any]:
    """Envelope and options of one kind in one closed object."""
    envelope, spec = (defs[named[model]["$ref"].rpartition("/")[2]] for model in (CheckOptions, kind.spec))
    return {
        "title": kind.name,
        "description": spec.get("description", ""),
        "type": "object",
        "additionalProperties": False,
        "properties": {**envelope["properties"], **spec.get("properties", {}), "type": {"const": kind.name}},
        "required": ["type", *spec.get("required", [])],
    }


def _map_of(what: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": dict(what), "description": description}


def _as_written(default: Any, made: JsonSchemaValue) -> Any:
    """A default as the operator would write it: `60s`, and not 60.0."""
    show = {DURATION_FORM: show_duration, SIZE_FORM: show_size}.get(
        made.get("pattern", "").removesuffix(_REFERENCE)
    )
    return show(default) if show and isinstance(default, float) else made["default"]


def _number(choice: object) -> int | float | None:
    """The number an editor would take a word for, or None."""
    try:
        return int(str(choice)) if str(choice).isdecimal() else float(str(choice))
    except ValueError:
        return None
