"""What changed since a check was last good: told in words, without noise and without secrets."""

from __future__ import annotations

from typing import Any

from checks.base import ErrorKind, Reading, Status
from checks.difference import differences
from tests.readings import reading

DAY = 86_400.0
UNITS = {"cert_days": "days", "used": "ratio", "latency": "seconds", "size": "bytes"}


def at(moment: float, word: str = "o", **fields: Any) -> Reading:
    from dataclasses import replace

    return replace(reading(word, moment), **fields)


def test_codes_addresses_versions_and_the_kind_of_error_are_told() -> None:
    good = at(0, values={"status": 200, "ip": "192.0.2.1"}, versions={"server": "a/1", "x-old-version": "7"})
    bad = at(
        60,
        "d",
        values={"status": 503, "ip": "192.0.2.9"},
        versions={"server": "a/2", "x-build-id": "9"},
        error_kind=ErrorKind.STATUS,
    )
    assert differences(good, bad, UNITS) == [
        "status: 200 -> 503",
        "ip: 192.0.2.1 -> 192.0.2.9",
        "header server: a/1 -> a/2",
        "header x-build-id: absent -> 9",
        "header x-old-version: 7 -> absent",
        "error kind: none -> status",
    ]


def test_an_answer_that_never_came_tells_nothing_of_versions() -> None:
    good = at(0, values={"status": 200, "ip": "192.0.2.1", "size": 10.0}, versions={"server": "a/1"})
    assert differences(good, at(60, "d", error_kind=ErrorKind.TIMEOUT), UNITS) == [
        "error kind: none -> timeout"
    ]


def test_a_certificate_that_only_grew_older_has_not_changed() -> None:
    good = at(0, values={"cert_days": 20.0})
    assert differences(good, at(6.5 * DAY, "g", values={"cert_days": 13.5}), UNITS) == []
    assert differences(good, at(60, "g", values={"cert_days": 89.0}), UNITS) == [
        "cert_days: 20.0 days -> 89.0 days (another certificate)"
    ]


def test_numbers_are_told_where_they_moved_far() -> None:
    good = at(0, values={"used": 0.5, "latency": 0.2, "size": 4096.0, "requests": 100, "count_5xx": 0})
    near = at(60, "g", values={"used": 0.53, "latency": 0.3, "size": 5000.0, "requests": 120, "count_5xx": 0})
    assert differences(good, near, UNITS) == []
    far = at(60, "g", values={"used": 0.56, "latency": 3.0, "size": 900.0, "requests": 20, "count_5xx": 7})
    assert differences(good, far, UNITS) == [
        "used: 50.0% -> 56.0%",
        "latency: 200ms -> 3s",
        "size: 4KiB -> 900B",
        "requests: 100 -> 20",
        "count_5xx: 0 -> 7",
    ]
    tiny = at(0, values={"latency": 0.002}), at(60, "d", values={"latency": 0.009})
    assert differences(*tiny, UNITS) == []


def test_phases_are_told_elsewhere() -> None:
    good = at(0, values={"connect": 0.1}, phases={"connect": 0.1})
    assert differences(good, at(60, "d", values={"connect": 9.0}, phases={"connect": 9.0}), UNITS) == []


def test_texts_are_masked_short_and_bounded_in_number() -> None:
    good = at(0, values={f"name_{number}": "a" for number in range(30)} | {"password": "old-canary"})
    bad = at(
        60,
        "d",
        values={f"name_{number}": "token=canary-8008 " + "b" * 200 for number in range(30)}
        | {"password": "new-canary"},
    )
    lines = differences(good, bad, UNITS)
    assert len(lines) == 12
    assert lines[-1] == "and 20 more"
    assert "canary" not in str(lines)
    assert max(map(len, lines)) < 120


def test_nothing_is_told_of_two_readings_that_say_the_same() -> None:
    same = at(0, values={"status": 200, "up": True, "name": "x"})
    assert (
        differences(same, Reading(Status.DOWN, Status.DOWN, 1, 0.1, "", None, dict(same.values)), UNITS) == []
    )
