"""Tickets tied to each other, merged and split: no circles, nobody forgotten, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.desk import linking
from agent.desk.asked import CannotDo, Conflict, NoSuchTicket
from alerting.desk.ticket import TicketState
from alerting.incidents.incident import Incident, IncidentState
from checks.base import Status
from tests.agent.desk.linked import MEMBER, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path, linking.ROOM)
    for number in range(1, 5):
        found.add(f"Ticket {number}")
    return found


@pytest.mark.parametrize("relation", ["duplicate_of", "child_of", "related"])
def test_two_tickets_are_tied_and_untied(desk: Desk, relation: str) -> None:
    desk.ask("tickets.link", ticket=2, other=1, relation=relation)
    assert desk.links == [(2, relation, 1)]
    tied = (desk.ticket(1), desk.ticket(2))
    desk.ask("tickets.link", ticket=2, other=1, relation=relation)
    assert (desk.ticket(1), desk.ticket(2)) == tied, "the second time changes nothing"
    desk.ask("tickets.unlink", ticket=1, other=2)
    assert (2, relation, 1) in desk.unlinks
    for number in (1, 2):
        after = desk.ticket(number)
        assert (after.parent, after.duplicate_of, after.children, after.related) == (None, None, (), ())
    with pytest.raises(CannotDo, match="not tied"):
        desk.ask("tickets.unlink", ticket=1, other=2)


@pytest.mark.parametrize("relation", ["duplicate_of", "child_of"])
def test_no_circle_however_long(desk: Desk, relation: str) -> None:
    for child, parent in ((2, 1), (3, 2), (4, 3)):
        desk.ask("tickets.link", ticket=child, other=parent, relation=relation)
    for parent in (2, 3, 4):
        with pytest.raises(CannotDo, match="circle"):
            desk.ask("tickets.link", ticket=1, other=parent, relation=relation)
    with pytest.raises(CannotDo, match="already"):
        desk.ask("tickets.link", ticket=4, other=1, relation=relation)
    with pytest.raises(CannotDo, match="itself"):
        desk.ask("tickets.link", ticket=1, other=1, relation=relation)


def test_what_is_no_ticket_or_no_relation_is_refused(desk: Desk) -> None:
    with pytest.raises(NoSuchTicket):
        desk.ask("tickets.link", ticket=1, other=99)
    with pytest.raises(CannotDo, match="duplicate_of"):
        desk.ask("tickets.link", ticket=1, other=2, relation="duplicate")
    with pytest.raises(Conflict):
        desk.ask("tickets.link", ticket=1, other=2, version=77)


def test_a_parent_is_closed_after_its_parts_or_with_them(desk: Desk) -> None:
    desk.ask("tickets.link", ticket=2, other=1, relation="child_of")
    desk.ask("tickets.link", ticket=3, other=2, relation="child_of")
    with pytest.raises(CannotDo, match=r"T-2 .*--with-children"):
        desk.ask("tickets.close", ticket=1, note="done")
    desk.ask("tickets.close", ticket=1, note="done", with_children=True)
    assert [desk.ticket(number).state.value for number in (1, 2, 3, 4)] == [
        "closed",
        "closed",
        "closed",
        "new",
    ]


def test_who_works_on_a_part_hears_once_that_the_whole_is_closed(desk: Desk) -> None:
    desk.ask("tickets.link", ticket=2, other=1, relation="child_of")
    desk.world.tickets[2] = replace(desk.ticket(2), assignee=MEMBER)
    # Closed by the desk itself, which asks nobody.
    closed = replace(desk.ticket(1), state=TicketState.CLOSED, closed_at=desk.now)
    desk.world.tickets[1] = closed
    for _ in range(2):
        desk.ask("tickets.link", ticket=1, other=3, relation="related")
    assert [to for to, _ in desk.told("parent")] == ["one@example.org"]
    assert sum("look whether" in text for text in desk.texts(2)) == 1
    assert desk.ticket(2).is_open


def test_a_merged_ticket_is_closed_and_goes_on_in_the_other(desk: Desk) -> None:
    desk.ask("tickets.link", ticket=3, other=2, relation="child_of")
    desk.world.tickets[2] = replace(desk.ticket(2), watchers=(MEMBER,))
    assert desk.ask("tickets.merge", ticket=2, other=1) == {
        "id": "T-2",
        "state": "closed",
        "merged_into": "T-1",
    }
    first, second, part = desk.ticket(1), desk.ticket(2), desk.ticket(3)
    assert (second.state, second.merged_into, second.duplicate_of) == (TicketState.CLOSED, 1, 1)
    assert first.watchers == (MEMBER, "person-2@example.org")
    assert (first.children, part.parent) == ((3,), 1)
    told = desk.told("merged")
    assert [to for to, _ in told] == ["person-2@example.org"]
    assert "the same as T-1: it goes on there" in told[0][1]
    assert "the same as T-1: it goes on there" in desk.texts(2, public=True)[-1]
    desk.ask("tickets.message", ticket=2, text="Still broken", from_reporter=True)
    assert "Still broken" in desk.texts(1)
    desk.ask("tickets.message", ticket=2, text="We are on it")
    assert {to for to, _ in desk.told("message")} == {
        "person-1@example.org",
        "person-2@example.org",
        "one@example.org",
    }


def test_a_ticket_is_merged_once_and_never_in_a_circle(desk: Desk) -> None:
    desk.ask("tickets.merge", ticket=2, other=1)
    with pytest.raises(CannotDo, match="already"):
        desk.ask("tickets.merge", ticket=2, other=3)
    with pytest.raises(CannotDo, match="T-2 goes on in T-1 already"):
        desk.ask("tickets.merge", ticket=1, other=2)
    desk.ask("tickets.merge", ticket=3, other=2)
    assert desk.ticket(3).merged_into == 1, "it goes straight to the one that goes on"
    with pytest.raises(CannotDo, match="cannot be undone"):
        desk.ask("tickets.unlink", ticket=2, other=1)


def test_a_ticket_whose_incident_lasts_is_not_merged_away(desk: Desk) -> None:
    incident = Incident(1, "shop", "a", 1, IncidentState.OPEN, "high", Status.DOWN, 0, 2, "down")
    desk.world.incidents[("shop", "a")] = incident
    with pytest.raises(CannotDo, match="T-1 --into T-2"):
        desk.ask("tickets.merge", ticket=2, other=1)
    desk.ask("tickets.merge", ticket=1, other=2)


def test_what_is_closed_takes_nothing_in(desk: Desk) -> None:
    desk.ask("tickets.close", ticket=1, note="done")
    with pytest.raises(CannotDo, match=r"T-1 is closed .*reopen"):
        desk.ask("tickets.merge", ticket=2, other=1)


def test_a_part_is_split_off_with_the_lines_that_belong_to_it(desk: Desk) -> None:
    for text in ("the screen is black", "the printer, too"):
        desk.ask("tickets.note", ticket=1, text=text)
    answer = desk.ask("tickets.split", ticket=1, title="The printer", lines=[2])
    new, old = desk.ticket(5), desk.ticket(1)
    assert answer == {"id": "T-5", "state": "new", "split_from": "T-1"}
    assert (new.title, new.reporter, new.related, old.related) == ("The printer", old.reporter, (1,), (5,))
    assert "the printer, too" in new.description
    assert "screen" not in new.description
    assert new.opened_at > old.opened_at
    assert (5, "split_from", 1) in desk.links


@pytest.mark.parametrize("lines", [[0], [99], ["1"], "1", [True], [1] * 51])
def test_lines_that_are_not_there_are_refused(desk: Desk, lines: object) -> None:
    desk.ask("tickets.note", ticket=1, text="one")
    with pytest.raises(CannotDo, match="line"):
        desk.ask("tickets.split", ticket=1, title="The printer", lines=lines)
