"""Canaries: a secret of its own for every secret option of every connector, and the search for any that flew off."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from alerting.connectors.base import ConnectorType, Options
from config.shapes import Shape, shape_of

# What each type needs beside its secrets, and which of them go with what: a helpdesk for each of these.
WRITTEN: Mapping[str, Sequence[tuple[Mapping[str, Any], Collection[str]]]] = {
    "alertmanager": (({"user": "tocsin"}, {"token"}), ({}, {"password"})),
    "email": (
        (
            {
                "from": "tocsin@example.org",
                "to": ["web@example.org"],
                "server": "127.0.0.1:{port}",
                "tls": "none",
                "user": "tocsin",
            },
            (),
        ),
    ),
    "freshdesk": (({"requester": "tocsin@example.org"}, ()),),
    "github": (({"repo": "ops/incidents"}, ()),),
    "jira": (({"flavour": "cloud", "project": "OPS", "user": "bot@example.org"}, ()),),
    "redmine": (({"project": "ops", "tracker": "Bug", "key_field": 1}, ()),),
    "rt": (({"queue": "General"}, ()),),
    "servicenow": (({"user": "tocsin"}, {"token"}), ({"user": "tocsin"}, {"password"})),
    "slack": (({"channel": "C0123456789"}, {"webhook_url"}), ({}, {"token"})),
    "zendesk": (({"user": "bot@example.org"}, ()),),
}


@dataclass(slots=True)
class Cage:
    """The configuration with its canaries. `birds` are they, by the option that each stands in."""

    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {"helpdesks": {}, "channels": {}})
    environment: dict[str, str] = field(default_factory=dict)
    birds: dict[str, str] = field(default_factory=dict)

    def add(self, kind: ConnectorType, url: str) -> None:
        """Helpdesks of that type, called after it, with a canary in each of its secrets."""
        for number, (needed, without) in enumerate(WRITTEN.get(kind.name, (({}, ()),)), 1):
            name = kind.name if number == 1 else f"{kind.name}-{number}"
            self.sections["helpdesks"][name] = self._block(kind, url, needed, without)

    def _block(
        self, kind: ConnectorType, url: str, needed: Mapping[str, Any], without: Collection[str]
    ) -> dict[str, Any]:
        block: dict[str, Any] = {"type": kind.name}
        for option, value in needed.items():
            block[option] = value.format(port=url.rpartition(":")[2]) if isinstance(value, str) else value
        for option, inner in (shape_of(kind.options).fields or {}).items():
            secret = None if option in without else self._secret(kind.name, option, inner, url)
            if secret is not None:
                block[option] = secret
            elif option == "urls":
                block[option] = [url]
            elif option in ("url", "api"):
                block[option] = url
        return block

    def _secret(self, kind: str, option: str, shape: Shape, url: str) -> Any:
        if shape.secret:
            return self._bird(kind, option, f"{url}/" if "url" in option else "")
        if shape.item is not None and shape.item.secret and not _is_json(shape):
            return {"X-Canary": self._bird(kind, option, "")}
        return None

    def _bird(self, kind: str, option: str, before: str) -> str:
        name = f"CANARY_{kind}_{option}".upper()
        number = f"{len(self.birds) + 1:02}"
        self.birds[f"{kind}.{option}"] = bird = f"xq{number}zKanarie{number}vogel{number}Qx{number}"
        self.environment[name] = f"{before}{bird}"
        return f"${{env:{name}}}"

    def escaped(self, text: str) -> Iterator[str]:
        """The canaries that are in the text, in any form: whole, in part, packed, written backwards by an encoder."""
        for where, bird in self.birds.items():
            for form in _forms(bird):
                if form in text:
                    yield f"{where} as {form}"


def _is_json(shape: Shape) -> bool:
    return shape.item is shape


def _forms(bird: str) -> set[str]:
    """The whole of it, and each half: what is cut in the middle is still half a secret."""
    halves = (bird[: len(bird) // 2], bird[len(bird) // 2 :])
    packed = {base64.b64encode(b"x" * pad + bird.encode()).decode()[4:-4] for pad in (0, 1, 2)}
    return {bird, *halves, quote(bird), bird.encode().hex(), json.dumps(bird)[1:-1], *packed}


def secrets_of(options: type[Options]) -> list[str]:
    """The options of a type that are secrets, or hold some."""
    fields = shape_of(options).fields or {}
    return [
        name
        for name, shape in fields.items()
        if shape.secret or (shape.item is not None and shape.item.secret)
    ]
