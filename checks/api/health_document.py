"""API: what a health document says, of the whole and of its parts, in whichever of the known forms.

Known are health+json (draft-inadarei-api-health-check), Spring Boot Actuator 1 to 3, ASP.NET Core with and without
HealthChecks UI, MicroProfile Health 1 to 4, Consul, Kubernetes' verbose text, and single words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api.health_words import Health, health_of, worst
from checks.text import visible

_MOST_PARTS, _DEEPEST, _MOST_VALUES = 500, 5, 100_000
_LINE = re.compile(r"^[ \t]*\[([+-])\]\s?(\S{1,200})", re.MULTILINE)
_MEDIA = re.compile(r"health|actuator", re.IGNORECASE)
_STATUS = ("status", "state", "outcome", "Status", "State", "AggregatedStatus", "health", "healthy", "ok")
_NAMES = ("name", "Name", "key", "id", "component", "Component", "componentName")
_HOLDERS = (
    "checks",
    "components",
    "details",
    "entries",
    "results",
    "dependencies",
    "services",
    "Checks",
    "Entries",
    "Results",
)
_HELD = ("checks", "components", "entries", "Entries")  # by name, which lists of other things are not
_TERMINUS = {"status", "info", "error", "details"}
# As numbers, where a health report of .NET is written without names for them; it tells how long it took as well.
_NUMBERED = ("Unhealthy", "Degraded", "Healthy")
_OF_NUMBERED = frozenset({"totalDuration", "TotalDuration", "duration", "Duration"})
# Beside a status these speak of health too; anything else makes it a document about something else.
_COMPANIONS = frozenset(
    {"version", "releaseId", "serviceId", "notes", "output", "groups", "totalDuration", "timestamp", "uptime"}
)
# These are said of nothing but health, whatever else the document holds.
_CLEAR = frozenset(
    {"up", "down", "out_of_service", "healthy", "unhealthy", "degraded", "pass", "warn", "green", "yellow", "red"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a service: the word that is said of it, what it means, and why."""

    name: str
    word: str
    health: Health | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One document. Without `health` its words are not known."""

    health: Health | None
    parts: tuple[Part, ...] = ()
    why: str = ""
    word: str = ""

    @property
    def unwell(self) -> tuple[Part, ...]:
        """The parts that are not well, the worst first."""
        hit = [each for each in self.parts if each.health in (Health.OUTAGE, Health.DEGRADED)]
        return tuple(sorted(hit, key=lambda each: each.health is not Health.OUTAGE))


def report(text: str, content_type: str, *, surely: bool) -> Report | None:
    """What a text says of a service's health; None where it is no such document.

    `surely`: it is known to be one, so that its shape need not prove it. Never raises.
    """
    text = text.strip("\ufeff \t\r\n\0")
    surely = surely or _MEDIA.search(content_type[:200]) is not None
    if lines := _LINE.findall(text):
        return _of_lines(lines)
    if text[:1] not in ("{", "["):
        return _of_word(text.strip('"'), content_type, surely=surely)
    document = _parsed(text)
    if isinstance(document, list):
        return _of_instances(document, surely=surely)
    return _of_object(document, surely=surely) if isinstance(document, dict) else None


def _parsed(text: str) -> object:
    if text.count(",") + text.count("[") + text.count("{") > _MOST_VALUES:
        return None
    try:
        return json.loads(text, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None


def _of_lines(lines: list[tuple[str, str]]) -> Report:
    """`[+]etcd ok`, `[-]etcd failed: reason withheld`."""
    parts = [
        Part(
            visible(name, 100),
            "ok" if sign == "+" else "failed",
            Health.OPERATIONAL if sign == "+" else Health.OUTAGE,
        )
        for sign, name in lines[:_MOST_PARTS]
    ]
    return Report(worst(each.health for each in parts), tuple(parts))


def _of_word(text: str, content_type: str, *, surely: bool) -> Report | None:
    found = health_of(text)
    if found is None or not (surely or "html" not in content_type.lower()):
        return Report(None, word=visible(text, 60)) if surely else None
    return Report(found, word=text)


def _of_object(document: Mapping[str, object], *, surely: bool) -> Report | None:
    parts = tuple(_parts(document))[:_MOST_PARTS]
    word = _word(document)
    found = health_of(word)
    if not surely and not _is_about_health(document, parts, found):
        return None
    if found is None and not isinstance(word, str):
        found = worst(each.health for each in parts)
    return Report(found, parts, _why(document), _shown(word))


def _is_about_health(document: Mapping[str, object], parts: tuple[Part, ...], found: Health | None) -> bool:
    if found is None:
        # Such as Consul's checks by their ids, and nothing else.
        return bool(parts) and all(isinstance(each, dict) and "CheckID" in each for each in document.values())
    if "AggregatedStatus" in document or document.keys() >= _TERMINUS:
        return True
    if str(document.get("status", document.get("outcome"))).lower() in _CLEAR:
        return True
    if any(isinstance(document.get(name), dict) for name in _HELD) and parts:
        return all(each.health is not None for each in parts)
    return not document.keys() - _COMPANIONS - {"status", "outcome", *_HOLDERS}


def _parts(document: Mapping[str, object], prefix: str = "", depth: int = 0) -> Iterator[Part]:
    """The parts under any of the names they are kept by, those of parts after them; or, as Spring Boot 1 does, beside
    the status itself."""
    if depth > _DEEPEST:
        return
    holders = [document[name] for name in _HOLDERS if isinstance(document.get(name), (dict, list))]
    beside = {
        name: each
        for name, each in document.items()
        if isinstance(each, (dict, list)) and any(map(_has_word, each if isinstance(each, list) else [each]))
    }
    for holder in holders or [beside]:
        for name, told in _entries(holder, words=depth == 0):
            word = _word(told)
            if word is None:
                continue
            shown = visible(f"{prefix}{name}", 100)
            yield Part(shown, _shown(word), health_of(word), _why(told))
            yield from _parts({key: told[key] for key in _HOLDERS if key in told}, f"{shown}/", depth + 1)


def _has_word(told: object) -> bool:
    return isinstance(told, dict) and _word(told) is not None


def _entries(holder: object, *, words: bool) -> Iterator[tuple[str, Mapping[str, object]]]:
    """By name; of a list under one name the worst is the one that counts. `words`: a bare word is a state as well."""
    if isinstance(holder, list):
        for place, each in enumerate(holder[:_MOST_PARTS]):
            if isinstance(each, dict):
                told = next(
                    (each[key] for key in ("CheckID", *_NAMES) if isinstance(each.get(key), str)),
                    str(place + 1),
                )
                yield str(told), each
    elif isinstance(holder, dict):
        for name, each in list(holder.items())[:_MOST_PARTS]:
            if isinstance(each, dict):
                yield name, each
            elif isinstance(each, list):
                several = [one for one in each[:_MOST_PARTS] if _has_word(one)]
                if several:
                    yield (
                        name,
                        max(
                            several,
                            key=lambda one: list(Health).index(health_of(_word(one)) or Health.UNKNOWN),
                        ),
                    )
            elif words and isinstance(each, str) and health_of(each) is not None:
                yield name, {"status": each}


def _word(told: Mapping[str, object]) -> object:
    """The word for its state; None where it has none."""
    for name in _STATUS:
        found = told.get(name)
        if isinstance(found, (str, bool)):
            return found
        if isinstance(found, int) and 0 <= found < len(_NUMBERED) and not _OF_NUMBERED.isdisjoint(told):
            return _NUMBERED[found]
        if isinstance(found, dict) and isinstance(
            found.get("code"), str
        ):  # Spring Boot's `Status` written in full
            return found["code"]
    return None


def _shown(word: object) -> str:
    return visible(word, 60) if isinstance(word, str) else str(word).lower() if isinstance(word, bool) else ""


def _why(told: Mapping[str, object]) -> str:
    """What it says of the reason, on one line."""
    found = next(
        (told[key] for key in ("output", "Output", "description", "message", "error") if told.get(key)), ""
    )
    return visible(" ".join(found[:400].split()), 120) if isinstance(found, str) else ""


def _of_instances(listed: list[object], *, surely: bool) -> Report | None:
    """Consul: instances of a service with their checks, or checks alone. None at all is an outage."""
    told = [each for each in listed[:_MOST_PARTS] if isinstance(each, dict)]
    if not told:
        return Report(Health.OUTAGE, why="the list is empty") if surely and not listed else None
    if not surely and not all("Checks" in each or "CheckID" in each for each in told):
        return None
    if not any("Checks" in each for each in told):
        parts = tuple(_parts({"checks": told}))
        return Report(worst(each.health for each in parts), parts)
    parts = tuple(part for each in told for part in _parts(each))
    each_one = [worst(part.health for part in _parts(each)) or Health.OPERATIONAL for each in told]
    some_are_well = Health.OPERATIONAL in each_one
    found = worst(each_one)
    return Report(Health.DEGRADED if found is Health.OUTAGE and some_are_well else found, parts[:_MOST_PARTS])
