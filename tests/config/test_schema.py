"""The JSON Schema: whole, described, and of one mind with the loader about the shipped examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from checks.registry import KINDS
from config import models
from config.schema import schema
from config.sources import SECTIONS

SCHEMA = json.loads(json.dumps(schema(KINDS)))
EXAMPLES = sorted(Path(str(files("config") / "examples")).glob("*.yaml"))
MODELS = [
    model for model in vars(models).values() if isinstance(model, type) and issubclass(model, models.Model)
]
SPECS = [kind.spec for kind in KINDS.values()]
TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}


def _fits(value: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether the schema allows the value; only the keywords that our schema uses."""
    if "$ref" in wanted and not _fits(value, SCHEMA["$defs"][wanted["$ref"].removeprefix("#/$defs/")]):
        return False
    if "if" in wanted and _fits(value, wanted["if"]) and not _fits(value, wanted.get("then", {})):
        return False
    return (
        _is_of_type(value, wanted.get("type"))
        and value in wanted.get("enum", [value])
        and value == wanted.get("const", value)
        and not ("not" in wanted and _fits(value, wanted["not"]))
        and all(_fits(value, part) for part in wanted.get("allOf", ()))
        and ("anyOf" not in wanted or any(_fits(value, part) for part in wanted["anyOf"]))
        and (not isinstance(value, str) or re.search(wanted.get("pattern", ""), value) is not None)
        and (not isinstance(value, list) or all(_fits(item, wanted.get("items", {})) for item in value))
        and (not isinstance(value, dict) or _members_fit(value, wanted))
    )


def _is_of_type(value: Any, names: str | list[str] | None) -> bool:
    if names is None:
        return True
    for name in [names] if isinstance(names, str) else names:
        if isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool)):
            return True
    return False


def _members_fit(value: dict[str, Any], wanted: Mapping[str, Any]) -> bool:
    known, others = wanted.get("properties", {}), wanted.get("additionalProperties", True)
    if not set(wanted.get("required", ())) <= set(value):
        return False
    for key, member in value.items():
        rule = known.get(key, others)
        if rule is False or (isinstance(rule, dict) and not _fits(member, rule)):
            return False
    return True


def _within(node: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the schema."""
    if isinstance(node, dict):
        yield node
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _within(below)


def test_schema_is_of_the_named_draft_and_knows_every_section() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(SCHEMA["properties"]) == set(SECTIONS)
    assert SCHEMA["additionalProperties"] is False


def test_every_reference_leads_somewhere() -> None:
    targets = [node["$ref"] for node in _within(SCHEMA) if isinstance(node.get("$ref"), str)]
    assert targets
    assert {target.removeprefix("#/$defs/") for target in targets} <= set(SCHEMA["$defs"])


@pytest.mark.parametrize("model", [*MODELS, *SPECS], ids=lambda model: model.__name__)
def test_every_option_has_a_description(model: type[BaseModel]) -> None:
    inner = [found for field in model.model_fields.values() for found in _models_in(field.annotation)]
    for found in (model, *inner):
        assert found.__doc__
        assert [name for name, field in found.model_fields.items() if not field.description] == []


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    for part in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part


def test_every_default_and_example_fits_where_it_stands() -> None:
    for name, definition in SCHEMA["$defs"].items():
        for key, option in definition.get("properties", {}).items():
            given = [option["default"]] if "default" in option else []
            for value in (*given, *option.get("examples", ())):
                assert _fits(value, option), f"{name}.{key}: {value!r}"


def test_defaults_are_written_as_people_write_them() -> None:
    defaults = SCHEMA["$defs"]["Defaults"]["properties"]
    assert {key: option.get("default") for key, option in defaults.items()} == {
        "every": "1m",
        "timeout": "10s",
        "confirm": 2,
        "recover": 2,
        "retry_every": None,
        "target": "99%",
        "watch_for": "15m",
        "reopen_within": "1d",
        "criticality": "medium",
    }
    assert SCHEMA["$defs"]["Check_http"]["properties"]["max_body"]["default"] == "10MiB"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_shipped_example_fits(path: Path) -> None:
    assert _fits(yaml.safe_load(path.read_text()), SCHEMA)


def test_example_of_the_contract_fits_once_its_later_kinds_are_left_out(shared: Path) -> None:
    tree = yaml.safe_load((shared / "example.yaml").read_text())
    assert not _fits(tree, SCHEMA)
    for service in tree["services"].values():
        checks = service.get("checks", {})
        for name in [name for name, check in checks.items() if check["type"] not in KINDS]:
            del checks[name]
    assert _fits(tree, SCHEMA)


@pytest.mark.parametrize(
    "check",
    [
        "{type: http, url: http://localhost, ip: 4, http_version: 1.1, keep_alive: yes, max_body: 1024}",
        "{type: http, url: http://localhost, every: '${env:EVERY}', labels: {rack: 12, spare: true}}",
        "{type: http, url: http://localhost, accept_status: 200}",
        "{type: tcp, host: localhost, port: 25, timeout: 1m 30s, was: old}",
    ],
)
def test_what_the_loader_understands_is_allowed(check: str) -> None:
    assert _fits(yaml.safe_load(f"services: {{s: {{target: 0.99, checks: {{c: {check}}}}}}}"), SCHEMA)


@pytest.mark.parametrize(
    "check",
    [
        "{type: tpc}",
        "{host: localhost, port: 1}",
        "{type: http}",
        "{type: cpu, every: 30}",
        "{type: cpu, every: 30 sec}",
        "{type: cpu, path: /}",
        "{type: tcp, host: localhost, port: 0x10000, tls: maybe}",
        "{type: cpu, confirm: 1.5}",
    ],
)
def test_what_the_loader_refuses_is_marked(check: str) -> None:
    assert not _fits(yaml.safe_load(f"services: {{s: {{checks: {{c: {check}}}}}}}"), SCHEMA)


def test_check_of_a_service_with_a_template_may_leave_its_type_to_it() -> None:
    assert _fits(yaml.safe_load("services: {s: {use: host, checks: {disk: {every: 5m}}}}"), SCHEMA)
