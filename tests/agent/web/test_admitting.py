"""Users and tokens as commands ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.control import Refused
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse 4711"


async def ask(there: House, command: str, **arguments: Any) -> Any:
    return await there.app.commands.answer(command, arguments, "root")


async def test_a_user_chooses_a_password_by_a_link(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        made = await ask(there, "users.add", name="two", role="agent")
        path = made["link"].removeprefix(there.address)
        there.nobody()
        answer = await there.post(path, {"password": PASSWORD, "again": PASSWORD})
        assert answer.status_code == 303
        assert (await there.post("/sign-in", {"name": "two", "password": PASSWORD})).status_code == 303


async def test_a_change_of_role_holds_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        await ask(there, "users.add", name="two", role="admin", password=PASSWORD)
        cookie = await there.app.reception.admit(there.app.reception.book.users["two"], "")
        await ask(there, "users.set", name="two", role="viewer")
        assert there.app.reception.by_cookie(cookie) is None


@pytest.mark.parametrize(
    "change", [("users.set", {"role": "viewer"}), ("users.set", {"disabled": True}), ("users.remove", {})]
)
async def test_the_last_admin_stays(tmp_path: Path, change: tuple[str, dict[str, Any]]) -> None:
    async with house(tmp_path, {}) as there:
        with pytest.raises(Refused, match="last admin"):
            await ask(there, change[0], name="admin", **change[1])


async def test_a_token_is_good_until_it_ends_or_is_revoked(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        shown = (await ask(there, "tokens.add", name="grafana", lasts=60))["token"]
        header = {"authorization": f"Bearer {shown}"}
        assert (await there.get("/api/v1/services", **header)).status_code == 200
        there.clock.move(61)
        assert (await there.get("/api/v1/services", **header)).status_code == 401
        other = (await ask(there, "tokens.add", name="other"))["token"]
        await ask(there, "tokens.revoke", name="other")
        assert there.app.reception.by_token(other) is None
        assert "token" not in (await ask(there, "tokens.list"))[0]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("users.add", {"name": "No Such"}),
        ("users.add", {"name": "admin"}),
        ("users.add", {"name": "two", "password": "short"}),
        ("users.add", {"name": "two", "password": "aaaaaaaaaaaa"}),
        ("users.set", {"name": "nobody", "role": "viewer"}),
        ("tokens.add", {"name": "x", "scope": "everything"}),
        ("tokens.revoke", {"name": "x"}),
    ],
)
async def test_what_cannot_be_is_refused(tmp_path: Path, command: str, arguments: dict[str, Any]) -> None:
    async with house(tmp_path, {}) as there:
        before = there.app.reception.book
        with pytest.raises(Refused):
            await ask(there, command, **arguments)
        assert there.app.reception.book == before


async def test_what_was_done_is_written_down(tmp_path: Path) -> None:
    from agent.store.access import AccessRows

    async with house(tmp_path, {}) as there:
        await ask(there, "users.add", name="two", password=PASSWORD)
        await there.post("/sign-in", {"name": "two<script>", "password": "\x1b[31mwrong wrong"})
        with there.app.pipeline._writer._engine.begin() as connection:
            noted = AccessRows(connection, "test").audit(None, 10)
        assert [(each.what, each.outcome) for each in noted] == [
            ("sign-in", "refused"), ("users.add", "done"), ("sign-in", "done"),
        ]  # fmt: skip
        assert PASSWORD not in str(noted)
