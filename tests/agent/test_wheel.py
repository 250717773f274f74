"""The timing wheel and the stable phase of a check."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.wheel import Wheel, next_due, phase


def test_an_entry_is_released_once_in_the_tick_after_its_moment() -> None:
    wheel: Wheel[str] = Wheel(0.25)
    wheel.put("a", 1.1)
    assert wheel.turn(1.0) == []
    assert wheel.turn(1.25) == [("a", 1.25)]
    assert wheel.turn(9.0) == []
    assert "a" not in wheel


def test_an_entry_due_in_the_past_is_released_in_the_next_tick() -> None:
    wheel: Wheel[str] = Wheel(0.25)
    wheel.turn(10.0)
    wheel.put("late", 3.0)
    assert [entry for entry, _ in wheel.turn(10.25)] == ["late"]


def test_a_new_appointment_replaces_the_old_one() -> None:
    wheel: Wheel[str] = Wheel(0.25)
    wheel.put("a", 1.0)
    wheel.put("a", 2.0)
    assert wheel.turn(1.5) == []
    assert [entry for entry, _ in wheel.turn(2.0)] == ["a"]


def test_a_long_sleep_releases_everything_once() -> None:
    wheel: Wheel[int] = Wheel(0.25)
    wheel.turn(0.0)
    for number in range(100):
        wheel.put(number, number / 10)
    assert sorted(entry for entry, _ in wheel.turn(1e6)) == list(range(100))
    assert len(wheel) == 0


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), max_size=40))
def test_nothing_is_lost_and_nothing_comes_early(moves: list[tuple[float, float]]) -> None:
    wheel: Wheel[int] = Wheel(0.25)
    due: dict[int, float] = {}
    now = 0.0
    for number, (at, turn) in enumerate(moves):
        wheel.put(number, at)
        due[number] = at
        now = max(now, turn)
        for entry, _ in wheel.turn(now):
            assert due.pop(entry) <= now
    assert {entry for entry, _ in wheel.turn(1e9)} == set(due)


@given(st.text(min_size=1, max_size=20), st.floats(1, 86400), st.floats(0, 1e7))
def test_the_next_moment_lies_ahead_on_the_checks_own_grid(name: str, every: float, now: float) -> None:
    due = next_due(name, every, now)
    assert now < due <= now + every * 1.000001 + 1e-6
    turns = (due - phase(name, every)) / every
    assert abs(turns - round(turns)) < 1e-3


def test_phases_are_spread_over_the_interval() -> None:
    tenths = [int(phase(f"service-{number}.home", 60.0) / 6) for number in range(1000)]
    assert all(60 <= tenths.count(tenth) <= 145 for tenth in range(10))
