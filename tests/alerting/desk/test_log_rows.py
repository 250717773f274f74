"""The troubleshooting log: whole rows, nobody's data in them, and CSV that any spreadsheet reads as it is meant."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.desk.log_rows import COLUMNS, Logged, as_csv, row, without_personal_data
from alerting.desk.masked import Personal, cleaner, without_addresses, without_contacts
from alerting.desk.parts import Ask, Escalation, Reporter, RootCause, Survey
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from checks.masking import masked

SECOND = 1_000_000
HOUR = 3600 * SECOND
REPORTER = Reporter("Pat Sample", "pat@example.org", "+27 11 555 0100", "ACC77", "gold", "U-1042", "P-1")
TICKET = Ticket(
    7,
    "shop",
    "",
    TicketState.CLOSED,
    "high",
    "high",
    "Pat Sample cannot pay",
    "Dear all, this is Pat from 203.0.113.9. Call 011 555 0100 or mail second@example.org. Account ACC77.",
    1_800_000_000 * SECOND,
    {},
    resolved_at=1_800_000_000 * SECOND + 3 * HOUR,
    closed_at=1_800_000_000 * SECOND + 9 * HOUR,
    assignee="Agent One",
    tier=2,
    channel="phone",
    category="billing",
    team="web",
    reporter=REPORTER,
    fields={"steps_taken": "restarted", "resolution": "paid by hand for Sample", "closing_note": "fine"},
    escalations=(Escalation(1_800_003_600 * SECOND, "48h", 1, 2, "tocsin", 3600.0),),
    ask=Ask(5, "x", answered_at=6, satisfied=True),
    survey=Survey(5, "x", 9, 6, 5, 4, 4, "thanks, Pat"),
    root_cause=RootCause(
        5, "one", "token=hunter2hunter2", "third_party", factors=("a", "b"), prevention="limits"
    ),
)


def test_a_row_has_every_field_of_the_log() -> None:
    said = [
        TicketEvent(7, 1, "one", "message", "hello", internal=False),
        TicketEvent(7, 2, "one", "note", "x"),
    ]
    found = row(Logged(TICKET, said, "scmr-5"))
    assert tuple(found) == COLUMNS
    expected = {
        "id": "T-7",
        "date_reported": "2027-01-15T08:00:00Z",
        "date_resolved": "2027-01-15T11:00:00Z",
        "time_taken": 10_800.0,
        "reporter": "Pat Sample",
        "contact": "pat@example.org, +27 11 555 0100",
        "cause_kind": "third_party",
        "contributing_factors": "a; b",
        "escalations": 1,
        "escalation_log": "2027-01-15T09:00:00Z tier 1 to 2: 48h",
        "communications": 1,
        "confirmed": "yes",
        "rating": 4,
        "feedback": "thanks, Pat",
        "closing_note": "fine",
        "prevention": "limits",
        "policy": "scmr-5",
        "workaround": None,
        "tier": 2,
    }
    assert {name: found[name] for name in expected} == expected


def test_who_resolved_it_by_a_word_has_said_the_resolution() -> None:
    bare = replace(TICKET, fields={})
    said = [
        TicketEvent(7, 1, "tocsin", "resolve", "ours"),
        TicketEvent(7, 2, "one", "resolve", "disk replaced"),
    ]
    assert row(Logged(bare, said))["resolution"] == "disk replaced"


def test_nothing_of_the_reporter_is_left_in_a_masked_row() -> None:
    told = without_personal_data(row(Logged(TICKET)), TICKET, masked)
    text = " ".join(str(cell) for cell in told.values())
    for secret in ("Pat", "Sample", "example.org", "555", "ACC77", "U-1042", "203.0.113.9", "hunter2"):
        assert secret not in text, secret
    assert (told["reporter"], told["assignee"], told["account_level"]) == ("***", "Agent One", "gold")
    assert told["title"] == "*** cannot pay"
    assert told["date_resolved"] == "2027-01-15T11:00:00Z"
    assert told["time_taken"] == 10_800.0


def test_what_the_monitor_saw_keeps_its_addresses() -> None:
    seen = replace(TICKET, reporter=None, description="refused by 192.0.2.7, mail root@example.org")
    told = without_personal_data(row(Logged(seen)), seen, masked)
    assert told["description"] == "refused by 192.0.2.7, mail ***"
    assert told["reporter"] is None


@pytest.mark.parametrize(
    "phone",
    ["+27 11 555 0100", "+27115550100", "0027 11 555 0100", "011 555 0100", "(011) 555-0100", "+1 (555) 010-0199",
     "555-010-0199", "082 555 0100"],
)  # fmt: skip
def test_numbers_of_phones_are_known(phone: str) -> None:
    assert without_contacts(f"call {phone}, please") == "call ***, please"


@pytest.mark.parametrize(
    "text",
    ["2026-11-22 18:40:31 UTC", "2026-11-22", "took 0.000123456789", "T-1234567890", "version 1.2.3", "10:20:30",
     "HTTP 503 after 10000 ms", "0 of 100", "size 1048576000", "port 0 1 2", "192.0.2.7:8080"],
)  # fmt: skip
def test_what_is_no_contact_stays(text: str) -> None:
    assert without_contacts(text) == text


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::1", "::1", "fe80::1:2:3:4"])
def test_addresses_are_known_and_times_are_none(address: str) -> None:
    assert without_addresses(f"from {address}, at 10:20:30") == "from ***, at 10:20:30"


def test_names_of_others_stay_though_a_part_is_shared() -> None:
    clean = cleaner(Personal.of([Reporter("Ann One")], ["Agent One"]))
    assert clean("Agent One told Ann One: Ann, One day") == "Agent One told ***: ***, One day"


CELLS = st.one_of(st.none(), st.integers(), st.text(max_size=40))


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS[:4], CELLS)), max_size=4))
def test_csv_is_read_back_as_it_was_and_holds_no_formula(rows: list[dict[str, int | str | None]]) -> None:
    whole = [{**dict.fromkeys(COLUMNS), **each} for each in rows]
    text = as_csv(whole)
    assert text.startswith(f"{','.join(COLUMNS)}\r\n")
    read = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert len(read) == len(rows)
    for cells, each in zip(read, rows, strict=True):
        for cell, name in zip(cells, COLUMNS[:4], strict=False):
            value = each[name]
            said = "" if value is None else str(value)
            formula = isinstance(value, str) and value.lstrip(" ")[:1] in tuple("=+-@\t\r")
            assert cell == (f"'{said}" if formula else said)


@given(st.text(max_size=300))
def test_any_text_is_cleaned_without_a_fault(text: str) -> None:
    clean = cleaner(Personal.of([REPORTER]))
    assert clean(clean(text)) == clean(text)
