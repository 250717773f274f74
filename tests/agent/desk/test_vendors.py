"""A ticket in the hands of a vendor: the evidence that leaves, what they promised, reminders, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.desk.asked import CannotDo
from alerting.desk.ticket import TicketState
from tests.agent.desk.stored_desk import HOUR, StoredDesk
from tests.moving_clock import START

VENDORS = {
    "gateway": {"title": "Payment gateway", "contact": "support@example.com", "nag_every": "12h"},
    "mailer": {"contact": "help@example.com", "expected": "6h"},
}
SERVICES = {"shop": {"team": "web", "vendor": "gateway"}}
REPORTER = {
    "name": "Reporting Person",
    "email": "reporter@example.org",
    "phone": "+27 11 555 0199",
    "user_id": "user-4711",
}
CANARIES = (
    "Reporting", "reporter@example.org", "555 0199", "user-4711", "Agent One", "one@example.org", "hunter22",
    "internal-canary",
)  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StoredDesk]:
    made = StoredDesk(tmp_path, vendors=VENDORS, services=SERVICES)
    made.open(
        service="shop", severity="high", description="Payments fail for Reporting Person", reporter=REPORTER
    )
    yield made
    made.close()


def test_it_is_handed_over_and_its_clocks_stand_still(desk: StoredDesk) -> None:
    desk.wait(2)
    answer = desk.ask("tickets.vendor", ticket=1, to="gateway", expected="24h", reference="PG-7")
    ticket = desk.ticket()
    assert (ticket.state, answer["vendor"], answer["sent_to"]) == (
        "pending",
        "gateway",
        "support@example.com",
    )
    assert ticket.vendor is not None
    assert ((ticket.vendor.expected or 0) - desk.now) == 24 * HOUR
    assert [(pause.why, pause.end) for pause in ticket.pauses] == [("vendor", None)]
    assert desk.told("vendor") == [("support@example.com", 2)]
    desk.wait(23)
    assert desk.ticket().tier == 1


def test_without_a_word_it_goes_to_the_vendor_of_its_service_within_the_time_of_the_policy(
    desk: StoredDesk,
) -> None:
    desk.ask("tickets.vendor", ticket=1)
    case = desk.ticket().vendor
    assert case is not None
    assert (case.vendor, case.expected) == ("gateway", START + 48 * HOUR)


def test_what_leaves_names_nobody_and_holds_no_secret(desk: StoredDesk) -> None:
    desk.ask("tickets.note", ticket=1, text="internal-canary: our contract is void")
    desk.ask(
        "tickets.set",
        ticket=1,
        changes={"steps_taken": "asked Agent One; password=hunter22; call +27 11 555 0199"},
    )
    desk.ask("tickets.message", ticket=1, text="We look into it, Reporting Person. Agent One")
    desk.ask("tickets.vendor", ticket=1)
    (data,) = (
        data for to, data in desk.rows('SELECT "to", data FROM notices') if to == "support@example.com"
    )
    sent = json.loads(data)
    written = sent["subject"] + sent["text"]
    assert "Payments fail for the reporter" in written
    assert "We look into it" in written
    assert "asked support; password=***" in written
    assert [canary for canary in CANARIES if canary in written] == []


def test_a_vendor_who_is_late_is_reminded_again_and_again(desk: StoredDesk) -> None:
    desk.ask("tickets.vendor", ticket=1, expected="10h")
    desk.wait(40)
    assert [at for to, at in desk.told("vendor") if to == "support@example.com"] == [0, 10, 22, 34]
    ours = desk.told("vendor_late")
    assert ours[:2] == [("lead@example.org", 10), ("one@example.org", 10)]
    assert [at for to, at in ours if to == "manager@example.org"] == [22, 34]
    assert desk.ticket().vendor.nagged == 3  # type: ignore[union-attr]  # it has a case
    assert len(desk.lines("vendor_late")) == 3


def test_a_new_promise_puts_off_the_next_reminder(desk: StoredDesk) -> None:
    desk.ask("tickets.vendor", ticket=1, expected="10h")
    desk.wait(11)
    desk.ask("tickets.vendor", ticket=1, expected="30h", reference="PG-8")
    desk.wait(29)
    assert len(desk.lines("vendor_late")) == 1
    desk.wait(2)
    assert len(desk.lines("vendor_late")) == 2


def test_once_they_are_done_the_work_goes_on_here_and_somebody_looks_whether_it_holds(
    desk: StoredDesk,
) -> None:
    desk.ask("tickets.vendor", ticket=1, expected="10h")
    desk.wait(5)
    answer = desk.ask("tickets.vendor", ticket=1, done=True)
    ticket = desk.ticket()
    assert (ticket.state, answer["ended_at"] is not None) == (TicketState.IN_PROGRESS, True)
    assert [pause.end for pause in ticket.pauses] == [desk.now]
    desk.wait(50)
    assert desk.lines("vendor_late") == []
    assert [at for _, at in desk.told("vendor_watch")] == [29, 29]


def test_a_second_case_reminds_anew(desk: StoredDesk) -> None:
    desk.ask("tickets.vendor", ticket=1, expected="1h")
    desk.wait(2)
    desk.ask("tickets.vendor", ticket=1, done=True)
    desk.ask("tickets.vendor", ticket=1, to="mailer")
    desk.wait(7)
    assert [at for to, at in desk.told("vendor") if to == "help@example.com"] == [2, 8]


def test_what_cannot_be_is_refused_with_the_reason(desk: StoredDesk) -> None:
    with pytest.raises(CannotDo, match="is with no vendor"):
        desk.ask("tickets.vendor", ticket=1, done=True)
    with pytest.raises(CannotDo, match=r'no vendor is called "gatewy".*gateway'):
        desk.ask("tickets.vendor", ticket=1, to="gatewy")
    with pytest.raises(CannotDo, match="expected: expected a duration"):
        desk.ask("tickets.vendor", ticket=1, expected="soon")
    desk.ask("tickets.vendor", ticket=1)
    with pytest.raises(CannotDo, match="is with gateway already: take it back first"):
        desk.ask("tickets.vendor", ticket=1, to="mailer")
    with pytest.raises(CannotDo, match="say --expected, --reference or --done"):
        desk.ask("tickets.vendor", ticket=1)


def test_without_a_channel_it_is_said_that_nothing_was_sent(tmp_path: Path) -> None:
    made = StoredDesk(tmp_path, vendors=VENDORS, services=SERVICES, channels={})
    made.open(service="shop")
    assert made.ask("tickets.vendor", ticket=1)["sent_to"] is None
    assert "no channel: the evidence was not sent" in made.lines("vendor")[0]
    made.close()
