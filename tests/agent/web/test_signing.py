"""Signing in and out, through the daemon's own address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.access.accounts import IDLE, User
from agent.access.person import Role
from agent.web.signing import local
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse 4711"


async def one_who_signs_in(there: House, name: str = "one") -> None:
    hashed = await there.app.reception.hashed(PASSWORD)
    await there.app.reception.save_user(User(name, Role.AGENT, hashed))


async def signed_in(there: House, password: str = PASSWORD, onward: str = "/") -> tuple[int, str]:
    answer = await there.post("/sign-in", {"name": "one", "password": password, "next": onward})
    there.cookie = answer.cookies.get("tocsin") or ""
    return answer.status_code, answer.headers.get("location", answer.text)


async def test_in_and_out(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        assert await signed_in(there, onward="/tickets") == (303, "/tickets")
        assert (await there.get("/")).status_code == 200
        there.who = there.app.reception.by_cookie(there.cookie)
        await there.post("/sign-out")
        assert (await there.get("/")).headers["location"] == "/sign-in?next=/"


async def test_the_cookie_is_for_this_site_and_no_script(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        answer = await there.post("/sign-in", {"name": "one", "password": PASSWORD})
        said = answer.headers["set-cookie"].lower()
        assert all(each in said for each in ("httponly", "samesite=lax", "path=/"))
        assert "secure" not in said


async def test_wrong_names_and_passwords_are_told_alike_and_must_wait(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        status, said = await signed_in(there, "wrong wrong")
        assert (status, "Name or password are wrong." in said) == (403, True)
        for _ in range(4):
            await signed_in(there, "wrong wrong")
        assert (await signed_in(there))[0] == 429  # even the right one
        there.clock.move(60)
        assert (await signed_in(there))[0] == 303


async def test_a_form_without_its_token_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        await signed_in(there)
        await there.post("/sign-out", {"csrf": "another"})
        assert (await there.get("/")).status_code == 200


async def test_a_session_ends_when_idle_and_when_its_user_changes(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        reception = there.app.reception
        await signed_in(there)
        await reception.save_user(reception.renewed(reception.book.users["one"], "another"))
        assert reception.by_cookie(there.cookie) is None
        cookie = await reception.admit(reception.book.users["one"], "")
        assert reception.by_cookie(cookie) is not None
        there.clock.move(IDLE / 1_000_000 + 1)
        assert reception.by_cookie(cookie) is None


async def test_sessions_outlive_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        await signed_in(there)
        cookie, clock = there.cookie, there.clock
    again = House(tmp_path, {}, clock)
    async with again:
        again.cookie = cookie
        assert (await again.get("/")).status_code == 200


async def test_the_first_admin_comes_by_a_link_once(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        path = f"/welcome/{await there.app.reception.link('')}"
        assert "first admin" in (await there.get(path)).text
        chosen = {"name": "first", "password": PASSWORD, "again": PASSWORD}
        assert "differ" in (await there.post(path, {**chosen, "again": "x" * 12})).text
        assert "at least" in (await there.post(path, {**chosen, "password": "short", "again": "short"})).text
        answer = await there.post(path, chosen)
        assert answer.status_code == 303
        there.cookie = answer.cookies["tocsin"]
        assert (await there.get("/")).status_code == 200
        assert (await there.post(path, chosen)).status_code == 404


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"])
def test_signing_in_leads_to_our_own_pages_alone(path: str) -> None:
    assert local(path) == "/"


async def test_a_link_that_is_used_twice_at_once_makes_one_admin(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        path = f"/welcome/{await there.app.reception.link('')}"
        names = [f"admin-{number}" for number in range(4)]
        answers = await asyncio.gather(
            *(there.post(path, {"name": name, "password": PASSWORD, "again": PASSWORD}) for name in names)
        )
        assert sorted(each.status_code for each in answers)[0] == 303
        assert len(there.app.reception.book.users) == 1


async def test_many_wrong_ones_at_once_count_as_many(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        tries = [signed_in(there, f"wrong wrong {number}") for number in range(12)]
        statuses = [status for status, _ in await asyncio.gather(*tries)]
        assert (statuses.count(403), statuses.count(429)) == (5, 7)


async def test_signing_in_often_keeps_nobody_out(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        await one_who_signs_in(there)
        for _ in range(25):
            assert (await signed_in(there))[0] == 303
