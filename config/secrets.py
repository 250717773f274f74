"""Secrets by reference: `${env:NAME}`, `${file:/path}`, `${credential:NAME}`; a Secret never shows itself."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

HIDDEN = "***"
_REFERENCE = re.compile(r"\$\{(env|file|credential):([^}]+)\}")
_MAX_SECRET = 64 * 1024
_WORTH_MASKING = 6
_seen: set[str] = set()


class SecretError(Exception):
    """A reference that cannot be followed; the text names it, never a value."""


class Secret:
    """A text that may hold references, resolved each time it is revealed, so that rotation needs no restart."""

    __slots__ = ("_template",)

    def __init__(self, template: str) -> None:
        self._template = template

    def reveal(self) -> str:
        """The secret itself; raises SecretError when a reference cannot be followed."""
        if not references(self._template):
            _remember(self._template, numeric=True)
        return resolve(self._template)

    @property
    def in_clear(self) -> bool:
        """Whether the operator wrote the secret itself into the file."""
        return bool(self._template) and not references(self._template)

    @property
    def is_set(self) -> bool:
        """Whether revealing would give a text that is not empty."""
        try:
            return bool(self.reveal())
        except SecretError:
            return False

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _as_secret, serialization=core_schema.plain_serializer_function_ser_schema(lambda _secret: HIDDEN)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "description": "a secret; refer to it as ${env:NAME}, ${file:/path} or ${credential:NAME}",
        }


def references(text: str) -> list[str]:
    """The references in a text, as written: `["${env:TOKEN}"]`."""
    return [found.group(0) for found in _REFERENCE.finditer(text)]


def resolve(text: str) -> str:
    """The text with its references followed; what they gave is masked from then on. Raises SecretError."""
    return _REFERENCE.sub(lambda found: _follow(found.group(1), found.group(2)), text)


def mask(text: str) -> str:
    """The text without any secret that was ever revealed in this process."""
    for secret in _seen:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def _as_secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a text, or a reference like ${env:NAME}")
    return Secret(value)


def _follow(where: str, name: str) -> str:
    if where == "env":
        return _from_environment(name)
    if where == "file":
        return _from_file(Path(name), f"${{file:{name}}}")
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise SecretError(
            f"${{credential:{name}}}: no credentials were passed (LoadCredential= in the unit sets them)"
        )
    return _from_file(Path(directory) / Path(name).name, f"${{credential:{name}}}")


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"${{env:{name}}}: the environment has no variable {name}")
    _remember(value, numeric=False)
    return value


def _from_file(path: Path, reference: str) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            value = stream.read(_MAX_SECRET).strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SecretError(f"{reference}: cannot read {path}: {reason}") from None
    _remember(value, numeric=True)
    return value


def _remember(value: str, *, numeric: bool) -> None:
    """Short texts, and bare numbers from the environment (ports), would only mask what is no secret."""
    if len(value) >= _WORTH_MASKING and (numeric or not value.isdecimal()):
        _seen.add(value)
