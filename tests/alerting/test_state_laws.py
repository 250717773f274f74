"""Laws of the state machine, for any readings: against slow reckonings of the whole history, written apart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from alerting.state import CheckState, Flip, StateSpec, dump, look_in, restore, step, wants_retry
from checks.base import LEVEL, Status
from config.conditions import Hold
from config.confirming import Thresholds
from tests.readings import SECOND, WORDS, reading

Look = tuple[str, int]  # what was seen, and seconds since the look before
LOOKS = st.lists(st.tuples(st.sampled_from("oogddu"), st.integers(1, 90)), max_size=50)
FLIPPY = st.lists(st.tuples(st.sampled_from("ooodgu"), st.integers(1, 90)), max_size=90)
SHARES = st.integers(1, 100).map(lambda part: Fraction(part, 100))


@st.composite
def specs(draw: st.DrawFn, *, holds: bool = False) -> StateSpec:
    of = draw(st.none() | st.integers(1, 7))
    hold = (
        st.none()
        | st.builds(Hold, count=st.integers(1, 3), of=st.integers(3, 6))
        | st.just(Hold(seconds=60.0))
    )
    return StateSpec(
        confirm=draw(st.integers(1, of or 4)),
        recover=draw(st.integers(1, 3)),
        holds=(draw(hold), draw(hold)) if holds else (None, None),
        valid_for=draw(st.sampled_from((None, 70.0))),
        confirm_of=of,
        recover_after=draw(st.sampled_from((0.0, 45.0, 180.0))),
    )


def played(looks: list[Look], spec: StateSpec, firm: str | None = None) -> tuple[CheckState, list[Flip]]:
    state, flips, at = CheckState(), list[Flip](), 0
    for word, wait in looks:
        at += wait
        state, flip = step(state, reading(word, at, firm="u" if word == "u" else firm), spec)
        flips += [flip] if flip else []
    return state, flips


@dataclass
class Reckoned:
    """What the words of `confirm`, `recover` and `recover_after` come to, reckoned anew from all readings kept.

    `story` are the known readings since the last gap; those before `fresh` belong to trouble that is over.
    """

    spec: StateSpec
    level: int = 0
    story: list[tuple[int, int]] = field(default_factory=list)
    fresh: int = 0
    looked: int | None = None
    flips: list[tuple[int, int, int]] = field(default_factory=list)  # to which level, since when, when

    def look(self, word: str, at: int) -> None:
        longest = self.spec.valid_for
        if self.looked is not None and longest is not None and at - self.looked > longest:
            self.story, self.fresh = [], 0
        self.looked = at
        if word == "u":
            return
        seen = LEVEL[WORDS[word]]
        self.story.append((at, seen))
        worse = [level for level in range(self.level + 1, seen + 1) if self._trouble(level)]
        better = [level for level in range(self.level) if self._well(level)]
        if worse:
            self._flip(max(worse), min(self._trouble(max(worse))), at)
        elif better:
            self._flip(min(better), self._row(lambda level: level <= min(better))[0], at)
            self.fresh = len(self.story)

    def _flip(self, level: int, since: int, at: int) -> None:
        self.level = level
        self.flips.append((level, since, at))

    def _trouble(self, level: int) -> list[int]:
        """The moments that confirm the level; none when they are too few."""
        if self.spec.confirm_of is None:
            found = self._row(lambda seen: seen >= level)
        else:
            latest = self.story[self.fresh :][-self.spec.confirm_of :]
            found = [at for at, seen in latest if seen >= level]
        return found if len(found) >= self.spec.confirm else []

    def _well(self, level: int) -> bool:
        row = self._row(lambda seen: seen <= level)
        return len(row) >= self.spec.recover and row[-1] - row[0] >= self.spec.recover_after

    def _row(self, counts: object) -> list[int]:
        row: list[int] = []
        for at, seen in reversed(self.story):
            if not counts(seen):  # type: ignore[operator]  # a plain question to a level
                break
            row.insert(0, at)
        return row


@given(LOOKS, specs(), st.booleans())
def test_flips_come_when_the_words_of_the_configuration_allow_and_not_before(
    looks: list[Look], spec: StateSpec, looks_far_back: bool
) -> None:
    """A condition that wants more readings kept than `confirm` does makes no difference."""
    if looks_far_back:
        spec = replace(spec, holds=(None, Hold(count=64, of=64)))
    reckoned, at = Reckoned(spec), 0
    for word, wait in looks:
        at += wait
        reckoned.look(word, at)
    _, flips = played(looks, spec)
    seen = [(LEVEL[flip.after], flip.segments[-1][0] // SECOND, flip.at // SECOND) for flip in flips]
    assert seen == reckoned.flips


@given(LOOKS, specs(holds=True), st.sampled_from((None, "o")))
def test_flips_alternate_and_their_segments_are_in_order_within_what_was_unsettled(
    looks: list[Look], spec: StateSpec, firm: str | None
) -> None:
    state, at, before = CheckState(), 0, Status.OK
    for word, wait in looks:
        at += wait
        unsettled = state.unsettled_since
        state, flip = step(state, reading(word, at, firm="u" if word == "u" else firm), spec)
        if flip is None:
            continue
        moments = [since for since, _ in flip.segments]
        assert word != "u"
        assert (flip.before, flip.after) == (before, state.state)
        assert flip.after is not before
        assert flip.segments[-1][1] is flip.after
        assert moments == sorted(set(moments))
        assert (flip.since, flip.at) == (moments[0], at * SECOND)
        assert (unsettled if unsettled is not None else flip.at) <= flip.since <= flip.at
        before = flip.after


@given(FLIPPY, specs(holds=True))
def test_an_unknown_reading_changes_nothing_but_that_it_is_unknown(
    looks: list[Look], spec: StateSpec
) -> None:
    """Left out, nothing else flips, nor flaps. Only a gap tells them apart: somebody did look in it."""
    unbound = replace(spec, valid_for=None)
    at, state, known = 0, CheckState(), CheckState()
    for word, wait in looks:
        at += wait
        before = state
        state, flip = step(state, reading(word, at), unbound)
        if word == "u":
            assert flip is None
            assert (state.state, state.since, state.ring) == (before.state, before.since, before.ring)
            continue
        known, expected = step(known, reading(word, at), unbound)
        assert (flip, state) == (expected, known)


@given(FLIPPY, SHARES, SHARES)
def test_the_ring_is_what_the_whole_history_says(looks: list[Look], one: Fraction, other: Fraction) -> None:
    spec = StateSpec(flapping=Thresholds(max(one, other), min(one, other)))
    state, levels, at, flapping = CheckState(), list[int](), 0, False
    for word, wait in looks:
        at += wait
        state, _ = step(state, reading(word, at), spec)
        if word == "u":
            assert state.flapping is flapping
            continue
        levels.append(LEVEL[WORDS[word]])
        share = Fraction(0)
        for age in range(min(20, len(levels) - 1)):
            if levels[-1 - age] != levels[-2 - age]:
                share += (Fraction(118, 100) - age * Fraction(2, 100)) / 20
        flapping = share >= spec.flapping.leave if flapping else share > spec.flapping.enter
        assert (state.flap_share, state.flapping) == (float(share), flapping)
        assert state.flap_pattern == "".join(".-x"[level] for level in levels[-21:]).lstrip(".")


@given(LOOKS, specs(holds=True), st.sampled_from((None, "o")))
def test_a_state_survives_being_stored_at_any_moment(
    looks: list[Look], spec: StateSpec, firm: str | None
) -> None:
    state, at = CheckState(), 0
    for word, wait in looks:
        at += wait
        assert restore(json.loads(json.dumps(dump(state)))) == state
        state, _ = step(state, reading(word, at, firm="u" if word == "u" else firm), spec)
    assert restore(json.loads(json.dumps(dump(state)))) == state


@given(LOOKS, specs())
def test_quick_looks_come_to_an_end_when_nothing_changes(looks: list[Look], spec: StateSpec) -> None:
    """Neither waiting for `recover_after` nor for M of N spins: as many as are to be counted, and no more."""
    for word in "ogd":
        state, _ = played(looks, spec)
        at, quick = sum(wait for _, wait in looks), 0
        for _ in range(40):
            at += 5
            state, _ = step(state, reading(word, at), spec)
            quick += wants_retry(state, spec)
        assert quick <= max(spec.confirm, 2 * spec.recover)


@given(LOOKS, specs())
def test_where_time_alone_is_lacking_one_more_good_look_at_that_time_ends_the_trouble(
    looks: list[Look], spec: StateSpec
) -> None:
    state, _ = played(looks, spec)
    left = look_in(state, spec)
    if left is None or (spec.valid_for is not None and left > spec.valid_for):
        return
    at = state.last_at / SECOND + left
    early, _ = step(state, reading("o", at - 0.5), spec)
    assert early.level == state.level or left <= 0.5
    after, flip = step(state, reading("o", at), spec)
    assert flip is not None
    assert after.level < state.level
