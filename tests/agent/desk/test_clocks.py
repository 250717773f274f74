"""The desk watches the clocks: breaches are foretold and noted once, over restarts, by the policy of the opening."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.agent.desk.stored_desk import HOUR, StoredDesk
from tests.agent.incidents.case import Case
from tests.moving_clock import START

# Everything else would speak as well: only what a test is about has a target.
QUIET: dict[str, Any] = {
    "targets": {
        name: dict.fromkeys(
            ("acknowledge", "respond", "assign", "begin", "answer", "resolve", "update"), "never"
        )
        for name in ("high", "medium", "low", "informational")
    },
    "rises": {name: [] for name in ("high", "medium", "low")},
    "follow_ups": {name: [] for name in ("high", "medium", "low")},
}


def under(**targets: str) -> dict[str, Any]:
    """A default policy under which a low ticket has these targets and no other."""
    low = {**QUIET["targets"]["low"], **targets}
    return {"default": {**QUIET, "targets": {**QUIET["targets"], "low": low}}}


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[list[StoredDesk]]:
    made: list[StoredDesk] = []
    yield made
    for each in made:
        each.close()


def opened(desks: list[StoredDesk], directory: Path, **sections: Any) -> StoredDesk:
    desk = StoredDesk(directory, **sections)
    desks.append(desk)
    desk.open(severity="low", team="web")
    return desk


def marked(desk: StoredDesk) -> list[tuple[str, int]]:
    found = desk.ticket().steps.items()
    return sorted(
        ((key, (at - START) // HOUR) for key, at in found if key.startswith(("foretell", "breach"))),
        key=lambda each: each[1],
    )


def test_a_breach_is_foretold_twice_and_noted_once(desks: list[StoredDesk], tmp_path: Path) -> None:
    desk = opened(desks, tmp_path, policies=under(resolve="20h"))
    desk.wait(30)
    assert marked(desk) == [("foretell:resolve:75", 15), ("foretell:resolve:90", 18), ("breach:resolve", 20)]
    assert len(desk.lines("foretold")) == 2
    assert len(desk.lines("breach")) == 1
    assert ("lead@example.org", 20) in desk.told("breach")
    assert [hour for who, hour in desk.told("foretold") if who == "lead@example.org"] == [15, 18]


def test_over_restarts_nothing_is_said_again(desks: list[StoredDesk], tmp_path: Path) -> None:
    desk = opened(desks, tmp_path, policies=under(resolve="20h"))
    for _ in range(30):
        desk.restart()
        desk.wait(1)
    assert marked(desk) == [("foretell:resolve:75", 15), ("foretell:resolve:90", 18), ("breach:resolve", 20)]
    assert len(desk.lines("foretold")) + len(desk.lines("breach")) == 3


def test_after_a_long_stop_only_the_breach_is_told(desks: list[StoredDesk], tmp_path: Path) -> None:
    desk = opened(desks, tmp_path, policies=under(resolve="20h"))
    desk.restart()
    desk.now += 25 * HOUR
    desk.sweep()
    assert desk.lines("foretold") == []
    assert len(desk.lines("breach")) == 1
    assert "by 2027-01-16 04:00:00 UTC" in desk.lines("breach")[0]


def test_clocks_of_one_moment_are_told_together(desks: list[StoredDesk], tmp_path: Path) -> None:
    desk = opened(desks, tmp_path, policies=under(acknowledge="4h", begin="4h", resolve="8h"))
    desk.ask("tickets.note", ticket=1, text="somebody is there")
    desk.wait(5)
    assert marked(desk).count(("breach:begin", 4)) == 1
    late = desk.lines("breach")
    assert len(late) == 1
    assert "begun within 4h" in late[0]


def test_who_waits_for_the_reporter_is_not_late(desks: list[StoredDesk], tmp_path: Path) -> None:
    desk = opened(desks, tmp_path, policies=under(resolve="20h"))
    desk.wait(10)
    desk.ask("tickets.pend", ticket=1, **{"for": "reporter"})
    desk.wait(50)
    assert marked(desk) == []
    desk.ask("tickets.start", ticket=1)
    desk.wait(12)
    assert [key for key, _ in marked(desk)] == [
        "foretell:resolve:75",
        "foretell:resolve:90",
        "breach:resolve",
    ]
    assert desk.ticket().due["resolve"] == START + 70 * HOUR


def test_what_was_done_in_time_is_no_breach(desks: list[StoredDesk], tmp_path: Path) -> None:
    desk = opened(desks, tmp_path, policies=under(resolve="20h"))
    desk.wait(14)
    desk.ask("tickets.resolve", ticket=1, note="replaced the cable")
    desk.wait(24)
    assert marked(desk) == []


def test_a_ticket_keeps_the_policy_of_its_opening(desks: list[StoredDesk], tmp_path: Path) -> None:
    before = opened(desks, tmp_path, policies=under(resolve="20h"))
    desk = StoredDesk(tmp_path, policies=under(resolve="40h"))
    desks.append(desk)
    desk.now = before.now + HOUR
    desk.open(severity="low", team="web")
    assert desk.ticket(1).due["resolve"] == START + 20 * HOUR
    assert desk.ticket(2).due["resolve"] == desk.now + 40 * HOUR


def test_targets_of_service_and_team_come_over_those_of_the_policy(
    desks: list[StoredDesk], tmp_path: Path
) -> None:
    desk = StoredDesk(
        tmp_path,
        policies=under(resolve="20h", acknowledge="9h"),
        teams={"web": {"ticket_targets": {"low": {"resolve": "10h", "acknowledge": "3h"}}}},
        services={
            "shop": {
                "team": "web",
                "ticket_targets": {"low": {"resolve": "5h"}},
                "checks": {"home": {"type": "command", "command": ["/bin/true"]}},
            }
        },
    )
    desks.append(desk)
    number = desk.open(severity="low", service="shop")
    found = {name: (at - desk.now) // HOUR for name, at in desk.ticket(number).due.items()}
    assert (found["resolve"], found["acknowledge"]) == (5, 3)
    plain = desk.open(severity="low", team="web")
    assert (desk.ticket(plain).due["resolve"] - desk.now) // HOUR == 10


def test_a_business_day_is_that_of_the_team_where_the_policy_names_no_calendar(
    desks: list[StoredDesk], tmp_path: Path
) -> None:
    calendars = {"late": {"zone": "Africa/Johannesburg", "hours": "mon-sun 12:00-20:00"}}
    desk = StoredDesk(
        tmp_path,
        policies=under(resolve="1 business day"),
        calendars=calendars,
        teams={"web": {"calendar": "late"}},
    )
    desks.append(desk)
    number = desk.open(severity="low", team="web")
    # Friday, 15 January 2027, 10:00 in Johannesburg: all of this day's eight hours, to 20:00.
    assert desk.ticket(number).due["resolve"] == START + 10 * HOUR


CHECK = {"type": "command", "command": ["/bin/true"], "confirm": 1}


def test_an_alert_of_a_plain_installation_is_only_to_be_acknowledged_and_resolved(tmp_path: Path) -> None:
    case = Case(tmp_path, {"shop": {"checks": {"a": CHECK}}})
    case.see("shop", "d")
    (ticket,) = case.world.tickets.values()
    assert set(ticket.due) == {"acknowledge", "resolve"}
    case.wait(2 * 3600)
    assert [each.what for each in case.events if each.what in ("foretold", "breach")] == []


def test_an_alert_of_a_team_is_to_be_assigned_and_begun_in_time(tmp_path: Path) -> None:
    team = {"lead": "lead@example.org"}
    shop = {"team": "web", "criticality": "high", "checks": {"a": CHECK}}
    case = Case(tmp_path, {"shop": shop}, teams={"web": team})
    case.see("shop", "d")
    (ticket,) = case.world.tickets.values()
    assert {"begin", "answer"} <= set(ticket.due)
    case.wait(2 * 3600)
    assert "breach" in {each.what for each in case.events}


def test_holidays_are_fetched_with_the_rules_and_not_when_the_first_ticket_asks(tmp_path: Path) -> None:
    office = {"hours": "mon-fri 08:00-17:00", "holidays": "ZA"}
    (tmp_path / "tocsin.yaml").write_text(yaml.safe_dump({"calendars": {"office": office}, "services": {}}))
    fetched = (
        "import sys; from pathlib import Path; from agent.rulebook import Rulebook; from config.loader import load;"
        "Rulebook.of(load(Path(sys.argv[1]), {})); print('holidays.countries.south_africa' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", fetched, str(tmp_path / "tocsin.yaml")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"
