"""A ticket's life by hand: opened by people, moved between its states, written on, and never overwritten unseen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.desk.asked import CannotDo, Conflict, NoSuchTicket
from alerting.desk.parts import Pause, Reporter
from alerting.desk.ticket import IllegalMove
from tests.agent.desk.stored_desk import StoredDesk
from tests.moving_clock import SECOND, START

REPORTER = {"name": "Reporter One", "email": "r1@example.org"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StoredDesk]:
    made = StoredDesk(tmp_path)
    yield made
    made.close()


def refused(desk: StoredDesk, verb: str, **arguments: Any) -> CannotDo:
    with pytest.raises(CannotDo) as caught:
        desk.ask(verb, **arguments)
    return caught.value


def test_a_ticket_of_a_person_holds_what_they_said_and_when(desk: StoredDesk) -> None:
    opened = desk.ask(
        "tickets.open",
        title="Cannot log in",
        description="since\nthis morning",
        service="shop",
        category="technical",
        urgent=True,
        reporter={
            **REPORTER,
            "phone": "123",
            "account": "Acme",
            "level": "gold",
            "user_id": "u1",
            "product_id": "p",
        },
        channel="web",
        fields={"environment": "live", "steps_taken": "tried another browser", "users": 12},
        detected="2027-01-15T07:00:00Z",
        reported="2027-01-15T09:30:00+02:00",
    )
    desk.restart()
    ticket = desk.ticket()
    assert ticket.reporter == Reporter("Reporter One", "r1@example.org", "123", "Acme", "gold", "u1", "p")
    assert (ticket.channel, ticket.urgent, ticket.category, ticket.description) == (
        "web",
        True,
        "technical",
        "since\nthis morning",
    )
    assert ticket.fields == {"environment": "live", "steps_taken": "tried another browser", "users": "12"}
    stamps = ticket.stamps
    assert (START - stamps["detected"], START - stamps["reported"], stamps["submitted"]) == (
        3600 * SECOND,
        1800 * SECOND,
        START,
    )
    assert opened["stamps"]["detected"] == "2027-01-15T07:00:00Z"
    assert opened["id"] == "T-1"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"title": ""}, "title: is missing"),
        ({"title": "x" * 201}, "title: at most 200 characters, got 201"),
        ({"titel": "x"}, 'titel: unknown (did you mean "title"?)'),
        ({"service": "shpo"}, 'service: unknown "shpo" (did you mean "shop"?)'),
        ({"team": "nobody"}, 'team: unknown "nobody"'),
        ({"severity": "awful"}, 'severity: unknown "awful"'),
        ({"channel": "monitoring"}, 'channel: unknown "monitoring"'),
        ({"fields": {"urgency": "very"}}, 'urgency: unknown "very" (known: high, medium, low)'),
        ({"fields": {"users": "many"}}, "users: expected a whole number"),
        ({"fields": {"owner": "x"}}, "fields.owner: unknown"),
        ({"fields": "x"}, "fields: expected texts by their names"),
        ({"reporter": "x"}, "reporter: expected name, email"),
        ({"reporter": {"account": "Acme"}}, "reporter: expected a name"),
        ({"reporter": {"name": "R", "mail": "r@example.org"}}, "reporter.mail: unknown (did you mean"),
        ({"reporter": {"email": "r1@example.org\nBcc: x@example.org"}}, "email: expected one mail address"),
        ({"reported": "2027-01-15T08:00:01Z"}, "reported: 2027-01-15T08:00:01Z is still to come"),
        ({"reported": "2027-01-15T07:00:00"}, "reported: expected a moment such as"),
        (
            {"reported": "2027-01-15T06:00:00Z", "detected": "2027-01-15T07:00:00Z"},
            "detected: nobody reports",
        ),
        ({"detected": "0001-01-01T00:00:00+14:00"}, "detected: "),
        ({"attachments": [{"name": "a"}] * 99}, "T-1 has 0 attachments"),
    ],
)
def test_what_makes_no_ticket_is_refused_with_the_reason(
    desk: StoredDesk, said: dict[str, Any], why: str
) -> None:
    assert str(refused(desk, "tickets.open", **{"title": "Slow", **said})).startswith(why)
    assert not desk.world.tickets


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ({}, "medium"),
        ({"severity": "low", "urgent": True}, "low"),
        ({"fields": {"urgency": "high", "users": "100"}}, "critical"),
        ({"fields": {"urgency": "high", "users": "99"}}, "high"),
        ({"urgent": True, "fields": {"users": "9"}}, "medium"),
        ({"fields": {"users": "9"}}, "low"),
        ({"fields": {"urgency": "low", "users": "1000000"}}, "medium"),
    ],
)
def test_severity_comes_of_urgency_and_impact_where_nobody_says_it(
    desk: StoredDesk, said: dict[str, Any], severity: str
) -> None:
    desk.open(**said)
    assert desk.ticket().severity == severity


def test_the_same_request_with_the_same_key_is_one_ticket(desk: StoredDesk) -> None:
    said = {"title": "Slow", "origin": "api:k1"}
    first, again = desk.ask("tickets.open", **said), desk.ask("tickets.open", **said)
    assert (first["id"], again["id"], again["replayed"]) == ("T-1", "T-1", True)
    assert "another request" in str(refused(desk, "tickets.open", **{**said, "title": "Other"}))
    assert desk.open(title="Slow", origin="api:k2") == 2


def test_moves_stamp_what_they_imply_and_waiting_is_kept(desk: StoredDesk) -> None:
    number = desk.open(reporter=REPORTER)
    desk.now += SECOND
    desk.ask("tickets.ack", ticket=number, by="Agent One")
    desk.now += SECOND
    desk.ask("tickets.start", ticket=number)
    desk.now += SECOND
    desk.ask("tickets.pend", ticket=number, **{"for": "vendor"})
    desk.now += SECOND
    desk.ask("tickets.start", ticket=number)
    assert desk.ticket().pauses == (Pause(START + 3 * SECOND, "vendor", START + 4 * SECOND),)
    desk.now += SECOND
    desk.ask("tickets.resolve", ticket=number, note="reset the account")
    ticket = desk.ticket()
    assert (ticket.state, ticket.assignee, ticket.fields["resolution"]) == (
        "resolved",
        "Agent One",
        "reset the account",
    )
    seconds = {name: (at - START) // SECOND for name, at in ticket.stamps.items()}
    assert {name: seconds[name] for name in ("begun", "fixed", "resolved")} == {
        "begun": 2,
        "fixed": 5,
        "resolved": 5,
    }
    again = desk.ask("tickets.reopen", ticket=number, note="not yet")
    assert (again["state"], again["resolved_at"], "resolved" in again["stamps"]) == (
        "in_progress",
        None,
        False,
    )


def test_a_person_resolves_only_with_what_was_done(desk: StoredDesk) -> None:
    number = desk.open()
    assert "what was done" in str(refused(desk, "tickets.resolve", ticket=number))
    assert desk.ticket().state == "new"
    desk.ask("tickets.set", ticket=number, changes={"resolution": "told them how"})
    assert desk.ask("tickets.resolve", ticket=number)["state"] == "resolved"


def test_illegal_moves_are_refused_with_the_legal_ones_named(desk: StoredDesk) -> None:
    number = desk.open()
    with pytest.raises(
        IllegalMove, match="T-1 is new: cannot reopen it, but ack, start, pend, resolve, close"
    ):
        desk.ask("tickets.reopen", ticket=number)
    with pytest.raises(NoSuchTicket, match="there is no ticket T-9"):
        desk.ask("tickets.ack", ticket=9)


def test_a_stage_is_stamped_once_and_never_in_the_future(desk: StoredDesk) -> None:
    number = desk.open()
    desk.now += 3600 * SECOND
    found = desk.ask("tickets.stamp", ticket=number, stage="investigated", at="2027-01-15T08:30:00Z")
    assert found["stamps"]["investigated"] == "2027-01-15T08:30:00Z"
    assert "the first time counts" in str(refused(desk, "tickets.stamp", ticket=number, stage="investigated"))
    assert "unknown" in str(refused(desk, "tickets.stamp", ticket=number, stage="resolved"))
    soon = refused(desk, "tickets.stamp", ticket=number, stage="verified", at="2027-01-15T09:00:01Z")
    assert "still to come" in str(soon)


def test_fields_are_set_and_the_timeline_keeps_what_they_held(desk: StoredDesk) -> None:
    number = desk.open(reporter=REPORTER)
    changes = {
        "workaround": "use the app",
        "priority": "low",
        "category": "billing",
        "email": "r2@example.org",
    }
    desk.ask("tickets.set", ticket=number, changes=changes, by="Agent Two")
    ticket = desk.ticket()
    assert (ticket.fields["workaround"], ticket.priority, ticket.category) == (
        "use the app",
        "low",
        "billing",
    )
    assert ticket.reporter is not None
    assert ticket.reporter.email == "r2@example.org"
    assert 'workaround: "" -> "use the app"' in desk.lines("set")
    assert 'email: "r1@example.org" -> "r2@example.org"' in desk.lines("set")
    version = ticket.version
    desk.ask("tickets.set", ticket=number, changes={"workaround": "use the app"})
    assert desk.ticket().version == version
    desk.ask("tickets.set", ticket=number, changes={"workaround": ""})
    assert "workaround" not in desk.ticket().fields


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("workarond", "x", 'unknown field "workarond" (did you mean "workaround"?)'),
        ("priority", "urgent", 'priority: unknown "urgent"'),
        ("priority", "", "priority: expected one of high"),
        ("cause", "ghosts", 'cause: unknown "ghosts"'),
        ("title", " ", "title: is missing"),
        ("urgent", "maybe", 'urgent: unknown "maybe"'),
        ("email", "nobody", "email: expected one mail address"),
        ("description", "x" * 20_001, "description: at most 20000 characters"),
        ("number", "5", 'unknown field "number"'),
        ("version", "5", 'unknown field "version"'),
    ],
)
def test_what_a_field_cannot_hold_is_refused(desk: StoredDesk, name: str, value: str, why: str) -> None:
    number = desk.open()
    before = desk.ticket()
    assert str(refused(desk, "tickets.set", ticket=number, changes={name: value})).startswith(why)
    assert desk.ticket() == before


def test_a_priority_given_by_hand_outlives_the_rules(desk: StoredDesk) -> None:
    number = desk.open(severity="low")
    desk.ask("tickets.set", ticket=number, changes={"priority": "high"})
    desk.ask("tickets.note", ticket=number, text="looked at it")
    desk.wait(1)
    assert desk.ticket().priority == "high"


def test_the_reporter_reads_messages_and_never_notes(desk: StoredDesk) -> None:
    number = desk.open(reporter=REPORTER)
    desk.ask("tickets.note", ticket=number, text="CANARY: they broke it themselves")
    told = desk.ask("tickets.message", ticket=number, text="We are on it.", by="Agent One")
    assert told["told"] == ["Reporter One"]
    assert told["stamps"]["responded"] == "2027-01-15T08:00:00Z"
    public = desk.rows("SELECT text FROM ticket_events WHERE NOT internal")
    assert ("We are on it.",) in public
    assert not [text for (text,) in public if "CANARY" in text]
    assert not desk.rows("SELECT 1 FROM notices WHERE data LIKE '%CANARY%'")
    assert ("r1@example.org", 0) in desk.told("message")


def test_two_messages_of_one_moment_are_two(desk: StoredDesk) -> None:
    number = desk.open(reporter=REPORTER)
    for text in ("one", "two"):
        desk.ask("tickets.message", ticket=number, text=text)
    assert len([to for to, _ in desk.told("message") if to == "r1@example.org"]) == 2


def test_without_a_reporter_nobody_is_written_to(desk: StoredDesk) -> None:
    assert "has no reporter" in str(refused(desk, "tickets.message", ticket=desk.open(), text="Hello"))


def test_an_answer_of_the_reporter_ends_the_waiting_for_them_alone(desk: StoredDesk) -> None:
    number = desk.open(reporter=REPORTER, service="shop")
    for whom, after in (("reporter", "in_progress"), ("vendor", "pending")):
        desk.ask("tickets.pend", ticket=number, **{"for": whom})
        desk.ask("tickets.message", ticket=number, text="it is 4711", from_reporter=True)
        assert desk.ticket().state == after
    assert desk.lines("reply") == ["it is 4711", "it is 4711"]
    assert ("one@example.org", 0) in desk.told("reply")


def test_secrets_in_what_people_write_are_masked(desk: StoredDesk) -> None:
    number = desk.open(
        title="password=hunter2hunter2 is wrong", description="Authorization: Bearer abc123DEF456ghi"
    )
    desk.ask("tickets.note", ticket=number, text="api_key=0123456789abcdef")
    said = str(desk.rows("SELECT title, description FROM tickets")) + str(
        desk.rows("SELECT text FROM ticket_events")
    )
    assert not [secret for secret in ("hunter2", "abc123DEF", "0123456789abcdef") if secret in said]


def test_a_version_that_was_overtaken_is_refused_and_changes_nothing(desk: StoredDesk) -> None:
    number = desk.open()
    seen = desk.ticket().version
    desk.ask("tickets.set", ticket=number, changes={"next_step": "call them"}, version=seen)
    for verb, more in (
        ("tickets.set", {"changes": {"next_step": "wait"}}),
        ("tickets.ack", {}),
        ("tickets.note", {"text": "x"}),
        ("tickets.stamp", {"stage": "verified"}),
    ):
        with pytest.raises(Conflict, match=f"it is at version {seen + 1}, not {seen}"):
            desk.ask(verb, ticket=number, version=seen, **more)
    assert desk.ticket().fields["next_step"] == "call them"
