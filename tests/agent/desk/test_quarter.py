"""A quarter at the desk: nobody is forgotten or overloaded, tickets rise as the policy says, the figures are right."""

from __future__ import annotations

from collections import Counter
from statistics import median

import pytest

from agent.store.dialect import FILE_NAME
from agent.store.reader import reading
from agent.views.desk import desk_figures
from tests.agent.desk.quarter import AGENT, DAYS, Quarter
from tests.agent.desk.recount import Story, escalations, in_time, stories

TICKETS, SAMPLE = 3000, 400


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Quarter:
    made = Quarter(
        tmp_path_factory.mktemp("quarter"), 1, TICKETS if request.config.getoption("--long") else SAMPLE
    )
    made.run()
    return made


@pytest.fixture(scope="module")
def told(quarter: Quarter) -> list[Story]:
    return list(stories(quarter.directory / FILE_NAME))


def test_no_ticket_was_ever_without_an_owner_or_a_due_time(quarter: Quarter, told: list[Story]) -> None:
    assert quarter.broken == []
    assert len(told) >= quarter.tickets


def test_nobody_has_more_than_twice_as_much_as_the_one_in_the_middle(told: list[Story]) -> None:
    given: Counter[str] = Counter()
    for story in told:
        for line in story.lines:
            if line.what == "assigned":
                given[line.text.removeprefix("assigned to ").partition(" (")[0]] += 1
    people = {name: count for name, count in given.items() if "@" not in name}
    assert len(people) == 12
    assert max(people.values()) <= 2 * median(people.values()), people


def test_tickets_rise_at_the_moments_that_the_policy_says_and_at_no_other(told: list[Story]) -> None:
    judged = [story for story in told if not story.changed_severity]
    assert {s.number: s.risen for s in judged} == {s.number: s.rises for s in judged}
    assert sum(len(story.rises) for story in judged) > 0.02 * len(judged)


def test_whatever_else_rose_had_its_reason_in_the_trail(told: list[Story]) -> None:
    reasons: Counter[str] = Counter()
    for story in told:
        for line, reason in story.jumps:
            before = [each for each in story.lines if each.at <= line.at]
            if reason.startswith("the reporter is not satisfied"):
                assert any("is not satisfied" in each.text for each in before), story
            else:
                assert "3 missed follow-ups" in reason, reason
                assert sum("missed" in each.text for each in before if each.what == "follow_up") >= 3, story
            reasons[reason.partition(";")[0]] += 1
    assert len(reasons) == 2


def test_the_figures_of_the_desk_are_those_of_the_trail(quarter: Quarter, told: list[Story]) -> None:
    with reading(quarter.directory, AGENT) as store:
        figures = desk_figures(store, quarter.rules.policies, quarter.now, DAYS)
    still_open = [story for story in told if story.resolved_at is None]
    assert figures["open"]["total"] == len(still_open)
    for hours, judged in ((24, in_time(told, 24, quarter.now)), (48, in_time(told, 48, quarter.now))):
        found = [each for each in figures["on_time"] if each["within"] == f"{hours}h"]
        assert (sum(each["tickets"] for each in found), sum(each["on_time"] for each in found)) == judged
    assert {each["tier"]: each["count"] for each in figures["escalations"]} == dict(escalations(told))
