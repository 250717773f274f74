"""A site that breaks and heals, watched by an agent whose tickets go by one connector: what delivery makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alerting.connectors.base import ConnectorType
from alerting.outgoing import Outgoing
from tests.moving_clock import Driven
from tests.site import Site


class Life:
    """The site, what watches it, and the outbox."""

    def __init__(self, driven: Driven, site: Site) -> None:
        self.driven, self.site = driven, site

    async def breaks(self, seconds: float = 60) -> None:
        self.site.status = 500
        await self.driven.advance(seconds)

    async def heals(self, seconds: float = 60) -> None:
        self.site.status = 200
        await self.driven.advance(seconds)

    async def passes(self, seconds: float) -> None:
        await self.driven.advance(seconds)

    def now(self) -> float:
        """Seconds since 1970, for a vendor that lives in the same time."""
        return self.driven.clock.now() / 1_000_000

    @property
    def entries(self) -> list[Outgoing]:
        return list(self.driven.app.pipeline.world.outbox.values())

    @property
    def entry(self) -> Outgoing:
        (entry,) = self.entries
        return entry


@asynccontextmanager
async def life(
    path: Path, kind: ConnectorType, section: str = "channels", **options: object
) -> AsyncIterator[Life]:
    """From a site that is well on; each check-up of it is ten seconds after the last."""

    class Delivering(Driven):
        connectors = {kind.name: kind}  # noqa: RUF012 - as the base has it

    home = {"type": "http", "every": "10s", "timeout": "2s", "confirm": 2, "recover": 2}
    with Site() as site:
        services: dict[str, object] = {
            "web": {"checks": {"home": {**home, "url": site.url}}, "uptime": {"burn": False}}
        }
        there = {"there": {"type": kind.name, **options}}
        routes = [{"send_to": ["there"]}]
        driven = Delivering(path, services, None, **{section: there, "routes": routes})
        async with driven:
            await driven.advance(20)
            yield Life(driven, site)
