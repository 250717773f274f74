"""Clocks against cases that were reckoned by hand: the words beside each are its arithmetic."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerting.desk.parts import Pause
from alerting.desk.sla import clocked
from alerting.desk.ticket import TicketState
from config.policies import PRIORITIES, Policy, Targets
from config.terms import read_term
from tests.alerting.desk.clock_words import moment, policy, ticket, timetable, words

TABLE = yaml.safe_load(Path(__file__).with_name("clock_cases.yaml").read_text(encoding="utf-8"))
CALENDARS = {name: timetable(name, **told) for name, told in TABLE["calendars"].items()}
CASES: list[dict[str, Any]] = TABLE["cases"]


def _policy(case: dict[str, Any]) -> Policy:
    priority = case.get("priority", "high")
    made = policy(
        calendar=CALENDARS[case.get("calendar", "jhb")],
        business=(priority,) if case.get("by_hours") else (),
        pauses=tuple(case.get("stops_for", ["reporter", "vendor"])),
    )
    if "term" not in case:
        return made
    return replace(made, targets={priority: Targets(resolve=read_term(case["term"]))})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["words"])
def test_a_target_is_due_when_the_arithmetic_says(case: dict[str, Any]) -> None:
    why = case.get("waits_for", "reporter")
    pauses = tuple(
        Pause(moment(start), why, None if end is None else moment(end))
        for start, end in case.get("pauses", ())
    )
    waits = any(each.end is None for each in pauses)
    start = moment(case["start"])
    opened = ticket(
        start,
        case.get("priority", "high"),
        pauses=pauses,
        state=TicketState.PENDING if waits else TicketState.NEW,
    )
    due = clocked(opened, _policy(case), start).due.get(case.get("clock", "resolve"))
    assert due == moment(case["due"]), f"{due and words(due)} instead of {case['due']}"


def test_the_table_has_each_priority_both_calendars_five_zones_and_all_the_rest() -> None:
    assert len(CASES) >= 60
    assert {case.get("priority", "high") for case in CASES} == set(PRIORITIES)
    used = {CALENDARS[case["calendar"]].zone for case in CASES if "calendar" in case}
    assert len(used) >= 5
    assert Counter("pauses" in case for case in CASES)[True] >= 15
    assert sum("business" in case.get("term", "") or case.get("by_hours", False) for case in CASES) >= 25
    assert len({case["words"] for case in CASES}) == len(CASES)
