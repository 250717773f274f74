"""Tickets: legal moves, what they stamp, priorities and due times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.desk import sla
from alerting.desk.ticket import IllegalMove, Move, Ticket, TicketState, moved, parse_id
from config.models import Severity

HOUR = 3600 * 1_000_000


def ticket(state: TicketState = TicketState.NEW) -> Ticket:
    return Ticket(1, "web", "home", state, "high", "high", "t", "d", 0, sla.due(0, "high"))


def test_acknowledging_stamps_and_assigns() -> None:
    taken = moved(ticket(), Move.ACK, 5, "ann")
    assert (taken.state, taken.acknowledged_at, taken.assignee) == (TicketState.ACKNOWLEDGED, 5, "ann")


def test_resolving_and_closing_are_stamped_apart() -> None:
    done = moved(moved(ticket(), Move.RESOLVE, 7, "ann"), Move.CLOSE, 9, "bob")
    assert (done.state, done.resolved_at, done.closed_at) == (TicketState.CLOSED, 7, 9)


def test_closing_an_open_ticket_resolves_it_too() -> None:
    assert moved(ticket(), Move.CLOSE, 9, "bob").resolved_at == 9


@pytest.mark.parametrize("state", [TicketState.RESOLVED, TicketState.CLOSED])
def test_reopening_leads_to_in_progress_and_takes_the_stamps_back(state: TicketState) -> None:
    ended = moved(ticket(), Move.RESOLVE if state is TicketState.RESOLVED else Move.CLOSE, 7, "ann")
    again = moved(ended, Move.REOPEN, 8, "tocsin")
    assert (again.state, again.resolved_at, again.closed_at) == (TicketState.IN_PROGRESS, None, None)


def test_an_illegal_move_is_refused_with_the_legal_ones_named() -> None:
    with pytest.raises(IllegalMove, match=r"T-1 is closed: cannot ack it, but reopen"):
        moved(ticket(TicketState.CLOSED), Move.ACK, 1, "ann")


@given(st.lists(st.sampled_from(list(Move)), max_size=20))
def test_every_move_raises_the_version_and_keeps_stamps_consistent(moves: list[Move]) -> None:
    now = ticket()
    for at, move in enumerate(moves, 1):
        try:
            after = moved(now, move, at, "ann")
        except IllegalMove:
            continue
        assert after.version == now.version + 1
        assert (after.closed_at is not None) == (after.state is TicketState.CLOSED)
        assert (after.resolved_at is not None) == (not after.is_open)
        now = after


@pytest.mark.parametrize(
    ("severity", "priority", "hours"),
    [("critical", "high", 24), ("high", "high", 24), ("medium", "medium", 48), ("low", "low", 72)],
)
def test_targets_follow_the_priority(severity: Severity, priority: str, hours: int) -> None:
    assert sla.priority(severity) == priority
    assert sla.due(1, priority) == {"acknowledge": 1 + 4 * HOUR, "resolve": 1 + hours * HOUR}


@pytest.mark.parametrize(
    ("text", "number"),
    [("T-12", 12), ("t-12", 12), ("12", 12), ("T-", None), ("T-1a", None), ("-3", None), ("", None)],
)
def test_a_ticket_id_is_read_in_its_usual_forms(text: str, number: int | None) -> None:
    assert parse_id(text) == number
