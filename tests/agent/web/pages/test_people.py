"""Accounts, people, programs, what they did, and the settings: for whom they are, and without a secret."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.access.person import Role
from agent.cli.command import app
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
TEAMS = {"web": {"title": "Web"}}
SERVICES: dict[str, Any] = {"shop": {"team": "web", "checks": {"root": {"type": "disk", "path": "/"}}}}
OLD, NEW = "old password of mine", "new password of mine"


async def hired(there: House, name: str = "one", role: str = "agent") -> None:
    """Somebody with a password, signed in."""
    await there.app.commands.answer("users.add", {"name": name, "role": role, "password": OLD}, "root")
    there.cookie = await there.app.reception.sign_in(name, OLD, "192.0.2.7")
    there.who = there.app.reception.by_cookie(there.cookie)


async def noted(there: House) -> list[tuple[str, str, str, str]]:
    return [(e.who, e.what, e.about, e.outcome) for e in await there.app.reception.audit(None, 50)]


async def test_a_new_password_ends_all_sessions_but_this_one(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, role=None, teams=TEAMS) as there:
        await hired(there)
        elsewhere = await there.app.reception.sign_in("one", OLD, "198.51.100.2")
        fields = {"now": OLD, "password": NEW, "again": NEW}
        for wrong, status in (
            ({"now": "no"}, 409),
            ({"again": "no"}, 400),
            ({"password": "x", "again": "x"}, 400),
        ):
            assert (await there.post("/account/password", {**fields, **wrong})).status_code == status
        done = await there.post("/account/password", fields)
        assert (done.status_code, done.headers["location"]) == (303, "/account")
        assert there.app.reception.by_cookie(elsewhere) is None
        assert there.app.reception.by_cookie(there.cookie) is None
        fresh = re.search("tocsin=([^;]+)", done.headers["set-cookie"])
        assert fresh is not None
        assert there.app.reception.by_cookie(fresh[1]) is not None
        assert await there.app.reception.sign_in("one", NEW, "192.0.2.7")
        assert ("one", "password", "", "refused") in await noted(there)


async def test_sessions_are_ended_one_by_one_and_everywhere(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, role=None, teams=TEAMS) as there:
        await hired(there)
        elsewhere = await there.app.reception.sign_in("one", OLD, "198.51.100.2")
        page = (await there.get("/account")).text
        assert "198.51.100.2" in page
        assert there.who is not None
        named = set(re.findall('name="session" value="([0-9a-f]{16})"', page))
        (other,) = named - {there.who.session[:16]}
        await there.post("/account/sessions/end", {"session": other})
        assert there.app.reception.by_cookie(elsewhere) is None
        assert there.app.reception.by_cookie(there.cookie) is not None
        assert (await there.post("/account/sessions/end", {"session": ""})).status_code == 303
        assert there.app.reception.by_cookie(there.cookie) is not None
        await there.post("/account/sessions/end", {"session": "all"})
        assert there.app.reception.by_cookie(there.cookie) is None


async def test_nobody_ends_the_session_of_somebody_else(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, Role.VIEWER, teams=TEAMS) as there:
        assert there.who is not None
        theirs, cookie = there.who.session, there.cookie
        await there.as_(Role.AGENT)
        await there.post("/account/sessions/end", {"session": theirs[:16]})
        assert there.app.reception.by_cookie(cookie) is not None


async def test_an_admin_adds_changes_and_removes_people(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, teams=TEAMS) as there:
        made = await there.post("/people", {"act": "add", "name": "two", "role": "agent", "team": "web"})
        assert re.search(r"/welcome/[A-Za-z0-9_-]{20,}", made.text)
        users = there.app.reception.book.users
        assert (users["two"].role, users["two"].teams) == (Role.AGENT, frozenset({"web"}))
        await there.post("/people", {"act": "change", "name": "two", "role": "manager"})
        changed = there.app.reception.book.users["two"]
        assert (changed.role, changed.teams) == (Role.MANAGER, None)
        await there.post("/people", {"act": "disable", "name": "two"})
        assert there.app.reception.book.users["two"].disabled
        await there.post("/people", {"act": "remove", "name": "two"})
        assert "two" not in there.app.reception.book.users
        last = await there.post("/people", {"act": "remove", "name": "admin"})
        assert (last.status_code, "last admin" in last.text) == (409, True)
        for wrong in (
            {"act": "add", "name": "<b>"},
            {"act": "add", "name": "x", "team": "nope"},
            {"act": "x"},
        ):
            answer = await there.post("/people", wrong)
            assert (answer.status_code, "<b>" in answer.text.partition("<main")[2].replace("<b>", "", 0))[
                0
            ] == 409
        assert {"users.add", "users.set", "users.remove"} <= {what for _, what, _, _ in await noted(there)}


async def test_a_token_is_shown_once_and_opens_the_api(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, teams=TEAMS) as there:
        made = await there.post(
            "/people", {"act": "token", "name": "grafana", "scope": "look", "lasts": "90d"}
        )
        token = re.search(r"<code>(toc_[A-Za-z0-9_-]+)</code>", made.text)
        assert token is not None
        assert token[1] not in (await there.get("/people")).text
        there.nobody()
        answer = await there.get("/api/v1/me", authorization=f"Bearer {token[1]}")
        assert answer.json()["may"] == ["look"]
        await there.as_(Role.ADMIN)
        assert "wrong" in (await there.post("/people", {"act": "token", "name": "x", "lasts": "soon"})).text
        await there.post("/people", {"act": "revoke", "name": "grafana"})
        there.nobody()
        assert (await there.get("/api/v1/me", authorization=f"Bearer {token[1]}")).status_code == 401


async def test_what_is_changed_by_page_and_api_is_noted_and_refusals_too(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, Role.MANAGER, teams=TEAMS) as there:
        assert there.who is not None
        await there.post("/services/shop/pause", {"lasts": "1h", "reason": "disks"})
        await there.post("/tickets/T-9", {"verb": "take"})
        async with there.client() as client:
            sent = {"x-csrf": there.who.csrf}
            await client.post("/api/v1/tickets", json={"title": "Cannot pay"}, headers=sent)
            await client.post("/api/v1/tickets/T-1/reopen", json={}, headers=sent)
        found = await noted(there)
        assert ("manager", "pause", "shop", "done") in found
        assert ("manager", "tickets.open", "Cannot pay", "done") in found
        assert ("manager", "tickets.reopen", "T-1", "refused") in found
        await there.as_(Role.ADMIN)
        page = (await there.get("/audit?who=manager")).text
        assert ("tickets.reopen" in page, "refused" in page) == (True, True)
        assert "tickets.reopen" not in (await there.get("/audit?who=admin")).text
        assert (await there.get("/audit?before=x&who=%3Cb%3E")).status_code == 200
        printed = await asyncio.to_thread(
            CliRunner().invoke, app, ["users", "audit", "--who", "manager", "--config", str(there.file)]
        )
        assert (printed.exit_code, "tickets.reopen" in printed.output) == (0, True), printed.output


async def test_settings_are_shown_without_their_secrets(tmp_path: Path) -> None:
    state = {"id": "test", "listen": "127.0.0.1:0", "state_dir": str(tmp_path / "state")}
    agent = {**state, "changes_token": "canary-1-" * 4}
    look = {"type": "http", "url": "http://user:canary2@127.0.0.1:1/", "disabled": "elsewhere"}
    services = {
        **SERVICES,
        "api": {"checks": {"x": {**look, "headers": {"authorization": "Bearer canary-3"}}}},
    }
    desk = {"token": "canary-4-" * 4}
    async with house(tmp_path, services, agent=agent, desk=desk, teams=TEAMS) as there:
        page = (await there.get("/settings")).text
        assert "changes_token" in page
        assert "(set)" in page
        assert "(unset)" in page
        assert "canary" not in page
        for section in ("agent", "services", "desk", "nope"):
            found = await there.get(f"/settings?section={section}")
            assert (found.status_code, "canary" in found.text) == (200, False)
        await there.as_(Role.MANAGER)
        assert (await there.get("/settings")).status_code == 403


async def test_the_file_is_read_anew_from_the_page(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, teams=TEAMS) as there:
        there.write({**SERVICES, "mail": SERVICES["shop"]}, teams=TEAMS)
        assert (await there.post("/settings/reload")).status_code == 303
        assert "mail" in there.app.config.services
        there.file.write_text("services: [", encoding="utf-8")
        wrong = await there.post("/settings/reload")
        assert wrong.status_code in (303, 409)
        assert "mail" in there.app.config.services
