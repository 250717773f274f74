"""The verdict on our own network: who has a vote, how many must answer, and what a failed look is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.incidents.isolation import (
    LINK,
    Asked,
    failed_on_the_way,
    judged,
    problem,
    quorum_of,
    unseen,
    was_answered,
)
from alerting.state import NEW, StateSpec, step
from checks.base import ErrorKind, Reading, Requests, Status

GATEWAY, FIRST, SECOND = "gateway 192.0.2.1", "resolver 192.0.2.53", "resolver 198.51.100.53"
ALL = (GATEWAY, FIRST, SECOND)
NAMES = st.sets(st.sampled_from([f"site s{number}" for number in range(8)]))


def asked(*answered: str, of: tuple[str, ...] = ALL, linked: bool = True) -> Asked:
    silent = tuple(name for name in of if name not in answered)
    return Asked(answered, silent, linked=linked, took=0.1)


def reading(status: Status, kind: ErrorKind | None = None, at: int = 0) -> Reading:
    return Reading(status, status, at, 0.1, "no connection to 203.0.113.7:443 within 5s", kind)


def test_most_of_those_that_ever_answered_must_answer() -> None:
    assert not judged(asked(GATEWAY, FIRST), ALL).isolated
    assert judged(asked(GATEWAY), ALL).isolated
    assert judged(asked(), {GATEWAY}).isolated
    assert not judged(asked(GATEWAY), {GATEWAY}).isolated


def test_reference_that_never_answered_has_no_vote() -> None:
    assert not judged(asked(GATEWAY), {GATEWAY}).isolated
    unheard_of = judged(asked(), ())
    assert (unheard_of.isolated, unheard_of.reason) == (False, "no references: none is known to answer")


def test_operators_quorum_stands_and_can_be_met() -> None:
    assert not judged(asked(GATEWAY), ALL, 1).isolated
    assert judged(asked(GATEWAY, FIRST), ALL, 3).isolated
    assert not judged(asked(GATEWAY), {GATEWAY}, 3).isolated


def test_without_any_link_nobody_needs_to_be_asked() -> None:
    gone = judged(asked(of=(), linked=False), {LINK})
    assert (gone.isolated, gone.reason) == (True, "no network link of this host is up")
    assert not judged(asked(of=(), linked=False), ()).isolated, "there never was one"


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ((), "gateway 192.0.2.1 and 2 of 2 resolvers do not answer"),
        ((GATEWAY,), "2 of 2 resolvers do not answer"),
        ((FIRST,), "gateway 192.0.2.1 and 1 of 2 resolvers do not answer"),
    ],
)
def test_reason_names_who_is_silent(answered: tuple[str, ...], reason: str) -> None:
    assert judged(asked(*answered), ALL).reason == reason


def test_reason_of_one_alone_is_in_the_singular() -> None:
    assert judged(asked(of=(GATEWAY,)), {GATEWAY}).reason == "gateway 192.0.2.1 does not answer"


@given(answered=NAMES, silent=NAMES, trusted=NAMES, wanted=st.none() | st.integers(1, 20))
def test_more_answers_never_isolate(
    answered: set[str], silent: set[str], trusted: set[str], wanted: int | None
) -> None:
    silent -= answered
    before = judged(Asked(tuple(answered), tuple(silent), linked=True, took=0), trusted, wanted)
    for name in silent:
        more = Asked((*answered, name), tuple(silent - {name}), linked=True, took=0)
        if name in trusted and not before.isolated:
            assert not judged(more, trusted, wanted).isolated
    if before.isolated:
        assert silent & trusted, "only a known one's silence speaks"


@given(voters=st.integers(1, 50), wanted=st.none() | st.integers(1, 60))
def test_quorum_can_always_be_met(voters: int, wanted: int | None) -> None:
    assert 1 <= quorum_of(voters, wanted) <= voters


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_only_what_fails_on_the_way_can_be_our_own_network(kind: ErrorKind) -> None:
    on_the_way = kind in (ErrorKind.DNS, ErrorKind.TIMEOUT, ErrorKind.UNREACHABLE)
    assert failed_on_the_way(reading(Status.DOWN, kind)) == on_the_way
    assert was_answered(reading(Status.DOWN, kind)) != on_the_way
    assert not failed_on_the_way(reading(Status.UNKNOWN, kind))
    assert not was_answered(reading(Status.UNKNOWN, kind))


def test_failed_look_is_worth_nothing_and_tells_what_was_seen() -> None:
    failed = reading(Status.DOWN, ErrorKind.TIMEOUT)
    failed = unseen(failed, judged(asked(), ALL))
    assert (failed.status, failed.firm, failed.error_kind) == (
        Status.UNKNOWN,
        Status.UNKNOWN,
        ErrorKind.ISOLATED,
    )
    assert failed.message == (
        "the monitor is isolated (gateway 192.0.2.1 and 2 of 2 resolvers do not answer); "
        "seen: no connection to 203.0.113.7:443 within 5s"
    )
    assert step(NEW, failed, StateSpec(confirm=1))[1] is None


def test_failed_look_is_no_request_that_the_service_failed() -> None:
    failed = replace(reading(Status.DOWN, ErrorKind.TIMEOUT), requests=Requests({0: (1, 0)}))
    assert unseen(failed, judged(asked(), ALL)).requests is None


def test_problem_names_references_and_a_bounded_number_of_checks() -> None:
    told = problem(judged(asked(), ALL), 5, 9, [f"s{number:02}.c" for number in range(30)])
    assert (told.key, told.since, told.at, told.title) == (
        ("tocsin", "isolated"),
        5,
        9,
        "The monitor is isolated",
    )
    assert "No answer: gateway 192.0.2.1, resolver 192.0.2.53, resolver 198.51.100.53" in told.description
    assert told.description.endswith("s19.c and 10 more")
