"""A text that is a secret: resolved when it is needed, and never shown."""

from __future__ import annotations

from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from config.masks import HIDDEN, mask, remember
from config.references import SecretError, references, resolve

__all__ = ["HIDDEN", "Secret", "SecretError", "mask", "references", "resolve"]


class Secret:
    """A text that may hold references, resolved each time it is revealed, so that rotation needs no restart.

    It is equal to nothing but itself, cannot be pickled or copied deeply, and shows as `***`.
    """

    __slots__ = ("_template",)

    def __init__(self, template: str) -> None:
        self._template = template

    def reveal(self) -> str:
        """The secret itself; raises SecretError when a reference cannot be followed."""
        if not references(self._template):
            remember(self._template)
        return resolve(self._template)

    def words(self) -> str:
        """The same of a text that only may hold a secret, such as a command: it is masked for its references alone."""
        return resolve(self._template)

    @property
    def in_clear(self) -> bool:
        """Whether the operator wrote the secret itself into the file."""
        return bool(self._template) and not references(self._template)

    @property
    def refers(self) -> bool:
        """Whether it refers to what is kept elsewhere."""
        return bool(references(self._template))

    def written_like(self, other: Secret) -> bool:
        """Whether both were written the same way, which says nothing of what they give."""
        return self._template == other._template

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


def _as_secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a text, or a reference like ${env:NAME}")
    return Secret(value)
