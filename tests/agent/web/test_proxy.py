"""A proxy in front that signs people in: believed from its own addresses alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.access.accounts import User
from agent.access.person import Role
from tests.agent.web.raw import agent, request, sent
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio


async def as_named(there: House, *names: str, path: str = "/settings/none", **more: Any) -> int:
    """The status of a page when the proxy names these."""
    lines = "".join(f"\r\nx-remote-user: {each}" for each in names)
    asked = request(there.address, path, **more).replace(
        b"\r\nconnection", lines.encode() + b"\r\nconnection"
    )
    return (await sent(there.address, asked)).status


def proxied(directory: Path, whence: str = "127.0.0.0/8", **more: Any) -> dict[str, Any]:
    return agent(directory, proxy={"from": [whence], "user_header": "X-Remote-User", **more})


async def test_users_come_in_as_what_they_are_here(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None, agent=proxied(tmp_path)) as there:
        await there.app.reception.save_user(User("one", Role.VIEWER))
        await there.app.reception.save_user(User("gone", Role.ADMIN, disabled=True))
        assert await as_named(there, "one", path="/") == 200
        assert await as_named(there, "gone", path="/") == 303
        assert await as_named(there, "stranger", path="/") == 303
        assert await as_named(there, path="/") == 303
        assert await as_named(there, "one", "one", path="/") == 303  # one of them came through from outside


async def test_others_are_what_the_operator_says(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None, agent=proxied(tmp_path, role="viewer")) as there:
        assert await as_named(there, "stranger@example.org", path="/") == 200
        look = "/services/tocsin/look"
        own = {"method": "POST", "origin": there.address}
        assert await as_named(there, "stranger@example.org", path=look, **own) == 403


async def test_nobody_else_can_say_who_they_are(tmp_path: Path) -> None:
    async with house(tmp_path, {}, agent=proxied(tmp_path, "192.0.2.10/32", role="admin")) as there:
        there.nobody()
        assert await as_named(there, "admin", path="/") == 303
        assert await as_named(there, "admin", path="/api/v1/services") == 401


async def test_another_site_cannot_use_what_the_proxy_says(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None, agent=proxied(tmp_path, role="admin")) as there:
        for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}, {}):
            assert await as_named(there, "one", path="/services/tocsin/look", method="POST", **headers) == 403
