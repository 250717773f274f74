"""Silences and pauses in the store: every change a further row, numbers that never come twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy import func as sql

from agent.memory import Draft, World
from agent.store import schema
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.maintenance import PlannedWork, Work
from agent.store.migrate import migrate
from agent.store.planning import Asked, Books, CannotPlan, Request, carry_out
from agent.store.restore import restored
from agent.store.save import save
from agent.store.suppressions import NoSuchSuppression, Suppressions
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Match, Suppression
from config.maintenance import MaintenanceWindow

MINUTE = 60_000_000
NOON = 1_800_000_000_000_000
SHOP = Match(names=("shop",), severity=("high", "low"), labels={"site": "jhb"})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = writing_engine(tmp_path / FILE_NAME)
    migrate(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def books(connection: Connection) -> Books:
    return Books(connection, "test")


def silence(end: int = NOON + 60 * MINUTE, why: Why = Why.SILENCE, match: Match = SHOP) -> Suppression:
    return Suppression("", why, NOON, end, "known", "ann", match)


def ask(books: Books, command: str, now: int = NOON, who: str = "root", **arguments: object) -> object:
    return carry_out(command, Request(Asked.read(arguments), who, now), books)


def rows(connection: Connection) -> int:
    return connection.execute(select(sql.count()).select_from(schema.suppressions)).scalar_one()


def test_a_change_is_a_further_row_and_all_of_them_are_the_history(connection: Connection) -> None:
    store = Suppressions(connection, "test")
    store.add(silence(), NOON)
    ended = store.end(store.found(Why.SILENCE, 1), "bert", NOON + MINUTE)
    assert [(at, each.end, each.by) for at, each in ended.history] == [
        (NOON, NOON + 60 * MINUTE, "ann"),
        (NOON + MINUTE, NOON + MINUTE, "bert"),
    ]
    assert store.all(Why.SILENCE) == [ended]
    assert (ended.author, ended.now.match, rows(connection)) == ("ann", SHOP, 2)


def test_silences_and_pauses_are_numbered_apart_and_agents_know_nothing_of_each_other(
    connection: Connection,
) -> None:
    mine, other = Suppressions(connection, "test"), Suppressions(connection, "other")
    ids = [mine.add(silence(why=why), NOON).now.id for why in (Why.SILENCE, Why.PAUSE, Why.SILENCE)]
    assert ids == ["S-1", "P-1", "S-2"]
    assert other.add(silence(), NOON).now.id == "S-1"
    assert other.lasting(NOON) == (other.found(Why.SILENCE, 1).now,)


def test_two_changes_at_one_moment_are_both_kept(connection: Connection) -> None:
    store = Suppressions(connection, "test")
    store.add(silence(), NOON)
    store.end(store.found(Why.SILENCE, 1), "bert", NOON)
    assert [at for at, _ in store.found(Why.SILENCE, 1).history] == [NOON, NOON + 1]


def test_what_is_over_or_was_called_off_is_not_ended_again(connection: Connection) -> None:
    store = Suppressions(connection, "test")
    store.add(silence(), NOON)
    store.end(store.found(Why.SILENCE, 1), "bert", NOON - MINUTE)
    assert store.found(Why.SILENCE, 1).now.state(NOON) == "cancelled"
    with pytest.raises(NoSuchSuppression, match="S-1 is cancelled already"):
        store.end(store.found(Why.SILENCE, 1), "bert", NOON)
    with pytest.raises(NoSuchSuppression, match="there is no pause P-1"):
        store.found(Why.PAUSE, 1)


def test_the_daemon_remembers_what_lasts_and_planned_work_as_well(connection: Connection) -> None:
    store, works = Suppressions(connection, "test"), PlannedWork(connection, "test")
    store.add(silence(), NOON)
    store.add(silence(end=NOON + MINUTE, why=Why.PAUSE), NOON)
    works.record(Work(0, ("shop",), NOON, NOON + 10 * MINUTE, "disks", "ann"), NOON)
    works.record(Work(0, (), NOON + MINUTE, NOON + 5 * MINUTE, "called off", "ann"), NOON)
    works.cancel(2, "ann", NOON)
    save(connection, "test", Draft(World()), NOON + 2 * MINUTE)
    world, _ = restored(connection, "test")
    assert [(each.id, each.why, each.match.names) for each in world.suppressions] == [
        ("M-1", Why.MAINTENANCE, ("shop",)),
        ("S-1", Why.SILENCE, ("shop",)),
    ]
    assert world.suppressions[1].match == SHOP


def test_what_a_draft_records_is_what_is_read_again(connection: Connection) -> None:
    taken: list[tuple[int, Suppression]] = []
    aside = Books(connection, "test", lambda at, suppression: taken.append((at, suppression)))
    ask(aside, "silence.add", names=["shop"], match={"severity": ["high"]}, lasts=60, reason="known")
    ask(aside, "maintenance.add", names=["shop"], lasts=60, reason="disks")
    assert rows(connection) == 0
    draft = Draft(World())
    for at, suppression in taken:
        draft.record(at, suppression)
    assert draft.unsettled
    save(connection, "test", draft, NOON)
    world, _ = restored(connection, "test")
    assert sorted(world.suppressions, key=lambda each: each.id) == [taken[1][1], taken[0][1]]


def test_windows_that_are_recorded_together_get_numbers_of_their_own(connection: Connection) -> None:
    taken: list[str] = []
    works = PlannedWork(connection, "test", lambda _at, suppression: taken.append(suppression.id))
    windows = [MaintenanceWindow(name, (), "UTC", 60.0, cron="* * * * *") for name in ("one", "two")]
    works.follow(windows, NOON)
    assert len(taken) == len(set(taken)) > 2


def test_pausing_again_changes_the_pause_and_resuming_a_service_ends_those_of_its_checks(
    books: Books,
) -> None:
    ask(books, "pause", names=["shop.home"], lasts=60, reason="moved")
    again = ask(books, "pause", NOON + MINUTE // 2, names=["shop.home"], lasts=600, reason="longer")
    ask(books, "pause", names=["shopping"], lasts=600, reason="another service")
    assert isinstance(again, dict)
    assert (again["id"], again["reason"], len(again["history"])) == ("P-1", "longer", 2)
    assert again["from"] == again["history"][0]["from"]
    ended = ask(books, "resume", NOON + MINUTE, names=["shop"])
    assert isinstance(ended, list)
    assert [(each["id"], each["state"]) for each in ended] == [("P-1", "over")]


def test_a_check_is_not_resumed_while_its_service_is_paused(books: Books) -> None:
    ask(books, "pause", names=["shop"], lasts=60, reason="moved")
    with pytest.raises(CannotPlan, match=r"shop.home is paused with its service \(P-1\): resume shop"):
        ask(books, "resume", names=["shop.home"])
    with pytest.raises(CannotPlan, match="mail is not paused"):
        ask(books, "resume", names=["mail"])


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"lasts": 60, "reason": " "}, "say why"),
        ({"reason": "known"}, "say when it ends"),
        ({"lasts": 60, "end": NOON + MINUTE, "reason": "known"}, "say when it ends"),
        ({"end": NOON, "reason": "known"}, "that is over already"),
        (
            {"start": NOON + 2 * MINUTE, "end": NOON + MINUTE, "reason": "known"},
            "it must end after it begins",
        ),
        ({"lasts": 367 * 86_400, "reason": "known"}, "at most a year"),
        ({"start": NOON + 400 * 86_400_000_000, "lasts": 60, "reason": "known"}, "at most a year"),
        ({"lasts": float("inf"), "reason": "known"}, "lasts"),
        ({"lasts": 60, "reason": "known", "number": 3}, "number"),
        ({"lasts": 60, "reason": ["known"]}, "reason"),
        ({"end": 2**62, "reason": "known"}, "end"),
    ],
)
def test_a_silence_needs_an_end_within_a_year_and_a_reason(
    books: Books, asked: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CannotPlan, match=reason):
        ask(books, "silence.add", names=["shop"], **asked)


def test_nothing_is_silenced_afterwards(books: Books) -> None:
    told = ask(books, "silence.add", start=NOON - MINUTE, end=NOON + MINUTE, reason="known", by="ann")
    assert isinstance(told, dict)
    assert (told["from"], told["by"]) == (told["created_at"], "ann")
