"""Forgetting a reporter: the tickets and figures stay, and nothing that says who it was."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from agent.control import Refused
from agent.store.files import FOLDER
from agent.store.reader import reading
from tests.agent.desk.test_collaborating import TEAMS, notices
from tests.agent.desk.test_recording import CHANNELS, Telling, ask
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
PAT = {
    "name": "Pat Sample",
    "email": "pat@example.org",
    "phone": "+27 11 555 0100",
    "user_id": "U-1042",
    "account": "ACC77",
    "level": "gold",
}
THEIRS = ("Pat", "Sample", "pat@", "555", "U-1042", "ACC77", "203.0.113.9")


def file(content: str) -> list[dict[str, str]]:
    return [{"name": "note.txt", "content": base64.b64encode(content.encode()).decode()}]


async def opened(driven: Driven) -> None:
    """T-1 of Pat, T-2 of somebody else with the same file, T-3 that only names Pat."""
    said = "Pat here, from 203.0.113.9: call +27 (11) 555-0100, account ACC77"
    await ask(
        driven,
        "tickets.open",
        title="Pat Sample cannot pay",
        description=said,
        reporter=PAT,
        attachments=file("log"),
    )
    await ask(driven, "tickets.attach", ticket=1, attachments=file("only theirs"))
    other = {"name": "Kim Other", "email": "kim@example.org"}
    await ask(driven, "tickets.open", title="Printer", reporter=other, attachments=file("log"))
    await ask(driven, "tickets.open", title="Slow", description="Sample of 555 rows")
    await ask(driven, "tickets.note", ticket=3, text="pat@example.org says so: Pat Sample, not Pat Other")
    await ask(driven, "tickets.message", ticket=1, text="Dear Pat, we look at it")
    await ask(driven, "tickets.message", ticket=1, text="It is restarted.", from_reporter=True)


def held(driven: Driven, known_by: str = "pat@example.org") -> list[int]:
    with reading(driven.directory / "state", "test") as store:
        return store.personal(known_by).numbers


def everything(driven: Driven, *numbers: int) -> str:
    """All that is stored of tickets, as text."""
    from sqlalchemy import text

    from agent.store.dialect import FILE_NAME, reading_engine

    engine = reading_engine(driven.directory / "state" / FILE_NAME)
    found = []
    with engine.begin() as connection:
        for table, column in (("tickets", "number"), ("ticket_events", "ticket"), ("notices", "ticket")):
            for number in numbers:
                rows = connection.execute(text(f"select * from {table} where {column} = {number}")).all()
                found += [repr(tuple(row)) for row in rows]
        found += [repr(tuple(row)) for row in connection.execute(text("select * from outbox")).all()]
    engine.dispose()
    return "\n".join(found)


def files(driven: Driven) -> int:
    return sum(each.is_file() for each in (driven.directory / "state" / FOLDER).rglob("*"))


async def test_nothing_of_them_is_left_and_the_figures_stay(tmp_path: Path) -> None:
    async with Telling(tmp_path, {}, teams=TEAMS, **CHANNELS) as driven:
        await opened(driven)
        await ask(driven, "tickets.resolve", ticket=1, note="restarted for Sample")
        await driven.advance(30)
        assert notices(driven, "pat@example.org")
        before = driven.app.pipeline.world.tickets[1]
        assert held(driven) == [1, 3]
        assert files(driven) == 2
        document = await ask(driven, "desk.forget", reporter="PAT@example.org", tickets=held(driven))
        assert document == {"reported": ["T-1"], "mentioned": ["T-3"]}
        after = driven.app.pipeline.world.tickets[1]
        stored = everything(driven, 1)
        assert not [word for word in THEIRS if word in stored or word in repr(after)]
        assert "the reporter was forgotten" in stored
        assert (after.opened_at, after.resolved_at, after.severity) == (
            before.opened_at,
            before.resolved_at,
            before.severity,
        )
        assert after.reporter is not None
        assert (after.reporter.name, after.reporter.level) == ("[forgotten]", "gold")
        assert not notices(driven, "pat@example.org")
        # The file that another ticket has as well is still there.
        assert files(driven) == 1
        with reading(tmp_path / "state", "test") as store:
            assert [len(store.attachments(number)) for number in (1, 2)] == [0, 1]
        # What is about others keeps what may be others'.
        assert "Sample of 555 rows" in everything(driven, 3)
        assert "[forgotten] says so: [forgotten], not Pat Other" in everything(driven, 3)
        assert "Kim Other" in everything(driven, 2)


async def test_forgetting_again_changes_nothing_and_by_any_id_it_is_the_same_person(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await opened(driven)
        await ask(driven, "tickets.resolve", ticket=1, note="restarted")
        await ask(driven, "desk.forget", reporter="U-1042", tickets=held(driven, "U-1042"))
        once = everything(driven, 1, 2, 3)
        for known_by in ("U-1042", "pat@example.org", "[forgotten]"):
            document = await ask(driven, "desk.forget", reporter=known_by)
            assert document == {"reported": [], "mentioned": []}
        assert everything(driven, 1, 2, 3) == once


async def test_open_tickets_are_not_left_without_anybody_to_answer(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await opened(driven)
        with pytest.raises(Refused, match="has tickets that are open: T-1"):
            await ask(driven, "desk.forget", reporter="pat@example.org", tickets=[1, 3])
        assert "Pat Sample" in everything(driven, 1)
        document = await ask(driven, "desk.forget", reporter="pat@example.org", tickets=[1, 3], open_too=True)
        assert document["reported"] == ["T-1"]
        assert driven.app.pipeline.world.tickets[1].is_open


async def test_closed_tickets_that_nobody_remembers_are_forgotten_too_and_stay_so(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await opened(driven)
        await ask(driven, "tickets.resolve", ticket=1, note="restarted")
        await ask(driven, "tickets.close", ticket=1)
        await driven.advance(60)
        clock = driven.clock
    async with Driven(tmp_path, {}, clock, teams=TEAMS) as driven:
        assert 1 not in driven.app.pipeline.world.tickets
        await ask(driven, "desk.forget", reporter="pat@example.org", tickets=held(driven))
        assert not [word for word in THEIRS if word in everything(driven, 1)]
    async with Driven(tmp_path, {}, clock, teams=TEAMS) as driven:
        assert held(driven) == []
        assert not [word for word in THEIRS if word in everything(driven, 1)]


async def test_name_of_a_file_of_theirs_does_not_stay_in_the_timeline(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await opened(driven)
        theirs = [{**each, "name": "patsample-bill.txt"} for each in file("bill")]
        await ask(driven, "tickets.attach", ticket=1, attachments=theirs)
        assert "patsample" in everything(driven, 1)
        await ask(driven, "desk.forget", reporter="pat@example.org", tickets=held(driven), open_too=True)
        assert "patsample" not in everything(driven, 1)
