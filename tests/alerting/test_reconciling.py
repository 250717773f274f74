"""What is here against what is there: each difference is named, and what delivery is at is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting.messages import Desired, Observed, RemoteState, Wanted, carried_key
from alerting.outgoing import Outgoing, Standing
from alerting.reconciling import Difference, Here, Sort, There, differences, to_read

KEY = "toc-" + "a" * 32
OTHER = "toc-" + "b" * 32


def entry(state: Standing = Standing.DONE, wanted: Wanted = "open", seen: Observed | None = None) -> Outgoing:
    desired = Desired(KEY, "T-1", "title", "", "high", "high", wanted, "web", "home", 1)
    return Outgoing("desk", KEY, 1, desired, state, 1, 1, done_version=1, observed=seen)


def remote(id: str = "7", state: RemoteState = RemoteState.OPEN, key: str | None = KEY) -> Observed:
    return Observed(id, state, key=key)


def found(one: Outgoing, there: There, tickets: tuple[int, ...] = (1,)) -> list[tuple[Sort, str | None]]:
    told = differences(Here([one], tickets), there)
    return [(each.sort, each.there.id if each.there else None) for each in told]


def test_an_open_one_that_is_there_is_no_difference() -> None:
    assert found(entry(seen=remote()), There([remote()])) == []


def test_an_open_one_that_is_not_in_the_list_is_looked_at_by_itself() -> None:
    mine = entry(seen=remote())
    assert to_read([mine], [remote("8")]) == [mine]
    assert to_read([mine], [remote("7")]) == []
    assert to_read([entry(wanted="resolved", seen=remote()), entry(Standing.WAITING)], []) == []
    assert found(mine, There([], {KEY: remote()})) == []


@pytest.mark.parametrize("read", [None, remote(state=RemoteState.GONE)])
def test_one_that_is_not_there_at_all_is_missing(read: Observed | None) -> None:
    assert found(entry(seen=remote()), There([], {KEY: read})) == [(Sort.MISSING, None)]


def test_another_of_the_same_key_could_take_the_place_of_a_missing_one() -> None:
    assert found(entry(seen=remote()), There([remote("9")], {KEY: None})) == [(Sort.MISSING, "9")]


def test_one_that_was_refused_or_is_left_to_a_person_is_missing() -> None:
    refused = replace(entry(Standing.PARKED), last_error="HTTP 422")
    (told,) = differences(Here([refused], [1]), There())
    assert (told.sort, told.why) == (Sort.MISSING, "HTTP 422")
    assert found(entry(Standing.DOUBT), There()) == [(Sort.MISSING, None)]


@pytest.mark.parametrize("state", [Standing.WAITING, Standing.LEASED])
def test_what_delivery_is_at_is_no_difference(state: Standing) -> None:
    assert found(entry(state), There([remote()])) == []
    assert found(replace(entry(Standing.DOUBT), next_at=5), There([remote()])) == []


def test_what_a_person_dropped_is_left_alone() -> None:
    assert found(entry(Standing.DROPPED, seen=remote()), There([remote(), remote("8")])) == []


@pytest.mark.parametrize("state", [RemoteState.RESOLVED, RemoteState.CLOSED])
def test_one_that_ended_there_and_is_open_here_stands_otherwise(state: RemoteState) -> None:
    assert found(entry(seen=remote()), There([], {KEY: remote(state=state)})) == [(Sort.STATE, "7")]


def test_one_that_is_over_here_and_open_there_is_an_orphan_once_its_ticket_is_forgotten() -> None:
    over = entry(wanted="resolved", seen=remote(state=RemoteState.RESOLVED))
    assert found(over, There([remote()])) == [(Sort.STATE, "7")]
    assert found(over, There([remote()]), tickets=()) == [(Sort.ORPHAN, "7")]
    assert found(over, There([])) == []


def test_one_that_came_to_be_though_it_was_given_up_is_an_orphan() -> None:
    assert found(entry(wanted="resolved"), There([remote()])) == [(Sort.ORPHAN, "7")]


def test_a_second_one_of_a_key_is_a_twin() -> None:
    assert found(entry(seen=remote()), There([remote("7"), remote("8")])) == [(Sort.TWIN, "8")]


def test_an_earlier_one_that_is_open_again_is_a_twin_of_the_one_that_went_on() -> None:
    later = replace(entry(seen=remote("9", key=carried_key(KEY, 1))), epoch=1)
    listed = [remote("7"), remote("9", key=carried_key(KEY, 1))]
    assert found(later, There(listed)) == [(Sort.TWIN, "7")]


def test_a_key_that_was_never_made_here_is_a_strangers_and_one_without_a_key_is_nobodys() -> None:
    (told,) = differences(Here([entry(seen=remote())], [1]), There([remote(), remote("8", key=OTHER)]))
    assert told == Difference(Sort.STRANGER, OTHER, told.why, None, remote("8", key=OTHER))
    assert found(entry(seen=remote()), There([remote(), remote("8", key=None)])) == []


def test_differences_come_in_the_order_of_their_sorts() -> None:
    lacking = replace(entry(Standing.PARKED), key=OTHER)
    told = differences(
        Here([entry(seen=remote()), lacking], [1]), There([remote(), remote("8"), remote("9", key="toc-x")])
    )
    assert [(each.sort, each.key) for each in told] == [
        (Sort.MISSING, OTHER),
        (Sort.TWIN, KEY),
        (Sort.STRANGER, "toc-x"),
    ]
