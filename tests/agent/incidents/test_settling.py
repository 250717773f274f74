"""Where problems belong: in their own incident, a parent's or a storm's, or nowhere while they are held back."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent import decide
from agent.memory import Draft
from alerting.incidents.incident import IncidentState
from alerting.incidents.problem import Problem, Why
from alerting.incidents.suppression import Match, Suppression
from checks.base import Status
from tests.agent.incidents.case import Case
from tests.moving_clock import START
from tests.readings import SECOND, reading

CHECK = {"type": "tcp", "host": "127.0.0.1", "port": 9, "every": "10s", "timeout": "2s", "retry_every": "1s"}


def service(*depends_on: object, **more: Any) -> dict[str, Any]:
    return {"depends_on": list(depends_on), "checks": {"a": dict(CHECK)}, **more}


def family(*children: str) -> dict[str, Any]:
    return {"host": service(), **{name: service("host") for name in children}}


def work(start: float, end: float, *names: str, why: Why = Why.MAINTENANCE) -> Suppression:
    first, last = (START + int(each * SECOND) for each in (start, end))
    return Suppression("M-1", why, first, last, "new disks", "root", Match(names=names))


@pytest.mark.parametrize("order", ["host web mail", "web host mail", "web mail host"])
def test_children_fold_into_their_parents_incident_in_any_order(tmp_path: Path, order: str) -> None:
    case = Case(tmp_path, family("web", "mail"))
    for name in ("host", "web", "mail"):
        case.see(name, "o")
    for name in order.split():
        case.see(name, "d", times=2)
    assert list(case.open) == ["host.a"]
    assert case.affected("host.a") == {"web.a", "mail.a"}
    assert case.tickets() == {1: "new"}
    for name in order.split():
        case.see(name, "o", times=2)
    assert (case.open, case.tickets(), case.world.problems) == ({}, {1: "resolved"}, {})


def test_a_child_waits_until_its_parent_was_seen_well_a_while_later_and_asks_for_looks(
    tmp_path: Path,
) -> None:
    case = Case(tmp_path, family("web"))
    case.see("host", "o")
    case.see("web", "d", times=2)
    assert case.open == {}
    assert case.wanted[-1] == {("host", "a")}
    case.see("host", "o")
    assert case.open == {}, "it may be about to fail as well"
    assert case.wanted[-1] == set()
    case.wait(5)
    assert case.wanted[-1] == {("host", "a")}
    case.see("host", "o")
    assert list(case.open) == ["web.a"]
    assert case.open["web.a"].opened_at == case.world.problems["web", "a"].since


def test_a_child_waits_no_longer_than_its_parent_takes_to_tell(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    case.see("host", "o")
    case.see("web", "d", times=2)
    case.wait(2 * (2 + 1) + 5 + 5)
    assert list(case.open) == ["web.a"]


def test_a_parent_found_late_adopts_its_children_and_their_tickets_are_duplicates(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    case.see("host", "o")
    case.see("web", "d", times=2)
    case.wait(5)
    case.see("host", "o")
    assert list(case.open) == ["web.a"]
    case.see("host", "d", times=2)
    assert list(case.open) == ["host.a"]
    assert case.affected("host.a") == {"web.a"}
    assert case.tickets() == {1: "closed", 2: "new"}
    assert case.world.incidents["web", "a"].merged_into == case.open["host.a"].id


def test_a_problem_that_began_long_before_its_parents_stays_its_own(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    case.see("host", "o")
    case.see("web", "d", times=2)
    for _ in range(4):
        case.see("host", "o", every=9)
        case.see("web", "d")
    case.see("host", "d", times=2)
    assert set(case.open) == {"host.a", "web.a"}


def test_a_child_still_broken_after_its_parent_gets_its_own_incident_back_dated(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web", "mail"))
    for name in ("host", "web", "mail"):
        case.see(name, "d", times=2)
    began = case.world.problems["web", "a"].since
    case.see("host", "o", times=2)
    assert case.open == {}
    assert ("web", "a") in case.wanted[-1]
    case.see("mail", "o", times=2)
    case.see("web", "d", times=2)
    case.wait(30)
    assert list(case.open) == ["web.a"]
    assert case.open["web.a"].opened_at == began
    assert case.tickets() == {1: "resolved", 2: "new"}


def test_a_child_of_a_group_that_is_well_again_in_part_has_a_moment_to_recover(tmp_path: Path) -> None:
    shop = service({"any_of": ["north", "south"]})
    case = Case(tmp_path, {"north": service(), "south": service(), "shop": shop})
    for name in ("north", "south", "shop"):
        case.see(name, "d", times=2)
    began = case.world.problems["shop", "a"].since
    assert set(case.open) == {"north.a", "south.a"}
    assert case.affected("north.a") == {"shop.a"}
    case.see("south", "o", times=2)
    assert set(case.open) == {"north.a"}
    assert ("shop", "a") in case.wanted[-1]
    case.see("shop", "d", times=2)
    case.wait(30)
    assert set(case.open) == {"north.a", "shop.a"}
    assert case.open["shop.a"].opened_at == began


def test_who_fails_below_what_was_left_behind_waits_with_it(tmp_path: Path) -> None:
    case = Case(tmp_path, {"host": service(), "app": service("host"), "web": service("app")})
    for name in ("host", "app"):
        case.see(name, "d", times=2)
    case.see("web", "o")
    case.see("host", "o", times=2)
    case.see("web", "d", times=2)
    case.report(Problem("app", "budget", Status.DOWN, case.now, case.now, "it burns"))
    held = {key: each.hold.why for key, each in case.world.problems.items() if each.hold is not None}
    assert held == dict.fromkeys([("app", "a"), ("web", "a"), ("app", "budget")], Why.WAITS_FOR_PARENTS)
    for _ in range(3):
        case.see("app", "d", every=4)
        case.see("web", "d", every=4)
    assert list(case.open) == ["app.a", "app.budget"]
    assert case.affected("app.a") == {"web.a"}


def test_a_degraded_parent_is_no_cause(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    case.see("host", "g", times=2)
    case.see("web", "d", times=2)
    case.wait(5)
    case.see("host", "g")
    assert set(case.open) == {"host.a", "web.a"}


def test_a_child_that_fails_while_its_parents_work_is_planned_is_held_back_by_it(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    case.suppress(work(0, 100, "host"))
    case.see("host", "d", times=2)
    case.see("web", "d", times=2)
    assert case.open == {}
    hold = case.world.problems["web", "a"].hold
    assert hold is not None
    assert (hold.why, hold.by) == (Why.PARENT_HELD, "M-1")
    case.wait(100)
    assert list(case.open) == ["host.a"]
    assert case.affected("host.a") == {"web.a"}


def test_a_child_that_was_held_back_with_its_parent_has_a_moment_to_recover_after_it(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web", "mail"))
    case.suppress(work(0, 600, "host"))
    for name in ("host", "web", "mail"):
        case.see(name, "d", times=2)
    case.see("host", "o", times=2)
    well = case.now
    assert case.open == {}
    assert {("web", "a"), ("mail", "a")} <= case.wanted[-1]
    case.see("mail", "o", times=2)
    case.see("web", "d", times=2)
    case.wait(30)
    assert list(case.open) == ["web.a"]
    assert case.open["web.a"].opened_at == well
    assert case.tickets() == {1: "new"}


def test_what_breaks_in_planned_work_and_is_broken_after_it_opens_once_dated_to_its_end(
    tmp_path: Path,
) -> None:
    case = Case(tmp_path, {"web": service()})
    case.suppress(work(0, 60))
    case.see("web", "d", times=2)
    case.wait(57)
    assert case.open == {}
    case.wait(5)
    assert case.open["web.a"].opened_at == START + 60 * SECOND
    case.wait(100)
    assert case.tickets() == {1: "new"}


def test_what_breaks_and_recovers_in_planned_work_opens_nothing(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()})
    case.suppress(work(0, 60))
    case.see("web", "d", times=2)
    case.see("web", "o", times=2)
    case.wait(100)
    assert (case.open, case.tickets(), case.world.problems) == ({}, {}, {})


def test_what_was_broken_before_and_recovers_in_planned_work_is_resolved_at_once(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()})
    case.see("web", "d", times=2)
    case.suppress(work(0, 600))
    case.see("web", "o", times=2)
    assert case.tickets() == {1: "resolved"}
    case.see("web", "d", times=2)
    assert case.tickets() == {1: "resolved"}
    case.wait(600)
    assert case.tickets() == {1: "in_progress"}
    assert case.open["web.a"].reopened == 1


def test_what_is_broken_before_and_after_planned_work_says_nothing_twice(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()})
    case.see("web", "g", times=2)
    case.suppress(work(0, 60))
    case.see("web", "d", times=2)
    assert case.open["web.a"].severity == "low"
    case.wait(30)
    case.see("web", "g", times=2)
    case.wait(60)
    assert (case.open["web.a"].severity, case.open["web.a"].reopened) == ("low", 0)


def test_what_got_worse_in_planned_work_and_stays_so_is_worse_after_it(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()})
    case.see("web", "g", times=2)
    case.suppress(work(0, 60))
    case.see("web", "d", times=2)
    case.wait(60)
    assert case.open["web.a"].severity == "medium"
    (member,) = case.world.members[case.open["web.a"].id]
    assert member.level == "down"


LABELLED = {f"s{number}": service(labels={"host": "web-01"}) for number in range(6)}


@pytest.mark.parametrize("seed", range(10))
def test_services_that_share_a_label_and_fail_together_are_one_incident(tmp_path: Path, seed: int) -> None:
    case, random = Case(tmp_path, LABELLED), Random(seed)
    names = list(LABELLED)
    random.shuffle(names)
    for name in names:
        case.see(name, "d", every=0.1)
    random.shuffle(names)
    for name in names:
        case.see(name, "d", every=0.1)
    case.wait(10)
    assert list(case.open) == ["tocsin.storm:host=web-01"]
    assert case.affected("tocsin.storm:host=web-01") == {f"{name}.a" for name in names}
    for name in names:
        case.see(name, "o", times=2)
    assert (case.open, case.tickets()) == ({}, {1: "resolved"})


def test_a_storm_seen_late_adopts_what_was_open(tmp_path: Path) -> None:
    case = Case(tmp_path, LABELLED)
    for name in LABELLED:
        case.see(name, "d", times=2, every=0.5)
        case.wait(8)
    assert list(case.open) == ["tocsin.storm:host=web-01"]
    assert list(case.tickets().values()) == ["closed"] * 4 + ["new"]


def test_a_storm_whose_parent_is_found_ends_in_the_parents_incident(tmp_path: Path) -> None:
    services = {name: {**block, "depends_on": ["host"]} for name, block in LABELLED.items()}
    case = Case(tmp_path, {"host": service(), **services})
    for name in ("host", *LABELLED):
        case.see(name, "o", every=0.1)
    for _ in range(2):
        for name in LABELLED:
            case.see(name, "d", every=0.1)
    case.wait(5)
    case.see("host", "o", every=0.1)
    case.wait(10)
    assert list(case.open) == ["tocsin.storm:host=web-01"]
    case.see("host", "d", times=2)
    assert list(case.open) == ["host.a"]
    assert len(case.affected("host.a")) == len(LABELLED)
    assert case.tickets() == {1: "closed", 2: "new"}


def test_more_tickets_than_people_can_take_in_a_minute_become_one(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(8)]
    case = Case(tmp_path, {name: service() for name in names}, incidents={"max_open_per_minute": 3})
    for name in names:
        case.see(name, "d", times=2, every=0.1)
    assert len(case.open) == len(names)
    assert case.tickets() == dict.fromkeys(range(1, 5), "new")
    for name in names[:-1]:
        case.see(name, "o", times=2, every=0.1)
    assert list(case.tickets().values()) == ["resolved"] * 3 + ["new"]
    case.see(names[-1], "o", times=2, every=0.1)
    assert list(case.tickets().values()) == ["resolved"] * 4


def test_what_comes_back_again_and_again_has_to_be_well_for_a_while(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()}, defaults={"watch_for": "5m"})
    for _ in range(3):
        case.see("web", "d", times=2, every=20)
        case.see("web", "o", times=2, every=20)
    assert list(case.open) == ["web.a"]
    case.wait(250)
    assert list(case.open) == ["web.a"]
    case.wait(60)
    assert case.open == {}
    incident = case.world.incidents["web", "a"]
    assert (incident.state, incident.occurrence) == (IncidentState.WATCHING, 1)


def test_trouble_that_came_and_went_in_one_transaction_has_its_incident(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()})
    draft = Draft(case.world)
    for number, word in enumerate("ddoodd"):
        decide.take(draft, case.rules, ("web", "a"), reading(word, case.now / SECOND + 1 + number))
    decide.conclude(draft, case.rules, case.now + 10 * SECOND)
    draft.settle()
    incident = case.world.incidents["web", "a"]
    assert (incident.state, incident.reopened) == (IncidentState.OPEN, 1)


def test_a_removed_check_ends_its_problem_wherever_it_belongs(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web", "mail"))
    for name in ("host", "web", "mail"):
        case.see(name, "d", times=2)
    case.reload(family("mail"))
    assert case.affected("host.a") == {"mail.a"}
    case.reload({"mail": service()})
    case.wait(30)
    assert list(case.open) == ["mail.a"]
    assert case.tickets() == {1: "resolved", 2: "new"}


@pytest.mark.parametrize("rule", ["budget", "blind"])
@pytest.mark.parametrize("held", [False, True])
def test_what_no_check_stands_behind_ends_with_its_service(tmp_path: Path, rule: str, held: bool) -> None:
    case = Case(tmp_path, family("web"))
    for name in ("host", "web"):
        case.see(name, "d", times=2)
    if held:
        case.suppress(work(0, 5000, "web"))
    case.report(Problem("web", rule, Status.DOWN, case.now, case.now, "it is so"))
    case.reload(family())
    assert set(case.world.problems) == {("host", "a")}
    assert list(case.open) == ["host.a"]


def test_a_budget_that_is_judged_no_more_is_over_where_it_is_folded_too(tmp_path: Path) -> None:
    services = family("web")
    case = Case(tmp_path, services)
    for name in ("host", "web"):
        case.see(name, "d", times=2)
    case.report(Problem("web", "budget", Status.DOWN, case.now, case.now, "it burns"))
    assert case.affected("host.a") == {"web.a", "web.budget"}
    case.reload({**services, "web": {**services["web"], "uptime": {"burn": False}}})
    assert case.affected("host.a") == {"web.a"}


def test_nothing_waits_longer_because_the_clock_was_set_back(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    case.see("host", "o")
    case.see("web", "d", times=2)
    assert case.open == {}
    case.now -= 3600 * SECOND
    case.wait(5)
    assert list(case.open) == ["web.a"]


def test_what_was_left_behind_waits_no_longer_because_the_clock_was_set_back(tmp_path: Path) -> None:
    case = Case(tmp_path, family("web"))
    for name in ("host", "web"):
        case.see(name, "d", times=2)
    case.see("host", "o", times=2)
    assert case.open == {}
    case.now -= 3600 * SECOND
    case.wait(5)
    assert list(case.open) == ["web.a"]


def test_tickets_from_before_the_clock_was_set_back_do_not_count_as_the_last_minutes(tmp_path: Path) -> None:
    case = Case(tmp_path, {"a": service(), "b": service()}, incidents={"max_open_per_minute": 1})
    case.see("a", "d", times=2)
    case.now -= 3600 * SECOND
    case.see("b", "d", times=2)
    assert [case.world.tickets[number].service for number in (1, 2)] == ["a", "b"]


def test_a_flapping_check_has_one_ticket_with_few_lines_that_count(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()}, defaults={"watch_for": "5m"})
    for _ in range(40):
        case.see("web", "d", times=2, every=20)
        case.see("web", "o", times=2, every=20)
    assert case.tickets() == {1: "in_progress"}
    lines = [event.what for event in case.events]
    assert lines.count("opened") == 1
    assert len(lines) <= 12
    case.see("web", "o", times=30, every=20)
    case.wait(10)
    assert case.tickets() == {1: "resolved"}
    assert case.world.incidents["web", "a"].flaps > 30


def test_what_flapped_and_was_broken_for_long_recovers_as_ever(tmp_path: Path) -> None:
    case = Case(tmp_path, {"web": service()}, defaults={"watch_for": "5m"})
    for _ in range(6):
        case.see("web", "d", times=2, every=20)
        case.see("web", "o", times=2, every=20)
    case.see("web", "d", times=40, every=20)
    case.see("web", "o", times=2, every=20)
    assert case.open == {}
