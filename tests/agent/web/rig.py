"""The daemon with its pages and API on a loopback port, on movable time; whoever asks has really signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from agent.access.accounts import User
from agent.access.person import Person, Right, Role
from tests.moving_clock import Driven


class House(Driven):
    """`who` asks, by `cookie`; None is nobody. `client` speaks to the daemon's own address."""

    who: Person | None = None
    cookie = ""

    async def as_(self, role: Role, name: str = "", teams: frozenset[str] | None = None) -> Person:
        """From now on somebody of that role asks, signed in as `name` (the role's where it is empty)."""
        known = self.app.reception.book.users.get(name or role.value)
        user = known or User(name or role.value, role, teams=teams, created_at=self.clock.now())
        await self.app.reception.save_user(user)
        self.cookie = await self.app.reception.admit(user, "127.0.0.1")
        self.who = self.app.reception.by_cookie(self.cookie)
        assert self.who is not None
        return self.who

    def nobody(self) -> None:
        """From now on nobody known asks."""
        self.who, self.cookie = None, ""

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
        cookies = {"tocsin": self.cookie} if self.cookie else None
        from_our_page = {"origin": self.address}
        return httpx.AsyncClient(
            base_url=self.address, cookies=cookies, headers=from_our_page, timeout=60, trust_env=False
        )


@asynccontextmanager
async def house(
    directory: Path, services: dict[str, Any], role: Role | None = Role.ADMIN, **sections: Any
) -> AsyncIterator[House]:
    """Started; somebody of that role asks."""
    made = House(directory, services, **sections)
    async with made:
        if role is not None:
            await made.as_(role)
        yield made


__all__ = ["House", "Right", "Role", "house"]
