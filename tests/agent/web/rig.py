"""The daemon with its pages and API on a loopback port, on movable time; who asks is whoever the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request

from agent.access.person import Person, Right, Role, highest
from tests.moving_clock import Driven, MovingClock


def person(role: Role = Role.ADMIN, name: str = "one", teams: frozenset[str] | None = None) -> Person:
    """Somebody who came in by a session."""
    return Person(name, role, highest(role), "session", teams, session="s", csrf="the-csrf")


class House(Driven):
    """`who` asks; None is nobody. `client` speaks to the daemon's own address."""

    def __init__(
        self, directory: Path, services: dict[str, Any], clock: MovingClock | None = None, **sections: Any
    ) -> None:
        super().__init__(directory, services, clock, **sections)
        self.who: Person | None = person()
        self.app.who = self._who

    async def _who(self, _request: Request) -> Person | None:
        return self.who

    def as_(self, role: Role, **more: Any) -> None:
        """From now on somebody of that role asks."""
        self.who = person(role, **more)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.get(path, headers=headers)

    async def post(
        self, path: str, fields: Mapping[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """A form, with the token that forms carry; as a browser sends it from our own page."""
        sent = {"csrf": self.who.csrf if self.who else "", **(fields or {})}
        async with self.client() as client:
            return await client.post(path, data=sent, headers={"origin": self.address, **headers})

    @property
    def address(self) -> str:
        return self.app.web.addresses[0]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address, timeout=60, trust_env=False)


@asynccontextmanager
async def house(directory: Path, services: dict[str, Any], **sections: Any) -> AsyncIterator[House]:
    made = House(directory, services, **sections)
    async with made:
        yield made


__all__ = ["House", "Right", "Role", "house", "person"]
