"""The story of an incident, from rows that no daemon decided."""

from __future__ import annotations

import pytest

from agent.cli.explained_incident import print_story
from agent.explanation.incident import Story, tell
from agent.store.decisions import Link, forget_decisions
from agent.views.explained_incident import as_document
from alerting.desk.ticket import TicketEvent
from alerting.incidents.decision import Decided
from alerting.incidents.incident import IncidentState
from alerting.messages import Desired, Observed, RemoteState
from alerting.outgoing import Outgoing, Standing
from checks.base import Status
from tests.agent.explaining import AGENT, Rows, at


def told(rows: Rows, number: int, now: float = 5000) -> Story:
    with rows.reader() as store:
        incident = store.decisions().incident(number)
        assert incident is not None
        return tell(store, incident, at(now))


def host_and_guests() -> Rows:
    """A host fails and takes two guests with it; one of them had waited, and one had had an incident of its own."""
    rows = Rows()
    host = ("host", "home")
    rows.looks("ooddddoo", address=host)
    rows.flips(30, Status.DOWN, 20, address=host)
    rows.flips(70, Status.OK, 60, address=host)
    rows.incident(
        2, 20, service="host", resolved_at=at(60), state=IncidentState.WATCHING, watch_until=at(970)
    )
    rows.incident(1, 19, service="mail", state=IncidentState.RESOLVED, resolved_at=at(30), merged_into=2)
    readings = [{"at": at(second), "status": "down", "message": "refused"} for second in (20, 30)]
    rows.decides(25, Decided.OPENED, "confirm", service="mail", incident=1, ticket=1)
    rows.decides(28, Decided.WAITING, "host", service="shop", facts={"until": at(148)})
    rows.decides(
        30, Decided.OPENED, "confirm", service="host", incident=2, ticket=2, facts={"readings": readings}
    )
    rows.decides(30, Decided.ADOPTED, "depends_on", service="mail", incident=1, ticket=1, facts={"into": 2})
    for guest in ("mail", "shop"):
        rows.decides(30, Decided.FOLDED, "depends_on", service=guest, incident=2, ticket=2)
    rows.decides(70, Decided.RECOVERED, "recover", service="host", incident=2, ticket=2)
    rows.decides(99, Decided.WAITING, "net", service="shop")
    rows.belongs(2, "host", 20, 60, cause=True)
    rows.belongs(2, "mail", 19, 61, cause=False)
    rows.belongs(2, "shop", 22, cause=False)
    rows.draft.links.append((1, "duplicate_of", 2, at(30)))
    rows.draft.events.append(TicketEvent(2, at(40), "anna", "ack", "looking"))
    rows.draft.events.append(TicketEvent(2, at(30), "tocsin", "opened", "opened by monitoring"))
    return rows


def test_story_has_readings_decisions_and_people_in_order_of_time() -> None:
    document = as_document(told(host_and_guests(), 2))
    story = [
        (each["kind"], each.get("status") or each.get("what"), each.get("service"))
        for each in document["story"]
    ]
    assert story == [
        ("reading", "ok", "host"),
        ("reading", "down", "host"),
        ("decision", "waiting", "shop"),
        ("reading", "down", "host"),
        ("decision", "opened", "host"),
        ("decision", "folded", "mail"),
        ("decision", "folded", "shop"),
        ("ticket", "ack", None),
        ("reading", "down", "host"),
        ("reading", "ok", "host"),
        ("reading", "ok", "host"),
        ("decision", "recovered", "host"),
    ]


def test_story_names_what_it_affects_and_its_ties() -> None:
    document = as_document(told(host_and_guests(), 2))
    assert document["affected"] == ["host", "mail", "shop"]
    assert [(each["service"], each["until"] is None) for each in document["held_back"]] == [
        ("mail", False),
        ("shop", True),
    ]
    assert document["merged"] == [1]
    assert document["links"] == [{"relation": "duplicated_by", "ticket": "T-1", "at": "2027-01-15T08:00:30Z"}]
    assert as_document(told(host_and_guests(), 1))["merged_into"] == 2


def test_readings_that_a_decision_notes_outlast_those_that_are_kept() -> None:
    rows = host_and_guests()
    rows.draft.readings.clear()
    story = told(rows, 2)
    seen = [each for each in as_document(story)["story"] if each["kind"] == "reading"]
    assert not story.kept
    assert [(each["at"], each["message"]) for each in seen] == [
        ("2027-01-15T08:00:20Z", "refused"),
        ("2027-01-15T08:00:30Z", "refused"),
    ]


def test_page_groups_what_was_decided_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_story(told(host_and_guests(), 2), "UTC")
    page = capsys.readouterr().out
    assert "  08:00:30  folded mail.home, shop.home by depends_on: folded it is" in page
    assert "T-1 is a duplicate of it" in page
    assert "  08:00:40  anna: ack, looking" in page
    assert max(map(len, page.splitlines())) <= 80


def test_page_shows_nothing_that_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    rows = Rows()
    rows.incident(1, 0, reason="bad \x1b[31m\nnews")
    rows.decides(1, Decided.OPENED, "confirm", incident=1, ticket=1, reason="bad \x1b[31m\nnews")
    print_story(told(rows, 1), "UTC")
    page = capsys.readouterr().out
    assert "\x1b" not in page and "bad" in page


def test_links_read_from_either_end() -> None:
    with host_and_guests().reader() as store:
        found = store.decisions()
        assert found.links(1) == [Link("duplicate_of", 2, at(30))]
        assert found.links(2) == [Link("duplicated_by", 1, at(30))]
        assert found.links(3) == []


def test_outbox_rows_of_its_ticket_are_part_of_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    rows = host_and_guests()
    wanted = Desired(
        "toc-1", "T-2", "host is down", "refused", "high", "high", "resolved", "host", "home", at(20)
    )
    seen = Observed("OPS-7", RemoteState.OPEN)
    sent = Outgoing("jira", "toc-1", 2, wanted, Standing.WAITING, at(30), at(70), observed=seen, attempts=3)
    rows.draft.outbox.put(("jira", "toc-1"), sent)
    (found,) = as_document(told(rows, 2))["outbox"]
    assert (found["helpdesk"], found["attempts"], found["state"]) == ("jira", 3, "waiting")
    print_story(told(rows, 2), "UTC")
    assert "jira: waiting as OPS-7, open after 3 attempts" in capsys.readouterr().out


def test_decisions_are_forgotten_the_oldest_first_and_no_others() -> None:
    rows = Rows()
    for second in (0, 10, 20):
        rows.decides(second, Decided.OPENED, "confirm", incident=1)
    with rows.reader() as store:
        connection = store._connection
        assert forget_decisions(connection, AGENT, at(15))
        assert not forget_decisions(connection, AGENT, at(15))
        assert [each.at for each in store.decisions().of_incident(1)] == [at(20)]
