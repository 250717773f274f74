"""Kinds of checks that other distributions bring: each is looked over before it is let in.

One that cannot be used is left out and named with the reason; nothing that it does wrong is the end of the others.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from checks.base import Kind, Spec, Value
from checks.text import visible
from config.conditions import ConditionError, parse

GROUP = "tocsin.checks"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Strangers:
    """The kinds that can be used, by no name twice; and what is to be said of the others, a line each."""

    kinds: tuple[Kind, ...] = ()
    refused: tuple[str, ...] = ()


def strangers(taken: Collection[str]) -> Strangers:
    """All that are installed. The names of ours are `taken`; of two strangers the first by distribution stands."""
    kinds: dict[str, Kind] = {}
    refused = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (_owner(entry), entry.name)):
        try:
            kind = _sound(entry.load())
            if kind.name in taken or kind.name in kinds:
                raise ValueError(f'there is a kind "{kind.name}" already: give it another name')
        except (Exception, SystemExit) as error:
            reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            whose = f'the kind of check "{visible(entry.name, 60)}" of {visible(_owner(entry), 60)}'
            refused.append(f"{whose} is left out: {visible(reason)}")
        else:
            kinds[kind.name] = kind
    return Strangers(tuple(kinds.values()), tuple(refused))


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unknown distribution"


def _sound(found: object) -> Kind:
    """The kind. Raises ValueError where it breaks a promise that everything else counts on."""
    if not isinstance(found, Kind):
        raise ValueError(f"its entry point leads to a {type(found).__name__} and not to a checks.base.Kind")
    flaw = next(_flaws(found), None)
    if flaw is not None:
        raise ValueError(flaw)
    found.spec.model_rebuild()  # raises, in words of its own, what asking for an option would
    return found


def _flaws(kind: Any) -> Iterator[str]:
    if not isinstance(kind.name, str) or not _NAME.fullmatch(kind.name):
        yield f"{kind.name!r} is no name for a kind: small letters, digits and _"
    if not (isinstance(kind.spec, type) and issubclass(kind.spec, Spec)):
        yield "its spec is no subclass of checks.base.Spec"
    if not callable(kind.probe) or inspect.iscoroutinefunction(kind.probe) == kind.blocking:
        yield "its probe is to be a coroutine function, or with blocking=True a plain one"
    names = [value.name for value in kind.values if isinstance(value, Value)]
    if len(set(names)) < len(kind.values) or not all(map(_NAME.fullmatch, names)):
        yield "its values are to be checks.base.Value, each with a name of its own of small letters, digits and _"
    for level in ("down", "degraded"):
        condition = getattr(kind, level)
        try:
            if condition is not None:
                parse(condition, kind.measures, others=kind.open_values)
        except ConditionError as error:
            yield f"its built-in condition {level} cannot be read: {error.message}"
