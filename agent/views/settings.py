"""The configuration as it is in force: every setting with its value, secrets only as set or unset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from checks.masking import secretless
from config.models import Config
from config.secrets import Secret

SET, UNSET = "(set)", "(unset)"
_DEEPEST = 12


def settings(config: Config) -> dict[str, Any]:
    """By section, as JSON has it."""
    found: dict[str, Any] = plain(config)
    return found


def plain(value: Any, depth: int = 0) -> Any:
    """The value in JSON's words. What is of no known kind is named by its kind alone: nothing slips through."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Secret):
        return SET
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return secretless(value)
    if isinstance(value, Fraction | date | time | timedelta):
        return str(value)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {secretless(str(key)): plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        listed = [plain(each, depth + 1) for each in value]
        return sorted(listed, key=str) if isinstance(value, set | frozenset) else listed
    return _parts(value, depth)


def _parts(value: Any, depth: int) -> Any:
    names: list[str]
    if hasattr(value, "tree") and isinstance(getattr(value, "text", None), str):
        return secretless(value.text)  # a condition, as it was written
    if isinstance(value, BaseModel):
        hidden = [name for name, each in type(value).model_fields.items() if "Secret" in str(each.annotation)]
        names = list(type(value).model_fields)
    elif is_dataclass(value) and not isinstance(value, type):
        hidden = [each.name for each in fields(value) if "Secret" in str(each.type)]
        names = [each.name for each in fields(value)]
    else:
        return f"({type(value).__name__})"
    found = {name: plain(getattr(value, name), depth + 1) for name in names}
    return found | {name: UNSET for name in hidden if found[name] is None}
