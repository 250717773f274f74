"""Storms: who fails together, by a shared label and time."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alerting.incidents.problem import Problem
from alerting.incidents.storms import StormSpec, rule_of, storms
from checks.base import Status
from tests.readings import SECOND

SPEC = StormSpec(services=3, within=60)


def problem(service: str, since: float) -> Problem:
    first = int(since * SECOND)
    return Problem(service, "home", Status.DOWN, first, first + SECOND, "because")


def test_enough_services_within_the_time_make_a_storm() -> None:
    failing = [(problem(name, at), ("host=a",)) for name, at in (("x", 0), ("y", 30), ("z", 60))]
    assert storms(failing, SPEC) == {(name, "home"): "host=a" for name in "xyz"}


def test_two_checks_of_one_service_count_once() -> None:
    failing = [(problem("x", 0), ("host=a",)), (problem("y", 1), ("host=a",))]
    other = Problem("y", "mail", Status.DOWN, SECOND, 2 * SECOND, "because")
    assert storms([*failing, (other, ("host=a",))], SPEC) == {}


def test_what_began_long_before_belongs_to_no_storm() -> None:
    failing = [(problem(name, at), ("host=a",)) for name, at in (("w", 0), ("x", 90), ("y", 91), ("z", 92))]
    assert set(storms(failing, SPEC)) == {("x", "home"), ("y", "home"), ("z", "home")}


def test_of_several_labels_the_one_that_most_share_counts() -> None:
    both = [(problem(name, 0), ("host=a", "vendor=v")) for name in "xyz"]
    more = [(problem(name, 0), ("vendor=v",)) for name in "uw"]
    assert set(storms([*both, *more], SPEC).values()) == {"vendor=v"}


def test_a_long_label_gives_a_rule_that_fits_and_tells_it_apart() -> None:
    first, second = rule_of("host=" + "a" * 100), rule_of("host=" + "a" * 99 + "b")
    assert len(first) == len(second) == 63
    assert first != second
    assert rule_of("host=web-01") == "storm:host=web-01"


times = st.lists(
    st.tuples(st.sampled_from("uvwxyz"), st.integers(0, 300)), max_size=12, unique_by=lambda each: each[0]
)


@given(times, st.randoms())
def test_storms_are_what_a_look_at_every_window_finds_in_any_order(
    failing: list[tuple[str, int]], random: Random
) -> None:
    found = storms([(problem(*each), ("host=a",)) for each in failing], SPEC)
    expected = set()
    for _, first in failing:
        inside = {name for name, at in failing if first <= at <= first + SPEC.within}
        if len(inside) >= SPEC.services:
            expected |= inside
    assert {service for service, _ in found} == expected
    shuffled = list(failing)
    random.shuffle(shuffled)
    assert storms([(problem(*each), ("host=a",)) for each in shuffled], SPEC) == found
