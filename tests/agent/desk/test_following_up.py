"""Follow-ups and updates as the desk keeps them: each told once, to whom it concerns, and answered by any line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.desk.asked import CannotDo
from alerting.desk.ticket import Move
from config.models import Team
from tests.agent.desk.ending_case import CALLER, DAY, HOUR, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_reminder_goes_to_the_assignee_once_at_24_and_once_at_48_hours(desk: Desk) -> None:
    desk.open()
    desk.wait(23.9, steps=5)
    assert desk.told("follow_up") == []
    desk.wait(60, steps=60)
    assert [each.to for each in desk.told("follow_up")] == ["one@example.org"] * 2
    assert [(each.at - desk.ticket().opened_at) // HOUR for each in desk.told("follow_up")] == [24, 48]
    assert "Follow-up 1 of T-1 is due" in desk.told("follow_up")[0].text


def test_what_nobody_does_within_the_grace_is_missed_and_noted_once(desk: Desk) -> None:
    desk.open()
    desk.wait(40, steps=40)
    assert [each.missed for each in desk.ticket().follow_ups] == [True, False]
    assert len([line for line in desk.lines("follow_up") if "was missed" in line]) == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.ask("tickets.follow_up", done=True),
        lambda desk: desk.say("called them", internal=True),
        lambda desk: desk.ask("tickets.delay", reason="a part must be ordered", lasts=90_000),
    ],
)
def test_whoever_answers_the_reminder_has_not_missed_it(desk: Desk, act: Callable[[Desk], None]) -> None:
    desk.open()
    desk.wait(25)
    act(desk)
    desk.wait(10, steps=10)
    assert not any(each.missed for each in desk.ticket().follow_ups)
    assert desk.ticket().follow_ups[0].done_by == "Agent One"


def test_what_the_reporter_writes_does_not_answer_it(desk: Desk) -> None:
    desk.open()
    desk.wait(25)
    desk.say("any news?", by=CALLER.name, internal=False)
    desk.wait(10)
    assert desk.ticket().follow_ups[0].missed


def test_a_delay_is_told_to_reporter_and_manager_and_moves_the_next_look(desk: Desk) -> None:
    desk.open()
    until = desk.now + 30 * HOUR
    told = desk.ask("tickets.delay", reason="a part must be ordered", until=until)
    assert [each["reason"] for each in told["follow_ups"] if each["done_at"] is None] == [
        "open for 48h",
        "a part must be ordered",
    ]
    (notice,) = (each for each in desk.told("delay") if each.to == CALLER.email)
    assert "a part must be ordered" in notice.text
    assert desk.lines("delay")
    desk.wait(29, steps=29)
    assert desk.told("follow_up") == []
    desk.wait(1)
    assert len(desk.told("follow_up")) == 1


def test_the_manager_hears_of_a_delay_and_of_what_was_missed(desk: Desk) -> None:
    desk.rules = replace(desk.rules, teams={"web": Team(manager="boss@example.org")})
    desk.open(team="web")
    desk.ask("tickets.delay", reason="a part must be ordered", lasts=100)
    desk.wait(40, steps=40)
    assert {each.kind for each in desk.notices.values() if each.to == "boss@example.org"} == {
        "delay",
        "follow_up_missed",
    }


@pytest.mark.parametrize(
    ("verb", "arguments", "words"),
    [
        ("tickets.follow_up", {}, "say when"),
        ("tickets.follow_up", {"lasts": -5}, "a moment to come"),
        ("tickets.follow_up", {"lasts": float("inf")}, "at most a year"),
        ("tickets.follow_up", {"lasts": float("nan")}, "a moment to come"),
        ("tickets.follow_up", {"at": 5}, "a moment to come"),
        ("tickets.follow_up", {"done": True, "number": 9}, "no follow-up 9 waits on T-1"),
        ("tickets.delay", {"lasts": 60}, "reason: is missing"),
        ("tickets.delay", {"reason": "x", "until": "tomorrow"}, "expected a whole number"),
    ],
)
def test_nonsense_is_refused_with_the_reason(
    desk: Desk, verb: str, arguments: dict[str, Any], words: str
) -> None:
    desk.open()
    with pytest.raises(CannotDo, match=words):
        desk.ask(verb, **arguments)


def test_a_ticket_that_is_over_has_no_follow_ups(desk: Desk) -> None:
    desk.open()
    desk.move(Move.RESOLVE)
    with pytest.raises(CannotDo, match="T-1 is resolved: only an open ticket has follow-ups"):
        desk.ask("tickets.follow_up", lasts=60)
    desk.wait(60, steps=10)
    assert desk.told("follow_up") == []


def test_the_reporter_hears_daily_of_a_high_one(desk: Desk) -> None:
    desk.open()
    desk.wait(80, steps=160)
    assert [(each.at - desk.ticket().opened_at) // HOUR for each in desk.told("update")] == [24, 48, 72]
    assert {each.to for each in desk.told("update")} == {CALLER.email}
    assert all(not each.internal for each in desk.events if each.what == "update")


def test_no_update_within_the_rhythm_of_what_a_person_wrote(desk: Desk) -> None:
    desk.open()
    desk.wait(20)
    desk.say("we have found it", internal=False)
    desk.wait(23, steps=23)
    assert desk.told("update") == []
    desk.wait(1)
    assert len(desk.told("update")) == 1


def test_an_internal_note_is_no_word_to_the_reporter(desk: Desk) -> None:
    desk.open()
    desk.wait(20)
    desk.say("we have found it", internal=True)
    desk.wait(4)
    assert len(desk.told("update")) == 1


def test_after_days_of_absence_one_update_is_sent_and_not_three(desk: Desk) -> None:
    desk.open()
    desk.wait(100)
    desk.wait(0.1, steps=3)
    assert len(desk.told("update")) == 1
    assert desk.ticket().heard_at == desk.told("update")[0].at
    desk.wait(DAY / HOUR, steps=24)
    assert len(desk.told("update")) == 2


def test_secrets_in_the_next_step_stay_here(desk: Desk) -> None:
    desk.open(fields={"next_step": "log in with password=hunter2hunter2"})
    desk.wait(24)
    assert "hunter2" not in desk.told("update")[0].text


def test_secrets_in_the_reason_of_a_delay_or_follow_up_stay_here(desk: Desk) -> None:
    desk.open()
    for verb in ("tickets.follow_up", "tickets.delay"):
        desk.ask(verb, reason="wait for password=hunter2hunter2", lasts=60)
    desk.ask("tickets.follow_up", done=True, reason="it is password=hunter2hunter2")
    told = repr(desk.notices) + repr(desk.events) + repr(desk.ticket())
    assert "wait for" in told
    assert "hunter2" not in told


def test_after_an_absence_somebody_is_reminded_before_anything_is_missed(desk: Desk) -> None:
    desk.open()
    desk.wait(40)
    assert (len(desk.told("follow_up")), len(desk.lines("follow_up"))) == (1, 1)
    desk.wait(3.9)
    assert not desk.ticket().follow_ups[0].missed
    desk.wait(0.1)
    assert desk.ticket().follow_ups[0].missed


def test_what_was_not_done_when_a_check_recovered_is_not_missed_at_once_when_it_comes_back(
    desk: Desk,
) -> None:
    desk.open()
    desk.wait(25)
    desk.move(Move.RESOLVE, by="tocsin")
    desk.wait(20)
    desk.move(Move.REOPEN, by="tocsin")
    desk.wait(1)
    assert not desk.ticket().follow_ups[0].missed
    desk.wait(3)
    assert desk.ticket().follow_ups[0].missed
