"""Check-ups of helpdesks: would they take tickets? At load in the background, and whenever a person asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog

from agent.clock import Clock
from agent.remote_desk import RemoteDesk
from alerting.connectors.base import Finding
from alerting.slo.figures import rfc3339

log = structlog.get_logger()
_AT_ONCE = 4
Desks = Callable[[], Mapping[str, RemoteDesk]]


class NoSuchDesk(Exception):
    """The text is for the person who asked."""


class CheckUps:
    """`begin` looks at every helpdesk that was not looked at yet and delays nothing; what is not well is logged."""

    def __init__(self, desks: Desks, clock: Clock) -> None:
        self._desks, self._clock = desks, clock
        self._begun: dict[str, RemoteDesk] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)

    def begin(self) -> None:
        """After a start or reload: those whose options are new, in the background."""
        desks = dict(self._desks())
        for name in [name for name, desk in self._begun.items() if desks.get(name) is not desk]:
            del self._begun[name]
            if (task := self._tasks.pop(name, None)) is not None:
                task.cancel()
        for name in desks.keys() - self._begun.keys():
            self._tasks[name] = asyncio.create_task(self._at_load(desks[name]), name=f"check-up {name}")
        self._begun = desks

    async def ask(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """What is found now, one document for each. Raises NoSuchDesk."""
        desks = self._desks()
        asked = list(dict.fromkeys(names))
        if lacking := [name for name in asked if name not in desks]:
            raise NoSuchDesk(f"the running daemon knows no helpdesk {lacking[0][:63]}: `tocsin reload` first")
        found = await asyncio.gather(*(self._look(desks[name]) for name in asked))
        at = rfc3339(self._clock.now())
        return [_document(desks[name], at, findings) for name, findings in zip(asked, found, strict=True)]

    async def settled(self) -> None:
        """Until those that were begun have ended."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def aclose(self) -> None:
        """What has not ended is cut off: it changes nothing."""
        for task in self._tasks.values():
            task.cancel()
        await self.settled()

    async def _at_load(self, desk: RemoteDesk) -> None:
        findings = await self._look(desk)
        for each in findings:
            if each.ok is not True:
                log.warning(
                    "helpdesk.check_failed", helpdesk=desk.name, what=each.what, ok=each.ok, reason=each.text
                )
        if all(each.ok for each in findings):
            log.info("helpdesk.checked", helpdesk=desk.name, looked_at=[each.what for each in findings])

    async def _look(self, desk: RemoteDesk) -> Sequence[Finding]:
        async with self._gate:
            return await desk.check()


def _document(desk: RemoteDesk, at: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """`ok` is null where something could not be made out and nothing is wrong."""
    verdicts = [each.ok for each in findings]
    return {
        "helpdesk": desk.name,
        "type": desk.options.type,
        "at": at,
        "ok": False if False in verdicts else None if None in verdicts else True,
        "findings": [{"what": each.what, "ok": each.ok, "text": each.text} for each in findings],
    }
