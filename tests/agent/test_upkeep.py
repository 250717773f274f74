"""Retention and gauges belong to the agent that was started, whatever a reload says."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Connection, func, select

from agent.store import schema
from agent.store.dialect import FILE_NAME
from agent.store.writer import Writer
from agent.upkeep import Upkeep
from checks.registry import all_kinds
from config.loader import load
from config.models import Config
from tests.moving_clock import SECOND, START, Driven, MovingClock

CHECK = {"type": "tcp", "host": "127.0.0.1", "port": 1, "every": "10s", "timeout": "1s"}


def renamed(driven: Driven) -> Config:
    driven.file.write_text(driven.file.read_text().replace("id: test", "id: other"))
    return load(driven.file, all_kinds())


def test_a_reload_with_another_agent_id_leaves_the_gauges_with_the_running_one(tmp_path: Path) -> None:
    async def scene() -> str:
        async with Driven(tmp_path, {"web": {"checks": {"home": CHECK}}}) as driven:
            await driven.advance(60)
            await driven.app.reload(renamed(driven))
            return driven.app.metrics.page().decode()

    assert 'tocsin_uptime_ratio{service="web",window="30d"} 0.0' in asyncio.run(scene())


def insert_old(connection: Connection) -> None:
    row = {
        "agent_id": "test", "service": "web", "check_id": "home", "at": START - 9 * 3600 * SECOND,
        "status": "ok", "took": 0.1, "message": "", "values": "{}",
    }  # fmt: skip
    connection.execute(schema.readings.insert(), [row])


def test_it_leaves_retention_with_the_running_one_too(tmp_path: Path) -> None:
    driven = Driven(tmp_path, {"web": {"checks": {"home": CHECK}}})

    async def scene() -> int:
        writer = Writer(tmp_path / FILE_NAME)
        upkeep = Upkeep(tmp_path, driven.app.config, MovingClock(), writer)
        upkeep.use(renamed(driven))
        try:
            await writer.write(insert_old)
            await upkeep.run()
            count = select(func.count()).select_from(schema.readings)
            left: int = await writer.write(lambda connection: connection.execute(count).scalar_one())
            return left
        finally:
            writer.close()

    assert asyncio.run(scene()) == 0
