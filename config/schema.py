"""The JSON Schema of the operator's file, made from the models (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from config.desk import DeskOptions
from config.field_types import ID_FORM, ID_RULE
from config.inbound import Inbound
from config.incidents import IncidentOptions
from config.models import (
    AgentConfig,
    CalendarOptions,
    CheckOptions,
    Defaults,
    HelpdeskOptions,
    KindInfo,
    MaintenanceOptions,
    Route,
    ServiceOptions,
    SeverityRule,
    Team,
)
from config.policy_options import PolicyOptions
from config.schema_fields import FieldSchema, or_nothing
from config.status_pages import StatusPage
from config.vendors import Vendor

_MODE: JsonSchemaMode = "validation"
_CHECK, _TEMPLATE = {"$ref": "#/$defs/Check"}, {"$ref": "#/$defs/Template"}
_TYPED = {"required": ["type"]}
_USES = {"required": ["use"]}


def schema(kinds: Mapping[str, KindInfo]) -> dict[str, Any]:
    """The whole file's schema; a check's options depend on its `type`."""
    models: list[type[BaseModel]] = [
        AgentConfig,
        Defaults,
        IncidentOptions,
        DeskOptions,
        Team,
        CalendarOptions,
        MaintenanceOptions,
    ]
    models += [HelpdeskOptions, Inbound, PolicyOptions, StatusPage, Vendor]
    models += [SeverityRule, Route, ServiceOptions, CheckOptions, *(kind.spec for kind in kinds.values())]
    refs, definitions = models_json_schema(
        [(model, _MODE) for model in models], ref_template="#/$defs/{model}", schema_generator=FieldSchema
    )
    defs: dict[str, Any] = definitions.get("$defs", {})
    for definition in defs.values():
        _may_be_empty(definition)
    named = {model: refs[(model, _MODE)] for model in models}
    defs[_name_of(named[HelpdeskOptions])]["additionalProperties"] = True  # those of its type
    defs |= _checks_and_templates(kinds, defs, named)
    # The options of a kind stand in its check, and by themselves only where another kind takes them.
    for name in {_name_of(named[kind.spec]) for kind in kinds.values()} - _led_to(list(defs.values())):
        del defs[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tocsin configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: or_nothing(section) for name, section in _sections(named).items()},
        "$defs": defs,
    }


def _led_to(node: Any) -> set[str]:
    """The definitions that references within the node lead to."""
    if isinstance(node, list):
        return {name for part in node for name in _led_to(part)}
    if not isinstance(node, dict):
        return set()
    here = {_name_of(node)} if isinstance(node.get("$ref"), str) else set[str]()
    return here | _led_to(list(node.values()))


def _may_be_empty(definition: dict[str, Any]) -> None:
    required = definition.get("required", ())
    for name, option in definition.get("properties", {}).items():
        if name not in required:
            definition["properties"][name] = or_nothing(option)


def _sections(named: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    """The top of the file, in the order in which people write it."""
    files = {"type": ["string", "array"], "items": {"type": "string"}, "examples": [["conf.d/*.yaml"]]}
    routes = {"type": "array", "items": named[Route], "description": "where tickets go, first match wins"}
    rules = "how severe incidents are, first match wins"
    severity = {"type": "array", "items": named[SeverityRule], "description": rules}
    return {
        "agent": named[AgentConfig],
        "include": {**files, "description": "further files, relative to this one"},
        "defaults": named[Defaults],
        "templates": _map_of(_TEMPLATE, "named blocks that services and checks start from"),
        "teams": _map_of(named[Team], "who is asked"),
        "calendars": _map_of(named[CalendarOptions], "working hours and holidays"),
        "incidents": named[IncidentOptions],
        "desk": named[DeskOptions],
        "maintenance": _map_of(named[MaintenanceOptions], "recurring windows of planned work"),
        "policies": _map_of(named[PolicyOptions], "targets and tiers by name"),
        "vendors": _map_of(named[Vendor], "who mends what is not ours"),
        "helpdesks": _map_of(named[HelpdeskOptions], "where tickets are mirrored"),
        "channels": _map_of(named[HelpdeskOptions], "where notices are sent"),
        "inbound": _map_of(named[Inbound], "other tools whose alerts become tickets"),
        "status_pages": _map_of(named[StatusPage], "what others are told of services"),
        "services": _map_of(named[ServiceOptions], "what people rely on"),
        "severity": severity,
        "routes": routes,
    }


def _checks_and_templates(
    kinds: Mapping[str, KindInfo], defs: dict[str, Any], named: Mapping[type[BaseModel], Any]
) -> dict[str, Any]:
    """Services get their checks; a check has the options of its kind, a template those of either."""
    service, envelope = defs[_name_of(named[ServiceOptions])], defs.pop(_name_of(named[CheckOptions]))
    specs = {kind.name: defs[_name_of(named[kind.spec])] for kind in kinds.values()}
    checks = {**_map_of(_CHECK, "its checks by id"), "default": {}}
    service["properties"]["checks"] = or_nothing(checks)
    whole = {"properties": {"checks": {"additionalProperties": {"$ref": "#/$defs/WholeCheck"}}}}
    service |= {"if": {"not": _USES}, "then": whole}
    options: dict[str, Any] = {name: {} for spec in specs.values() for name in spec.get("properties", {})}
    untyped = {**options, **envelope["properties"]}
    untyped.pop("type")
    either = {**untyped, **service["properties"]}
    return {
        "Check": {"if": _TYPED, "then": _any_kind(specs), "else": _closed(untyped), "description": "a check"},
        "WholeCheck": {"if": {"not": _USES}, "then": _complete(specs)},
        "Template": {
            "if": _TYPED,
            "then": _CHECK,
            "else": _closed(either),
            "description": "what services or checks have in common",
        },
        **{f"Check_{name}": _check_of(name, spec, envelope) for name, spec in specs.items()},
    }


def _any_kind(specs: Mapping[str, Any]) -> dict[str, Any]:
    """A check whose type is given. What else it needs may stand in a template."""
    kinds = [_of_kind(name, {"$ref": f"#/$defs/Check_{name}"}) for name in specs]
    known = {"enum": list(specs), "description": "the kind of check"}
    return {"type": "object", "properties": {"type": known}, "allOf": kinds}


def _complete(specs: Mapping[str, Any]) -> dict[str, Any]:
    """A check that starts from nothing: its type is given, and all that its kind requires."""
    needs = {name: spec["required"] for name, spec in specs.items() if "required" in spec}
    return {**_TYPED, "allOf": [_of_kind(name, {"required": options}) for name, options in needs.items()]}


def _of_kind(name: str, then: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": {**_TYPED, "properties": {"type": {"const": name}}}, "then": dict(then)}


def _check_of(name: str, spec: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Envelope and options of one kind in one closed object."""
    kind = {"type": {"const": name, "description": "the kind of check"}}
    properties = {**envelope["properties"], **spec.get("properties", {}), **kind}
    return {"title": name, "description": spec.get("description", ""), **_closed(properties)}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _map_of(what: Mapping[str, Any], description: str) -> dict[str, Any]:
    names = {"pattern": ID_FORM, "description": ID_RULE}
    return {
        "type": "object", "propertyNames": names, "additionalProperties": dict(what), "description": description
    }  # fmt: skip


def _name_of(reference: Mapping[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]
