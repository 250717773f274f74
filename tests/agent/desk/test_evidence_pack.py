"""What leaves for a vendor, and what the next tier is given: the same ticket, with and without what is ours."""

from __future__ import annotations

from dataclasses import replace

from agent.desk.evidence_pack import Material, escalation_report, evidence_pack, markdown
from alerting.desk.parts import Escalation, Reporter
from alerting.desk.ticket import Ticket, TicketEvent, TicketState

AT = 1_800_000_000 * 1_000_000
READINGS = [
    {"at": AT + n, "status": status, "message": message, "error_kind": None, "values": {"latency": n}}
    for n, (status, message) in enumerate(
        [("ok", "200"), ("down", "502 for a@example.org"), ("down", "502 again")]
    )
]
TIMELINE = [
    TicketEvent(1, AT, "tocsin", "opened", "opened by monitoring, severity high"),
    TicketEvent(1, AT, "root", "opened", "opened by root (phone)"),
    TicketEvent(1, AT, "Agent One", "note", "the contract says otherwise"),
    TicketEvent(1, AT, "Agent One", "message", "We look into it, Reporting Person.", internal=False),
    TicketEvent(1, AT, "Reporting Person", "message", "Call 011 555 01990", internal=False),
]


def material(**fields: str) -> Material:
    ticket = Ticket(
        1,
        "shop",
        "home",
        TicketState.NEW,
        "high",
        "high",
        "# Shop is down",
        "root fs\n# token=abcdef",
        AT,
        {},
    )
    return Material(_with(ticket, fields), TIMELINE, READINGS, ["Agent One"], "live")


def _with(ticket: Ticket, fields: dict[str, str]) -> Ticket:
    line = Escalation(AT, "late", 1, 2, "tocsin", 86400.0, "asked Agent One", ("lead@example.org",))
    reporter = Reporter("Reporting Person", "r@example.org", user_id="7")
    return replace(ticket, fields=fields, reporter=reporter, escalations=(line,))


def test_a_pack_holds_what_was_seen_and_what_the_reporter_may_see() -> None:
    pack = evidence_pack(material())
    assert [(each["by"], each["text"]) for each in pack["timeline"]] == [
        ("monitoring", "opened by monitoring, severity high"),
        ("support", "We look into it, the reporter."),
        ("the reporter", "Call ***"),
    ]
    assert pack["error_messages"] == ["502 for ***", "502 again"]
    assert pack["readings"][2]["values"] == {"latency": 2}
    assert pack["opened_at"] == "2027-01-15T08:00:00Z"
    assert "escalations" not in pack


def test_a_login_that_is_also_a_word_of_the_evidence_stays() -> None:
    assert evidence_pack(material())["description"] == "root fs\n# token=***"


def test_the_report_of_the_next_tier_names_people_and_no_secret() -> None:
    report = escalation_report(material(users="250", workflows="paying"))
    assert report["impact"] == {"users": "250", "workflows": "paying"}
    assert report["escalations"][0]["told"] == ["lead@example.org"]
    assert [each["by"] for each in report["timeline"]][2] == "Agent One"
    assert "abcdef" not in str(report)


def test_as_markdown_nothing_of_the_ticket_is_taken_for_a_heading() -> None:
    text = markdown(escalation_report(material(steps_taken="# restarted\n\n# again", users="250")))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# T-1: # Shop is down",
        "## Description",
        "## Error messages",
        "## Latest readings",
        "## Steps taken",
        "## Escalations",
        "## Timeline",
    ]
    assert "tier 1 -> 2 after 1d" in text
    assert "- Users affected: 250" in text
