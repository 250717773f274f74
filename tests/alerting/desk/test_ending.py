"""How resolved tickets end: asked, reminded once, confirmed or silent; and what is for people alone."""

from __future__ import annotations

from dataclasses import replace

from alerting.desk.ending import Links, asking, closes_at, farewell, outcome, steps
from alerting.desk.parts import Ask, Reporter, RootCause
from alerting.desk.ticket import Ticket, TicketState
from config.policies import DEFAULT_POLICY, Ending, Term

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR


def resolved(**more: object) -> Ticket:
    plain = Ticket(1, "shop", "", TicketState.RESOLVED, "low", "low", "No orders", "", 0, {})
    plain = replace(
        plain, channel="phone", resolved_at=DAY, reporter=Reporter("Caller", "caller@example.org")
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def keys(of: Ticket, **ending: object) -> dict[str, int]:
    policy = replace(DEFAULT_POLICY, ending=replace(Ending(), **ending))  # type: ignore[arg-type]
    return {step.key: step.at // HOUR for step in steps(of, policy)}


def test_the_reporter_is_asked_at_once_reminded_after_two_days_and_closed_after_five() -> None:
    assert keys(resolved()) == {"ask:0": 24, "close:0:silent": 144}
    asked = resolved(ask=Ask(DAY, "digest"))
    assert keys(asked) == {"ask:0": 24, "ask:0:again": 72, "close:0:silent": 144}


def test_a_reminder_that_would_come_with_the_closing_is_left_out() -> None:
    assert "ask:0:again" not in keys(resolved(ask=Ask(DAY, "digest")), silent_after=Term(3600))


def test_who_confirms_closes_it_at_once() -> None:
    happy = resolved(ask=Ask(DAY, "digest", 26 * HOUR, True))
    assert keys(happy)["close:0:confirmed"] == 26
    assert outcome(happy) == "confirmed by the reporter"


def test_who_is_not_satisfied_leaves_the_closing_to_people() -> None:
    assert closes_at(resolved(ask=Ask(DAY, "digest", 26 * HOUR, False)), DEFAULT_POLICY) is None


def test_without_a_reporter_it_closes_by_itself() -> None:
    alone = resolved(reporter=None)
    assert keys(alone) == {"close:0:silent": 144}
    assert outcome(alone) == "resolved; there was nobody to ask"


def test_one_of_an_incident_waits_for_no_answer_and_a_merged_one_for_nothing() -> None:
    assert keys(resolved(channel="monitoring", reporter=None)) == {}
    assert keys(resolved(merged_into=2)) == {}


def test_a_critical_one_waits_for_its_root_cause() -> None:
    critical = resolved(severity="critical")
    assert list(keys(critical)) == ["ask:0"]
    known = replace(
        critical,
        root_cause=RootCause(0, "Agent One", "a full disk", factors=("no alert",), fix="x", prevention="y"),
    )
    assert "close:0:silent" in keys(known)


def test_what_was_asked_before_it_was_opened_again_counts_no_more() -> None:
    again = resolved(ask=Ask(DAY, "digest", DAY, False), reopened=1, reopened_at=2 * DAY, resolved_at=3 * DAY)
    assert keys(again) == {"ask:1": 72, "close:1:silent": 192}
    assert keys(replace(again, came_back=True)) == {"ask:1": 72}  # it is closed with its root cause
    assert closes_at(again, DEFAULT_POLICY) == 8 * DAY


def test_the_reporter_hears_of_the_closing_and_of_the_opening() -> None:
    closed = resolved(state=TicketState.CLOSED, closed_at=2 * DAY)
    assert keys(closed) == {"farewell:0": 48}
    opened = resolved(state=TicketState.IN_PROGRESS, reopened=1, reopened_at=3 * DAY, resolved_at=None)
    assert keys(opened) == {"reopened:1": 72}
    assert keys(replace(closed, reporter=None)) == {}


def test_texts_say_what_was_done_and_offer_a_way_without_links() -> None:
    done = resolved(fields={"resolution": "the index was built anew"})
    said = asking(done, DEFAULT_POLICY, Links("https://help.example.org/t/1-x"))
    assert "What was done: the index was built anew" in said
    assert "\nhttps://help.example.org/t/1-x\n" in said
    assert "within 5d" in said
    assert "answer to this message, or call us" in asking(done, DEFAULT_POLICY, Links())
    assert "1 to 5" in farewell(done, Links(survey=""))
    assert "1 to 5" not in farewell(done, Links())
