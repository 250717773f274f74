"""What is reckoned once of a ticket is reckoned anew when the ticket, or its policy, is another."""

from __future__ import annotations

from dataclasses import replace

from alerting.desk.clocks import clocks
from alerting.desk.parts import Pause
from alerting.desk.reckoned import reckoned
from alerting.desk.ticket import Ticket, TicketState
from config.policies import DEFAULT_POLICY, Policy

TICKET = Ticket(1, "", "", TicketState.NEW, "high", "high", "Slow", "", 0, {})


def test_notes_of_the_desk_change_nothing_and_all_else_is_reckoned_anew() -> None:
    asked = list[Ticket]()

    @reckoned
    def reckon(ticket: Ticket, policy: Policy) -> str:
        asked.append(ticket)
        return f"{ticket.priority} {policy.name}"

    noted = replace(TICKET, steps={"escalate:2": 5}, due={"resolve": 9}, version=2)
    lower, other = replace(noted, priority="low"), replace(DEFAULT_POLICY, name="other")
    assert [reckon(each, DEFAULT_POLICY) for each in (TICKET, noted, lower, TICKET)] == [
        "high default",
        "high default",
        "low default",
        "high default",
    ]
    assert reckon(TICKET, other) == "high other"
    assert asked == [TICKET, lower, TICKET, TICKET]


def test_clocks_follow_every_change_of_the_ticket() -> None:
    waited = replace(TICKET, pauses=(Pause(5, "vendor", 15),))
    due = [
        {clock.name: clock.due for clock in clocks(each, DEFAULT_POLICY)}["resolve"]
        for each in (TICKET, waited, TICKET)
    ]
    day = 24 * 3600 * 1_000_000
    assert due == [day, day + 10, day]
