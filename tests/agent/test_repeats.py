"""The first of a kind is written at once, later ones once a minute with their number, and none is lost."""

from __future__ import annotations

from typing import Any

import pytest

from agent.repeats import EVERY, Repeats, subject


class Moment:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def line(event: str = "store.refused", **fields: Any) -> dict[str, Any]:
    return {"event": event, "level": "error", "at": "2026-11-23T10:00:00Z", **fields}


def test_the_first_passes_and_the_others_are_counted_once_a_minute() -> None:
    moment = Moment()
    repeats = Repeats(moment)
    assert repeats.passes(line(reason="disk full"))
    for second in range(30):
        moment.now += 1
        assert not repeats.passes(line(reason="disk full", at=second))
    assert repeats.due() == []
    moment.now += EVERY
    (told,) = repeats.due()
    assert (told["repeated"], told["at"], told["event"]) == (30, 29, "store.refused")
    assert not repeats.passes(line(reason="disk full"))
    assert repeats.due() == []
    moment.now += EVERY
    assert [each["repeated"] for each in repeats.due()] == [1]
    moment.now += EVERY
    assert repeats.due() == []
    assert repeats.passes(line(reason="disk full"))


def test_at_the_end_what_is_kept_back_is_told() -> None:
    repeats = Repeats(Moment())
    assert repeats.passes(line())
    assert not repeats.passes(line())
    assert [each["repeated"] for each in repeats.due(at_end=True)] == [1]


def test_what_is_decided_is_always_written() -> None:
    repeats = Repeats(Moment())
    assert all(repeats.passes({**line("check.flipped", check="a.b"), "level": "info"}) for _ in range(5))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (line(helpdesk="a", reason="after 3.1 s"), line(helpdesk="a", reason="after 12.9 s"), True),
        (line(check="a.b", hanging=1), line(check="a.b", hanging=2), True),
        (line(check="web1.b"), line(check="web2.b"), False),
        (line(reason="web1 says no"), line(reason="web2 says no"), False),
        (line(reason="waited 1h30m for 0x7f3a"), line(reason="waited 1h31m for 0x8b"), True),
        (line(helpdesk="a", reason="refused"), line(helpdesk="a", reason="timed out"), False),
        (line("clock.stepped", seconds=1.0), line("clock.stepped", seconds=2.0), False),
        (line("from 10.0.0.1", logger="x"), line("from 10.0.0.2", logger="x"), True),
        (line("job.failed", exception="T\nValueError: a"), line("job.failed", exception="T\nKeyError: a"), False),
    ],
)  # fmt: skip
def test_subject(first: dict[str, Any], second: dict[str, Any], same: bool) -> None:
    assert (subject(first) == subject(second)) is same


def test_what_is_remembered_is_bounded() -> None:
    repeats = Repeats(Moment())
    for number in range(5000):
        assert repeats.passes(line(check=f"a.b{number}"))
    assert len(repeats._heard) == 1000
