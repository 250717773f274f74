"""`${name}` in fields that go into another helpdesk's tickets: the facts of our ticket, filled in as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from config.friendly import nearest, shown
from config.json_value import json_from_yaml

FACTS = (
    "key",
    "ticket",
    "title",
    "description",
    "service",
    "check",
    "severity",
    "priority",
    "state",
    "opened_at",
)
_PLACEHOLDER = re.compile(r"\$\{([^${}]*)\}")
_LABEL = "label."


class FieldValue:
    """A value for a field over there: a text, number, true or false, or a list or mapping of such.

    Texts may hold `${name}` (one of `FACTS`, or `label.NAME`), filled in for each ticket.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def filled(self, facts: Mapping[str, str]) -> Any:
        """The value with its placeholders filled in; a label that the ticket does not have gives an empty text."""
        return _filled(self._value, facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldValue) and self._value == other._value

    def __hash__(self) -> int:
        return hash(repr(self._value))

    def __repr__(self) -> str:
        return repr(self._value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value._value)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"description": "a value; ${key}, ${title}, ${label.NAME} and the like are filled in"}


def _read(value: object) -> FieldValue:
    if isinstance(value, FieldValue):
        return value
    read = json_from_yaml(value)
    _look_at(read)
    return FieldValue(read)


def _look_at(value: object) -> None:
    """Raises ValueError for a placeholder that means nothing."""
    if isinstance(value, str):
        for name in _PLACEHOLDER.findall(value):
            if name not in FACTS and not (name.startswith(_LABEL) and len(name) > len(_LABEL)):
                hint = nearest(name, FACTS) or f"known: {', '.join(FACTS)}, label.NAME"
                raise ValueError(f"{shown('${' + name + '}')} stands for nothing here ({hint})")
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _look_at(below)


def _filled(value: Any, facts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: facts.get(found[1], ""), value)
    if isinstance(value, dict):
        return {key: _filled(below, facts) for key, below in value.items()}
    if isinstance(value, list):
        return [_filled(below, facts) for below in value]
    return value
