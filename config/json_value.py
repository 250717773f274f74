"""JSON as an operator writes it in YAML: numbers, true and null are what they look like, quotes make a text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from config.masks import HIDDEN, remember
from config.secrets import Secret, references

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,300})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,300})(\.[0-9]{1,300})?([eE][-+]?[0-9]{1,3})?")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_KEEPS_SECRETS = re.compile(r"pass|secret|token|credential|api.?key|private", re.IGNORECASE)
_DEEPEST = 60
_ANY = {"anyOf": [{"type": sort} for sort in ("object", "array", "string", "number", "boolean")]}


class Quoted(str):
    """A text that stood in quotes, or in a block of its own (`|`, `>`): it is one, whatever it looks like."""

    __slots__ = ()


class JsonValue:
    """Any JSON value. Texts in it may refer to secrets, which are looked up each time it is revealed."""

    __slots__ = ("_tree",)

    def __init__(self, written: object) -> None:
        """Raises ValueError for what JSON cannot say."""
        self._tree = _typed(written, _text)

    @property
    def holds_secrets(self) -> bool:
        """Whether any text in it is one, by its references or by the name it stands under."""
        return _any_secret(self._tree)

    def reveal(self) -> object:
        """The value with its references followed. Raises SecretError."""
        return _revealed(self._tree)

    def __repr__(self) -> str:
        """Its numbers and names; of texts nobody knows which are secret."""
        return repr(_hidden(self._tree))

    def __eq__(self, other: object) -> bool:
        """Whether both were written the same way."""
        return isinstance(other, JsonValue) and _same(self._tree, other._tree)

    def __hash__(self) -> int:
        return id(type(self))

    def __reduce__(self) -> NoReturn:
        raise TypeError("what may hold a secret is never serialised")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _as_value,
            serialization=core_schema.plain_serializer_function_ser_schema(repr),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(_ANY)


def json_from_yaml(written: object) -> Any:
    """The value that a block of the file stands for, without secrets. Raises ValueError for what JSON cannot say."""
    return _typed(written, lambda text, _key: text)


def _typed(value: object, text: Callable[[str, str], object], key: str = "", deep: int = 0) -> Any:
    """Every text by its looks; `text` makes of one what is to stand there, given the key it stands under."""
    if deep > _DEEPEST:
        raise ValueError("is nested too deep")
    if isinstance(value, dict):
        return {str(name): _typed(below, text, str(name), deep + 1) for name, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_typed(below, text, key, deep + 1) for below in value]
    if isinstance(value, str):
        plain = str(value) if isinstance(value, Quoted) else _by_its_looks(value)
        return text(plain, key) if isinstance(plain, str) else plain
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("is nothing that JSON can say")


def _by_its_looks(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _text(text: str, key: str) -> object:
    return Secret(text) if references(text) or (text and _KEEPS_SECRETS.search(key)) else text


def _hidden(value: object) -> object:
    if isinstance(value, dict):
        return {name: _hidden(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_hidden(below) for below in value]
    return HIDDEN if isinstance(value, (str, Secret)) else value


def _any_secret(value: object) -> bool:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, Secret) or any(map(_any_secret, below))


def _revealed(value: object) -> object:
    if isinstance(value, dict):
        return {name: _revealed(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_revealed(below) for below in value]
    return _secret_text(value) if isinstance(value, Secret) else value


def _secret_text(secret: Secret) -> str:
    """The secret; as JSON has it, it is masked as well: a server may send it back so."""
    text = secret.reveal()
    for plain in (True, False):
        remember(json.dumps(text, ensure_ascii=plain)[1:-1])
    return text


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Secret) and isinstance(other, Secret):
        return one.written_like(other)
    return one == other


def _as_value(written: object) -> JsonValue:
    """As an option has it: what is JSON already would go out as one long text."""
    if isinstance(written, str) and written.lstrip().startswith(("{", "[")):
        raise ValueError("is JSON inside a text (take away the quotes, or the | in front)")
    return written if isinstance(written, JsonValue) else JsonValue(written)
