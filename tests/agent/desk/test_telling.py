"""Telling people: roles become addresses, each address is told once, and a reporter reads nothing internal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.desk.acknowledging import act, steps
from agent.desk.telling import Telling, people, say_untold, tell
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from alerting.connectors.registry import all_connectors
from alerting.desk import letters
from alerting.desk.parts import Reporter
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketState
from checks.registry import all_kinds
from config.loader import examine, load
from config.policies import DEFAULT_POLICY

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND  # 15 January 2027, 08:00 UTC
POST = {"type": "email", "from": "tocsin@example.org", "server": "smtp.example.org"}
TEAM = {
    "lead": "Team Lead",
    "supervisor": "supervisor@example.org",
    "manager": "manager@example.org",
    "calendar": "office",
    "members": [
        {"name": "Agent One", "email": "one@example.org", "login": "one"},
        {"name": "Agent Two", "email": "two@example.org"},
        {"name": "Team Lead", "email": "lead@example.org"},
        {"name": "Agent Three"},
    ],
}
CONFIG: dict[str, Any] = {
    "agent": {"id": "test", "state_dir": "state", "timezone": "Europe/Vienna"},
    "services": {},
    "calendars": {"office": {"zone": "Asia/Tokyo", "hours": "mon-fri 08:00-17:00"}},
    "teams": {"web": TEAM},
    "channels": {"post": POST},
}
TICKET = Ticket(
    number=7,
    service="canary-service",
    check="canary-check",
    state=TicketState.NEW,
    severity="high",
    priority="high",
    title="Cannot pay",
    description="canary-evidence",
    opened_at=NOW,
    due={"acknowledge": NOW, "respond": NOW + 3600 * SECOND, "resolve": NOW + 86_400 * SECOND},
    assignee="Agent One",
    team="web",
    channel="phone",
    reporter=Reporter("Buyer", "buyer@example.net"),
    watchers=("Agent Two", "watcher@example.org"),
    fields={"next_step": "canary-step", "cause_text": "canary-cause"},
)
CANARIES = ("canary", "Agent One", "one@example.org", "web", "tier", "tocsin tickets")


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., Rulebook]:
    def made(**sections: Any) -> Rulebook:
        file = tmp_path / "tocsin.yaml"
        file.write_text(yaml.safe_dump({**CONFIG, **sections}), encoding="utf-8")
        return Rulebook.of(load(file, all_kinds(), all_connectors()))

    return made


def drafted(ticket: Ticket = TICKET) -> Draft:
    draft = Draft(World())
    draft.tickets.put(ticket.number, ticket)
    return draft


@pytest.mark.parametrize(
    ("to", "addresses"),
    [
        ("assignee", ["one@example.org"]),
        ("team", ["one@example.org", "two@example.org", "lead@example.org"]),
        ("lead", ["lead@example.org"]),
        ("supervisor", ["supervisor@example.org"]),
        ("manager", ["manager@example.org"]),
        ("watchers", ["two@example.org", "watcher@example.org"]),
        ("reporter", ["buyer@example.net"]),
        ("Agent Two", ["two@example.org"]),
        ("one", ["one@example.org"]),
        ("other@example.org", ["other@example.org"]),
        ("Agent Three", []),
        ("Nobody", []),
    ],
)
def test_role_name_login_and_address_lead_to_addresses(
    rules: Callable[..., Rulebook], to: str, addresses: list[str]
) -> None:
    assert [person.address for person in people(rules(), TICKET, [to])] == addresses


@pytest.mark.parametrize(
    ("team", "assignee", "to", "addresses"),
    [
        (TEAM, None, "assignee", ["one@example.org", "two@example.org", "lead@example.org"]),
        ({"lead": "lead@example.org", "manager": "m@example.org"}, None, "assignee", ["lead@example.org"]),
        ({"manager": "m@example.org"}, None, "assignee", ["m@example.org"]),
        ({"manager": "m@example.org"}, None, "supervisor", ["m@example.org"]),
        ({}, None, "assignee", []),
    ],
)
def test_role_that_nobody_has_falls_back_only_where_that_is_said(
    rules: Callable[..., Rulebook], team: dict[str, Any], assignee: str | None, to: str, addresses: list[str]
) -> None:
    ticket, made = replace(TICKET, assignee=assignee), rules(teams={"web": team})
    assert people(made, ticket, [to]) == []
    assert [person.address for person in people(made, ticket, [to], falls_back=True)] == addresses


@pytest.mark.parametrize(
    "address", ["a@example.org, b@example.org", "a@example.org\nb@example.org", "nobody", "a@b@c"]
)
def test_what_is_no_single_address_is_told_nothing(rules: Callable[..., Rulebook], address: str) -> None:
    ticket = replace(TICKET, reporter=Reporter("X", address))
    assert people(rules(), ticket, ["reporter", address]) == []


def test_nobody_is_told_twice_of_one_step_in_whatever_role(rules: Callable[..., Rulebook]) -> None:
    draft, made = drafted(), rules()
    telling = Telling("breach", "breach:resolve", ("assignee", "team", "ONE@example.org"), "It is late.")
    told = tell(draft, made, TICKET, telling, NOW)
    assert told == ("Agent One", "Agent Two", "Team Lead")
    assert tell(draft, made, TICKET, telling, NOW + 1) == told
    assert len(draft.notices.changed) == 3


def test_agent_reads_what_why_and_where_to_go_on_in_the_zone_of_the_team(
    rules: Callable[..., Rulebook],
) -> None:
    draft = drafted()
    tell(draft, rules(), TICKET, Telling("assigned", "assign:1", ("assignee",), "It is yours."), NOW)
    (notice,) = draft.notices.changed.values()
    assert notice.subject == "[T-7] Cannot pay"
    assert notice.text.startswith("It is yours.\n")
    assert "To be answered by Fri 15 Jan 2027 18:00 (Asia/Tokyo)" in notice.text
    assert "tocsin tickets show T-7" in notice.text


def test_reporter_reads_nothing_internal(rules: Callable[..., Rulebook]) -> None:
    draft, made = drafted(), rules()
    act(draft, made, TICKET, Step(NOW, "tell:acknowledge"), NOW)
    for said in (letters.resolved(TICKET), letters.reopened(TICKET, "UTC"), letters.closed(TICKET)):
        tell(draft, made, TICKET, Telling("news", f"news:{said}", ("reporter",), said), NOW)
    notices = [*draft.notices.changed.values()]
    assert [notice.to for notice in notices] == ["buyer@example.net"] * 4
    for notice in notices:
        written = f"{notice.subject}\n{notice.name}\n{notice.text}"
        assert [canary for canary in CANARIES if canary in written] == []
    assert "Expected response: by Fri 15 Jan 2027 10:00 (Europe/Vienna)" in notices[0].text
    assert "Expected resolution: by Sat 16 Jan 2027 09:00 (Europe/Vienna)" in notices[0].text


def test_title_that_monitoring_made_is_not_for_a_reporter(rules: Callable[..., Rulebook]) -> None:
    ticket = replace(TICKET, channel="monitoring", title="canary-title")
    draft = drafted(ticket)
    tell(draft, rules(), ticket, Telling("update", "update:1", ("reporter",), "We work on it."), NOW)
    (notice,) = draft.notices.changed.values()
    assert "canary" not in notice.subject + notice.text


def test_reporter_among_the_watchers_reads_nothing_internal(rules: Callable[..., Rulebook]) -> None:
    ticket = replace(TICKET, watchers=("BUYER@example.net", "Agent Two"))
    assert [person.name for person in people(rules(), ticket, ["watchers"])] == ["Agent Two"]


def test_watcher_who_is_none_of_us_reads_what_is_public_and_nothing_internal(
    rules: Callable[..., Rulebook],
) -> None:
    draft, made, to = drafted(), rules(), ("lead", "watchers")
    tell(draft, made, TICKET, Telling("review", "a", to, "canary-reason"), NOW)
    assert {notice.to for notice in draft.notices.changed.values()} == {"lead@example.org", "two@example.org"}
    tell(draft, made, TICKET, Telling("watch", "b", ("watchers",), "It is taken.", public=True), NOW)
    (notice,) = (each for each in draft.notices.changed.values() if each.to == "watcher@example.org")
    written = f"{notice.subject}\n{notice.text}"
    assert "It is taken." in written
    assert [canary for canary in (*CANARIES, "Buyer") if canary in written] == []


def test_above_a_ticket_of_no_team_stand_those_of_all_teams(rules: Callable[..., Rulebook]) -> None:
    made = rules(teams={"web": TEAM, "mail": {"lead": "mail@example.org"}})
    for team in (None, "gone"):
        ticket = replace(TICKET, team=team, assignee=None)
        found = people(made, ticket, ["lead", "manager", "team"])
        assert sorted(each.address for each in found) == [
            "lead@example.org",
            "mail@example.org",
            "manager@example.org",
        ]


def test_agent_who_reported_it_is_still_told_as_its_assignee(rules: Callable[..., Rulebook]) -> None:
    ticket = replace(TICKET, reporter=Reporter("Agent One", "one@example.org"))
    assert [person.outside for person in people(rules(), ticket, ["assignee"])] == [False]


def test_text_that_steers_a_terminal_is_made_visible(rules: Callable[..., Rulebook]) -> None:
    draft = drafted()
    tell(draft, rules(), TICKET, Telling("note", "note:1", ("lead",), "a\x1b[31mb\u202e", "x\r\nBcc: y"), NOW)
    (notice,) = draft.notices.changed.values()
    assert "\x1b" not in notice.text
    assert "\u202e" not in notice.text
    assert "\n" not in notice.subject


def test_without_a_channel_nothing_is_queued_and_the_timeline_says_so_once(
    rules: Callable[..., Rulebook],
) -> None:
    made, world = rules(channels={}), World()
    for step in ("a", "b"):
        draft = Draft(world)
        ticket = world.tickets.get(7, TICKET)
        assert tell(draft, made, ticket, Telling("x", step, ("lead",), "Hear me."), NOW) == ()
        draft.tickets.put(
            7, replace(ticket, version=ticket.version + 1)
        )  # whoever tells goes on with what they had
        say_untold(draft, NOW)
        assert draft.notices.changed == {}
        assert [event.what for event in draft.events] == (["untold"] if step == "a" else [])
        draft.settle()


def test_every_ticket_of_a_person_is_acknowledged_once_and_stays_new(rules: Callable[..., Rulebook]) -> None:
    (step,) = steps(TICKET, DEFAULT_POLICY)
    assert step.at == TICKET.opened_at
    draft = drafted()
    act(draft, rules(), TICKET, step, NOW + 5)
    after = draft.tickets.get(7)
    assert after is not None
    assert (after.state, after.acknowledged_at) == (TicketState.NEW, NOW + 5)
    assert after.stamps == {"acknowledged": NOW + 5, "told": NOW + 5}
    assert [event.internal for event in draft.events] == [False]


def test_who_cannot_be_written_to_is_acknowledged_and_not_told(rules: Callable[..., Rulebook]) -> None:
    ticket = replace(TICKET, reporter=Reporter("Buyer"))
    draft = drafted(ticket)
    act(draft, rules(), ticket, Step(NOW, "tell:acknowledge"), NOW)
    after = draft.tickets.get(7)
    assert after is not None
    assert after.stamps == {"acknowledged": NOW}


@pytest.mark.parametrize("channel", ["monitoring", "inbound"])
def test_what_a_tool_opened_is_not_acknowledged_by_itself(channel: Any) -> None:
    assert list(steps(replace(TICKET, channel=channel), DEFAULT_POLICY)) == []


TWO = {"post": POST, "other": POST}


@pytest.mark.parametrize(
    ("sections", "channel"),
    [
        ({}, "post"),
        ({"channels": {}}, ""),
        ({"channels": TWO}, ""),
        ({"channels": TWO, "desk": {"notices": "other"}}, "other"),
    ],
)
def test_only_channel_that_can_is_the_default(
    rules: Callable[..., Rulebook], sections: dict[str, Any], channel: str
) -> None:
    assert rules(**sections).notices == channel


@pytest.mark.parametrize(
    ("sections", "path", "said"),
    [
        ({"desk": {"notices": "pots"}}, "desk.notices", 'no helpdesk or channel is called "pots"'),
        ({"routes": [{"send_to": ["post"]}]}, "routes.0.send_to.0", "does not say who gets the tickets"),
        (
            {"channels": {"post": {**POST, "from": "Tocsin <t@example.org>"}}},
            "channels.post.from",
            "a mail address",
        ),
        (
            {"channels": {"post": {**POST, "tls": "none", "user": "u", "password": "p"}}},
            "channels.post",
            "unencrypted",
        ),
        ({"channels": {"post": {**POST, "user": "u"}}}, "channels.post", "go together"),
        ({"channels": TWO}, "channels", "none of them is chosen"),
        ({"channels": {"post": {**POST, "tls": "none"}}}, "channels.post", "anybody on the way"),
    ],
)
def test_mistake_of_the_operator_is_named_at_its_place(
    tmp_path: Path, sections: dict[str, Any], path: str, said: str
) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text(yaml.safe_dump({**CONFIG, **sections}), encoding="utf-8")
    found = examine(file, all_kinds(), all_connectors())
    assert [each for each in (*found.errors, *found.warnings) if said in each.message and each.path == path]
