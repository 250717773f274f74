"""Severity: the contract's table, forecasts, the share of requests that fails, and the operator's rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uptime import retired
from alerting.incidents.incident import STEPS
from alerting.incidents.severity import Facts, severity_of
from checks.base import Status
from checks.registry import all_kinds
from config.loader import load
from config.models import Criticality, Service, SeverityRule

LEVELS = st.sampled_from([Status.DOWN, Status.DEGRADED])
SHARES = st.none() | st.floats(0, 1)


def service(criticality: Criticality = "high", **fields: Any) -> Service:
    usual = {"name": "shop", "criticality": criticality, **fields}
    known = retired("shop")
    return Service(**{**{name: getattr(known, name) for name in Service.__slots__}, **usual})


def facts(level: Status = Status.DOWN, of: Service | None = None, **more: Any) -> Facts:
    return Facts(of or service(), None, level, **more)


def rule(**written: Any) -> SeverityRule:
    return SeverityRule.model_validate(written)


@pytest.mark.parametrize(
    ("criticality", "down", "degraded"),
    [
        ("critical", "critical", "high"),
        ("high", "high", "medium"),
        ("medium", "medium", "low"),
        ("low", "low", "low"),
    ],
)
def test_without_rules_criticality_and_level_decide(
    criticality: Criticality, down: str, degraded: str
) -> None:
    of = service(criticality)
    assert severity_of((), facts(Status.DOWN, of)) == (down, f"{criticality} service is down")
    assert severity_of((), facts(Status.DEGRADED, of)) == (degraded, f"{criticality} service is degraded")


def test_a_forecast_is_low_however_critical_the_service_until_it_is_down() -> None:
    foreseen = facts(Status.DEGRADED, service("critical"), forecast=True, share=0.9)
    assert severity_of((), foreseen) == ("low", "nobody notices yet")
    assert severity_of((), facts(Status.DOWN, service("critical"), forecast=True))[0] == "critical"


def test_degraded_for_most_is_as_severe_as_down() -> None:
    assert severity_of((), facts(Status.DEGRADED, share=0.49))[0] == "medium"
    assert severity_of((), facts(Status.DEGRADED, share=0.5)) == (
        "high",
        "high service is degraded for 50% of the requests",
    )
    assert severity_of((), facts(Status.DOWN, share=1.0))[0] == "high"


def test_the_first_rule_that_matches_decides_and_says_so() -> None:
    rules = [
        rule(match={"labels": {"tier": "silver"}}, severity="low"),
        rule(match={"labels": {"tier": "gold"}, "level": "down"}, severity="critical"),
        rule(match={"labels": {"tier": "gold"}}, raise_by=1),
        rule(severity="medium"),
    ]
    gold = service(labels={"tier": "gold"})
    assert severity_of(rules, facts(Status.DOWN, gold)) == (
        "critical",
        "severity rule 2: label tier=gold, level down",
    )
    assert severity_of(rules, facts(Status.DEGRADED, gold)) == (
        "high",
        "severity rule 3: label tier=gold, 1 step up from medium (high service is degraded)",
    )
    assert severity_of(rules, facts()) == ("medium", "severity rule 4: everything")


def test_a_rule_asks_for_all_that_it_names_and_for_any_of_a_list() -> None:
    asked = rule(
        match={"service": ["mail", "shop"], "team": "web", "criticality": "high", "environment": "live"},
        lower_by=3,
    )
    of = service(team="web")
    assert severity_of([asked], facts(of=of)) == (
        "low",
        "severity rule 1: service shop, team web, criticality high, environment live, 3 steps down from high "
        "(high service is down)",
    )
    for other in (service(team="ops"), service("low", team="web"), service(team="web", environment="test")):
        assert severity_of([asked], facts(of=other))[1].startswith(f"{other.criticality} service")


def test_many_affected_users_or_services_raise_it_where_a_rule_says_so() -> None:
    rules = [
        rule(match={"affected": "20%"}, raise_by=1),
        rule(match={"services": 5}, severity="critical"),
    ]
    assert severity_of(rules, facts(share=0.2)) == (
        "critical",
        "severity rule 1: 20% of the requests fail, 1 step up from high (high service is down)",
    )
    assert severity_of(rules, facts(share=0.199))[0] == "high"
    assert severity_of(rules, facts(share=None, services=4))[0] == "high"
    assert severity_of(rules, facts(services=5)) == ("critical", "severity rule 2: 5 services affected")


def test_forecasts_match_only_rules_that_name_them() -> None:
    foreseen = facts(Status.DEGRADED, forecast=True)
    assert severity_of([rule(severity="critical")], foreseen)[0] == "low"
    named = rule(match={"level": ["forecast", "down"]}, severity="medium")
    assert severity_of([named], foreseen) == ("medium", "severity rule 1: level forecast")
    assert severity_of([named], facts(Status.DEGRADED))[1] == "high service is degraded"


def test_labels_of_the_check_stand_over_those_of_its_service(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text(
        "services:\n  shop:\n    labels: {tier: silver}\n"
        "    checks: {pay: {type: cpu, labels: {tier: gold}}, home: {type: cpu}}\n"
        "severity:\n  - {match: {labels: {tier: gold}}, severity: critical}\n"
    )
    config = load(file, all_kinds())
    shop = config.services["shop"]
    judged = {
        name: severity_of(config.severity, Facts(shop, check, Status.DOWN))[0]
        for name, check in shop.checks.items()
    }
    assert judged == {"pay": "critical", "home": "medium"}


@given(LEVELS, SHARES, st.booleans(), st.sampled_from(STEPS), st.integers(1, 3))
def test_raising_never_makes_it_less_severe_and_lowering_never_more(
    level: Status, share: float | None, forecast: bool, criticality: Criticality, steps: int
) -> None:
    known = facts(level, service(criticality), share=share, forecast=forecast)
    usual, higher, lower = (
        STEPS.index(severity_of(rules, known)[0])
        for rules in ([], [rule(raise_by=steps)], [rule(lower_by=steps)])
    )
    assert lower <= usual <= higher


@given(SHARES, st.sampled_from(STEPS))
def test_down_is_never_less_severe_than_degraded(share: float | None, criticality: Criticality) -> None:
    of = service(criticality)
    down, degraded = (
        STEPS.index(severity_of((), facts(level, of, share=share))[0])
        for level in (Status.DOWN, Status.DEGRADED)
    )
    assert down >= degraded
