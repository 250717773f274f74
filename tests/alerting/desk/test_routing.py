"""Routing: which routes a ticket takes, where they lead, when, and in which words that is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerting.desk.routing import Way, taken, ways, weighed, words
from alerting.incidents.suppression import Subject
from checks.registry import KINDS
from config.loader import load
from config.models import Route, RouteMatch

FILE = """
agent: {id: a, state_dir: s}
teams: {net: {}}
services:
  web:
    {team: net, criticality: high, environment: staging, labels: {site: jhb},
     checks: {c: {type: load, labels: {rack: b1}}}}
"""


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    file = tmp_path / "tocsin.yaml"
    file.write_text(FILE, encoding="utf-8")
    service = load(file, KINDS).services["web"]
    return Subject(service, "c", service.checks["c"], "medium")


def route(*send_to: str, **said: Any) -> Route:
    return Route.model_validate({"send_to": list(send_to), **said})


def in_the_office(calendar: str) -> bool:
    return calendar == "office"


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ({}, True),
        ({"service": "web"}, True),
        ({"service": "mail"}, False),
        ({"check": ["mail.c", "web.c"]}, True),
        ({"check": "web.d"}, False),
        ({"service": "web", "check": "web.d"}, False),
        ({"team": "net", "severity": ["low", "medium"]}, True),
        ({"severity": "critical"}, False),
        ({"criticality": "high", "environment": "staging"}, True),
        ({"environment": "live"}, False),
        ({"labels": {"site": "jhb", "rack": "b1"}}, True),
        ({"labels": {"site": "cpt"}}, False),
        ({"active": "office"}, True),
        ({"active": "night"}, False),
        ({"not_active": "night"}, True),
        ({"not_active": "office"}, False),
        ({"active": "office", "not_active": "night", "team": "net"}, True),
        ({"active": "office", "team": "web"}, False),
    ],
)
def test_a_route_matches_when_all_that_it_asks_for_does(
    subject: Subject, match: dict[str, object], found: bool
) -> None:
    routes = [route("first", "first", "mail", match=match), route("rest")]
    assert list(ways(taken(routes, subject, in_the_office))) == (["first", "mail"] if found else ["rest"])
    assert len(taken(routes[:1], subject, in_the_office)) == found


@pytest.mark.parametrize(
    ("routes", "numbers"),
    [
        ([{}, {}], [1]),
        ([{"continue": True}, {}, {}], [1, 2]),
        ([{"continue": True}, {"match": {"team": "web"}}, {"continue": True}], [1, 3]),
        ([{"match": {"team": "web"}, "continue": True}, {}, {}], [2]),
        ([{"match": {"severity": "low"}}], []),
    ],
)
def test_the_first_ends_it_unless_it_says_continue(
    subject: Subject, routes: list[dict[str, Any]], numbers: list[int]
) -> None:
    found = taken([route("desk", **each) for each in routes], subject, in_the_office)
    assert [each.number for each in found] == numbers


@pytest.mark.parametrize(
    ("match", "why_not"),
    [
        ({"service": "mail"}, "it is for another service"),
        ({"service": "web", "check": "web.d"}, "it is for another check"),
        ({"team": "web"}, "team is net"),
        ({"severity": ["high", "critical"]}, "severity is medium"),
        ({"criticality": "low"}, "criticality is high"),
        ({"environment": "live"}, "environment is staging"),
        ({"labels": {"rack": "b1", "site": "cpt"}}, "label site=cpt is lacking"),
        ({"active": "night"}, "night is closed"),
        ({"not_active": "office"}, "office is open"),
        ({"labels": {"rack": "b1"}, "active": "office"}, ""),
    ],
)
def test_each_route_says_why_it_is_not_taken(
    subject: Subject, match: dict[str, object], why_not: str
) -> None:
    routes = [route("desk", match=match, **{"continue": True}), route("mail"), route("desk")]
    found = [said for _, said in weighed(routes, subject, in_the_office)]
    assert found == [why_not, "", "route 2 comes first"]


def test_of_several_routes_to_one_helpdesk_the_earliest_and_the_shortest_hold(subject: Subject) -> None:
    routes = [
        route("desk", delay="10m", repeat="1h", **{"continue": True}),
        route("desk", "mail", match={"team": "net"}, delay="5m", repeat="4h", **{"continue": True}),
        route("desk"),
    ]
    why = "route 2 (team net)"
    assert ways(taken(routes[:2], subject, in_the_office)) == {
        "desk": Way("desk", 300, why, 3600),
        "mail": Way("mail", 300, why, 14400),
    }
    assert ways(taken(routes, subject, in_the_office))["desk"] == Way("desk", 0, "route 3 (everything)", 3600)


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ({}, "everything"),
        ({"team": "web", "severity": ["high", "critical"]}, "team web, severity high or critical"),
        ({"labels": {"site": "jhb"}, "active": "office"}, "site=jhb, while office is open"),
        ({"check": "web.c", "not_active": "office"}, "check web.c, while office is closed"),
    ],
)
def test_a_route_says_what_it_is_for(match: dict[str, object], said: str) -> None:
    assert words(RouteMatch.model_validate(match)) == said
