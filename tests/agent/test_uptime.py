"""Which incident an outage is put down to, and what a service is called that no check counts for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.uptime import Alive, Cause, Ledger, figures
from agent.views.services import overall
from alerting.slo.periods import parse_period
from alerting.slo.spans import Klass
from checks.registry import all_kinds
from config.loader import load
from config.models import Service

HOUR = 3600 * 1_000_000
START = 1_800_000_000 * 1_000_000
CONFIG = """
services:
  web:
    checks:
      home: {type: tcp, host: localhost, port: 1}
      login: {type: tcp, host: localhost, port: 2}
      disk: {type: disk, path: /}
"""


@pytest.fixture
def service(tmp_path: Path) -> Service:
    file = tmp_path / "tocsin.yaml"
    file.write_text(CONFIG)
    return load(file, all_kinds()).services["web"]


def outages(service: Service, *incidents: Cause) -> Any:
    spans = (
        (START, START + 50 * HOUR, Klass.UP),
        (START + 50 * HOUR, START + 51 * HOUR, Klass.DOWN),
        (START + 51 * HOUR, None, Klass.UP),
    )
    now = START + 100 * HOUR
    ledger = Ledger(spans, Alive(True, now), incidents)
    found: Any = figures(service, ledger, parse_period("30d", "UTC", now), now)["outages"]
    return [(each["incident"], each["cause"]) for each in found]


def cause(number: int, rule: str, opened: float, resolved: float | None) -> Cause:
    end = None if resolved is None else int(START + resolved * HOUR)
    return Cause(int(START + opened * HOUR), end, number, rule, f"what {rule} said")


DISK = cause(1, "disk", 1, None)
HOME = cause(2, "home", 50, 51)
LOGIN = cause(3, "login", 20, None)
BUDGET = cause(4, "budget", 50, None)


@pytest.mark.parametrize("order", [(HOME, DISK, LOGIN, BUDGET), (BUDGET, LOGIN, DISK, HOME)])
def test_an_outage_is_put_down_to_the_incident_that_began_with_it(
    service: Service, order: tuple[Cause, ...]
) -> None:
    assert outages(service, *order) == [(2, "what home said")]


def test_an_incident_of_what_does_not_count_for_uptime_is_no_cause(service: Service) -> None:
    assert outages(service, DISK, BUDGET) == [(None, None)]


def test_an_incident_that_was_over_before_the_outage_is_no_cause(service: Service) -> None:
    assert outages(service, cause(5, "home", 10, 11)) == [(None, None)]
    assert outages(service, LOGIN) == [(3, "what login said")]


@pytest.mark.parametrize(
    ("checks", "state"),
    [
        ([("ok", "ok")], "up"),
        ([("ok", "degraded"), ("ok", "ok")], "up"),
        ([("ok", "unknown")], "unknown"),
        ([("ok", "ok"), ("ok", "unknown")], "unknown"),
        ([(None, None)], "unknown"),
        ([("down", "unknown")], "unknown"),
        ([("down", "down"), ("ok", "unknown")], "degraded"),
        ([("degraded", "ok")], "degraded"),
        ([], "unknown"),
    ],
)
def test_a_service_without_counting_checks_is_what_its_checks_could_see(
    checks: list[tuple[str | None, str | None]], state: str
) -> None:
    assert overall((latest, confirmed) for confirmed, latest in checks) == state
