"""The figures of surveys: exact means, the share that is satisfied, and whether both targets are met."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from alerting.desk.parts import Survey
from alerting.desk.survey import figures, satisfied
from config.policies import Ending

RATINGS = st.integers(1, 5)


def answer(overall: int | None, clarity: int = 5, time: int = 5) -> Survey:
    if overall is None:
        return Survey(0, "digest", 10)
    return Survey(0, "digest", 10, 5, clarity, time, overall)


def test_four_of_five_is_satisfied_and_three_is_not() -> None:
    assert [satisfied(answer(each), Ending()) for each in (5, 4, 3, 1, None)] == [
        True,
        True,
        False,
        False,
        None,
    ]


def test_means_are_of_those_who_answered() -> None:
    found = figures([answer(5, 4, 3), answer(4, 5, 2), answer(None)], Ending())
    assert (found.asked, found.answered) == (3, 2)
    assert found.means == {"clarity": Fraction(9, 2), "time": Fraction(5, 2), "overall": Fraction(9, 2)}
    assert found.satisfied == 1


def test_both_targets_must_be_met() -> None:
    assert figures([answer(5)] * 19 + [answer(3)], Ending()).meets(Ending()) is True  # 4.9 and exactly 95 %
    assert figures([answer(5)] * 18 + [answer(3)], Ending()).meets(Ending()) is False  # 94.7 %
    assert figures([answer(4)] * 20, Ending()).meets(Ending()) is False  # all satisfied, but 4.0
    assert figures([answer(None)], Ending()).meets(Ending()) is None


@given(st.lists(RATINGS, min_size=1, max_size=50))
def test_the_mean_lies_between_the_least_and_the_most(ratings: list[int]) -> None:
    found = figures([answer(each) for each in ratings], Ending())
    mean = found.means["overall"]
    assert mean is not None
    assert min(ratings) <= mean <= max(ratings)
    assert mean * len(ratings) == sum(ratings)
    assert found.satisfied == Fraction(sum(each >= 4 for each in ratings), len(ratings))
