"""How tickets end on the desk: incidents' after watching, people's by the reporter's word or silence, each once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.desk.asked import CannotDo
from alerting.desk.parts import Reporter, RootCause
from alerting.desk.ticket import Move, TicketState
from config.policies import DEFAULT_POLICY, Ending, RootCauseRules
from tests.agent.desk.ending_case import CALLER, HOUR, Desk
from tests.agent.incidents.case import Case

CALM = replace(DEFAULT_POLICY, root_cause=RootCauseRules((), None))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, CALM)


def resolved(desk: Desk, **more: object) -> Desk:
    desk.open(fields={"resolution": "the index was built anew"}, **more)
    desk.move(Move.RESOLVE)
    return desk


def shop(**more: object) -> dict[str, object]:
    check = {"type": "tcp", "host": "127.0.0.1", "port": 1, "confirm": 1, "recover": 1}
    return {"shop": {"checks": {"a": check}, **more}}


def test_the_reporter_is_asked_and_reminded_once_and_silence_closes(desk: Desk) -> None:
    resolved(desk)
    assert [each.to for each in desk.told("ask")] == [CALLER.email]
    assert "What was done: the index was built anew" in desk.told("ask")[0].text
    desk.wait(119, steps=119)
    assert [(each.at - desk.ticket().opened_at) // HOUR for each in desk.told("ask")] == [0, 48]
    assert desk.ticket().state is TicketState.RESOLVED
    desk.wait(1)
    assert desk.ticket().state is TicketState.CLOSED
    assert desk.ticket().fields["outcome"] == "no answer from the reporter"
    assert len(desk.told("closed")) == 1
    desk.wait(50, steps=50)
    assert len(desk.told("ask")) + len(desk.told("closed")) == 3


def test_both_links_of_asking_and_reminding_lead_in(desk: Desk) -> None:
    resolved(desk)
    first = desk.secret("ask")
    desk.wait(48)
    assert desk.secret("ask") != first
    for secret in (first, desk.secret("ask")):
        assert desk.ask("answers.look", secret=secret)["what"] == "ask"


def test_who_confirms_closes_it(desk: Desk) -> None:
    resolved(desk)
    said = desk.ask("tickets.confirm", satisfied=True, text="thank you")
    assert said["satisfied"] is True
    assert desk.ticket().state is TicketState.CLOSED
    assert desk.ticket().fields["outcome"] == "confirmed by the reporter"
    assert desk.ticket().fields["feedback"] == "thank you"
    assert desk.ticket().stamps["confirmed"] == desk.now


def test_who_is_not_satisfied_has_it_opened_again_and_is_unhappy(desk: Desk) -> None:
    resolved(desk)
    desk.wait(5)
    desk.ask("tickets.confirm", satisfied=False, text="still slow")
    after = desk.ticket()
    assert (after.state, after.unhappy, after.reopened) == (TicketState.IN_PROGRESS, True, 1)
    assert [each.to for each in desk.told("unhappy")] == ["one@example.org"]
    assert "in progress, tier 1" in desk.told("unhappy")[0].text
    assert len(desk.told("reopened")) == 1
    desk.move(Move.RESOLVE)
    assert len(desk.told("ask")) == 2  # asked anew
    desk.ask("tickets.confirm", satisfied=True)
    assert (desk.ticket().state, desk.ticket().unhappy) == (TicketState.CLOSED, False)


def test_by_policy_whoever_had_it_assists_and_it_stays_resolved(tmp_path: Path) -> None:
    desk = resolved(Desk(tmp_path, replace(CALM, ending=Ending(on_unsatisfied="assist"))))
    desk.ask("tickets.confirm", satisfied=False, text="how do I log in?")
    desk.wait(300, steps=30)
    assert (desk.ticket().state, desk.ticket().unhappy) == (TicketState.RESOLVED, False)
    assert len(desk.told("unhappy")) == 1
    desk.ask("tickets.confirm", satisfied=True)
    assert desk.ticket().state is TicketState.CLOSED


def test_a_reporter_who_calls_after_it_was_closed_has_it_opened_again(desk: Desk) -> None:
    resolved(desk)
    desk.ask("tickets.confirm", satisfied=True)
    assert desk.ticket().state is TicketState.CLOSED
    desk.ask("tickets.confirm", satisfied=False)
    after = desk.ticket()
    assert after.state is TicketState.IN_PROGRESS
    assert "outcome" not in after.fields
    assert "confirmed" not in after.stamps
    assert not after.came_back  # it never was mended


@pytest.mark.parametrize(
    ("state", "satisfied"), [("in_progress", True), ("in_progress", False), ("closed", True)]
)
def test_what_is_not_resolved_cannot_be_confirmed(desk: Desk, state: str, satisfied: bool) -> None:
    desk.open(state=TicketState(state), closed_at=desk.now if state == "closed" else None)
    with pytest.raises(CannotDo, match=f"T-1 is {state}: nothing is to be confirmed"):
        desk.ask("tickets.confirm", satisfied=satisfied)
    with pytest.raises(CannotDo, match="expected true or false"):
        desk.ask("tickets.confirm", satisfied="yes")


def test_a_reporter_without_an_address_is_asked_by_hand(desk: Desk) -> None:
    resolved(desk, reporter=Reporter("Caller", phone="+27 10 000 0000"))
    (notice,) = desk.told("ask")
    assert notice.to == "one@example.org"
    assert "+27 10 000 0000" in notice.text
    desk.wait(121, steps=10)
    assert desk.ticket().state is TicketState.CLOSED


def test_without_an_address_of_our_own_no_link_is_sent(tmp_path: Path) -> None:
    desk = resolved(Desk(tmp_path, CALM, url=""))
    (notice,) = desk.told("ask")
    assert "/t/" not in notice.text
    assert "answer to this message, or call us" in notice.text
    assert desk.ticket().ask is not None


def test_by_policy_nobody_is_asked_and_it_closes_all_the_same(tmp_path: Path) -> None:
    desk = resolved(Desk(tmp_path, replace(CALM, ending=Ending(ask_reporter=False))))
    assert (len(desk.told("ask")), len(desk.told("resolved"))) == (0, 1)
    desk.wait(120)
    assert desk.ticket().fields["outcome"] == "resolved; there was nobody to ask"


def test_a_ticket_that_needs_its_root_cause_waits_for_it_and_then_closes(tmp_path: Path) -> None:
    desk = resolved(Desk(tmp_path), severity="critical")
    desk.ask("tickets.confirm", satisfied=True)
    desk.wait(200, steps=20)
    assert desk.ticket().state is TicketState.RESOLVED
    cause = RootCause(
        desk.now, "Agent One", "a full disk", factors=("no alert",), fix="cleaned", prevention="an alert"
    )
    desk.world.tickets[1] = replace(desk.ticket(), root_cause=cause)
    desk.world.desk_due[1] = desk.now
    desk.wait(0.1)
    assert desk.ticket().state is TicketState.CLOSED


def test_links_stand_in_messages_only(desk: Desk) -> None:
    resolved(desk)
    secret = desk.secret("ask")
    assert secret not in repr(desk.world.tickets) + repr(desk.events)


def test_an_incidents_ticket_is_resolved_at_once_and_closed_after_the_watch(tmp_path: Path) -> None:
    case = Case(tmp_path, shop())
    case.see("shop", "d", times=2)
    case.see("shop", "o", times=2)
    case.wait(14 * 60)
    assert case.tickets() == {1: "resolved"}
    case.wait(2 * 60)
    assert case.tickets() == {1: "closed"}
    assert case.world.tickets[1].fields["outcome"] == "recovered, and stayed well while it was watched"
    ends = [each.what for each in case.events if each.what in ("watch_ended", "ended")]
    assert ends == ["watch_ended"]  # that line says it: no other is needed


def test_what_comes_back_opens_the_closed_ticket_again_which_then_waits_for_its_root_cause(
    tmp_path: Path,
) -> None:
    case = Case(tmp_path, shop())
    case.see("shop", "d", times=2)
    case.see("shop", "o", times=2)
    case.wait(20 * 60)
    case.see("shop", "d", times=2)
    assert case.tickets() == {1: "in_progress"}
    assert "outcome" not in case.world.tickets[1].fields
    case.see("shop", "o", times=2)
    case.wait(20 * 60)
    assert case.tickets() == {1: "resolved"}


def test_what_comes_and_goes_while_it_is_watched_closes_by_itself(tmp_path: Path) -> None:
    case = Case(tmp_path, shop())
    for _ in range(2):
        case.see("shop", "d", times=2)
        case.see("shop", "o", times=2)
        case.wait(60)
    assert case.world.tickets[1].reopened == 1
    case.wait(20 * 60)
    assert case.tickets() == {1: "closed"}


def test_those_that_wait_for_a_root_cause_hold_up_no_others(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for severity in ["critical"] * 600 + ["low"]:
        desk.open(severity=severity, channel="monitoring", reporter=None, assignee=None)
    for number, ticket in list(desk.world.tickets.items()):
        desk.world.tickets[number] = replace(ticket, state=TicketState.RESOLVED, resolved_at=desk.now)
    desk.wait(1)
    assert desk.ticket(600).state is TicketState.RESOLVED
    assert desk.ticket(601).state is TicketState.CLOSED


def test_a_ticket_that_a_person_resolved_is_not_closed_while_its_incident_lasts(tmp_path: Path) -> None:
    case = Case(tmp_path, shop())
    case.see("shop", "d", times=2)
    ticket = case.world.tickets[1]
    case.world.tickets[1] = replace(ticket, state=TicketState.RESOLVED, resolved_at=case.now)
    case.wait(3600)
    assert case.tickets() == {1: "resolved"}
    case.see("shop", "o", times=2)
    case.wait(16 * 60)
    assert case.tickets() == {1: "closed"}


def test_a_critical_incidents_ticket_stays_resolved_without_its_root_cause(tmp_path: Path) -> None:
    case = Case(tmp_path, shop(criticality="critical"))
    case.see("shop", "d", times=2)
    case.see("shop", "o", times=2)
    case.wait(30 * 60)
    assert case.tickets() == {1: "resolved"}
