"""Helpdesks and channels: would they take tickets and mail? Asked by read-only calls, nothing is changed there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from agent.clock import SystemClock
from agent.doctor.finding import Finding, State, finding
from agent.doctor.ground import Ground
from agent.remote_desk import RemoteDesk
from alerting.connectors.base import Finding as Seen
from config.models import Helpdesk

_PATIENCE = 15.0
_MOST = 30


def look(ground: Ground) -> Iterator[Finding]:
    """The check-up of each, all at once."""
    found = list(ground.config.helpdesks.values())[:_MOST]
    if not found:
        text = "none is configured: tickets are only to be seen here"
        remedy = "helpdesks: in the configuration; docs/connectors/README.md"
        yield finding("helpdesks", "who is told", "warn", text, remedy)
        return
    yield from asyncio.run(_all_asked(found, ground))


async def _all_asked(found: list[Helpdesk], ground: Ground) -> list[Finding]:
    several = await asyncio.gather(*(_asked(each, ground) for each in found))
    return [each for some in several for each in some]


async def _asked(helpdesk: Helpdesk, ground: Ground) -> list[Finding]:
    kind = ground.connectors[helpdesk.options.type]
    desk = RemoteDesk(helpdesk, kind, ground.config.agent.id, SystemClock())
    try:
        async with asyncio.timeout(_PATIENCE):
            seen = list(await desk.check())
    except TimeoutError:
        seen = [Seen("check-up", False, f"no answer within {_PATIENCE:g}s")]
    finally:
        await desk.aclose()
    return [_told(helpdesk.name, each, some_is_well=any(other.ok for other in seen)) for each in seen]


def _told(name: str, seen: Seen, *, some_is_well: bool) -> Finding:
    """What could not be made out is a failure where nothing at all was well."""
    state: State = "ok" if seen.ok else "warn" if seen.ok is None and some_is_well else "fail"
    remedy = "" if seen.ok else f"tocsin connectors check {name} tells more"
    return finding("helpdesks", f"{name}: {seen.what}", state, seen.text or "well", remedy)
