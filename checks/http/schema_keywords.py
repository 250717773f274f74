"""HTTP: the keywords of JSON Schema as we run them: within a time, patterns on RE2, no quadratic comparing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

from checks.text import visible
from config.conditions.patterns import Pattern, regex
from config.conditions.work import TooMuchWork, Work

if TYPE_CHECKING:
    from jsonschema import ValidationError

_ENDLESS = (float("inf"), float("-inf"))  # what 1e999 is read as
_STRETCH, _PAUSE = 0.001, 0.00005  # seconds
_STEPS = 10_000_000  # for patterns alone; about 0.4 s


class TooCostly(Exception):
    """The time or the work given is used up."""


@dataclass(slots=True)
class _Bounds:
    """What one validation may cost: until when, on the performance counter, and the work for patterns."""

    until: float
    work: Work
    pause: float = 0.0

    def step(self) -> None:
        """Called ever again. Raises TooCostly; lets the other checks, which wait for this thread, go on."""
        now = perf_counter()
        if now > self.until:
            raise TooCostly
        if now > self.pause:
            sleep(_PAUSE)
            self.pause = perf_counter() + _STRETCH


_bounds: ContextVar[_Bounds] = ContextVar("bounds of one validation")


@contextmanager
def bounded(until: float) -> Iterator[None]:
    """Whatever is validated inside ends at about that moment of the performance counter. Raises TooCostly."""
    token = _bounds.set(_Bounds(until, Work(_STEPS)))
    try:
        yield
    except TooMuchWork:
        raise TooCostly from None
    finally:
        _bounds.reset(token)


def validator_for(schema: Mapping[str, Any]) -> Any:
    """What holds documents against the schema, by the draft it names, else 2020-12. Raises ValueError."""
    from jsonschema import Draft202012Validator, SchemaError, validators
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # none of its own
    from referencing.exceptions import Unresolvable

    draft: Any = validators.validator_for(schema, default=Draft202012Validator)
    try:
        draft.check_schema(schema)
    except SchemaError as error:
        reason = visible(f"{error.json_path}: {error.message}")
        raise ValueError(f"is no valid JSON Schema: {reason}") from None
    # With a registry of its own the library fetches nothing.
    validator = _quick(draft)(schema, registry=REGISTRY)
    for reference in _references(schema):
        try:
            validator._resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(
                f'$ref "{visible(reference, 60)}" leads nowhere (no other document is fetched)'
            ) from None
    return validator


@cache
def _quick(draft: Any) -> Any:
    from jsonschema import validators

    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "divisibleBy": _multiple_of,
    }
    known = {**draft.VALIDATORS, **{name: check for name, check in own.items() if name in draft.VALIDATORS}}
    extend: Any = validators.extend
    return extend(draft, {name: _timed(check) for name, check in known.items()})


Check = Callable[[Any, Any, Any, Any], Any]


def _timed(check: Check) -> Check:
    def within_time(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _bounds.get().step()
        return check(validator, value, instance, schema)

    return within_time


def _references(schema: Mapping[str, Any]) -> Iterator[str]:
    """What `$ref` leads to; not where parts of the schema have a base of their own."""
    waiting: list[Any] = [*schema.values()]
    if isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, dict) and "$id" not in here:
            if isinstance(here.get("$ref"), str):
                yield here["$ref"]
            waiting.extend(here.values())


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield _broken()


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, below in patterns.items():
        for name, value in instance.items():
            if _found(pattern, name):
                yield from validator.descend(value, below, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, below: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, value in instance.items():
        if name not in named and not any(_found(pattern, name) for pattern in patterns):
            if below is False:
                yield _broken(name)
            else:
                yield from validator.descend(value, below, path=name)


def _unique_items(_validator: Any, unique: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list):
        bounds, seen = _bounds.get(), set()
        for item in instance:
            bounds.step()
            seen.add(json.dumps(_exact(item), sort_keys=True))
        if len(seen) < len(instance):
            yield _broken()


def _multiple_of(_validator: Any, step: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """As written: 19.99 is a multiple of 0.01, whatever binary fractions make of it."""
    if not isinstance(instance, (int, float)) or isinstance(instance, bool):
        return
    if instance in _ENDLESS or _as_written(instance) % _as_written(step):
        yield _broken()


def _as_written(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _exact(value: Any) -> Any:
    """The same for what JSON Schema holds equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return {name: _exact(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_exact(below) for below in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _broken(name: str = "") -> ValidationError:
    """The library adds where and what; our own words are made of that. `name`: the property in question."""
    from jsonschema import ValidationError

    return ValidationError(name)


def _found(pattern: str, text: str) -> bool:
    return _compiled(pattern).found_within(text, _bounds.get().work)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Pattern:
    return regex(pattern)
