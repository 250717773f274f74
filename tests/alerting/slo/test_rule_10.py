"""Rule 10 by hand: services of several checks, judged at every moment at which one of them changes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from alerting.slo.spans import DownWhen, Klass, Span, combine, tile

UP, DEGRADED, DOWN, UNKNOWN, WORK = (
    Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN, Klass.MAINTENANCE,
)  # fmt: skip
CLASSES = {"up": UP, "degraded": DEGRADED, "down": DOWN, "unknown": UNKNOWN, "work": WORK}


@dataclass(frozen=True, slots=True)
class Case:
    """Each check as `0 up 40 down`: its class from a second on; all end at 100."""

    name: str
    words: str
    rule: str
    checks: tuple[str, ...]
    service: str


CASES = [
    Case(
        "any",
        "Down where either is: 20 to 40 and 30 to 50 make 20 to 50.",
        "any",
        ("0 up 20 down 40 up", "0 up 30 down 50 up"),
        "0 up 20 down 50 up",
    ),
    Case(
        "all",
        "Down where both are: 30 to 40. Where one alone is, the service is degraded.",
        "all",
        ("0 up 20 down 40 up", "0 up 30 down 50 up"),
        "0 up 20 degraded 30 down 40 degraded 50 up",
    ),
    Case(
        "two_of_three",
        "10 to 30, 20 to 40 and 35 to 50: two at once from 20 to 30 and from 35 to 40.",
        "2 of 3",
        ("0 up 10 down 30 up", "0 up 20 down 40 up", "0 up 35 down 50 up"),
        "0 up 10 degraded 20 down 30 degraded 35 down 40 degraded 50 up",
    ),
    Case(
        "down_before_unknown_when_it_is_settled",
        "One check down is enough whatever the unknown one is; without it the unknown one could be down.",
        "any",
        ("0 up 20 down 40 up", "0 unknown 60 up"),
        "0 unknown 20 down 40 unknown 60 up",
    ),
    Case(
        "unknown_that_changes_nothing",
        "All of two must be down: while one is up, the other may be what it likes.",
        "all",
        ("0 up 50 down", "0 unknown 70 up"),
        "0 up 50 unknown 70 degraded",
    ),
    Case(
        "unknown_before_degraded",
        "An unknown check that could take the service down goes before a degraded one.",
        "any",
        ("0 degraded", "0 up 30 unknown 60 up"),
        "0 degraded 30 unknown 60 degraded",
    ),
    Case(
        "down_before_degraded_before_up",
        "Of two checks the worse is the service's.",
        "any",
        ("0 up 40 degraded 80 up", "0 up 20 degraded 60 down 80 up"),
        "0 up 20 degraded 60 down 80 up",
    ),
    Case(
        "a_check_in_maintenance_does_not_count",
        "While one is worked on, the other speaks for the service; while both are, it is in maintenance.",
        "any",
        ("0 up 20 work 60 up", "0 up 30 down 50 work 80 up"),
        "0 up 30 down 50 work 60 up",
    ),
    Case(
        "two_of_three_with_one_in_maintenance",
        "The number stands: of two that are left both must be down.",
        "2 of 3",
        ("0 work", "0 up 20 down", "0 up 40 down"),
        "0 up 20 degraded 40 down",
    ),
    Case(
        "a_check_that_begins_later",
        "Until its first reading at 30 the second is unknown, and could be down.",
        "any",
        ("0 up", "30 up"),
        "0 unknown 30 up",
    ),
]


def spans(text: str) -> list[Span]:
    words = text.split()
    moments = [*map(int, words[::2]), 100]
    return [
        Span(start, end, CLASSES[word])
        for start, end, word in zip(moments, moments[1:], words[1::2], strict=False)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rule_10_a_service_is_judged_whenever_a_check_changes(case: Case) -> None:
    checks = [spans(check) for check in case.checks]
    combined = combine(checks, DownWhen.parse(case.rule), 0, 100)
    assert combined == tile(spans(case.service), 0, 100), case.words
    assert combine(checks[::-1], DownWhen.parse(case.rule), 0, 100) == combined


def test_rule_10_checks_that_fail_a_microsecond_apart_are_not_rounded_together() -> None:
    """All of two: the first is down in [0, 1000001), the second in [1000000, 2000000): together for 1 us."""
    first = [Span(0, 1_000_001, DOWN), Span(1_000_001, 2_000_000, UP)]
    second = [Span(0, 1_000_000, UP), Span(1_000_000, 2_000_000, DOWN)]
    both = combine([first, second], DownWhen.parse("all"), 0, 2_000_000)
    assert [span for span in both if span.klass is DOWN] == [Span(1_000_000, 1_000_001, DOWN)]
