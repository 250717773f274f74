"""Who watches hears what changes, of what they may see, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.web.live import MOST_OF_ONE
from tests.agent.web.rig import House, Role, house

pytestmark = pytest.mark.anyio
_PATIENCE = 30.0
TEAMS = {"web": {"title": "Web"}, "books": {"title": "Books"}}


def services(directory: Path) -> dict[str, Any]:
    def of(team: str) -> dict[str, Any]:
        look = {"type": "file", "path": str(directory / team / "here"), "every": "10s", "confirm": 1}
        return {"team": team, "checks": {"there": {**look, "counts_for_uptime": True}}}

    return {"shop": of("web"), "ledger": of("books")}


class Hearing:
    """What comes over one stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines, self.id = lines, ""

    async def event(self) -> tuple[str, Any]:
        """The next one, with what it says."""
        found: dict[str, str] = {}
        async with asyncio.timeout(_PATIENCE):
            async for line in self._lines:
                if not line and "event" in found:
                    self.id = found["id"]
                    return found["event"], json.loads(found["data"])
                name, _, value = line.partition(": ")
                found[name] = value
        raise AssertionError("it has ended")

    async def ended(self) -> bool:
        async with asyncio.timeout(_PATIENCE):
            async for line in self._lines:
                if line.startswith("event"):
                    return False
        return True


@asynccontextmanager
async def heard(there: House, path: str = "/live", **headers: str) -> AsyncIterator[Hearing]:
    async with (
        there.client() as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )
        lines = answer.aiter_lines()
        async with asyncio.timeout(_PATIENCE):
            assert (await anext(lines)).startswith("retry: ")
        yield Hearing(lines)


@asynccontextmanager
async def built(directory: Path, role: Role = Role.AGENT) -> AsyncIterator[House]:
    for team in ("web", "books"):
        (directory / team).mkdir()
        (directory / team / "here").touch()
    async with house(directory, services(directory), role, teams=TEAMS) as there:
        await there.advance(30)
        yield there


async def test_a_service_that_goes_down_and_its_ticket_are_told(tmp_path: Path) -> None:
    async with built(tmp_path) as there, heard(there) as stream:
        (tmp_path / "web" / "here").unlink()
        await there.advance(30)
        name, said = await stream.event()
        while not said["tickets"]:
            name, said = await stream.event()
        assert (name, said["tickets"], len(said["incidents"])) == ("changed", ["T-1"], 1)
        assert there.app.live.after(0) is not None


async def test_a_look_that_changes_nothing_is_not_told(tmp_path: Path) -> None:
    async with built(tmp_path) as there, heard(there):
        await there.advance(300)
        assert there.app.live.number == 0


async def test_teams_hear_of_their_own_alone(tmp_path: Path) -> None:
    async with built(tmp_path) as there:
        await there.as_(Role.AGENT, "booker", frozenset({"books"}))
        async with heard(there) as stream:
            (tmp_path / "web" / "here").unlink()
            await there.advance(30)
            (tmp_path / "books" / "here").unlink()
            await there.advance(30)
            told: dict[str, Any] = {}
            while "ledger" not in told:
                _, said = await stream.event()
                told |= said["services"]
                assert "T-1" not in said["tickets"] and 1 not in said["incidents"]
            assert set(told) == {"ledger"}


async def test_who_comes_back_hears_what_came_meanwhile(tmp_path: Path) -> None:
    async with built(tmp_path) as there, heard(there) as kept:
        async with heard(there) as stream:
            (tmp_path / "web" / "here").unlink()
            await there.advance(30)
            await stream.event()
        (tmp_path / "books" / "here").unlink()
        await there.advance(30)
        async with heard(there, **{"last-event-id": stream.id}) as again:
            name, said = await again.event()
            assert (name, said["services"].get("ledger")) == ("changed", "down")
        assert (await kept.event())[0] == "changed"


@pytest.mark.parametrize("known", ["00000000-1", "nonsense", "00000000-999999999999999"])
async def test_who_knows_another_run_is_told_to_load_anew(tmp_path: Path, known: str) -> None:
    async with built(tmp_path) as there, heard(there, **{"last-event-id": known}) as stream:
        assert await stream.event() == ("reload", {})


async def test_a_stream_ends_with_the_session(tmp_path: Path) -> None:
    async with built(tmp_path) as there, heard(there) as stream:
        assert there.who is not None
        await there.app.reception.sign_out(there.who.session)
        (tmp_path / "web" / "here").unlink()
        await there.advance(30)
        assert await stream.ended()


async def test_streams_end_when_the_daemon_does(tmp_path: Path) -> None:
    async with built(tmp_path) as there, heard(there) as stream:
        there.app.live.end()
        assert await stream.ended()


async def test_nothing_is_compared_while_nobody_watches(tmp_path: Path) -> None:
    async with built(tmp_path) as there:
        async with heard(there):
            pass
        (tmp_path / "web" / "here").unlink()
        async with asyncio.timeout(_PATIENCE):
            while there.app.live.watchers:
                await asyncio.sleep(0.01)
        await there.advance(30)
        assert there.app.live.number == 0


async def test_one_person_watches_so_many_times(tmp_path: Path) -> None:
    async with built(tmp_path) as there:
        with _taken(there, MOST_OF_ONE):
            full = await there.get("/live")
            assert (full.status_code, full.headers["retry-after"]) == (503, "60")
        async with heard(there):
            pass


def _taken(there: House, times: int) -> ExitStack:
    assert there.who is not None
    stack = ExitStack()
    for _ in range(times):
        stack.enter_context(there.app.live.watching(there.who.name))
    return stack


async def test_programs_watch_with_a_token(tmp_path: Path) -> None:
    async with built(tmp_path) as there, heard(there, "/api/v1/stream") as stream:
        (tmp_path / "web" / "here").unlink()
        await there.advance(30)
        assert (await stream.event())[0] == "changed"
        assert "/stream" not in (await there.get("/api/v1/openapi.json")).json()["paths"]
