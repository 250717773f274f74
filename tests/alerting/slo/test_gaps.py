"""Which time is in doubt when the agent did not run, or when its clock was set."""

from __future__ import annotations

import pytest

from alerting.slo.gaps import SET_BACK, Gap, Step, Why, of_step, undone, while_stopped

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
YEAR = 365 * 86_400 * SECOND


def at(seconds: float) -> int:
    return NOW + round(seconds * SECOND)


def clock(start: int, end: int) -> Gap:
    return Gap(start, end, Why.CLOCK)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(at(0), at(600), SECOND), clock(at(-1), at(600))),  # ten minutes that nobody lived
        (Step(at(0), at(-600), SECOND), clock(at(-601), at(0))),  # ten minutes that are lived twice
        (Step(at(0), at(3), 0), clock(at(0), at(3))),
        (Step(at(0), at(0) + YEAR, SECOND), clock(at(-1), at(0) + YEAR)),
        (Step(at(0), at(0) - SET_BACK, 0), clock(at(0) - SET_BACK, at(0))),
        (Step(at(0), 5 * SECOND, SECOND), None),  # 1970 is not believed
    ],
)
def test_a_step_puts_in_doubt_what_lies_between_and_the_time_since_the_clock_was_last_right(
    step: Step, expected: Gap | None
) -> None:
    assert of_step(step, at(-2)) == expected


def test_when_the_clock_comes_back_from_1970_nothing_is_known_since_it_was_last_believed() -> None:
    known = at(-30)
    assert of_step(Step(500 * SECOND, at(470), SECOND), known) == clock(known, at(470))
    assert of_step(Step(500 * SECOND, at(-40), 0), known) == clock(at(-40), known)
    assert of_step(Step(500 * SECOND, 900 * SECOND, 0), known) is None


@pytest.mark.parametrize(
    ("alive_until", "now", "expected"),
    [
        (at(0), at(600), Gap(at(0), at(600), Why.STOPPED)),
        (at(0), at(-600), clock(at(-600), at(0))),
        (at(0), at(0), None),
        (at(0), 7 * SECOND, None),
    ],
)
def test_while_the_agent_is_stopped_time_is_a_gap_and_so_is_what_comes_a_second_time(
    alive_until: int, now: int, expected: Gap | None
) -> None:
    assert while_stopped(alive_until, now) == expected


def test_a_clock_that_was_set_years_ahead_and_back_leaves_only_the_time_in_between_in_doubt() -> None:
    ahead = clock(at(0), at(0) + YEAR)
    assert undone(ahead, Step(at(300) + YEAR, at(301), SECOND)) == clock(at(-1), at(301))
    assert undone(ahead, Step(at(300) + YEAR, at(-500), 0)) == clock(at(-500), at(0))
    # Anything else was not that clock's mistake being mended.
    assert undone(ahead, Step(at(300) + YEAR, at(300) + YEAR // 2, 0)) is None
    assert undone(ahead, Step(at(300) + YEAR, 5 * SECOND, 0)) is None
    assert undone(None, Step(at(300) + YEAR, at(300), 0)) is None
