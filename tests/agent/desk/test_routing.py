"""Routing: each ticket gets category, team and assignee, is handed on in time, and the work is shared fairly."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from agent import decide
from agent.desk import routing, staffing
from agent.desk.asked import Asked, CannotDo, Conflict, Verb
from agent.desk.engine import Room, work
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from checks.registry import all_kinds
from config.loader import load
from tests.alerting.desk.test_oncall import at

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
MONDAY, SUNDAY = at("2026-11-23 10:00"), at("2026-11-22 10:00")
ROOM = Room("routing", routing.steps, routing.act)
OFFICE = {"hours": "mon-fri 08:00-17:00", "zone": "Africa/Johannesburg"}
ONE = {"name": "Agent One", "email": "one@example.org", "login": "agent1"}
TWO = {"name": "Agent Two", "email": "two@example.org", "tier": 2}
WEB = {"skills": ["technical"], "lead": "lead@example.org", "members": [ONE, TWO]}


class Desk:
    """Teams, the routing room alone, and a clock that is set by hand."""

    def __init__(self, directory: Path, **sections: Any) -> None:
        self.directory, self.world, self.now = directory, World(), MONDAY
        self.events: list[TicketEvent] = []
        self.rules = self.loaded(**sections)

    def loaded(self, **sections: Any) -> Rulebook:
        file = self.directory / "tocsin.yaml"
        agent = {"id": "test", "state_dir": str(self.directory)}
        file.write_text(yaml.safe_dump({"agent": agent, **sections}), encoding="utf-8")
        return Rulebook.of(load(file, all_kinds()))

    def open(self, **facts: Any) -> int:
        self.world.last_ticket += 1
        plain = Ticket(
            self.world.last_ticket, "", "", TicketState.NEW, "low", "low", "Slow", "", self.now, {}
        )
        return self.put(replace(plain, **{"channel": "web", **facts}))

    def put(self, ticket: Ticket) -> int:
        draft = Draft(self.world)
        draft.tickets.put(ticket.number, ticket)
        self.commit(draft)
        return ticket.number

    def ask(self, verb: Verb, by: str = "lead", **arguments: Any) -> Any:
        draft = Draft(self.world)
        told = verb(draft, self.rules, Asked(arguments, by, self.now))
        self.commit(draft)
        return told

    def at(self, now: int) -> None:
        self.now, draft = now, Draft(self.world)
        draft.desk_sweep = True
        self.commit(draft)

    def reload(self, **sections: Any) -> None:
        rules, draft = self.loaded(**sections), Draft(self.world)
        decide.follow(draft, rules, self.now, self.rules)
        self.rules = rules
        self.commit(draft)

    def commit(self, draft: Draft) -> None:
        work(draft, self.rules, [ROOM], self.now)
        self.events += draft.events
        draft.settle()

    def whose(self, number: int) -> str | None:
        return self.world.tickets[number].assignee

    def last(self, number: int) -> str:
        return next(event.text for event in reversed(self.events) if event.ticket == number)


def test_a_ticket_gets_category_team_and_assignee_with_the_reasons(tmp_path: Path) -> None:
    money = {"skills": ["billing"], "members": [{"name": "Agent Three"}], "lead": "lead@example.org"}
    desk = Desk(tmp_path, teams={"web": WEB, "money": money})
    number = desk.open(title="Refund please")
    ticket = desk.world.tickets[number]
    assert (ticket.category, ticket.team, ticket.assignee) == ("billing", "money", "Agent Three")
    assert {"classified", "assigned"} <= ticket.stamps.keys()
    assert [(event.what, event.text) for event in desk.events] == [
        ("classified", 'category billing: the word "refund"'),
        ("routed", "team money: has the skill billing"),
        ("assigned", "assigned to Agent Three (money): least open work (0) of 1 free with the skill billing"),
    ]


def test_the_team_of_the_service_and_a_category_chosen_by_people_stay(tmp_path: Path) -> None:
    teams = {"web": WEB, "net": {"lead": "net@example.org", "skills": ["billing"]}}
    services = {"shop": {"team": "net", "checks": {"c": {"type": "cpu"}}}}
    desk = Desk(tmp_path, teams=teams, services=services)
    ticket = desk.world.tickets[desk.open(service="shop", title="An invoice", category="account")]
    assert (ticket.category, ticket.team, ticket.assignee) == ("account", "net", "net@example.org")


def test_a_ticket_of_an_incident_is_technical_whatever_its_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    ticket = desk.world.tickets[desk.open(channel="monitoring", title="payment: login is down")]
    assert (ticket.category, ticket.team) == ("technical", "web")


def test_without_teams_nothing_is_said_and_nobody_is_assigned(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    number = desk.open(title="A question")
    assert (desk.whose(number), desk.events) == (None, [])


def test_a_team_of_nobody_is_told_in_the_timeline(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path, teams={"web": {}}, services={"s": {"team": "web", "checks": {"c": {"type": "cpu"}}}}
    )
    number = desk.open(service="s")
    assert desk.whose(number) is None
    assert desk.last(number) == "nobody can be given it: the team web has neither members nor a lead"


def test_the_lead_keeps_what_comes_at_night_and_gives_it_on_in_the_morning(tmp_path: Path) -> None:
    desk = Desk(tmp_path, calendars={"office": OFFICE}, teams={"web": {**WEB, "calendar": "office"}})
    desk.now = SUNDAY
    number, taken = desk.open(), desk.open()
    assert desk.whose(number) == "lead@example.org"
    desk.put(replace(desk.world.tickets[taken], state=TicketState.IN_PROGRESS))
    desk.at(at("2026-11-23 05:59"))
    assert desk.whose(number) == "lead@example.org"
    desk.at(at("2026-11-23 06:00"))
    assert desk.whose(number) == "Agent One"
    assert desk.whose(taken) == "lead@example.org"  # taken in hand meanwhile


def test_open_tickets_of_somebody_who_goes_away_are_handed_on_when_it_begins(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    number, done = desk.open(), desk.open()
    resolved = replace(desk.world.tickets[done], state=TicketState.RESOLVED, resolved_at=desk.now)
    desk.put(replace(resolved, assignee="Agent One"))
    due = desk.world.tickets[number].due
    desk.ask(staffing.away, person="Agent One", start=MONDAY + DAY, end=MONDAY + 3 * DAY, reason="leave")
    assert desk.whose(number) == "Agent One"
    desk.at(MONDAY + DAY)
    assert (desk.whose(number), desk.whose(done)) == ("Agent Two", "Agent One")
    assert desk.last(number).startswith("assigned to Agent Two (web): Agent One is away; least open work")
    assert desk.world.tickets[number].due == due
    assert desk.whose(desk.open()) == "Agent Two"


def test_who_is_given_a_ticket_before_leave_hands_it_on_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    desk.ask(staffing.away, person="Agent One", start=MONDAY + DAY, end=MONDAY + 3 * DAY, reason="leave")
    number = desk.open()
    assert desk.whose(number) == "Agent One"
    desk.at(MONDAY + DAY)
    assert desk.whose(number) == "Agent Two"


def test_back_early_gets_what_the_lead_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": {**WEB, "members": [ONE]}})
    entry = desk.ask(staffing.away, person="agent1", end=MONDAY + 3 * DAY, reason="leave")
    assert (entry["id"], entry["person"], entry["state"]) == ("A-1", "Agent One", "running")
    number = desk.open()
    assert desk.whose(number) == "lead@example.org"
    desk.now += HOUR
    (ended,) = desk.ask(staffing.back, person="Agent One")
    assert ended["state"] == "over"
    assert desk.whose(number) == "Agent One"
    with pytest.raises(CannotDo, match="is not away"):
        desk.ask(staffing.back, person="Agent One")


def test_leave_that_is_called_off_hands_nothing_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    number = desk.open()
    desk.ask(staffing.away, person="Agent One", start=MONDAY + DAY, end=MONDAY + 3 * DAY, reason="leave")
    desk.ask(staffing.back, person="Agent One")
    desk.at(MONDAY + DAY)
    assert desk.whose(number) == "Agent One"


def test_tickets_of_who_left_the_configuration_are_handed_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    number, stranger = desk.open(), desk.open()
    desk.ask(staffing.take, by="visitor", ticket=stranger)
    desk.reload(teams={"web": {**WEB, "members": [TWO]}})
    assert (desk.whose(number), desk.whose(stranger)) == ("Agent Two", "visitor")
    assert "Agent One left" in desk.last(number)


def test_teams_that_come_later_get_what_nobody_had(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    number = desk.open()
    desk.reload(teams={"web": WEB})
    assert desk.whose(number) == "Agent One"


def test_a_cause_that_becomes_known_routes_anew(tmp_path: Path) -> None:
    teams = {"web": WEB, "safe": {"members": [{"name": "Agent Three"}], "lead": "lead@example.org"}}
    rules = [{"match": {"cause": "security"}, "team": "safe"}]
    desk = Desk(tmp_path, teams=teams, desk={"teams": rules})
    number = desk.open()
    for cause, expected in (("code", "Agent One"), ("security", "Agent Three")):
        desk.put(replace(desk.world.tickets[number], fields={"cause": cause}))
        assert desk.whose(number) == expected
    assert desk.last(number).startswith("assigned to Agent Three (safe): the cause is security")


def test_an_escalated_ticket_goes_to_its_tier_and_stays_with_who_is_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": {**WEB, "members": [ONE, TWO, {"name": "Agent Three", "tier": 2}]}})
    number = desk.open()
    for _ in range(2):
        draft = Draft(desk.world)
        raised = replace(desk.world.tickets[number], tier=2)
        assert routing.assign(draft, desk.rules, raised, desk.now, "tier 2").assignee == "Agent Three"
        assert draft.tickets.get(number) is not None
        desk.commit(draft)
    assert (desk.whose(number), desk.world.tickets[number].tier) == ("Agent Three", 2)


def test_people_assign_by_name_by_team_and_by_themselves(tmp_path: Path) -> None:
    teams = {"web": WEB, "net": {"members": [{"name": "Agent Three"}], "lead": "lead@example.org"}}
    desk = Desk(tmp_path, teams=teams)
    number = desk.open()
    told = desk.ask(staffing.assign_ticket, ticket=number, to="agent two", note="knows it")
    assert (told["assignee"], told["team"]) == ("Agent Two", "web")
    assert desk.last(number) == "assigned to Agent Two (web): knows it"
    assert desk.ask(staffing.assign_ticket, ticket=number, team="net")["assignee"] == "Agent Three"
    assert (
        desk.ask(staffing.assign_ticket, ticket=number, to="lead@example.org")["assignee"]
        == "lead@example.org"
    )
    told = desk.ask(staffing.take, by="agent1", ticket=number)
    assert (told["assignee"], told["state"]) == ("Agent One", "acknowledged")
    assert desk.ask(staffing.assign_ticket, ticket=number, auto=True)["assignee"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "one of to, team and auto"),
        ({"to": "Agent One", "auto": True}, "one of to, team and auto"),
        ({"to": "Agent Onne"}, 'called "Agent Onne" .did you mean "Agent One"'),
        ({"to": ["Agent One"]}, "to: expected a text"),
        ({"team": "wbe"}, 'no team is called "wbe" .did you mean "web"'),
    ],
)
def test_nonsense_is_refused_with_a_remedy(tmp_path: Path, arguments: dict[str, Any], words: str) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    number = desk.open()
    with pytest.raises(CannotDo, match=words):
        desk.ask(staffing.assign_ticket, ticket=number, **arguments)
    assert desk.whose(number) == "Agent One"


def test_who_looked_at_an_older_version_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    number = desk.open()
    seen = desk.world.tickets[number].version
    desk.ask(staffing.assign_ticket, ticket=number, version=seen, to="Agent Two")
    with pytest.raises(Conflict):
        desk.ask(staffing.assign_ticket, ticket=number, version=seen, to="Agent One")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"person": "Agent One", "end": MONDAY + DAY}, "reason: is missing"),
        ({"person": "Agent One", "reason": "x"}, "must end after"),
        ({"person": "Agent One", "reason": "x", "end": MONDAY - DAY}, "must end after"),
        (
            {"person": "Agent One", "reason": "x", "start": MONDAY + DAY, "end": MONDAY + HOUR},
            "must end after",
        ),
        ({"person": "Agent One", "reason": "x", "end": MONDAY + 800 * DAY}, "two years at most"),
        ({"person": "Agent One", "reason": "x", "end": "tomorrow"}, "end: expected a whole number"),
        ({"person": "Agent Nine", "reason": "x", "end": MONDAY + DAY}, "no member of a team"),
    ],
)
def test_an_absence_that_makes_no_sense_is_refused(
    tmp_path: Path, arguments: dict[str, Any], words: str
) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    with pytest.raises(CannotDo, match=words):
        desk.ask(staffing.away, **arguments)
    assert desk.world.roster == ()


def test_an_override_gets_new_tickets_until_it_ends(tmp_path: Path) -> None:
    rotation = {"rotation": "weekly", "members": ["Agent One"]}
    desk = Desk(tmp_path, teams={"web": {**WEB, "on_call": rotation}})
    assert desk.whose(desk.open()) == "Agent One"
    told = desk.ask(staffing.override, team="web", person="Agent Two", end=MONDAY + DAY, reason="swap")
    assert desk.whose(desk.open()) == "Agent Two"
    desk.ask(staffing.end_override, entry=int(told["id"].removeprefix("O-")))
    assert desk.whose(desk.open()) == "Agent One"
    for entry in (1, 7, None):
        with pytest.raises(CannotDo):
            desk.ask(staffing.end_override, entry=entry)


def test_a_merged_ticket_and_a_test_are_nobodys(tmp_path: Path) -> None:
    desk = Desk(tmp_path, teams={"web": WEB})
    assert desk.whose(desk.open(test=True)) is None
    assert desk.whose(desk.open(merged_into=1)) is None


def test_weeks_of_work_are_shared_fairly_and_nothing_lies_with_nobody(tmp_path: Path) -> None:
    """700 tickets, twelve agents with skills, shifts and leave: nobody gets more than twice the median."""
    dice = random.Random(8)
    skills = (
        ["technical", "account"],
        ["technical", "billing"],
        ["technical", "feature", "general", "account"],
    )
    members = [
        {
            "name": f"Agent {number}",
            "skills": skills[number % 3],
            "calendar": ("early", "late")[number // 3 % 2],
        }
        for number in range(12)
    ]
    shifts = {"early": "mon-sun 06:00-15:00", "late": "mon-sun 13:00-22:00"}
    calendars = {name: {"hours": hours, "zone": "Africa/Johannesburg"} for name, hours in shifts.items()}
    desk = Desk(
        tmp_path, calendars=calendars, teams={"all": {"lead": "lead@example.org", "members": members}}
    )
    for number in range(0, 12, 3):
        start = desk.now + (2 + 4 * number % 16) * DAY
        desk.ask(staffing.away, person=f"Agent {number}", start=start, end=start + 4 * DAY, reason="leave")
    texts = ["an error", "an error", "error 500", "my password", "an invoice", "please add it", "a question"]
    ends: list[tuple[int, int]] = []
    for _ in range(700):
        desk.at(desk.now + round(dice.expovariate(700 / (21 * DAY))))
        for end, number in [each for each in ends if each[0] <= desk.now]:
            ends.remove((end, number))
            desk.put(replace(desk.world.tickets.pop(number), state=TicketState.CLOSED, closed_at=end))
            desk.world.tickets.pop(number)
        number = desk.open(title=dice.choice(texts), priority=dice.choice(["high", "medium", "low", "low"]))
        assert desk.whose(number)
        ends.append((desk.now + round(dice.expovariate(1 / (9 * HOUR))), number))
    given = Counter(
        event.text.removeprefix("assigned to ").partition(" (")[0]
        for event in desk.events
        if event.what == "assigned"
    )
    agents = [given[f"Agent {number}"] for number in range(12)]
    assert max(agents) <= 2 * median(agents)
    assert min(agents) >= median(agents) / 2
