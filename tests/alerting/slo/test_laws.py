"""Laws of the figures: whatever is told in whatever order and pieces, they are what counting seconds gives."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.uptime import Alive, Ledger, Told, accounted, retired
from alerting.slo.events import Event
from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span, merged
from config.options import UptimeConfig
from tests.alerting.slo.histories import (
    HORIZON,
    SECOND,
    WORDS,
    agreements,
    histories,
    moment,
    plain,
    records,
    seconds,
    shown,
)
from tests.alerting.slo.oracle import Agreement, History, counted, inside, stretches
from tests.alerting.slo.vectors.vector import Asked, Vector, answered

ends = st.tuples(seconds, st.integers(0, 2 * HORIZON)).map(lambda each: sorted(set(each))).filter(
    lambda each: len(each) == 2
)  # fmt: skip
chance = st.randoms(use_true_random=False)


def product(told: list[str], agreement: Agreement, start: int, end: int, as_of: int) -> dict[str, object]:
    """What the product answers, in the oracle's terms."""
    asked = Asked(start=moment(start), end=moment(end), as_of=moment(as_of))
    percent = str(float(agreement.target * 100))
    words = {key: getattr(agreement, key) for key in ("degraded", "unknown", "maintenance")}
    return plain(answered(Vector("law", "", "\n".join(told), asked, {}, percent, words)))


@given(histories, agreements, ends, seconds)
@example(History([(0, "up", None), (3, "down", 2), (3, "down", None)]), Agreement(), [0, 9], 9)
def test_every_figure_is_what_counting_seconds_gives(
    history: History, agreement: Agreement, window: list[int], as_of: int
) -> None:
    start, end = window
    wanted = shown(counted(history, agreement, start, end, as_of))
    assert product(records(history), agreement, start, end, as_of) == wanted


@given(histories, agreements, chance)
def test_shuffled_lines_give_the_same_answer(history: History, agreement: Agreement, dice: Random) -> None:
    lines = records(history)
    mixed = list(lines)
    dice.shuffle(mixed)
    # Of several events of one moment the last one counts: among themselves they keep their order.
    queues: dict[str, list[str]] = {}
    for line in lines:
        queues.setdefault(line.split()[0], []).append(line)
    mixed = [queues[line.split()[0]].pop(0) for line in mixed]
    wanted = shown(counted(history, agreement, 0, HORIZON, 50))
    assert product(mixed, agreement, 0, HORIZON, 50) == wanted


@given(histories, agreements, st.lists(seconds, max_size=8))
def test_events_that_only_repeat_what_holds_change_nothing(
    history: History, agreement: Agreement, moments: list[int]
) -> None:
    repeated = History(list(history.events), history.work, history.off)
    for at in moments:
        said = in_force(history, at)
        if said is not None:
            repeated.events.append((at, *said))
    wanted = shown(counted(history, agreement, 0, HORIZON, 50))
    assert product(records(repeated), agreement, 0, HORIZON, 50) == wanted


def in_force(history: History, second: int) -> tuple[str, int | None] | None:
    """What holds at the second, for how long from it on; `unknown` where belief has run out, None before all."""
    known = [event for event in history.events if event[0] <= second]
    if not known:
        return None
    last = max(at for at, _, _ in known)
    _, word, lasts = [event for event in known if event[0] == last][-1]
    if lasts is None:
        return word, None
    left = last + lasts - second
    return (word, left) if left > 0 else ("unknown", None)


def spans_of(history: History) -> list[Span]:
    """Our own spans: each stretch of the events' classes, in microseconds."""
    bare = History(history.events)
    return merged(
        Span(at * SECOND, (at + 1) * SECOND, Klass(bare.klass(at)))
        for at in range(HORIZON)
        if bare.watched(at)
    )


def cut(spans: list[Span], dice: Random) -> list[Span]:
    """The same time in more pieces, as restarts leave it: neighbours of one class that touch."""
    pieces: list[Span] = []
    for span in spans:
        inner = {dice.randrange(span.start + 1, span.end) for _ in range(dice.randrange(4))}
        edges = [span.start, *sorted(inner), span.end]
        pieces += [Span(low, high, span.klass) for low, high in pairwise(edges)]
    return pieces


