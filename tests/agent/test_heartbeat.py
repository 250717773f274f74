"""Jobs that report in, through the whole app: real sockets, a real store, time that moves when told."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from agent.app import App
from agent.keys import FILE_NAME, keys_for, secret_in
from agent.store.reader import reading
from checks.heartbeat.memory import job_of
from checks.registry import all_kinds
from config.loader import load
from tests.agent.reporting import KEY, heartbeat, known, memory, report
from tests.moving_clock import SECOND, START, Driven, MovingClock

RUN = "0aa2c1de-0000-4000-8000-000000000001"


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def status(driven: Driven, check: str = "backup") -> str:
    last = memory(driven, check).last
    return "none" if last is None else last.status.value


def on_disk(driven: Driven) -> Any:
    """The memo of the job as another process reads it."""
    with reading(driven.directory / "state", "test") as store:
        return job_of(store.memos().get(("jobs", "backup")))


@run
async def test_a_report_is_on_the_disk_before_its_answer(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h")) as driven:
        answer = await report(driven, KEY, b"42 files\n")
        assert (answer.status, answer.body) == (200, "OK")
        last = on_disk(driven).last
        assert (last.at, last.body, last.client) == (START / SECOND, "42 files\n", "127.0.0.1")
        assert status(driven) == "ok"


@run
async def test_lateness_is_seen_at_its_moment_and_not_at_the_next_turn(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="300s", grace="7s")) as driven:
        await report(driven)
        await driven.advance(306.9)
        assert status(driven) == "ok"
        await driven.advance(0.5)
        assert status(driven) == "down"
        (flip,) = _flips(driven)
        assert flip["reason"].startswith("late > 0")
        await report(driven)
        assert status(driven) == "ok"
        assert len(_flips(driven)) == 2


def _flips(driven: Driven) -> list[dict[str, Any]]:
    with sqlite3.connect(driven.directory / "state" / "tocsin.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM flips ORDER BY at")]


@run
async def test_the_end_of_a_run_is_awaited_at_its_moment_too(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h", grace="5m", max_runtime="31s")) as driven:
        await report(driven)
        await driven.advance(61)
        await report(driven, f"{KEY}/start")
        await driven.advance(30.9)
        assert status(driven) == "ok"
        await driven.advance(0.5)
        assert status(driven) == "down"


@run
async def test_a_failing_job_opens_a_ticket_with_its_last_output_at_once(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h")) as driven:
        await report(driven, f"{KEY}/2", b"token=abcdef0123456789\ndisk full\n")
        with reading(driven.directory / "state", "test") as store:
            (ticket,) = store.tickets()
        assert "the job failed with exit code 2: disk full" in ticket.description
        assert "abcdef0123456789" not in ticket.description
        await report(driven)
        with reading(driven.directory / "state", "test") as store:
            assert [ticket.state.value for ticket in store.tickets()] == ["resolved"]


@run
async def test_no_report_is_overwritten_by_a_judging_that_began_before_it(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h", grace="1m")) as driven:
        for number in range(20):
            check = driven.app.config.services["jobs"].checks["backup"]
            judging = [asyncio.create_task(driven.app.hearing.judge(check)) for _ in range(3)]
            answers = await asyncio.gather(*(report(driven, f"{KEY}/{code}") for code in (number, 0)))
            await asyncio.gather(*judging)
            assert [answer.status for answer in answers] == [200, 200]
            assert known(driven).last == on_disk(driven).last
            await report(driven, f"{KEY}/{number}")
            await asyncio.gather(*(driven.app.hearing.judge(check) for _ in range(3)))
            last = on_disk(driven).last
            assert last is not None
            assert last.exit == number
            await driven.advance(10)


@run
async def test_an_unknown_key_is_not_found_whatever_follows_it_and_never_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Driven(tmp_path, heartbeat(every="1h")) as driven:
        for path in (
            "nobody-knows-me-01",
            f"{KEY}x/start",
            "nobody-knows-me-01/999?rid=x",
            "%00",
            "%C3%A9" * 20,
        ):
            answer = await report(driven, path)
            assert (answer.status, answer.body) == (404, "not found")
        for word in ("999", "stop", "start?rid=1"):
            assert (await report(driven, f"{KEY}/{word}")).status == 400
        assert (await report(driven, KEY, method="PUT")).status == 405
        assert known(driven).last is None
    logged = capsys.readouterr()
    assert "nobody-knows-me" not in logged.out + logged.err
    assert KEY not in logged.out + logged.err


@run
async def test_get_head_and_post_say_the_same_with_or_without_a_slash_at_the_end(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h")) as driven:
        for method in ("GET", "HEAD", "POST"):
            for path in (f"{KEY}/3", f"{KEY}/", f"{KEY}/start/", f"{KEY}/0/"):
                assert (await report(driven, path, method=method)).status == 200
                await driven.advance(1)
            assert known(driven).last.took == 1.0  # type: ignore[union-attr]  # there is one


@run
async def test_a_long_body_is_cut_and_the_report_counts_all_the_same(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h", max_body="100B")) as driven:
        answer = await report(driven, KEY, b"x" * 5_000_000)
        assert (answer.status, answer.headers["ping-body-limit"]) == (200, "100")
        assert known(driven).last.body == "x" * 100  # type: ignore[union-attr]  # there is one


@run
async def test_one_key_cannot_report_without_a_pause(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h")) as driven:
        answers = await asyncio.gather(*(report(driven) for _ in range(70)))
        refused = [answer for answer in answers if answer.status == 429]
        assert len(refused) == 10
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        await driven.advance(5)
        assert (await report(driven)).status == 200


@run
async def test_a_store_that_cannot_write_is_told_and_nothing_is_taken(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h")) as driven:
        await report(driven, f"{KEY}/7")
        holder = sqlite3.connect(tmp_path / "state" / "tocsin.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            answer = await report(driven)
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) > 0
            assert on_disk(driven).last.exit == 7
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        await driven.app.pipeline.idle()
        assert (await report(driven)).status == 200
        assert on_disk(driven).last.ok


@run
async def test_a_daemon_that_was_not_there_calls_nothing_late_and_what_was_late_stays_late(
    tmp_path: Path,
) -> None:
    services = heartbeat(every="1h", grace="1m")
    clock = MovingClock()
    async with Driven(tmp_path, services, clock) as driven:
        await report(driven)
        await driven.advance(1800)
    clock.move(7200)
    async with Driven(tmp_path, services, clock) as driven:
        await driven.advance(30)
        assert status(driven) == "unknown"
        await driven.advance(3600)
        assert status(driven) == "unknown"
        await driven.advance(61)
        assert status(driven) == "down"
    clock.move(600)
    async with Driven(tmp_path, services, clock) as driven:
        await driven.advance(30)
        assert status(driven) == "down"


@run
async def test_other_options_and_another_name_lose_no_report(tmp_path: Path) -> None:
    async with Driven(tmp_path, heartbeat(every="1h", grace="1m")) as driven:
        await report(driven)
        await driven.advance(1800)
        await _reload(driven, heartbeat(every="2h", grace="1m"))
        assert (await report(driven, f"{KEY}/start")).status == 200
        await driven.advance(59)
        assert (status(driven), known(driven).last.at) == ("ok", START / SECOND)  # type: ignore[union-attr]
        renamed: dict[str, object] = {
            "jobs": {"checks": {"dump": {"type": "heartbeat", "key": KEY, "every": "2h", "was": "backup"}}}
        }
        await _reload(driven, renamed)
        await driven.advance(59)
        assert known(driven, "dump").last.at == START / SECOND  # type: ignore[union-attr]  # there is one
        await _reload(driven, {"jobs": {"checks": {"other": {"type": "heartbeat", "every": "2h"}}}})
        assert (await report(driven)).status == 404


async def _reload(driven: Driven, services: dict[str, object]) -> None:
    driven.write(services)
    await driven.app.reload(load(driven.file, all_kinds()))


@run
async def test_a_job_without_a_key_has_one_of_its_own_that_outlives_restarts_and_renames(
    tmp_path: Path,
) -> None:
    services: dict[str, object] = {"jobs": {"checks": {"backup": {"type": "heartbeat", "every": "1h"}}}}
    async with Driven(tmp_path, services) as driven:
        key = _made(driven.app)
        assert (await report(driven, key)).status == 200
        assert (tmp_path / "state" / FILE_NAME).stat().st_mode & 0o777 == 0o600
    services = {"jobs": {"checks": {"dump": {"type": "heartbeat", "every": "1h", "was": "backup"}}}}
    async with Driven(tmp_path, services) as driven:
        assert (await report(driven, key)).status == 200
        assert _made(driven.app, "dump") != key
        assert (await report(driven, _made(driven.app, "dump"))).status == 200


def _made(app: App, check: str = "backup") -> str:
    return keys_for(app.config.services["jobs"].checks[check], secret_in(app.directory))[0]


@run
async def test_a_key_in_a_file_may_change_without_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("the-first-key-01\n")
    file.chmod(0o600)
    services: dict[str, object] = {
        "jobs": {"checks": {"backup": {"type": "heartbeat", "every": "1h", "key": f"${{file:{file}}}"}}}
    }
    async with Driven(tmp_path, services) as driven:
        assert (await report(driven, "the-first-key-01")).status == 200
        file.write_text("the-second-key-02\n")
        await driven.advance(61)
        assert (await report(driven, "the-second-key-02")).status == 200
        assert (await report(driven, "the-first-key-01")).status == 404


@run
async def test_outside_its_calendar_a_job_is_heard_and_not_judged(tmp_path: Path) -> None:
    office = {"office": {"zone": "UTC", "hours": ["mon-fri 08:00-18:00"]}}
    night = datetime.fromisoformat("2026-11-24T03:00Z").timestamp()
    async with Driven(
        tmp_path, heartbeat(every="1h", active="office"), MovingClock(round(night) * SECOND), calendars=office
    ) as driven:
        assert (await report(driven, f"{KEY}/9")).status == 200
        assert on_disk(driven).last.exit == 9
        assert status(driven) == "none"
        await driven.advance(5 * 3600 + 30)
        assert status(driven) == "down"


@run
async def test_many_keys_at_once_share_their_commits(tmp_path: Path) -> None:
    count = 300
    checks = {
        f"j{n}": {"type": "heartbeat", "every": "1h", "key": f"key-number-{n:04}"} for n in range(count)
    }
    async with Driven(tmp_path, {"jobs": {"checks": checks}}) as driven:
        await driven.advance(15)
        commits = _Commits(driven)
        answers = await asyncio.gather(*(report(driven, f"key-number-{n:04}/0") for n in range(count)))
        assert {answer.status for answer in answers} == {200}
        assert commits.made < count / 5
        with reading(driven.directory / "state", "test") as store:
            assert all(job_of(memo).last is not None for memo in store.memos().values())
            assert len(store.memos()) == count


class _Commits:
    """Counts what another process sees of them: SQLite's own number of changes."""

    def __init__(self, driven: Driven) -> None:
        self._connection = sqlite3.connect(driven.directory / "state" / "tocsin.db")
        self.made = 0
        self._seen = self._version()
        asyncio.get_running_loop().call_soon(self._look)

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _look(self) -> None:
        version = self._version()
        self.made += version != self._seen
        self._seen = version
        asyncio.get_running_loop().call_later(0.002, self._look)


def test_what_the_memo_holds_is_small(tmp_path: Path) -> None:
    async def made() -> int:
        async with Driven(tmp_path, heartbeat(every="1h")) as driven:
            for number in range(50):
                await report(driven, f"{KEY}/start?rid={RUN[:-2]}{number:02}")
                await driven.advance(1)
            return len(json.dumps(memory(driven).memo))

    assert asyncio.run(made()) < 5000
