"""A person's new ticket is tied to what is known already, and to nothing else; the public hears only what is for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.desk import known_issues
from agent.desk.asked import CannotDo
from alerting.desk.known_issue import Known, best
from alerting.desk.ticket import TicketState
from alerting.incidents.incident import Incident, IncidentState
from checks.base import ErrorKind, Status
from tests.agent.desk.linked import Desk

SHOP = Known(
    7, "shop", "Web shop: down", "no answer within 10 s", "timeout", ("Web shop",), lasts=True, incident=True
)


@pytest.mark.parametrize(
    ("service", "title"),
    [
        ("shop", "The page does not load"),
        ("shop", "timeout"),
        ("", "Our web shop is down"),
        ("shop", "Checkout fails"),
        ("", "the Shop is very slow since today"),
    ],
)
def test_who_complains_of_what_fails_now_is_told_so(service: str, title: str) -> None:
    found = best(service, title, "", [SHOP])
    assert found is not None
    assert found.known is SHOP


@pytest.mark.parametrize(
    ("service", "title"),
    [
        ("shop", "Please change my billing address"),
        ("mail", "Mail is down"),
        ("", "I cannot log in"),
        ("", "How do I get an invoice?"),
        ("", ""),
        ("shop", "Feature request: a darker colour"),
    ],
)
def test_who_asks_for_something_else_is_not(service: str, title: str) -> None:
    assert best(service, title, "", [SHOP]) is None


def test_of_several_the_likeliest_and_of_equals_the_one_that_helps() -> None:
    old = Known(1, "shop", "Checkout fails with error 500", "")
    mended = replace(old, ticket=2, workaround="clear the cache")
    newer = replace(old, ticket=3)
    found = best("shop", "Error 500 at the checkout", "", [newer, mended, old])
    assert found is not None
    assert found.known.ticket == 2


TEXTS = st.text(alphabet="abc dein shop 5", max_size=40)


@given(TEXTS, TEXTS, st.permutations([SHOP, Known(1, "mail", "a dei", "b"), Known(2, "", "shop in 5", "n")]))
def test_the_order_of_what_is_known_decides_nothing(title: str, text: str, known: list[Known]) -> None:
    found, again = best("", title, text, known), best("", title, text, known[::-1])
    assert found == again


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, known_issues.ROOM)


def incident_of(desk: Desk, number: int) -> None:
    desk.world.incidents[("shop", "a")] = Incident(
        1, "shop", "a", 1, IncidentState.OPEN, "high", Status.DOWN, 0, number, "no answer within 10 s",
        error_kind=ErrorKind.TIMEOUT,
    )  # fmt: skip


def test_a_ticket_is_tied_to_the_open_incident_of_its_service(desk: Desk) -> None:
    workarounds = {"workaround": "restart node-3.internal", "public_workaround": "Pay by invoice meanwhile."}
    desk.add("Web shop: down", service="shop", channel="monitoring", reporter=None, fields=workarounds)
    incident_of(desk, 1)
    ticket = desk.add("The shop does not answer", service="shop")
    assert (ticket.known_issue, desk.links) == (1, [(2, "known_issue", 1)])
    assert any("restart node-3.internal" in text for text in desk.texts(2))
    public = [*desk.texts(2, public=True), *(text for _, text in desk.told("known_issue"))]
    assert len(public) == 2
    assert all("Pay by invoice" in text and "node-3" not in text and "T-1" not in text for text in public)


def test_without_a_public_workaround_the_reporter_is_told_nothing(desk: Desk) -> None:
    desk.add("Checkout fails with error 500", service="shop", fields={"workaround": "internal only"})
    assert desk.add("Error 500, the checkout fails", service="shop").known_issue == 1
    assert desk.texts(2, public=True) == []
    assert desk.told("known_issue") == []


@pytest.mark.parametrize("changes", [{"channel": "monitoring"}, {"channel": "inbound"}, {"test": True}])
def test_only_what_people_report_is_compared(desk: Desk, changes: dict[str, Any]) -> None:
    desk.add("Checkout fails", service="shop")
    assert desk.add("Checkout fails", service="shop", **changes).known_issue is None


def test_what_is_known_of_closed_tickets_is_noted_once(desk: Desk) -> None:
    desk.add("Printer on fire", service="mail")
    match = best(
        "mail", "Printer on fire", "", [Known(1, "mail", "Printer on fire", "", workaround="pull the plug")]
    )
    ticket = desk.add("Where is my invoice")
    assert known_issues.wants_looking_up(ticket)
    answer = desk.ask("tickets.known", ticket=2, match=match)
    assert answer == {"id": "T-2", "known_issue": "T-1"}
    assert desk.ask("tickets.known", ticket=2, match=match) is None
    assert sum("pull the plug" in text for text in desk.texts(2)) == 1
    with pytest.raises(CannotDo):
        desk.ask("tickets.known", ticket=2, match={"known": 1})


def test_a_ticket_that_was_merged_is_no_known_trouble(desk: Desk) -> None:
    desk.add("Checkout fails", service="shop", state=TicketState.CLOSED, merged_into=9)
    assert desk.add("Checkout fails", service="shop").known_issue is None
