"""Pages and API are there for those who may, and for nobody else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.agent.web.rig import Role, house

pytestmark = pytest.mark.anyio
SERVICES: dict[str, Any] = {"shop": {"title": "Shop <b>", "checks": {"root": {"type": "disk", "path": "/"}}}}


async def test_a_page_escapes_what_it_shows(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES) as there:
        await there.advance(61)
        answer = await there.get("/")
        assert answer.status_code == 200
        assert "Shop &lt;b&gt;" in answer.text


async def test_nobody_is_sent_to_sign_in_and_programs_are_told(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, role=None) as there:
        assert (await there.get("/")).headers["location"] == "/sign-in?next=/"
        refused = await there.get("/api/v1/services")
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


async def test_the_api_answers_those_who_may(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES, role=Role.VIEWER) as there:
        answer = await there.get("/api/v1/services")
        assert [each["service"] for each in answer.json()] == ["shop", "tocsin"]


async def test_what_is_not_there_is_said_on_a_page(tmp_path: Path) -> None:
    async with house(tmp_path, SERVICES) as there:
        await there.advance(61)
        answer = await there.get("/services/%3Cb%3E")
        assert (answer.status_code, "There is no such service" in answer.text) == (404, True)


async def test_a_fault_of_ours_is_said_and_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with house(tmp_path, SERVICES) as there:
        await there.advance(61)
        with closing(sqlite3.connect(tmp_path / "state" / "tocsin.db")) as store:
            store.execute("ALTER TABLE spans RENAME TO lost")
            answer = await there.get("/reports")
            store.execute("ALTER TABLE lost RENAME TO spans")
        assert (answer.status_code, "Our own fault" in answer.text) == (500, True)
        assert "page.failed" in capsys.readouterr().out
