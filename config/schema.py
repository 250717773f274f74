"""The JSON Schema of the operator's file, made from the models (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import PydanticOmit, core_schema

from config.models import AgentConfig, CheckOptions, Defaults, KindInfo, Route, ServiceOptions, Team

_ANY = {"type": "object"}
_MODE: JsonSchemaMode = "validation"


class _Generator(GenerateJsonSchema):
    """Defaults that are no JSON (shares, nested models) are left to the description."""

    def encode_default(self, default: Any) -> Any:
        try:
            return super().encode_default(default)
        except Exception:
            raise PydanticOmit from None

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        try:
            return super().default_schema(schema)
        except PydanticOmit:
            return self.generate_inner(schema["schema"])


def schema(kinds: Mapping[str, KindInfo]) -> dict[str, Any]:
    """The whole file's schema; a check's options depend on its `type`."""
    models: list[type[BaseModel]] = [AgentConfig, Defaults, Team, Route, ServiceOptions, CheckOptions]
    models += [kind.spec for kind in kinds.values()]
    refs, definitions = models_json_schema(
        [(model, _MODE) for model in models], ref_template="#/$defs/{model}", schema_generator=_Generator
    )
    defs: dict[str, Any] = definitions.get("$defs", {})
    named = {model: refs[(model, _MODE)] for model in models}
    defs["Check"] = {"oneOf": [_check(kind, defs, named) for kind in kinds.values()]}
    defs["ServiceOptions"]["properties"]["checks"] = _map_of({"$ref": "#/$defs/Check"}, "its checks by id")
    service = named[ServiceOptions]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tocsin configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "agent": named[AgentConfig],
            "include": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "further files",
            },
            "defaults": named[Defaults],
            "templates": _map_of(_ANY, "named blocks that services start from"),
            "teams": _map_of(named[Team], "who is asked"),
            "calendars": _map_of(_ANY, "working hours and holidays"),
            "policies": _map_of(_ANY, "targets and tiers by name"),
            "helpdesks": _map_of(_ANY, "where tickets are mirrored"),
            "channels": _map_of(_ANY, "where notices are sent"),
            "services": _map_of(service, "what people rely on"),
            "routes": {
                "type": "array",
                "items": named[Route],
                "description": "where tickets go, first match wins",
            },
        },
        "$defs": defs,
    }


def _check(kind: KindInfo, defs: Mapping[str, Any], named: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    """Envelope and options of one kind in one closed object."""
    envelope, spec = (defs[named[model]["$ref"].rpartition("/")[2]] for model in (CheckOptions, kind.spec))
    return {
        "title": kind.name,
        "type": "object",
        "additionalProperties": False,
        "properties": {**envelope["properties"], **spec.get("properties", {}), "type": {"const": kind.name}},
        "required": ["type", *spec.get("required", [])],
    }


def _map_of(what: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": dict(what), "description": description}
