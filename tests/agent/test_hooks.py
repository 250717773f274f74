"""Webhooks of a helpdesk against the real web server: only what proves itself is heard, and then the ticket is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from alerting.outgoing import Standing
from tests.agent.test_delivery import Case, life, running
from tests.fakes.helpdesk import Helpdesk
from tests.site import Site

pytestmark = pytest.mark.anyio


class Caller:
    """The helpdesk's side of the hook."""

    def __init__(self, case: Case, http: httpx.AsyncClient, token: str) -> None:
        self.case, self._http, self._token = case, http, token

    async def tells(
        self, body: bytes, token: str | None = None, name: str = "desk", method: str = "POST"
    ) -> httpx.Response:
        headers = {"X-Fakedesk-Token": self._token if token is None else token}
        return await self._http.request(
            method, f"/api/v1/helpdesks/{name}/hook", content=body, headers=headers
        )


@asynccontextmanager
async def called(path: Path, site: Site, desk: Helpdesk) -> AsyncIterator[Caller]:
    """One ticket is open over there, and nothing is looked at for an hour."""
    async with running(path, site, desk, poll_every="1h") as case:
        await case.breaks()
        await asyncio.wait_for(case.driven.app.check_ups.settled(), 60)
        address = case.driven.app.web.addresses[0]
        async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
            yield Caller(case, http, desk.token)


async def test_what_is_told_is_looked_at_now_and_not_in_an_hour(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    async with called(tmp_path, site, desk) as caller:
        desk.human("acknowledge", 1)
        await caller.case.passes(60)
        assert caller.case.ours == "new"
        answer = await caller.tells(b'{"ids": [1, 77]}')
        assert (answer.status_code, answer.content) == (202, b"")
        await caller.case.passes(10)
        assert caller.case.ours == "acknowledged"
        await caller.case.heals()


async def test_many_calls_at_once_are_one_look(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with called(tmp_path, site, desk) as caller:
        before = desk.count("read")
        answers = [await caller.tells(b'{"ids": [1]}') for _ in range(100)]
        assert {answer.status_code for answer in answers} == {202, 429}
        await caller.case.passes(60)
        assert desk.count("read") == before + 1


async def test_what_ended_long_ago_is_looked_at_when_it_is_told_of(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    async with called(tmp_path, site, desk) as caller:
        await caller.case.heals(60)
        world, entry = caller.case.driven.app.pipeline.world, caller.case.entry
        long_ago = replace(entry, changed_at=entry.changed_at - 2 * 86_400_000_000)
        world.outbox[entry.helpdesk, entry.key] = long_ago
        before = desk.count("read")
        await caller.case.passes(60)
        await caller.tells(b'{"ids": [1]}')
        await caller.case.passes(10)
        assert desk.count("read") == before + 1


async def test_a_look_that_is_asked_for_during_a_try_is_made_after_it(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    async with called(tmp_path, site, desk) as caller:
        desk.close()
        await caller.case.heals(60)
        assert caller.case.entry.state is Standing.WAITING
        assert (await caller.tells(b'{"ids": [1]}')).status_code == 202
        desk.open()
        await caller.case.passes(300)
        assert (caller.case.entry.state, caller.case.ours) == (Standing.DONE, "resolved")


async def test_a_greeting_is_answered(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with called(tmp_path, site, desk) as caller:
        answer = await caller.tells(b'{"greeting": "moin"}')
        assert (answer.status_code, answer.content) == (200, b"moin")


async def test_what_proves_nothing_is_told_nothing(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with called(tmp_path, site, desk) as caller:
        before = desk.count("read")
        with capture_logs() as logs:
            answers = [await caller.tells(b'{"ids": [1]}', token="wrong") for _ in range(60)]
        assert {(answer.status_code, answer.text) for answer in answers} == {(403, "not allowed\n")}
        refused = [each for each in logs if each["event"] == "hook.refused"]
        assert 0 < len(refused) < 40
        assert desk.token not in str(logs)
        assert "wrong" not in str(refused)
        await caller.case.passes(60)
        assert desk.count("read") == before


async def test_calls_that_make_no_sense_are_refused(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with called(tmp_path, site, desk) as caller:
        assert (await caller.tells(b"[")).status_code == 400
        assert (await caller.tells(b"[]")).status_code in (400, 403)
        assert (await caller.tells(b"{}", name="other")).status_code == 404
        assert (await caller.tells(b"x" * (1024 * 1024 + 1))).status_code == 413
        assert (await caller.tells(b"{}", method="GET")).status_code == 405
        assert (await caller.tells(b"{}")).status_code == 202


async def test_a_helpdesk_that_does_not_call_has_no_ear(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with called(tmp_path, site, desk) as caller:
        remote = caller.case.driven.app.delivery.desks["desk"]
        hearing, remote._connector = remote._connector, object()  # type: ignore[assignment]
        try:
            assert (await caller.tells(b"{}")).status_code == 403
        finally:
            remote._connector = hearing