def of_our_own(spans: list[Span], history: History, agreement: Agreement) -> dict[str, object]:
    """The product's answer where all was seen by the agent itself, which lives on."""
    words = {key: getattr(agreement, key) for key in ("degraded", "unknown", "maintenance")}
    service = replace(retired("law"), target=agreement.target, uptime=UptimeConfig.model_validate(words))
    told = Told((), in_us(history.work), in_us(history.off))
    rows = [(span.start, span.end, span.klass) for span in spans]
    open_end: list[tuple[int, int | None, Klass]] = [
        *rows[:-1],
        *((row[0], None, row[2]) for row in rows[-1:]),
    ]
    ledger = Ledger(tuple(open_end), Alive(running=True, until=HORIZON * SECOND), told=told)
    got = accounted(service, ledger, Period("law", 0, HORIZON * SECOND, "UTC"), HORIZON * SECOND)
    return {
        **{str(klass): Fraction(us, SECOND) for klass, us in got.by_class.items()},
        "counted": Fraction(got.counted, SECOND),
        "uptime": got.uptime,
        "met": got.met,
        "budget": got.budget / SECOND,
        "left": got.budget_left / SECOND,
        "coverage": got.coverage,
        "outages": [(Fraction(each.start, SECOND), Fraction(each.end, SECOND)) for each in got.outages],
    }


def in_us(windows: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start * SECOND, end * SECOND) for start, end in windows)


@given(histories, agreements, chance)
def test_time_cut_by_restarts_or_joined_again_gives_the_same_answer(
    history: History, agreement: Agreement, dice: Random
) -> None:
    whole = spans_of(history)
    pieces = cut(whole, dice)
    wanted = counted(history, agreement, 0, HORIZON, HORIZON)
    assert of_our_own(whole, history, agreement) == wanted
    assert of_our_own(pieces, history, agreement) == wanted
    assert merged(pieces) == whole


finer = st.integers(0, HORIZON * SECOND)
fine_windows = st.lists(
    st.tuples(finer, st.integers(1, 20 * SECOND)).map(lambda each: (each[0], sum(each))), max_size=3
)
fine_events = st.tuples(
    finer, st.sampled_from(sorted(WORDS)), st.one_of(st.none(), st.integers(0, 9 * SECOND))
)
fine = st.builds(History, st.lists(fine_events, max_size=10), fine_windows, fine_windows)


@settings(max_examples=200)
@given(fine, st.tuples(finer, finer), finer)
def test_the_classes_tile_the_window_to_the_microsecond(
    history: History, drawn: tuple[int, int], as_of: int
) -> None:
    """Between two edges nothing changes: so the class at each edge, and how far the next one is, is all there is."""
    start, end = min(drawn), max(drawn) + 1
    edges = [0, start, end, as_of, *(at for at, _, _ in history.events)]
    edges += [at + lasts for at, _, lasts in history.events if lasts is not None]
    edges += [each for window in (*history.work, *history.off) for each in window]

    def classify(us: int) -> str | None:
        seen = start <= us < min(end, as_of) and history.watched(us)
        return history.klass(us) if seen else None

    got = accounted(retired("law"), fine_ledger(history), Period("law", start, end, "UTC"), as_of)
    assert {str(klass): us for klass, us in got.by_class.items()} == stretches(classify, edges)
    first = min((at for at, _, _ in history.events), default=end)
    assert sum(got.by_class.values()) == got.observed == max(min(end, as_of) - max(start, first), 0)
    assert sum(each.end - each.start for each in got.outages) == got.bad
    for each in got.outages:
        assert {classify(each.start), classify(each.end - 1)} == {"down"}
        assert classify(each.start - 1) != "down"
        assert classify(each.end) != "down"


def fine_ledger(history: History) -> Ledger:
    """The history as it was told, its moments being microseconds."""
    told = {
        at: Event(at, Klass(word), None if lasts is None else at + lasts)
        for at, word, lasts in history.events
    }
    ordered = tuple(told[at] for at in sorted(told))
    return Ledger(
        (), Alive(running=False, until=0), told=Told(ordered, tuple(history.work), tuple(history.off))
    )


def test_the_one_with_the_stopwatch_gets_a_plain_day_right() -> None:
    """4 s up, 2 s down under 1 s of maintenance, 4 s degraded; second 9 unknown; asked at 10 of 20 s."""
    history = History([(0, "up", None), (4, "down", None), (6, "degraded", 3)], [(5, 6), (12, 14)], [])
    assert inside(5, history.work) and not inside(6, history.work)
    assert counted(history, Agreement(), 0, 20, 10) == {
        "up": 4, "degraded": 3, "down": 1, "maintenance": 1, "unknown": 1,
        "counted": 8, "uptime": Fraction(7, 8), "met": None, "budget": Fraction(16, 100),
        "left": Fraction(-84, 100), "coverage": Fraction(8, 10), "outages": [(4, 5)],
    }  # fmt: skip
