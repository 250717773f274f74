"""The check's own use of a quota: counted, kept within its share, foretold, and left alone when little is left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.api.moments import Until
from checks.api.quota import Bucket, Quota
from checks.api.throttling import Throttling
from checks.api.use import LONGEST_REST, Manners, Use, as_memo, remembered, rested, used
from tests.checks.api.hearing import NOW

URL = "https://api.example.org/"
MANNERS = Manners(reserve=0.05, own_share=0.5)
CALM = Throttling()


def at(left: float, limit: float | None = 1000, reset: float | None = 3600, name: str = "") -> Quota:
    return Quota((Bucket(name, limit, left, reset=None if reset is None else Until(reset, 0.0)),))


def stored(use: Use, now: float) -> Use:
    """As a later look has it, over the disk."""
    return remembered(json.loads(json.dumps(as_memo(use, URL))), URL, now + 0.001)


def look(before: Use, quota: Quota, now: float, throttled: Throttling = CALM) -> Use:
    return stored(rested(used(before, quota, 1, now), quota, throttled, MANNERS, now), now)


def test_own_requests_are_counted_until_the_reset_and_survive_restarts() -> None:
    use = Use()
    for minute in range(30):
        use = look(use, at(1000 - minute, reset=3600 - 60 * minute), NOW + 60 * minute)
    assert use.own("") == 30
    assert look(use, at(999), NOW + 3601).own("") == 1


def test_redirects_count_as_requests_too() -> None:
    assert used(Use(), at(900), 3, NOW).own("") == 3


def test_answer_without_a_quota_still_counts() -> None:
    use = used(used(Use(), at(900), 1, NOW), Quota(), 1, NOW + 60)
    assert use.own("") == 2


def test_memo_of_another_address_is_none_of_ours() -> None:
    memo = as_memo(used(Use(), at(900), 1, NOW), URL)
    assert remembered(memo, "https://other.example.org/", NOW) == Use()


def test_last_of_the_quota_is_left_to_others_until_the_reset() -> None:
    use = look(Use(), at(50, reset=600), NOW)
    assert use.resting(NOW + 599.5) == (
        0.5,
        "50 of 1000 of the quota is left, which is left to others (quota.reserve)",
    )
    assert use.resting(NOW + 601) is None
    assert look(Use(), at(51, reset=600), NOW).resting(NOW + 1) is None


def test_share_of_this_check_is_not_passed() -> None:
    use, quota = Use(), 60
    for asked in range(quota):
        if use.resting(NOW + asked):
            break
        use = look(use, at(59, limit=quota, reset=3600 - asked), NOW + asked)
    assert asked == 30
    rest = use.resting(NOW + asked)
    assert rest is not None
    assert rest[0] == 3600 - asked
    assert "this check itself used 30 of 60, look less often" in rest[1]


def test_quota_of_one_does_not_stop_the_check_for_longer_than_its_window() -> None:
    use = look(Use(), at(0, limit=1, reset=1), NOW)
    assert use.resting(NOW + 0.5) is not None
    assert use.resting(NOW + 1) is None


@pytest.mark.parametrize(
    ("throttled", "quota", "seconds"),
    [
        (Throttling(throttled=True, retry_after=30.0), at(0, reset=600), 30),
        (Throttling(throttled=True, retry_after=0.0), at(0), None),
        (Throttling(throttled=True), at(0, reset=600), 600),
        (Throttling(throttled=True), Quota(), 60),
        (Throttling(throttled=True, retry_after=1e9), Quota(), LONGEST_REST),
    ],
)
def test_throttled_check_waits_as_long_as_it_is_told(
    throttled: Throttling, quota: Quota, seconds: float | None
) -> None:
    rest = look(Use(), quota, NOW, throttled).resting(NOW)
    assert (rest and rest[0]) == seconds


def test_without_a_word_how_long_each_wait_is_longer_up_to_a_quarter_of_an_hour() -> None:
    use, waits, now = Use(), [], NOW
    for _ in range(7):
        use = look(use, Quota(), now, Throttling(throttled=True))
        rest = use.resting(now)
        assert rest is not None
        waits.append(rest[0])
        now += rest[0]
    assert waits == [60, 120, 240, 480, 900, 900, 900]
    calm = look(use, Quota(), now)
    again = look(calm, Quota(), now, Throttling(throttled=True)).resting(now)
    assert again is not None
    assert again[0] == 60


def test_clock_set_back_does_not_make_it_wait_for_ever() -> None:
    use = look(Use(), at(0, reset=600), NOW)
    assert use.resting(NOW - 86400) is None
    assert use.resting(NOW - 5) is not None


def steadily(
    per_look: float, looks: int, every: float, window: float, limit: float = 5000
) -> tuple[Use, Quota]:
    """A quota that is used at an even pace and filled up at the end of each window."""
    use, quota = Use(), Quota()
    for number in range(looks):
        passed = number * every
        into = passed % window
        quota = at(limit - per_look * into / every, limit, window - into)
        use = look(use, quota, NOW + passed)
    return use, quota


@pytest.mark.parametrize(("per_look", "every"), [(100, 60), (7, 5), (50, 30)])
def test_exhaustion_before_the_reset_is_foretold(per_look: float, every: float) -> None:
    use, quota = steadily(per_look, 30, every, 100_000)
    seconds, enough = use.exhausted_in(quota.tightest)
    left = quota.tightest.left
    assert enough
    assert left is not None
    assert seconds == pytest.approx(left / (per_look / every), rel=0.05)


def test_forecast_goes_on_over_the_reset() -> None:
    use, quota = steadily(100, 33, 60, 1800, limit=3500)
    assert quota.tightest.left == 3300
    seconds, enough = use.exhausted_in(quota.tightest)
    assert (seconds, enough) == (None, True)
    hasty = Bucket("", 3500, 100, reset=Until(1700, 0.0))
    assert use.exhausted_in(hasty)[0] == pytest.approx(60, rel=0.1)


def test_nothing_is_foretold_when_the_reset_comes_first() -> None:
    use, quota = steadily(10, 30, 60, 3600)
    assert use.exhausted_in(quota.tightest) == (None, True)


def test_forecast_is_unknown_at_first_and_nothing_left_is_nothing_left() -> None:
    use, quota = steadily(10, 3, 60, 3600)
    assert use.exhausted_in(quota.tightest) == (None, False)
    assert use.exhausted_in(Bucket("", 10, 0)) == (0.0, True)
    assert use.exhausted_in(Bucket()) == (None, False)


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "of": st.just(as_memo(Use(), URL)["of"]),
            "at": _ODD,
            "rests": _ODD,
            "streak": _ODD,
            "buckets": _ODD,
        },
    )
    | _ODD
)
def test_no_memo_breaks_a_look(memo: Any) -> None:
    use = remembered(memo, URL, NOW)
    use.resting(NOW)
    again = rested(used(use, at(500), 1, NOW), at(500), CALM, MANNERS, NOW)
    stored = json.loads(json.dumps(as_memo(again, URL), allow_nan=False))
    assert as_memo(remembered(stored, URL, NOW + 1), URL) == stored  # as the next look finds it


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e6),
            st.integers(0, 10**19),
            st.none() | st.integers(0, 10**19),
            st.none() | st.floats(0, 1e9),
            st.text(max_size=2),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_comes_the_memo_stays_small_and_the_rest_bounded(looks: list[Any]) -> None:
    use, now = Use(), NOW
    for after, left, limit, reset, name, throttled in looks:
        now += after
        use = look(use, at(left, limit, reset, name), now, Throttling(throttled=throttled))
        rest = use.resting(now)
        assert rest is None or 0 < rest[0] <= LONGEST_REST + 1e-3
    memo = json.dumps(as_memo(use, URL), allow_nan=False)
    assert len(memo) < 20_000
    assert len(use.buckets) <= 4
