"""Agreements over ledgers: hours in real zones, outages of others as they were seen, the agreed beginning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.uptime import Alive, Ledger, Told, accounted, figures, ledgers_for
from alerting.slo.events import Event
from alerting.slo.periods import EPOCH, MICROSECOND, Period, parse_period
from alerting.slo.spans import Klass
from alerting.slo.uptime import Account
from checks.registry import all_kinds
from config.loader import load
from config.models import Config

HOUR = 3600 * 1_000_000
NOBODY = Alive(False, 0)
CONFIG = """
agent: {{timezone: {zone}}}
calendars:
  office: {{hours: "mon-fri 08:00-17:00"}}
  always: {{hours: 00:00-24:00}}
  night: {{hours: 00:00-06:00}}
  days: {{hours: 24x7, holidays: [ZA, 2026-12-24]}}
services:
  a: {{uptime: {{{agreement}}}, checks: {{c: {{type: tcp, host: localhost, port: 1}}}}}}
  b: {{uptime: {{exclude_when: c}}, checks: {{c: {{type: tcp, host: localhost, port: 1}}}}}}
  c: {{uptime: {{exclude_when: [a, b]}}, checks: {{c: {{type: tcp, host: localhost, port: 1}}}}}}
"""


@pytest.fixture
def agreed(tmp_path: Path) -> Any:
    def read(agreement: str, zone: str = "UTC") -> Config:
        file = tmp_path / "tocsin.yaml"
        file.write_text(CONFIG.format(agreement=agreement, zone=zone))
        return load(file, all_kinds())

    return read


def at(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // MICROSECOND


def told(*events: tuple[int, Klass], **more: Any) -> Ledger:
    return Ledger((), NOBODY, told=Told(tuple(Event(moment, klass) for moment, klass in events), **more))


def account_of(config: Config, name: str, ledgers: Mapping[str, Ledger], period: Period, now: int) -> Account:
    known = ledgers_for(config.services.values(), lambda each: ledgers.get(each, told()), now)
    return accounted(config.services[name], known[name], period, now)


def up_all_along(config: Config, period: str) -> Account:
    """Of service a in an ended period of the agent's zone."""
    span = parse_period(period, config.agent.timezone, 0)
    ledgers = {"a": told((span.start - HOUR, Klass.UP))}
    return account_of(config, "a", ledgers, span, span.end)


@pytest.mark.parametrize(
    ("hours", "period", "zone", "counted"),
    [
        # March 2026 has 22 working days, and office hours lie beside the change of the clocks.
        ("office", "2026-03", "Europe/Berlin", 22 * 9),
        ("always", "2026-03", "Europe/Berlin", 31 * 24 - 1),
        ("24x7", "2026-10", "Europe/Berlin", 31 * 24 + 1),
        # The night in which an hour is left out has five, that in which one comes twice seven.
        ("night", "2026-03", "Europe/Berlin", 31 * 6 - 1),
        ("night", "2026-10", "Europe/Berlin", 31 * 6 + 1),
        ("night", "2026-04", "Australia/Lord_Howe", Fraction(30 * 12 + 1, 2)),
        # 16, 25 and 26 December are holidays in South Africa, and the 24th is closed as well.
        ("days", "2026-12", "Africa/Johannesburg", 27 * 24),
    ],
)
def test_hours_count_as_long_as_they_really_are(
    agreed: Any, hours: str, period: str, zone: str, counted: Fraction
) -> None:
    found = up_all_along(agreed(f"hours: {hours}", zone), period)
    assert (Fraction(found.counted, HOUR), found.uptime, found.coverage) == (
        counted,
        Fraction(1),
        Fraction(1),
    )
    assert found.budget == Fraction(found.counted, 100)


def test_what_others_agreed_plays_no_part_in_their_outages(agreed: Any) -> None:
    # a leaves out b, b leaves out c, and c both of them: none of this is asked again, only what was seen.
    down = (0, Klass.UP), (10, Klass.DOWN), (20, Klass.UP)
    ledgers = {name: told(*down) for name in ("a", "b", "c")}
    period = Period("by hand", 0, 100, "UTC")
    config = agreed("exclude_when: [b]")
    for name, causes in (("a", [("b", 10)]), ("b", [("c", 10)]), ("c", [("a", 10), ("b", 0)])):
        found = account_of(config, name, ledgers, period, 100)
        assert (found.counted, found.uptime, found.outages) == (90, Fraction(1), ())
        assert [(each.by, each.length) for each in found.excluded] == causes


