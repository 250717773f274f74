"""Earlier incidents like one: which are told, in which order, and what is said of them."""

from __future__ import annotations

from typing import Any

from alerting.desk.precedents import alike, told
from alerting.incidents.incident import Incident, IncidentState
from checks.base import ErrorKind, Status

MINUTE = 60_000_000
START = 1_800_000_000_000_000


def incident(number: int, service: str = "shop", rule: str = "home", **more: Any) -> Incident:
    opened = START + number * MINUTE
    usual = {"resolved_at": opened + 14 * MINUTE, "error_kind": ErrorKind.TIMEOUT, **more}
    return Incident(
        number,
        service,
        rule,
        number,
        IncidentState.RESOLVED,
        "high",
        Status.DOWN,
        opened,
        number + 10,
        "slow",
        **usual,
    )


NEW = incident(99)


def numbers(others: list[Incident], fixes: dict[int, str] | None = None) -> list[int]:
    return [each.incident.id for each in alike(NEW, others, fixes or {})]


def test_the_same_check_comes_before_the_same_kind_of_error_elsewhere() -> None:
    others = [
        incident(1, "mail", "smtp"),
        incident(2, rule="pay"),
        incident(3, error_kind=ErrorKind.TLS),
        incident(4),
    ]
    assert numbers(others) == [4, 3, 2, 1]


def test_another_error_of_another_check_is_not_alike() -> None:
    others = [
        NEW,
        incident(1, rule="pay", error_kind=ErrorKind.TLS),
        incident(2, rule="pay", error_kind=None),
        incident(3, merged_into=7),
    ]
    assert numbers(others) == []
    assert alike(incident(98, error_kind=None), [incident(5, "mail", error_kind=None)], {}) == []


def test_five_are_told_and_those_with_a_fix_first() -> None:
    assert numbers([incident(number) for number in range(1, 9)], {12: "restarted (ann)"}) == [2, 8, 7, 6, 5]


def test_each_says_how_long_it_lasted_and_what_was_done() -> None:
    found = alike(NEW, [incident(1), incident(2, resolved_at=None)], {11: "restarted php (ann)"})
    assert told(found).splitlines() == [
        "similar incidents before:",
        "    T-11 shop.home, 2027-01-15 08:01:00 UTC, lasted 14m: slow; fix: restarted php (ann)",
        "    T-12 shop.home, 2027-01-15 08:02:00 UTC, still open: slow",
    ]


def test_what_a_person_wrote_at_length_is_cut() -> None:
    line = told(alike(NEW, [incident(1)], {11: "x" * 2000})).splitlines()[1:]
    assert len(line) == 1
    assert line[0].endswith("x…")
    assert len(line[0]) < 700
