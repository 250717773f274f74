"""/metrics: for networks that may, and for tokens that see everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.web.raw import agent
from tests.agent.web.rig import House, Role, house

pytestmark = pytest.mark.anyio


async def shown(there: House, **asked: object) -> int:
    """The status for a program with a new token, as it is asked for."""
    made = await there.app.commands.answer("tokens.add", {"name": "prometheus", **asked}, "root")
    return (await there.get("/metrics", authorization=f"Bearer {made['token']}")).status_code


async def test_metrics_are_read_from_networks_or_with_a_token_that_sees_all(tmp_path: Path) -> None:
    closed = {**agent(tmp_path), "metrics": {"allow": ["192.0.2.0/24"]}}
    async with house(tmp_path, {}, Role.ADMIN, agent=closed) as there:
        assert (await there.get("/metrics")).status_code == 403  # a session is no token
        there.nobody()
        assert (await there.get("/metrics")).status_code == 403
        assert (await there.get("/metrics", authorization="Bearer toc_none")).status_code == 403
        assert await shown(there) == 200


async def test_a_token_of_one_team_reads_no_figures_of_all(tmp_path: Path) -> None:
    closed = {**agent(tmp_path), "metrics": {"allow": ["192.0.2.0/24"]}}
    async with house(tmp_path, {}, role=None, agent=closed) as there:
        assert await shown(there, teams=["web"], scope="administer") == 403
