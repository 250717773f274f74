"""Blips: what is listed of readings that were never confirmed, against somebody who looks at the whole story."""

from __future__ import annotations

import json
from itertools import pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.blips import Blip, weighed
from alerting.state import NO_DOUBTS, CheckState, Flip, StateSpec, dump, restore, step
from checks.base import Reading, Status
from config.conditions import Hold
from tests.readings import SECOND, reading

TWICE = StateSpec(confirm=2, recover=2, valid_for=100.0)


def played(
    readings: list[Reading], spec: StateSpec = TWICE, *, restarts: bool = False
) -> tuple[list[Blip], list[Flip], CheckState]:
    state, blips, flips = CheckState(), list[Blip](), list[Flip]()
    for each in readings:
        if restarts:
            state = restore(json.loads(json.dumps(dump(state))))
        after, flip = step(state, each, spec)
        state, blip = weighed(state, after, each, spec.valid_for)
        blips += [blip] if blip else []
        flips += [flip] if flip else []
    return blips, flips, state


def told(words: str, spec: StateSpec = TWICE, every: int = 10) -> list[tuple[int, int, str, int]]:
    """Blips of readings so many seconds apart: from, to, worst, count."""
    found, _, _ = played([reading(word, number * every) for number, word in enumerate(words)], spec)
    return [(blip.start // SECOND, blip.end // SECOND, blip.worst.value, blip.count) for blip in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ooo", []),
        ("odo", [(10, 20, "down", 1)]),
        ("ogo", [(10, 20, "degraded", 1)]),
        ("oddo", []),  # confirmed
        ("oud", []),  # still in doubt
        ("oduuo", [(10, 40, "down", 1)]),  # an unknown reading neither counts nor ends it
        ("odogo", [(10, 20, "down", 1), (30, 40, "degraded", 1)]),
        ("ddod", []),  # a recovery that is not confirmed is none
        ("ddoogdo", [(50, 60, "down", 1)]),  # degraded is confirmed by the worse reading, down is not
        ("oggdg", [(30, 40, "down", 1)]),  # worse than an incident, and not confirmed
        ("odg", [(10, 20, "down", 1)]),  # degraded is confirmed, down is not
        ("odgg", [(10, 20, "down", 1)]),
        ("oggdd", []),
        ("dddgo", []),
    ],
)
def test_a_blip_lasts_from_the_first_failing_reading_to_the_one_that_refutes_it(
    words: str, expected: list[tuple[int, int, str, int]]
) -> None:
    assert told(words) == expected


def test_one_blip_tells_of_all_its_readings_and_of_the_worst() -> None:
    slow = StateSpec(confirm=5, recover=2, valid_for=100.0)
    assert told("ogdgdo", slow) == [(10, 50, "down", 4)]
    assert told("ogdgggo", slow) == [
        (20, 30, "down", 1)
    ]  # five times degraded are confirmed, once down is not


def test_the_reason_is_that_of_the_latest_of_the_worst_and_no_longer_than_it_may_be() -> None:
    slow = StateSpec(confirm=5, recover=2, valid_for=100.0)
    looks = [
        reading("g", 0, message="slow"),
        reading("d", 10, message="refused"),
        reading("d", 20, message="reset " * 100),
        reading("g", 30, message="slow again"),
        reading("o", 40),
    ]
    ((blip,), _, _) = played(looks, slow)
    assert blip.reason.startswith("reset reset")
    assert len(blip.reason) == 300


def test_a_failing_reading_that_nothing_follows_in_time_is_a_blip_for_as_long_as_it_was_believed() -> None:
    late = [reading("d", 10), reading("d", 500), reading("o", 510)]
    blips, flips, _ = played(late)
    assert [(blip.start // SECOND, blip.end // SECOND) for blip in blips] == [(10, 110), (500, 510)]
    assert flips == []


@given(st.lists(st.tuples(st.sampled_from("oogdu"), st.integers(1, 150)), max_size=30), st.integers(1, 4))
def test_every_failing_reading_is_confirmed_or_listed_or_still_in_doubt(
    looks: list[tuple[str, int]], confirm: int
) -> None:
    """And none is two of these, also over restarts; whoever looks on tells by the flips alone what was confirmed."""
    spec = StateSpec(confirm=confirm, recover=2, valid_for=100.0)
    at, readings = 0, list[Reading]()
    for word, wait in looks:
        at += wait
        readings.append(reading(word, at))
    blips, flips, state = played(readings, spec, restarts=True)
    assert (blips, flips, state) == played(readings, spec)
    for each in readings:
        if each.status in (Status.OK, Status.UNKNOWN):
            continue
        before = [flip for flip in flips if flip.at < each.at]
        inside = before[-1].after if before else Status.OK
        # Confirmed: the state was that bad already, or a flip says that it was from an earlier moment on.
        by_flip = any(flip.since <= each.at <= flip.at and flip.after is not Status.OK for flip in flips)
        within = [blip for blip in blips if blip.start <= each.at < blip.end]
        doubt = any(doubt is not None and doubt.first <= each.at for doubt in state.doubts)
        assert inside is not Status.OK or by_flip or len(within) == 1 or doubt, (each, blips, flips)
        if inside is Status.OK and not by_flip:
            assert (len(within) == 1) != doubt
    assert all(first.end <= second.start for first, second in pairwise(blips))


def test_good_readings_leave_nothing_to_weigh() -> None:
    before = CheckState(state=Status.OK, last_at=0, last_status=Status.OK)
    after, _ = step(before, reading("o", 10), TWICE)
    assert weighed(before, after, reading("o", 10), 100.0) == (after, None)
    assert weighed(before, after, reading("o", 10), 100.0)[0] is after
    assert after.doubts == NO_DOUBTS


def test_what_an_older_version_kept_of_a_check_has_no_doubts() -> None:
    older = dump(CheckState(state=Status.OK, last_at=5, last_status=Status.OK))[:7]
    assert restore(older).doubts == NO_DOUBTS


def test_of_3_of_5_each_reading_may_be_refuted_and_all_of_them_be_confirmed() -> None:
    """The store forgets the blips that the flip confirms."""
    spec = StateSpec(confirm=9, recover=2, holds=(None, Hold(count=3, of=5)), valid_for=100.0)
    looks = [reading(word, number * 10, firm="o") for number, word in enumerate("ododod")]
    blips, (flip,), _ = played(looks, spec)
    assert [(blip.start // SECOND, blip.end // SECOND) for blip in blips] == [(10, 20), (30, 40)]
    assert flip.since == 10 * SECOND
    assert list(takewhile(lambda blip: blip.start >= flip.since and blip.end <= flip.at, blips)) == blips
