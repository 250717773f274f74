"""Routing: the first route that matches, by everything that a route can ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.desk.routing import destinations
from alerting.incidents.suppression import Subject
from checks.registry import KINDS
from config.loader import load
from config.options import Route, RouteMatch

FILE = """
agent: {id: a, state_dir: s}
teams: {net: {}}
services:
  web:
    {team: net, criticality: high, environment: staging, labels: {site: jhb},
     checks: {c: {type: load, labels: {rack: b1}}}}
"""


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ({}, True),
        ({"service": "web"}, True),
        ({"service": "mail"}, False),
        ({"team": "net", "severity": ["low", "medium"]}, True),
        ({"severity": "critical"}, False),
        ({"criticality": "high", "environment": "staging"}, True),
        ({"environment": "live"}, False),
        ({"labels": {"site": "jhb", "rack": "b1"}}, True),
        ({"labels": {"site": "cpt"}}, False),
    ],
)
def test_a_route_matches_when_all_that_it_asks_for_does(
    tmp_path: Path, match: dict[str, object], found: bool
) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text(FILE, encoding="utf-8")
    service = load(file, KINDS).services["web"]
    subject = Subject(service, "c", service.checks["c"], "medium")
    routes = [
        Route(match=RouteMatch.model_validate(match), send_to=("first", "first", "mail")),
        Route(send_to=("rest",)),
    ]
    assert destinations(routes, subject) == (("first", "mail") if found else ("rest",))
    assert destinations(routes[:1], subject) == (("first", "mail") if found else ())
