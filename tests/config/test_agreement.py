"""`uptime:` as far as it leaves time out: hours, other services, the beginning; every mistake with its remedy."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from config.loader import Loaded
from config.models import Service

Look = Callable[[str], Loaded]
FILE = """\
services:
  web: {{uptime: {{{}}}, checks: {{c: {{type: tcp, host: localhost, port: 1}}}}}}
  edge: {{checks: {{c: {{type: tcp, host: localhost, port: 1}}}}}}
  host: {{checks: {{c: {{type: cpu}}}}}}
  rack: {{targets: [a, b], checks: {{c: {{type: tcp, host: "${{target}}", port: 1}}}}}}
"""
FORM = "a day like 2026-11-01 or a moment like 2026-11-01T08:00:00Z"
MISTAKES = [
    ("exclude_when: [edeg]", '2:33: services.web.uptime.exclude_when.0: no service is called "edeg" (did you mean "edge"?)'),
    ("exclude_when: edeg", '2:32: services.web.uptime.exclude_when: no service is called "edeg" (did you mean "edge"?)'),
    ("exclude_when: [edge, web]", "2:39: services.web.uptime.exclude_when.1: its own outages cannot be left out (name what it relies on, or leave the line out)"),
    ("exclude_when: [edge.c]", '2:33: services.web.uptime.exclude_when.0: names a check, and only services are looked at: "edge.c" (did you mean "edge"?)'),
    ("exclude_when: {a: b}", "2:32: services.web.uptime.exclude_when: expected a list, got a mapping (such as [edge-network])"),
    ("exclude_wen: edge", '2:18: services.web.uptime.exclude_wen: unknown key "exclude_wen" (did you mean "exclude_when"?)'),
    ("hours: ofice", '2:25: services.web.uptime.hours: no calendar is called "ofice" (there is no calendar in the configuration)'),
    ("monitored_from: yesterday", f'2:34: services.web.uptime.monitored_from: expected {FORM}, got "yesterday"'),
    ("monitored_from: 1.11.2026", f'2:34: services.web.uptime.monitored_from: expected {FORM}, got "1.11.2026"'),
    ("monitored_from: 2026-11", f'2:34: services.web.uptime.monitored_from: expected {FORM}, got "2026-11"'),
    ("monitored_from: 2026-02-29", f'2:34: services.web.uptime.monitored_from: there is no such moment as "2026-02-29" (write {FORM})'),
    ("monitored_from: 2026-11-01T24:30Z", f'2:34: services.web.uptime.monitored_from: there is no such moment as "2026-11-01T24:30Z" (write {FORM})'),
    ("monitored_from: 0026-11-01", '2:34: services.web.uptime.monitored_from: expected a year from 1970 to 2199, got "0026-11-01"'),
    (
        "monitored_from: 2026-11-01 08:00",
        '2:34: services.web.uptime.monitored_from: "2026-11-01 08:00" does not say in which zone (write 2026-11-01 08:00Z for UTC, or 2026-11-01 08:00+02:00)',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("told", "expected"), MISTAKES, ids=lambda value: None)
def test_mistake_is_named_with_place_path_and_remedy(look: Look, told: str, expected: str) -> None:
    assert [str(problem) for problem in look(FILE.format(told)).errors] == [f"tocsin.yaml:{expected}"]


def test_service_that_is_never_down_is_named_for_nothing(look: Look) -> None:
    found = look(FILE.format("exclude_when: [edge, host]"))
    assert [str(warning) for warning in found.warnings] == [
        "tocsin.yaml:2:39: services.web.uptime.exclude_when.1: host is never down: none of its checks counts for uptime"
    ]


def service(look: Look, told: str, *, zone: str = "UTC") -> Service:
    found = look(f"agent: {{timezone: {zone}}}\n" + FILE.format(told))
    assert found.errors == []
    assert found.config is not None
    return found.config.services["web"]


@pytest.mark.parametrize(
    ("written", "zone", "meant"),
    [
        ("2026-11-01", "UTC", "2026-11-01T00:00:00Z"),
        ("2026-11-01", "Africa/Johannesburg", "2026-10-31T22:00:00Z"),
        # Beirut's clocks went from midnight to one o'clock that day: it began at the jump.
        ("2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00Z"),
        # Havana's midnight came twice: the first one counts.
        ("2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"),
        ("2026-11-01T08:00:00.25+02:00", "Europe/Berlin", "2026-11-01T06:00:00.25Z"),
        ("2026-11-01 08:00 +0200", "Europe/Berlin", "2026-11-01T06:00:00Z"),
        ("2026-11-01t08:00z", "Europe/Berlin", "2026-11-01T08:00:00Z"),
    ],
)
def test_service_is_monitored_from_a_local_midnight_or_a_moment(
    look: Look, written: str, zone: str, meant: str
) -> None:
    found = service(look, f"monitored_from: {written}", zone=zone).monitored_from
    at = datetime.fromisoformat(meant)
    assert found == int(at.timestamp()) * 1_000_000 + at.microsecond
    assert at.tzinfo == UTC


def test_name_of_targets_stands_for_all_that_they_made(look: Look) -> None:
    assert service(look, "exclude_when: [rack, edge, rack-a]").uptime.exclude_when == (
        "rack-a",
        "rack-b",
        "edge",
    )
    found = look(
        FILE.format("exclude_when: edge").replace(
            "targets: [a, b]", "uptime: {exclude_when: rack}, targets: [a, b]"
        )
    )
    assert [problem.message for problem in found.errors] == ["its own outages cannot be left out"]


def test_hours_are_those_of_the_calendar_and_24x7_is_none(look: Look) -> None:
    calendars = "calendars: {office: {hours: mon-fri 08:00-17:00}, 24x7: {hours: mon 08:00-09:00}}\n"
    for told, name in (("hours: office", "office"), ("hours: 24x7", None), ("", None)):
        found = look(calendars + FILE.format(told)).config
        assert found is not None
        hours = found.services["web"].hours
        assert (hours and hours.name) == name
