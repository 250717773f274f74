"""What an agreement leaves out: the order of the rules by hand, the laws against a count of unit after unit."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.exclusions import Excluded, Exclusions, Windows
from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span, union
from alerting.slo.uptime import Account, Outage, UptimePolicy, account

HORIZON = 30
PERIOD = Period("by hand", 0, HORIZON, "UTC")
LETTERS = {"u": Klass.UP, "g": Klass.DEGRADED, "d": Klass.DOWN, "m": Klass.MAINTENANCE, "?": Klass.UNKNOWN}

units = st.frozensets(st.integers(0, HORIZON - 1), max_size=HORIZON)
moments = st.integers(0, HORIZON)
timelines = st.lists(st.sampled_from([*Klass, None]), min_size=HORIZON, max_size=HORIZON)
policies = st.builds(
    UptimePolicy,
    degraded=st.sampled_from(["up", "down"]),
    unknown=st.sampled_from(["exclude", "down", "up"]),
    maintenance=st.sampled_from(["exclude", "down"]),
    target=st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(99, 100), Fraction(1)]),
)
drawn = st.tuples(timelines, policies, st.none() | units, st.lists(units, max_size=3), moments, moments)
Drawn = tuple[
    list[Klass | None], UptimePolicy, frozenset[int] | None, list[frozenset[int]], int, int
]  # closed, down of each, as of, since


def windows(chosen: frozenset[int]) -> Windows:
    return tuple(union((unit, unit + 1) for unit in chosen))


def leaving_out(
    policy: UptimePolicy, closed: frozenset[int] | None, down: list[frozenset[int]]
) -> UptimePolicy:
    exclusions = Exclusions(
        None if closed is None else windows(closed),
        tuple((f"other{number}", windows(each)) for number, each in enumerate(down)),
    )
    return UptimePolicy(policy.degraded, policy.unknown, policy.maintenance, policy.target, exclusions)


def spans_of(timeline: list[Klass | None]) -> list[Span]:
    return [Span(at, at + 1, klass) for at, klass in enumerate(timeline) if klass is not None]


def reckoned(case: Drawn) -> Account:
    timeline, policy, closed, down, as_of, since = case
    return account(spans_of(timeline), PERIOD, leaving_out(policy, closed, down), as_of, since)


def put_down_to(case: Drawn, unit: int) -> str:
    """What somebody who goes through the units writes beside each: a class, or why it is left out."""
    timeline, _, closed, down, _, _ = case
    if closed is not None and unit in closed:
        return "hours"
    klass = timeline[unit] or Klass.UNKNOWN
    if klass is Klass.MAINTENANCE:
        return klass
    return next((f"other{number}" for number, each in enumerate(down) if unit in each), klass.value)


@given(drawn)
def test_every_figure_agrees_with_counting_unit_by_unit(case: Drawn) -> None:
    _, policy, closed, down, as_of, since = case
    got = reckoned(case)
    tally = Counter(put_down_to(case, unit) for unit in range(since, as_of))
    assert got.by_class == {klass: tally[klass] for klass in Klass}
    causes = [*(["hours"] if closed is not None else []), *(f"other{number}" for number in range(len(down)))]
    assert [(each.by, each.length) for each in got.excluded] == [(cause, tally[cause]) for cause in causes]
    treated = {"up": "up", "down": "down", "degraded": policy.degraded, "unknown": policy.unknown}
    treated["maintenance"] = policy.maintenance
    good, bad = (sum(tally[klass] for klass in treated if treated[klass] == part) for part in ("up", "down"))
    assert (got.good, got.bad) == (good, bad)
    assert got.observed == max(as_of - since, 0) - tally["hours"]
    coming = Counter(put_down_to(case, unit) for unit in range(max(since, as_of), HORIZON))
    ahead = coming.total() - coming["hours"]
    ahead -= coming["maintenance"] if policy.maintenance == "exclude" else 0
    assert got.budget == (1 - policy.target) * (good + bad + ahead)


@given(drawn)
def test_classes_and_causes_tile_the_time_that_has_passed_and_outages_last_as_long_as_the_bad_time(
    case: Drawn,
) -> None:
    got, (*_, as_of, since) = reckoned(case), case
    passed = sum(got.by_class.values()) + sum(each.length for each in got.excluded)
    assert passed == max(as_of - since, 0)
    assert sum(outage.end - outage.start for outage in got.outages) == got.bad
    assert all(one.end < two.start for one, two in pairwise(got.outages))
    for outage in got.outages:
        kept = [put_down_to(case, unit) in list(Klass) for unit in range(outage.start, outage.end)]
        assert all(kept)


@given(drawn)
def test_at_the_end_budget_is_left_exactly_when_the_target_is_met(case: Drawn) -> None:
    timeline, policy, closed, down, _, since = case
    got = reckoned((timeline, policy, closed, down, HORIZON, since))
    assert got.met == (None if got.uptime is None else got.budget_left >= 0)


@given(timelines, policies, st.integers(0, 3), moments, moments)
def test_hours_that_never_end_and_services_that_were_never_down_change_nothing(
    timeline: list[Klass | None], policy: UptimePolicy, others: int, as_of: int, since: int
) -> None:
    without = account(spans_of(timeline), PERIOD, policy, as_of, since)
    never = frozenset[int]()
    got = reckoned((timeline, policy, never, [never] * others, as_of, since))
    assert all(each.length == 0 for each in got.excluded)
    for figure in (
        "by_class",
        "observed",
        "counted",
        "good",
        "bad",
        "met",
        "budget",
        "budget_left",
        "outages",
    ):
        assert getattr(got, figure) == getattr(without, figure)


def picture(letters: str, closed: str = "", down: str = "", policy: UptimePolicy | None = None) -> Account:
    """An ended period as it is drawn, `x` under it where it is closed, `d` where another service was down."""
    exclusions = Exclusions(
        windows(frozenset(at for at, letter in enumerate(closed) if letter == "x")) if closed else None,
        (("edge", windows(frozenset(at for at, letter in enumerate(down) if letter == "d"))),)
        if down
        else (),
    )
    agreed = policy or UptimePolicy()
    agreed = UptimePolicy(agreed.degraded, agreed.unknown, agreed.maintenance, agreed.target, exclusions)
    spans = [Span(at, at + 1, LETTERS[letter]) for at, letter in enumerate(letters)]
    return account(spans, Period("drawn", 0, len(letters), "UTC"), agreed, len(letters), 0)


def test_time_outside_of_the_hours_was_not_to_be_observed_and_that_of_an_outage_elsewhere_was() -> None:
    # 8 units within the hours, of which one is the other service's: 7 of 8 are counted, 4 of 7 are good.
    got = picture("uuudduuddu", closed="xx........", down="...d......")
    assert (got.observed, got.counted, got.uptime) == (8, 7, Fraction(4, 7))
    assert got.coverage == Fraction(7, 8)
    assert got.excluded == (Excluded("hours", 2, promised=False), Excluded("edge", 1, promised=True))


def test_hours_go_before_planned_work_and_planned_work_before_an_outage_elsewhere() -> None:
    got = picture("mmmuuu", closed="x..x..", down="dd.dd.")
    assert got.by_class[Klass.MAINTENANCE] == 2
    assert [each.length for each in got.excluded] == [2, 1]


def test_planned_work_that_counts_as_down_does_so_within_the_hours_and_during_outages_elsewhere() -> None:
    got = picture("mmmuuu", closed="x.....", down=".d....", policy=UptimePolicy(maintenance="down"))
    assert (got.bad, got.uptime, got.outages) == (2, Fraction(3, 5), (Outage(1, 3),))


def test_unseen_time_that_counts_as_down_does_not_where_nothing_is_promised() -> None:
    got = picture("????uu", closed="x.....", down=".d....", policy=UptimePolicy(unknown="down"))
    assert (got.bad, got.uptime, got.outages) == (2, Fraction(1, 2), (Outage(2, 4),))


def test_an_outage_ends_where_time_is_left_out_and_a_further_one_begins_after_it() -> None:
    assert picture("udddddu", down="...d...").outages == (Outage(1, 3), Outage(4, 6))
    assert picture("udddddu", closed="xx...x.").outages == (Outage(2, 5),)


def test_when_all_of_it_is_left_out_there_is_no_figure() -> None:
    got = picture("uudd", closed="xxxx")
    assert (got.uptime, got.met, got.coverage, got.budget, got.observed) == (None, None, None, Fraction(0), 0)
    got = picture("uudd", down="dddd")
    assert (got.uptime, got.met, got.coverage, got.budget) == (None, None, Fraction(0), Fraction(0))


def test_the_budget_is_for_the_hours_that_are_to_come_and_for_no_planned_work_in_them() -> None:
    # Of 100 units 40 have passed, all of them up and within the hours. Of the 60 to come 20 are closed, and of the 20
    # of planned work 10 lie within the hours: the base is 40 + 60 - 20 - 10 = 70, or 80 where planned work is bad.
    spans = [Span(0, 40, Klass.UP), Span(50, 70, Klass.MAINTENANCE)]
    period, hours = Period("drawn", 0, 100, "UTC"), Exclusions(((60, 80),))
    policy = UptimePolicy(target=Fraction(9, 10), exclusions=hours)
    assert account(spans, period, policy, 40, 0).budget == 7
    policy = UptimePolicy(maintenance="down", target=Fraction(9, 10), exclusions=hours)
    assert account(spans, period, policy, 40, 0).budget == 8


def test_an_outage_elsewhere_that_still_lasts_says_nothing_of_the_time_to_come() -> None:
    policy = UptimePolicy(exclusions=Exclusions(None, (("edge", ((2, 4),)),)))
    got = account([Span(0, 4, Klass.UP)], Period("drawn", 0, 10, "UTC"), policy, 4, 0)
    assert got.budget == Fraction(2 + 6, 100)
