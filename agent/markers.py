"""Markers of changes, as pipelines, people and reloads tell of them: read, made safe, and stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from agent.changes import Changes
from agent.clock import Clock
from agent.door import Door
from agent.memory import Draft
from agent.pipeline import Pipeline
from alerting.incidents.change import CONFIG, DEPLOY, Change
from checks.masking import masked
from checks.text import visible
from config.friendly import nearest
from config.models import Config
from config.secrets import Secret

_KIND = re.compile(r"[a-z][a-z0-9_-]{0,15}")
_LONGEST = {"text": 500, "version": 100, "by": 100}
_MASKED_FIRST = 4096
_MOST_SERVICES = 100
_FEW = 20
_KNOWN = ("service", "services", "version", "text", "kind", "by")


class CannotMark(Exception):
    """What was told is no marker; the text says why."""


def marker(told: Mapping[str, Any], services: Collection[str], who: str, now: int) -> Change:
    """The change that somebody tells of; nothing in it is a secret any more. Raises CannotMark."""
    for key in told:
        if key not in _KNOWN:
            hint = nearest(str(key), _KNOWN) or f"known here: {', '.join(_KNOWN)}"
            raise CannotMark(f'unknown key "{visible(str(key), 60)}" ({hint})')
    kind = told.get("kind") or DEPLOY
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise CannotMark("kind: expected one short word such as deploy, in small letters")
    if kind == CONFIG:
        raise CannotMark("kind: config is what reloads are recorded as; take another word")
    text, version, by = (_said(told, name) for name in ("text", "version", "by"))
    if not text and not version:
        raise CannotMark("says nothing: give a text, a version, or both")
    return Change(0, now, kind, _services(told, services), version or None, text, by or who)


def _said(told: Mapping[str, Any], name: str) -> str:
    said = told.get(name)
    if said is None:
        return ""
    if not isinstance(said, str):
        raise CannotMark(f"{name}: expected a text")
    return visible(masked(said.strip()[:_MASKED_FIRST]), _LONGEST[name])


def _services(told: Mapping[str, Any], known: Collection[str]) -> tuple[str, ...]:
    found: list[str] = []
    for key in ("service", "services"):
        said = told.get(key)
        names = [] if said is None else [said] if isinstance(said, str) else said
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CannotMark(f"{key}: expected the name of a service, or a list of them")
        found += names
    if len(found) > _MOST_SERVICES:
        raise CannotMark(f"services: at most {_MOST_SERVICES}, or none for all of them")
    for name in found:
        if name not in known:
            near = nearest(name, known)
            raise CannotMark(f'no service is called "{visible(name, 60)}"{f" ({near})" if near else ""}')
    return tuple(dict.fromkeys(found))


def of_reload(changes: Changes, config: Config, now: int) -> Change:
    """One change for all that a reload changed, and the services that it touched; none where it is about all."""
    touched, others = set[str](), False
    for name in _names(changes):
        service = name.partition(".")[0]
        known = service in config.services or name in changes.removed
        others = others or not known
        touched |= {service} if known else set()
    lines = (f"{heading} {', '.join(names)}" for heading, names in changes.lines(_FEW).items())
    services = () if others or len(touched) > _MOST_SERVICES else tuple(sorted(touched))
    return Change(0, now, CONFIG, services, None, visible("; ".join(lines), _LONGEST["text"]), "reload")


def _names(changes: Changes) -> Iterable[str]:
    yield from (*changes.added, *changes.removed, *changes.disabled, *changes.changed)
    for old, new in changes.renamed.items():
        yield from (new, new if old.partition(".")[0] == new.partition(".")[0] else old)


class Markers:
    """Takes them in; when it returns they are on the disk. `token` is what pipelines must show, None lets none in."""

    def __init__(self, pipeline: Pipeline, clock: Clock, token: Callable[[], Secret | None]) -> None:
        self._pipeline, self._clock = pipeline, clock
        self.door = Door("changes", clock, token)

    async def add(self, told: Mapping[str, Any], who: str) -> Change:
        """Raises CannotMark."""
        return await self._note(marker(told, self._pipeline.rules.services, who, self._clock.now()))

    async def reloaded(self, changes: Changes, config: Config) -> None:
        """A reload changed something."""
        await self._note(of_reload(changes, config, self._clock.now()))

    async def _note(self, change: Change) -> Change:
        def note(draft: Draft) -> Change:
            numbered = draft.note_change(change)
            facts = {"kind": numbered.kind, "services": list(numbered.services), "by": numbered.by}
            draft.tell(
                "change.noted", change=numbered.id, **facts, version=numbered.version, text=numbered.text
            )
            return numbered

        noted: Change = await self._pipeline.change(note)
        return noted