@pytest.mark.parametrize(("seen", "left_out"), [("down", 50), ("degraded", 0), ("unknown", 0), ("up", 0)])
def test_only_a_service_that_was_seen_down_excuses_others(agreed: Any, seen: str, left_out: int) -> None:
    ledgers = {"a": told((0, Klass.DOWN)), "b": told((0, Klass(seen)), (50, Klass.UP))}
    found = account_of(agreed("exclude_when: b"), "a", ledgers, Period("by hand", 0, 100, "UTC"), 100)
    assert (found.excluded[0].length, found.bad) == (left_out, 100 - left_out)


def test_planned_work_there_and_time_in_which_nobody_watched_excuse_nothing(agreed: Any) -> None:
    ledgers = {
        "a": told((0, Klass.DOWN)),
        "b": told((0, Klass.DOWN), maintenance=((10, 30),), off=((50, 60),)),
    }
    found = account_of(agreed("exclude_when: b"), "a", ledgers, Period("by hand", 0, 100, "UTC"), 100)
    assert (found.excluded[0].length, found.bad) == (70, 30)


def test_as_it_stood_then_is_asked_of_the_others_too(agreed: Any) -> None:
    ledgers = {"a": told((0, Klass.DOWN)), "b": told((0, Klass.UP), (40, Klass.DOWN))}
    found = account_of(agreed("exclude_when: b"), "a", ledgers, Period("by hand", 0, 100, "UTC"), 60)
    assert (found.excluded[0].length, found.bad, found.budget) == (20, 40, Fraction(40 + 40, 100))


@pytest.mark.parametrize(
    ("day", "unknown", "down"), [("2026-11-01", 24, 48), ("2026-11-02", 0, 48), ("2026-11-03", 0, 24)]
)
def test_the_agreed_beginning_goes_before_the_first_state_be_it_earlier_or_later(
    agreed: Any, day: str, unknown: int, down: int
) -> None:
    config = agreed(f"monitored_from: {day}", "Africa/Johannesburg")
    now = at("2026-11-03T22:00:00Z")
    period = parse_period("2026-11", "Africa/Johannesburg", now)
    found = account_of(config, "a", {"a": told((at("2026-11-01T22:00:00Z"), Klass.DOWN))}, period, now)
    assert (found.by_class[Klass.UNKNOWN], found.by_class[Klass.DOWN]) == (unknown * HOUR, down * HOUR)
    assert found.observed == (unknown + down) * HOUR


def test_before_the_agreed_beginning_there_is_neither_time_nor_budget(agreed: Any) -> None:
    config, period = agreed("monitored_from: 2026-12-01"), parse_period("2026-11", "UTC", 0)
    found = account_of(config, "a", {"a": told((0, Klass.DOWN))}, period, period.end)
    assert (found.observed, found.uptime, found.met, found.budget, found.outages) == (
        0,
        None,
        None,
        Fraction(0),
        (),
    )


def test_the_json_is_as_ever_unless_the_agreement_leaves_time_out(agreed: Any) -> None:
    period = parse_period("2026-11-21", "UTC", 0)  # a Saturday

    def shown(agreement: str) -> Any:
        config = agreed(agreement)
        ledgers = {"a": told((0, Klass.UP)), "b": told((0, Klass.UP))}
        known = ledgers_for(config.services.values(), lambda each: ledgers.get(each, told()), period.end)
        return figures(config.services["a"], known["a"], period, period.end)

    usual, always, office = shown(""), shown("hours: always, exclude_when: b"), shown("hours: office")
    assert "excluded" not in usual
    assert "excluded" not in usual["seconds"]
    assert always.pop("excluded") == [{"by": "hours", "seconds": "0"}, {"by": "b", "seconds": "0"}]
    assert always["seconds"].pop("excluded") == "0"
    assert always == usual
    assert office["excluded"] == [{"by": "hours", "seconds": "86400"}]
    assert office["seconds"]["excluded"] == "86400"
    assert (office["uptime"], office["met"], office["coverage_percent"]) == (None, None, None)
