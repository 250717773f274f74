"""Surveys: what reporters think of how their tickets were handled, and the figures of many of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from alerting.desk.parts import Survey
from config.policies import Ending

LEAST, MOST = 1, 5
# The questions by what the answer is kept as; the reporter reads them so.
QUESTIONS: Mapping[str, str] = {
    "clarity": "How clear was what we told you?",
    "time": "How content are you with the time it took?",
    "overall": "How content are you all in all?",
}
LONGEST_COMMENT = 2000


@dataclass(frozen=True, slots=True)
class Rating:
    """An answer: from 1 (not at all) to 5 (very)."""

    clarity: int
    time: int
    overall: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of many surveys: how many were sent and answered, the mean of each question, and the share that is satisfied.

    Means and share are None where nobody has answered.
    """

    asked: int
    answered: int
    means: Mapping[str, Fraction | None]
    satisfied: Fraction | None

    def meets(self, ending: Ending) -> bool | None:
        """Whether both targets are met; None where nobody has answered."""
        overall = self.means["overall"]
        if overall is None or self.satisfied is None:
            return None
        return overall >= ending.rating_target and self.satisfied >= ending.satisfied_target


def satisfied(survey: Survey, ending: Ending) -> bool | None:
    """Whether the reporter is satisfied, by the rating of all in all; None without an answer."""
    return None if survey.overall is None else survey.overall >= ending.satisfied_from


def figures(surveys: Iterable[Survey], ending: Ending) -> Figures:
    """The figures of surveys that are judged by the same policy."""
    listed = list(surveys)
    answered = [each for each in listed if each.answered_at is not None]
    means = {name: _mean([getattr(each, name) for each in answered]) for name in QUESTIONS}
    content = [satisfied(each, ending) is True for each in answered]
    share = Fraction(sum(content), len(content)) if content else None
    return Figures(len(listed), len(answered), means, share)


def _mean(ratings: list[int | None]) -> Fraction | None:
    given = [each for each in ratings if each is not None]
    return Fraction(sum(given), len(given)) if given else None
