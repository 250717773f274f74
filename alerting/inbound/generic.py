"""Any tool that sends JSON: which part of it is what is said by JSON paths."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from alerting.inbound.alert import Alert, NotRead, Read
from alerting.inbound.values import block, moment, text, texts
from config.conditions.paths import compile_path
from config.conditions.work import TooMuchWork, Work
from config.inbound import Mapped

_STEPS = 2_000_000
_MOST = 1000


def read(body: Any, mapped: Mapped) -> Read:
    """The alerts by the operator's mapping. Raises NotRead."""
    work = Work(_STEPS)
    try:
        told = _found(body, mapped.each, work) if mapped.each is not None else [body]
        if len(told) > _MOST:
            raise NotRead(f"has more than {_MOST} alerts")
        found = [_alert(each, mapped, work) for each in told]
    except TooMuchWork:
        raise NotRead("is too large for its paths") from None
    known = [each for each in found if each is not None]
    if told and not any(_text(each, mapped.key, work) for each in told):
        raise NotRead(f"has nothing at key: {mapped.key}")
    return Read(tuple(known), len(told) - len(known))


def _alert(told: object, mapped: Mapped, work: Work) -> Alert | None:
    key = _text(told, mapped.key, work)
    firing = _firing(told, mapped, work)
    if not key or firing is None:
        return None
    labels = _found(told, mapped.labels, work)
    at = {
        name: moment(_text(told, path, work))
        for name, path in (("started", mapped.started), ("ended", mapped.ended))
    }
    return Alert(
        key=key,
        title=_text(told, mapped.title, work) or key,
        firing=firing,
        text=_text(told, mapped.text, work),
        severity=_text(told, mapped.severity, work),
        service=_text(told, mapped.service, work),
        url=_text(told, mapped.url, work),
        labels=texts(block(labels[0])) if labels else {},
        started=at["started"],
        ended=None if firing else at["ended"],
    )


def _firing(told: object, mapped: Mapped, work: Work) -> bool | None:
    """What is said to be over is, and what is said to fire does; of other words nobody knows where both are given."""
    if mapped.state is None:
        return True
    said = _text(told, mapped.state, work).lower()
    if said in _small(mapped.resolved):
        return False
    return True if not mapped.firing or said in _small(mapped.firing) else None


def _small(words: Iterable[str]) -> set[str]:
    return {word.lower() for word in words}


def _text(told: object, path: str | None, work: Work) -> str:
    return next(filter(None, map(text, _found(told, path, work))), "")


def _found(told: object, path: str | None, work: Work) -> list[object]:
    return _compiled(path).select(told, work) if path is not None else []


_compiled = lru_cache(maxsize=1000)(compile_path)
