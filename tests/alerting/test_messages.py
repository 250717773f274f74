"""What leaves: written once what people edit, each comment once, nobody told what they did themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from alerting.messages import Tied, carried_key, desired, via

TICKET = Ticket(1, "web", "home", TicketState.NEW, "high", "high", "home is down", "why", 5, {})
HERE = Tied("desk", {"site": "jhb"})
KEY = "toc-0123456789abcdef0123456789abcdef"


def event(text: str, by: str = "tocsin", what: str = "worsened") -> TicketEvent:
    return TicketEvent(1, 7, by, what, text)


def test_title_description_and_labels_are_those_of_the_beginning() -> None:
    first = desired(None, TICKET, KEY, [event("opened", what="opened")], HERE)
    changed = replace(TICKET, title="other", description="other", priority="low", state=TicketState.RESOLVED)
    later = desired(first, changed, KEY, [], Tied("desk"))
    assert (first.comments, first.state) == ((), "open")
    assert (later.title, later.description, later.labels) == ("home is down", "why", {"site": "jhb"})
    assert (later.priority, later.state) == ("low", "resolved")


def test_each_comment_has_an_id_of_its_own_however_many_were_delivered() -> None:
    wanted = desired(None, TICKET, KEY, [event("a"), event("b", by="jo")], HERE)
    assert [each.text for each in wanted.comments] == ["a", "jo: b"]
    later = desired(replace(wanted, comments=()), TICKET, KEY, [event("c")], HERE)
    ids = [each.id for each in (*wanted.comments, *later.comments)]
    assert len(set(ids)) == 3


def test_nobody_is_told_what_they_did_themselves() -> None:
    theirs = event("closed", by=via("jo", "desk"))
    assert desired(None, TICKET, KEY, [theirs], HERE).comments == ()
    assert [each.text for each in desired(None, TICKET, KEY, [theirs], Tied("other")).comments] == [
        "jo (desk): closed"
    ]


@pytest.mark.parametrize(
    "what", ["classified", "routed", "assigned", "breach", "acknowledged", "update", "fault"]
)
def test_what_our_desk_notes_for_itself_is_no_comment_over_there(what: str) -> None:
    assert desired(None, TICKET, KEY, [event("ours", what=what)], HERE).comments == ()


@pytest.mark.parametrize("what", ["escalated", "review", "note", "message", "resolve"])
def test_what_helps_those_who_work_over_there_is_a_comment(what: str) -> None:
    assert [each.text for each in desired(None, TICKET, KEY, [event("a", what=what)], HERE).comments] == ["a"]


def test_of_very_many_comments_the_latest_are_kept_and_the_rest_counted() -> None:
    wanted = desired(None, TICKET, KEY, [event(str(number)) for number in range(100)], HERE)
    assert (len(wanted.comments), wanted.said) == (30, 100)
    assert wanted.comments[0].text.startswith("(70 earlier updates are left out")
    assert wanted.comments[-1].text == "99"


def test_further_tickets_of_a_key_carry_keys_of_their_own() -> None:
    keys = [carried_key(KEY, epoch) for epoch in range(4)]
    assert keys[0] == KEY
    assert len(set(keys)) == 4
    assert {len(key) for key in keys} == {36}
