"""One page for many: made once, anew when it is old, and by nobody's name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from agent.web.shared import LASTS, Shared
from tests.agent.web.rig import Role, house
from tests.moving_clock import MovingClock

pytestmark = pytest.mark.anyio
SERVICES: dict[str, Any] = {"shop": {"checks": {"root": {"type": "disk", "path": "/"}}}}
LIVE = {"x-live": "1"}


class Made:
    """Counts how often it was asked."""

    def __init__(self, fails: int = 0) -> None:
        self.times, self._fails = 0, fails

    async def __call__(self) -> Response:
        self.times += 1
        await asyncio.sleep(0)
        if self.times <= self._fails:
            raise LookupError("no")
        return Response(f"{self.times}")


async def test_all_who_ask_at_once_get_one() -> None:
    made, shared = Made(), Shared(MovingClock())
    answers = await asyncio.gather(*(shared.get("a", made) for _ in range(50)))
    assert ({bytes(each.body) for each in answers}, made.times) == ({b"1"}, 1)


async def test_an_old_one_is_made_anew() -> None:
    made, clock = Made(), MovingClock()
    shared = Shared(clock)
    await shared.get("a", made)
    clock.move(LASTS + 0.1)
    assert bytes((await shared.get("a", made)).body) == b"2"


async def test_a_failure_is_kept_for_nobody_else() -> None:
    made, shared = Made(fails=1), Shared(MovingClock())
    with pytest.raises(LookupError):
        await shared.get("a", made)
    assert bytes((await shared.get("a", made)).body) == b"2"


async def test_what_is_shared_has_no_name_and_no_token_of_a_form(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, Role.ADMIN) as there:
        await there.advance(61)
        for path in ("/", "/services/shop", "/incidents"):
            page = (await there.get(path, **LIVE)).text
            assert there.who is not None
            assert f"<span>{there.who.name} " not in page
            assert there.who.csrf not in page


async def test_roles_and_teams_share_nothing(tmp_path: Path) -> None:
    teams = {"web": {"title": "Web"}}
    shops = {name: {**SERVICES["shop"], "team": "web"} if name == "shop" else SERVICES["shop"]
             for name in ("shop", "ledger")}  # fmt: skip
    async with house(tmp_path, shops, Role.ADMIN, teams=teams) as there:
        await there.advance(61)
        assert 'data-service="ledger"' in (await there.get("/", **LIVE)).text
        assert "Look now" in (await there.get("/services/shop", **LIVE)).text
        await there.as_(Role.ADMIN, "webmaster", frozenset({"web"}))
        assert 'data-service="ledger"' not in (await there.get("/", **LIVE)).text
        await there.as_(Role.VIEWER)
        assert "Look now" not in (await there.get("/services/shop", **LIVE)).text


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "../../etc/passwd", "Europe", "x" * 300, "%00", ""])
async def test_times_are_in_the_zone_that_is_named_if_there_is_one(tmp_path: Path, zone: str) -> None:
    async with house(tmp_path, SERVICES) as there:
        await there.advance(61)
        async with there.client() as client:
            client.cookies.set("zone", zone)
            page = (await client.get("/")).text
        usual = there.app.config.agent.timezone
        assert f"Times in {'Asia/Tokyo' if zone == 'Asia/Tokyo' else usual}" in page
