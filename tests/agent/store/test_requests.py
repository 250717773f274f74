"""Requests in the store: added up or put in place, summed by the hours that begin in a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from agent.store import schema
from agent.store.dialect import writing_engine
from agent.store.migrate import migrate
from agent.store.reader import Reader
from agent.store.rename import carry_over
from agent.store.requests import put_requests
from checks.base import Requests
from tests.readings import reading

AT = 1_800_000_000
HOUR = 3600
EVER = (0, 2**40)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = writing_engine(tmp_path / "tocsin.db")
    migrate(engine)
    yield engine
    engine.dispose()


def put(
    engine: Engine,
    told: dict[int, tuple[int, int]],
    check: str = "web.log",
    *,
    so_far: bool = False,
    agent: str = "a",
) -> None:
    """One reading that tells of requests, by hours from AT on."""
    requests = Requests({AT + hour * HOUR: counts for hour, counts in told.items()}, so_far)
    service, _, name = check.partition(".")
    with engine.begin() as connection:
        put_requests(
            connection, agent, [((service, name), "kind", replace(reading("o", AT), requests=requests))]
        )


def summed(
    engine: Engine, start: float = EVER[0], end: float = EVER[1], service: str | None = None
) -> dict[str, tuple[int, int]]:
    """By check, of the hours between two moments in seconds."""
    with engine.begin() as connection:
        found = Reader(connection, "a", running=True).requests(
            int(start * 1_000_000), int(end * 1_000_000), service
        )
    return {f"{name}.{check}": counts for name, checks in found.items() for check, counts in checks.items()}


def test_new_ones_are_added_to_their_hour(engine: Engine) -> None:
    put(engine, {0: (1, 1)})
    put(engine, {0: (2, 0), 1: (1, 1)})
    assert summed(engine, AT, AT + HOUR) == {"web.log": (3, 1)}
    assert summed(engine) == {"web.log": (4, 2)}


def test_several_readings_of_one_transaction_each_count(engine: Engine) -> None:
    each = replace(reading("o", AT), requests=Requests({AT: (1, 1)}))
    with engine.begin() as connection:
        put_requests(connection, "a", [(("web", "api"), "api", each)] * 3)
    assert summed(engine) == {"web.api": (3, 3)}


def test_a_transaction_that_fails_and_is_repeated_counts_once(engine: Engine) -> None:
    each = replace(reading("o", AT), requests=Requests({AT: (1, 1)}))
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        put_requests(connection, "a", [(("web", "api"), "api", each)])
        1 / 0  # noqa: B018 - the store fails in the midst of it
    put(engine, {0: (1, 1)}, "web.api")
    assert summed(engine) == {"web.api": (1, 1)}


def test_what_is_known_so_far_stands_in_place_of_less(engine: Engine) -> None:
    put(engine, {0: (5, 4)}, so_far=True)
    put(engine, {0: (7, 4)}, so_far=True)
    assert summed(engine) == {"web.log": (7, 4)}


def test_a_check_that_forgot_what_it_had_counted_takes_nothing_away(engine: Engine) -> None:
    put(engine, {0: (7, 4)}, so_far=True)
    put(engine, {0: (2, 2), 1: (2, 2)}, so_far=True)
    assert summed(engine) == {"web.log": (9, 6)}


def test_a_reading_without_requests_writes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        put_requests(connection, "a", [(("web", "home"), "http", reading("o", AT))])
        assert connection.execute(select(schema.requests)).all() == []
    put(engine, {})
    assert summed(engine) == {}


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (AT, AT + 3 * HOUR, 7),
        (AT, AT, 0),
        (AT + 1, AT + 3 * HOUR, 6),
        (AT, AT + HOUR, 1),
        (AT, AT + HOUR + 0.000001, 3),
        (AT + HOUR, AT + HOUR + 1, 2),
        (AT + HOUR + 1, AT + 2 * HOUR, 0),
        (AT - HOUR, AT, 0),
    ],
)
def test_a_period_has_the_hours_that_begin_in_it(
    engine: Engine, start: float, end: float, found: int
) -> None:
    put(engine, {0: (1, 1), 1: (2, 2), 2: (4, 4)})
    expected = {"web.log": (found, found)} if found else {}
    assert summed(engine, start, end) == expected
    assert summed(engine, start, end, "web") == expected
    assert summed(engine, start, end, "we") == {}


def test_every_check_of_every_service_is_found_and_no_other_agents(engine: Engine) -> None:
    names = ["a.x", "a.y", "a-b.x", "b.a", "b.b", "b.c", "c.z"]
    for number, name in enumerate(names, 1):
        put(engine, {0: (number, 0), 5: (number, 1)}, name)
        put(engine, {0: (9, 9)}, name, agent="other")
    put(engine, {0: (9, 9)}, "zz.z", agent="other")
    assert summed(engine) == {name: (2 * number, 1) for number, name in enumerate(names, 1)}
    assert summed(engine, service="b") == {"b.a": (8, 1), "b.b": (10, 1), "b.c": (12, 1)}


def test_they_go_over_to_a_new_name(engine: Engine) -> None:
    """What the new name left behind in an earlier life stays as far as it ended before."""
    put(engine, {0: (1, 1), 2: (1, 1)}, "shop.log")
    put(engine, {1: (3, 2), 2: (3, 2)}, "web.log")
    with engine.begin() as connection:
        carry_over(connection, "a", [(("web", "log"), ("shop", "log"))])
    assert summed(engine) == {"shop.log": (7, 5)}
    put(engine, {2: (4, 3)}, "shop.log", so_far=True)
    assert summed(engine) == {"shop.log": (8, 6)}
