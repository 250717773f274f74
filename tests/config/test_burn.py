"""Burn-rate rules as they are written: which are in force, and what can never fire."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from config.burn import burn_rules, shown_rule
from config.loader import Loaded

Look = Callable[[str], Loaded]
CHECK = "checks: {home: {type: http, url: 'https://shop.example/'}}"


def in_force(found: Loaded, name: str = "shop") -> list[str]:
    assert found.errors == []
    assert found.config is not None
    return [f"{shown_rule(rule)} {rule.level}" for rule in burn_rules(found.config.services[name])]


def shop(options: str) -> str:
    return f"services: {{shop: {{{options}{CHECK}}}}}\n"


USUAL = [
    "14.4 over 1h and 5m page",
    "6 over 6h and 30m page",
    "3 over 1d and 2h ticket",
    "1 over 3d and 6h ticket",
]


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ("", USUAL),
        ("uptime: {burn: on}, ", USUAL),
        ("target: 99.99%, ", USUAL),
        ("uptime: {burn: off}, ", []),
        ("target: 100%, ", []),
        ("environment: staging, ", []),
        ("environment: test, ", []),
        ("target: 93.06%, ", USUAL),
        ("target: 93.05%, ", USUAL[1:]),
        ("target: 80%, ", USUAL[2:]),
        ("uptime: {burn_period: 90d}, ", [
            "43.2 over 1h and 5m page", "18 over 6h and 30m page", "9 over 1d and 2h ticket", "3 over 3d and 6h ticket",
        ]),
        ("uptime: {burn_period: 7d}, ", [
            "3.36 over 1h and 5m page", "1.4 over 6h and 30m page", "1 over 1d and 2h ticket", USUAL[3],
        ]),
        ("uptime: {burn_rules: [{factor: 7.5, long: 2h, short: 10m}]}, ", ["7.5 over 2h and 10m ticket"]),
        ("target: 100%, uptime: {burn_rules: [{factor: 500, long: 2h, short: 10m}]}, ", []),
    ],
)  # fmt: skip
def test_rules_in_force(look: Look, options: str, rules: list[str]) -> None:
    assert in_force(look(shop(options))) == rules


def test_factors_are_exact(look: Look) -> None:
    found = look(shop("uptime: {burn_rules: [{factor: 14.4, long: 1h, short: 5m}]}, "))
    assert found.config is not None
    (rule,) = burn_rules(found.config.services["shop"])
    assert rule.factor == Fraction(72, 5)


def test_the_default_of_all_services_gives_way_to_what_a_service_says(look: Look) -> None:
    other = f"other: {{uptime: {{burn: on}}, {CHECK}}}"
    found = look(f"defaults: {{burn: off}}\nservices: {{shop: {{{CHECK}}}, {other}}}\n")
    assert (in_force(found), in_force(found, "other")) == ([], USUAL)


@pytest.mark.parametrize(
    ("factor", "wrong"), [("14.39", False), ("20", True), ("100", True), ("19.999", False)]
)
def test_a_factor_that_can_never_fire_is_a_mistake(look: Look, factor: str, wrong: bool) -> None:
    rule = f"{{factor: {factor}, long: 1h, short: 5m, level: page}}"
    found = look(shop(f"target: 95%, uptime: {{burn_rules: [{rule}]}}, "))
    said = [(problem.path, problem.line) for problem in found.errors]
    assert said == ([("services.shop.uptime.burn_rules.0.factor", 1)] if wrong else [])


@pytest.mark.parametrize(
    ("target", "warned"),
    [("99%", False), ("93.06%", False), ("93.05%", True), ("90%", True), ("100%", False)],
)
def test_built_in_rules_that_can_never_fire_are_warned_of_by_service(
    look: Look, target: str, warned: bool
) -> None:
    found = look(shop(f"target: {target}, "))
    said = [problem for problem in found.warnings if "never fire" in problem.message]
    assert [problem.path for problem in said] == (["services.shop.target"] if warned else [])
    assert all("14.4 over 1h and 5m" in problem.message for problem in said)


def test_a_target_of_all_services_is_warned_of_once_with_their_names(look: Look) -> None:
    services = ", ".join(f"s{number}: {{{CHECK}}}" for number in range(5))
    found = look(f"defaults: {{target: 90%}}\nservices: {{{services}}}\n")
    (warning,) = [problem for problem in found.warnings if "never fire" in problem.message]
    assert warning.path == "defaults.target"
    assert "for s0, s1, s2 and 2 more" in warning.message


@pytest.mark.parametrize("options", ["", ", disabled: for a while"])
def test_no_check_can_be_called_budget(look: Look, options: str) -> None:
    found = look(f"services: {{shop: {{checks: {{budget: {{type: load{options}}}}}}}}}\n")
    assert [problem.path for problem in found.errors] == ["services.shop.checks.budget"]
