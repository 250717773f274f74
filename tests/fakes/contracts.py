"""Vendors' own API schemas, held against what we send: unknown members fail too.

The schemas lie beside the project and are read from there; where they are absent (outside CI) tests skip.
"""

from __future__ import annotations

import copy
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "contracts"


def are_here() -> bool:
    """Whether the schemas can be read; in CI their absence is a failure and no reason to skip."""
    return FOLDER.is_dir() or os.environ.get("CI") == "true"


class Contract:
    """One vendor's schema: OpenAPI 3 or Swagger 2. `verify` gives what is wrong with a request, empty for nothing."""

    def __init__(self, name: str) -> None:
        self._whole: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        self._base = str(self._whole.get("basePath", "")).rstrip("/")
        self._paths = [(_pattern(path), path) for path in self._whole["paths"]]
        # The more of a path is literal, the better it fits.
        self._paths.sort(key=lambda pair: pair[1].count("{"))

    def verify(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> str:
        """What the schema has against a request; `path` as the schema's server counts it, `body` read from JSON."""
        operation, shared = self._operation(method, path.removeprefix(self._base))
        if operation is None:
            return f"{method} {path} is not in the contract"
        parameters = [self._resolved(each) for each in (*shared, *operation.get("parameters", ()))]
        known = {each["name"] for each in parameters if each["in"] == "query"}
        if unknown := sorted(set(query) - known):
            return f"{method} {path}: unknown parameters {', '.join(unknown)}"
        needed = {each["name"] for each in parameters if each["in"] == "query" and each.get("required")}
        if missing := sorted(needed - set(query)):
            return f"{method} {path}: lacks {', '.join(missing)}"
        return self._body(f"{method} {path}", operation, parameters, body)

    def _body(self, where: str, operation: dict[str, Any], parameters: list[Any], body: Any) -> str:
        schema = self._schema(operation, parameters)
        if schema is None:
            return f"{where} takes no body" if body is not None else ""
        if body is None:
            required = operation.get("requestBody", {}).get("required", False)
            return f"{where} lacks a body" if required else ""
        strict = self._strict(schema)
        validator = jsonschema.validators.validator_for({}, default=jsonschema.Draft202012Validator)(strict)
        wrong = sorted(validator.iter_errors(body), key=lambda error: list(map(str, error.absolute_path)))
        return "; ".join(
            f"{where}: /{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in wrong[:3]
        )

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any] | None, list[Any]]:
        for pattern, template in self._paths:
            if pattern.fullmatch(unquote(path)) and method.lower() in self._whole["paths"][template]:
                at = self._whole["paths"][template]
                return at[method.lower()], at.get("parameters", [])
        return None, []

    def _schema(self, operation: dict[str, Any], parameters: list[Any]) -> dict[str, Any] | None:
        if "requestBody" in operation:
            content = self._resolved(operation["requestBody"]).get("content", {})
            kinds = [content[kind] for kind in content if "json" in kind]
            return dict(kinds[0].get("schema", {})) if kinds else None
        for each in parameters:
            if each["in"] == "body":
                return dict(each["schema"])
        form: dict[str, Any] = {each["name"]: {} for each in parameters if each["in"] == "formData"}
        return {"type": "object", "properties": form} if form else None

    def _resolved(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            at: Any = self._whole
            for step in str(node["$ref"]).removeprefix("#/").split("/"):
                at = at[step.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def _strict(self, schema: dict[str, Any], deep: int = 0) -> dict[str, Any]:
        """References followed, and no members but those that are named. What the vendor leaves open stays open."""
        node = self._resolved(schema)
        if not isinstance(node, dict) or deep > 12:
            return {}
        node = copy.copy(node)
        if "allOf" in node:
            self._merge(node)
        for name in ("allOf", "anyOf", "oneOf"):
            if name in node:
                node[name] = [self._strict(each, deep + 1) for each in node[name]]
        if "properties" in node:
            node["properties"] = {
                name: self._strict(each, deep + 1) for name, each in node["properties"].items()
            }
            if node.get("additionalProperties") is not True and not {"allOf", "anyOf", "oneOf"} & node.keys():
                node["additionalProperties"] = False
        if isinstance(node.get("items"), dict):
            node["items"] = self._strict(node["items"], deep + 1)
        if isinstance(node.get("additionalProperties"), dict):
            node["additionalProperties"] = self._strict(node["additionalProperties"], deep + 1)
        if node.pop("nullable", False) and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        node.pop("discriminator", None)
        return node

    def _merge(self, node: dict[str, Any]) -> None:
        """Objects that are put together of several have the members of all."""
        parts = [self._resolved(each) for each in node["allOf"]]
        if not all("properties" in each for each in parts):
            return
        del node["allOf"]
        for each in (*parts, dict(node)):
            node["properties"] = {**node.get("properties", {}), **each.get("properties", {})}
            node["required"] = sorted({*node.get("required", ()), *each.get("required", ())})


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)))


@cache
def contract(name: str) -> Contract:
    """The schema of this name (`zendesk-secondhand`), read once."""
    return Contract(name)
