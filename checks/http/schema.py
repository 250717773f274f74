"""HTTP: an answer held against a JSON Schema, whatever the answer is and however odd the schema.

The schema is the operator's, the answer is not: patterns run on RE2, nothing is fetched, and whatever takes too
long ends with a reason.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from checks.base import ErrorKind
from checks.connection import Fault
from checks.http.option_types import existing_file
from checks.http.schema_keywords import TooCostly, bounded, validator_for
from checks.http.schema_words import words_for
from checks.text import visible
from config.conditions.patterns import regex
from config.errors import ConfigError
from config.json_value import json_from_yaml
from config.nodes import parse

LARGEST = 1024 * 1024
_AT_MOST = 5.0  # seconds
# Of Python one thread runs at a time: many of them would be the same work, with all other checks waiting longer.
_one_at_a_time = ThreadPoolExecutor(1, "schema")
_NOT_OFFERED = {
    "unevaluatedProperties": "additionalProperties",
    "unevaluatedItems": "additionalItems, or items: false",
}
_NO_SCHEMAS_IN = frozenset({"const", "enum", "default", "example", "examples"})
_KINDS = [{"type": "string"}, {"type": "object"}]


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """A JSON Schema, ready to be used. Two are equal when they say the same."""

    says: Mapping[str, Any]
    _validator: Any = field(default=None, repr=False, compare=False)

    async def fault_of(self, body: str, *, whole: bool, seconds: float) -> Fault | None:
        """Why the answer breaks the schema; None where it does not. Fault.blind where that cannot be told."""
        if not whole or len(body) > LARGEST:
            return Fault(
                "the answer is larger than 1MiB, too large to be held against schema:", ErrorKind.LOCAL
            )
        until = perf_counter() + seconds
        return await asyncio.get_running_loop().run_in_executor(_one_at_a_time, self._fault_of, body, until)

    def _fault_of(self, body: str, until: float) -> Fault | None:
        try:
            document = _json(body)
        except (ValueError, RecursionError):
            return Fault("the answer breaks schema: it is no JSON", ErrorKind.CONTENT)
        try:
            with bounded(min(until, perf_counter() + _AT_MOST)):
                error = next(self._validator.iter_errors(document), None)
            words = None if error is None else words_for(error)
        except (TooCostly, RecursionError):
            return Fault("holding the answer against schema: takes too long", ErrorKind.LOCAL)
        except (ArithmeticError, ValueError, LookupError) as broken:
            # A part of the schema that could not be seen through at load.
            return Fault(f"schema: cannot be used: {visible(str(broken))}", ErrorKind.LOCAL)
        return None if words is None else Fault(f"the answer breaks schema: {words}", ErrorKind.CONTENT)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _read,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda each: dict(each.says)),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": list(_KINDS)}


def _read(written: object) -> AnswerSchema:
    """As the option has it: the schema, or the path of its file. Raises ValueError with the remedy."""
    if isinstance(written, AnswerSchema):
        return written
    says = _from_file(written) if isinstance(written, str) else json_from_yaml(written)
    if not isinstance(says, dict):
        raise ValueError("expected a JSON Schema (a mapping), or the path of its file")
    for keyword, value in _keywords(says):
        if keyword in _NOT_OFFERED:
            raise ValueError(f"{keyword} is not offered (write {_NOT_OFFERED[keyword]})")
        for pattern in _patterns(keyword, value):
            _look_at_pattern(pattern)
    return AnswerSchema(says, validator_for(says))


def _from_file(path: str) -> object:
    try:
        with Path(existing_file(path)).open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"cannot read {visible(path)}: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise ValueError(f"{visible(path)} is larger than 1MiB")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        pass
    try:
        return json_from_yaml(parse(raw.decode(), path).tree)
    except (ValueError, ConfigError):
        raise ValueError(f"{visible(path)} is neither JSON nor YAML") from None


def _keywords(schema: object) -> Iterator[tuple[str, object]]:
    """Every name in the schema with what stands there; not in values that are no schemas."""
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            for keyword, value in here.items():
                if keyword not in _NO_SCHEMAS_IN:
                    yield keyword, value
                    waiting.append(value)
        elif isinstance(here, list):
            waiting.extend(here)


def _patterns(keyword: str, value: object) -> Iterator[str]:
    if keyword == "pattern" and isinstance(value, str):
        yield value
    elif keyword == "patternProperties" and isinstance(value, dict):
        yield from value


def _look_at_pattern(pattern: str) -> None:
    try:
        regex(pattern)
    except ValueError as error:
        raise ValueError(f'the pattern "{visible(pattern, 60)}" cannot be used: {error}') from None


def _json(body: str) -> object:
    from pydantic_core import from_json

    document: object = from_json(body.removeprefix("\ufeff"), allow_inf_nan=False)
    return document
