"""An explanation through the store: its pieces sum up to the figures, and each second has the right source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool

from agent.explanation.uptime import Explanation, explain
from agent.store import schema
from agent.store.history import take_in
from agent.store.maintenance import PlannedWork, Work
from agent.store.packing import packed
from agent.store.reader import Reader
from agent.uptime import accounted, ledgers_for, retired
from agent.views.explained_uptime import as_document
from alerting.slo.events import Event
from alerting.slo.lines import Line, Recorded, Window
from alerting.slo.periods import Period
from alerting.slo.sources import Gap, Imported, LeftOut, Planned, Seen, Source, Unrecorded
from alerting.slo.spans import DownWhen, Klass, Span, clip, combine, painted
from checks.registry import all_kinds
from config.loader import load
from config.models import Service
from config.options import UptimeConfig

HORIZON = 60
OPEN = 10**9  # where a span that still goes on ends
UP, DEGRADED, DOWN, UNKNOWN = Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN
seen = st.sampled_from([UP, DEGRADED, DOWN, UNKNOWN])
tracks = st.lists(st.tuples(st.integers(1, 20), seen), min_size=1, max_size=6)
moments = st.integers(0, HORIZON)
windows = st.lists(st.tuples(moments, st.integers(1, 25)).map(lambda each: (each[0], sum(each))), max_size=3)
lines = st.lists(
    st.builds(
        lambda at, klass, lasts: Event(at, klass, None if lasts is None else at + lasts),
        moments,
        seen,
        st.none() | st.integers(0, 30),
    ),
    unique_by=lambda event: event.at,
    max_size=4,
)


@dataclass
class Stored:
    """What the store holds of the service `web`, and what its agreement says."""

    checks: dict[str, list[Span]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    imported_work: list[tuple[int, int]] = field(default_factory=list)
    off: list[tuple[int, int]] = field(default_factory=list)
    works: list[tuple[int, int]] = field(default_factory=list)
    ended: list[tuple[int, int]] = field(default_factory=list)
    clock: list[tuple[int, int]] = field(default_factory=list)
    net_down: tuple[int, int] | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    readings: list[tuple[str, int, str, str]] = field(default_factory=list)
    flips: list[tuple[str, int, int, str, str]] = field(default_factory=list)
    packed: list[tuple[str, int, str, str]] = field(default_factory=list)
    requests: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def service(self) -> Service:
        exclude_when = ("net",) if self.net_down else ()
        return replace(retired("web"), uptime=UptimeConfig(exclude_when=exclude_when, **self.policy))

    @property
    def own(self) -> list[Span]:
        """The service's own time, as long as all of its checks are looked at."""
        if not self.checks:
            return []
        end = min(spans[-1].end for spans in self.checks.values())
        return combine(list(self.checks.values()), DownWhen(), 0, end)

    def believed(self, now: int) -> list[Span]:
        """The same up to `now`, unknown where the clock was set."""
        own = clip(self.own, 0, now)
        inside = [(max(start, 0), min(end, own[-1].end)) for start, end in self.clock] if own else []
        return painted(own, inside, UNKNOWN)


@cache
def engine() -> Engine:
    """One store in memory for all examples: SQL is composed once for all of them."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    schema.metadata.create_all(made)
    return made


@contextmanager
def reader(stored: Stored, alive_until: int = 4 * HORIZON, *, running: bool = False) -> Iterator[Reader]:
    with engine().connect() as connection:
        connection.execute(
            schema.agents.insert().values(agent_id="test", started_at=0, alive_until=alive_until)
        )
        _write_time(connection, stored)
        _write_readings(connection, stored)
        yield Reader(connection, "test", running=running)
        connection.rollback()


def _write_time(connection: Connection, stored: Stored) -> None:
    for check, spans in [("", stored.own), *stored.checks.items()]:
        for span in spans:
            row = {"agent_id": "test", "service": "web", "check_id": check, "start": span.start}
            end = None if span.end == OPEN else span.end
            connection.execute(schema.spans.insert(), {**row, "end": end, "klass": span.klass.value})
    told: list[Line] = [Recorded("web", event) for event in stored.events]
    told += [Window("web", Klass.MAINTENANCE, *window) for window in stored.imported_work]
    told += [Window("", UNKNOWN, *window) for window in stored.off]
    if stored.net_down:
        changes = [(0, UP), (stored.net_down[0], DOWN), (stored.net_down[1], UP)]
        told += [Recorded("net", Event(at, klass)) for at, klass in changes]
    take_in(connection, "test", told)
    works = PlannedWork(connection, "test")
    for start, end in stored.works:
        works.record(Work(0, ("web",), start, end, "new disks", "anna"), 0)
    for number, at in stored.ended:
        works.end(number, at, "bert", at)
    for start, end in stored.clock:
        row = {"agent_id": "test", "start": start, "end": end, "why": "clock"}
        connection.execute(schema.gaps.insert(), row)


def _write_readings(connection: Connection, stored: Stored) -> None:
    mine = {"agent_id": "test", "service": "web"}
    for check, at, status, message in stored.readings:
        row = {**mine, "check_id": check, "at": at, "status": status, "took": 0.1, "message": message}
        connection.execute(schema.readings.insert(), {**row, "values": "{}"})
    for check, since, at, after, reason in stored.flips:
        row = {**mine, "check_id": check, "since": since, "at": at, "before": "ok", "after": after}
        connection.execute(schema.flips.insert(), {**row, "reason": reason})
    if stored.packed:
        entries = [[at, status, 0.1, message, {}] for _, at, status, message in stored.packed]
        row = {**mine, "check_id": stored.packed[0][0], "hour": 0, "count": len(entries)}
        connection.execute(schema.packed_readings.insert(), {**row, "packed": packed(entries)})
    for hour, valid, good in stored.requests:
        row = {**mine, "check_id": "home", "hour": hour, "valid": valid, "good": good}
        connection.execute(schema.requests.insert(), row)


def explained(
    stored: Stored, window: tuple[int, int], now: int, alive_until: int = 4 * HORIZON
) -> Explanation:
    with reader(stored, alive_until) as store:
        return explain(store, stored.service, Period("drawn", *window, "UTC"), now)


def spans(drawn: list[tuple[int, Klass]]) -> list[Span]:
    at, found = 0, []
    for length, klass in drawn:
        found.append(Span(at, at + length, klass))
        at += length
    return found


@st.composite
def stores(draw: Any) -> Stored:
    cut = draw(st.none() | st.tuples(moments, st.integers(1, 25)))
    return Stored(
        checks={name: spans(draw(tracks)) for name in draw(st.sets(st.sampled_from(["home", "login"])))},
        events=draw(lines),
        imported_work=draw(windows),
        off=draw(windows),
        works=[(start, end) for start, end in draw(windows) if start],
        clock=list({start: (start, end) for start, end in draw(windows)}.values()),
        net_down=None if cut is None else (cut[0] + 1, cut[0] + 1 + cut[1]),
        policy={
            "degraded": draw(st.sampled_from(["up", "down"])),
            "unknown": draw(st.sampled_from(["exclude", "up", "down"])),
            "maintenance": draw(st.sampled_from(["exclude", "down"])),
        },
    )


def expected(stored: Stored, at: int, now: int) -> type[Source]:
    """What gave a moment its class, by a look at everything that holds there."""

    def inside(windows: list[tuple[int, int]]) -> bool:
        return any(start <= at < end for start, end in windows)

    if inside([*stored.imported_work, *stored.works]):
        return Planned
    if inside(stored.off):
        return Gap  # also of the other service: it was not seen down either
    if stored.net_down and inside([stored.net_down]):
        return LeftOut
    events = sorted(stored.events, key=lambda event: event.at)
    if events and events[0].at <= at:
        last = events[-1]
        own = [span.start for span in stored.believed(now) if span.start > last.at]
        reach = min(own, default=now) if last.until is None else last.until
        if at < max(reach, last.at) or at < last.at:
            return Imported
    if inside(stored.clock):
        return Gap
    return Seen if any(span.start <= at < span.end for span in stored.own) else Unrecorded


@settings(deadline=None, max_examples=60)
@given(
    stores(), st.tuples(moments, moments).filter(lambda ends: ends[0] < ends[1]), st.integers(1, 2 * HORIZON)
)
def test_pieces_sum_up_to_the_account_and_each_moment_has_its_source(
    stored: Stored, window: tuple[int, int], now: int
) -> None:
    period = Period("drawn", *window, "UTC")
    with reader(stored) as store:
        found = explain(store, stored.service, period, now)
        ledger = ledgers_for([stored.service], store.ledger, now)["web"]
        account = accounted(stored.service, ledger, period, now)
    sums = dict.fromkeys(Klass, 0)
    out = 0
    for piece in found.pieces:
        if piece.klass is None:
            out += piece.end - piece.start
        else:
            sums[piece.klass] += piece.end - piece.start
    assert sums == account.by_class
    assert out == sum(each.length for each in account.excluded)
    if found.observed is None:
        assert not found.pieces
        return
    bounds = [found.observed[0], *(piece.end for piece in found.pieces)]
    assert bounds == [*(piece.start for piece in found.pieces), found.observed[1]]
    for piece in found.pieces:
        for at in range(piece.start, piece.end):
            assert isinstance(piece.source, expected(stored, at, now)), at


@settings(deadline=None, max_examples=25)
@given(stores(), st.integers(1, HORIZON))
def test_without_planned_work_is_the_figure_of_a_store_that_has_none(stored: Stored, now: int) -> None:
    found = explained(stored, (0, HORIZON), now)
    bare = explained(replace(stored, works=[], imported_work=[]), (0, HORIZON), now)
    assert found.without_work == bare.account.uptime
    for effect in found.effects:
        number = effect.work.number if effect.work else 0
        others = [each for place, each in enumerate(stored.works, 1) if place != number]
        told = stored.imported_work if number else []
        left = explained(replace(stored, works=others, imported_work=told), (0, HORIZON), now)
        assert effect.without == left.account.uptime


def test_planned_work_tells_what_it_hid() -> None:
    stored = Stored({"home": [Span(0, 10, UP), Span(10, 20, DOWN), Span(20, 40, UP)]}, works=[(5, 25)])
    found = explained(stored, (0, 40), 40)
    (effect,) = found.effects
    assert effect.work is not None
    assert (effect.work.id, effect.work.announced_by) == ("M-1", "anna")
    assert {klass: us for klass, us in effect.hides.items() if us} == {UP: 10, DOWN: 10}
    assert (found.account.uptime, effect.without) == (Fraction(1), Fraction(3, 4))


def proof_of(stored: Stored, klass: Klass, horizon: int = HORIZON) -> Any:
    found = explained(stored, (0, horizon), horizon, alive_until=4 * horizon)
    (piece,) = (each for each in found.pieces if each.klass is klass)
    assert isinstance(piece.source, Seen)
    return found.proofs[piece.source.makers[0]]


def test_trouble_is_traced_to_the_reading_it_is_back_dated_to_and_the_one_that_confirmed_it() -> None:
    track = [Span(0, 10, UP), Span(10, HORIZON, DOWN)]
    readings = [("home", 10, "down", "HTTP status 503"), ("home", 12, "down", "HTTP status 502")]
    flips = [("home", 10, 12, "down", "HTTP status 502")]
    proof = proof_of(Stored({"home": track}, readings=readings, flips=flips), DOWN)
    assert (proof.sight.at, proof.sight.message) == (10, "HTTP status 503")
    assert (proof.confirmed.since, proof.confirmed.at) == (10, 12)


def test_a_reading_that_was_packed_is_found_as_well() -> None:
    track = [Span(0, 10_456, UP), Span(10_456, 12_001, DOWN), Span(12_001, OPEN, UP)]
    readings = [("home", 9_999, "ok", "HTTP status 200"), ("home", 10_456, "down", "HTTP status 503")]
    proof = proof_of(Stored({"home": track}, packed=readings), DOWN, horizon=12_001)
    assert (proof.sight.at, proof.sight.message) == (10_000, "HTTP status 503")


def test_a_packed_reading_of_another_millisecond_is_another_reading() -> None:
    track = [Span(0, 10_456, UP), Span(10_456, OPEN, DOWN)]
    readings = [("home", 9_999, "ok", "HTTP status 200"), ("home", 11_000, "down", "HTTP status 503")]
    assert proof_of(Stored({"home": track}, packed=readings), DOWN, horizon=12_001).sight is None


def test_when_single_readings_are_kept_no_more_the_flip_tells_why() -> None:
    track = [Span(0, 10, UP), Span(10, HORIZON, DOWN)]
    proof = proof_of(Stored({"home": track}, flips=[("home", 10, 12, "down", "HTTP status 502")]), DOWN)
    assert proof.sight is None
    assert proof.confirmed.reason == "HTTP status 502"


def test_silence_is_traced_to_the_last_reading() -> None:
    track = [Span(0, 9_001, UP), Span(9_001, 10_999, UNKNOWN)]
    proof = proof_of(Stored({"home": track}, packed=[("home", 3_007, "ok", "fine")]), UNKNOWN, horizon=10_999)
    assert (proof.sight, proof.before.at) == (None, 3_000)


def test_an_unknown_reading_is_told_itself() -> None:
    track = [Span(0, 10, UP), Span(10, HORIZON, UNKNOWN)]
    readings = [("home", 9, "ok", "fine"), ("home", 10, "unknown", "permission denied")]
    proof = proof_of(Stored({"home": track}, readings=readings), UNKNOWN)
    assert proof.sight.message == "permission denied"


def test_time_since_the_last_sign_of_life_is_a_gap() -> None:
    found = explained(Stored({"home": [Span(0, OPEN, UP)]}), (0, 40), 40, alive_until=20)
    assert [(each.start, each.end, each.klass) for each in found.pieces] == [(0, 20, UP), (20, 40, UNKNOWN)]
    assert found.pieces[1].source == Gap(20, 40, "ended")


HOUR = 3_600_000_000
CONFIG = """
calendars: {office: {zone: UTC, hours: "08:00-18:00"}}
services:
  web:
    checks:
      home: {type: tcp, host: localhost, port: 1, active: office}
      login: {type: tcp, host: localhost, port: 2, disabled: it moved}
"""
Told = Callable[..., list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """The words on each piece of a day of the configured service."""
    (tmp_path / "tocsin.yaml").write_text(CONFIG)
    service = load(tmp_path / "tocsin.yaml", all_kinds()).services["web"]

    def words(
        stored: Stored, alive_until: int = 24 * HOUR, *, now: int = 24 * HOUR, running: bool = False
    ) -> list[str]:
        with reader(stored, alive_until, running=running) as store:
            found = explain(store, service, Period("day", 0, 24 * HOUR, "UTC"), now)
        return [piece["source"]["text"] for piece in as_document(found)["pieces"]]

    return words


def test_a_check_at_rest_is_told_with_its_calendar(told: Told) -> None:
    spans = [Span(0, 8 * HOUR, UNKNOWN), Span(8 * HOUR, 19 * HOUR, UP), Span(19 * HOUR, 24 * HOUR, UNKNOWN)]
    before, seen, after = told(Stored({"home": spans}, packed=[("home", 0, "ok", "fine")]))
    assert before.endswith("; at rest from 1970-01-01T00:00:00Z to 1970-01-01T08:00:00Z, outside of office")
    assert "at rest" not in seen
    assert after.endswith("; at rest from 1970-01-01T19:00:00Z to 1970-01-02T00:00:00Z, outside of office")


def test_a_check_that_runs_no_more_is_named_as_such(told: Told) -> None:
    login = [Span(0, HOUR, DOWN), Span(HOUR, 24 * HOUR, UP)]
    moved = [Span(0, HOUR, UP), Span(HOUR, 24 * HOUR, DOWN)]
    found = told(Stored({"login": login, "moved": moved}))
    assert [words.partition(" since")[0] for words in found if " down " in words] == [
        "login (disabled now) down",
        "moved (configured no more) down",
    ]


def test_of_time_after_the_last_sign_of_life_it_is_told_whether_the_agent_runs(told: Told) -> None:
    stored = Stored({"home": [Span(0, OPEN, UP)]})
    assert (
        told(stored, HOUR)[-1] == "the agent does not run; its last sign of life was at 1970-01-01T01:00:00Z"
    )
    assert told(stored, HOUR, running=True)[-1].startswith("nothing is known yet of the time since")


def test_the_figures_are_those_of_uptime_also_by_requests() -> None:
    found = explained(Stored({"home": [Span(0, HORIZON, UP)]}, requests=[(0, 4, 3)]), (0, HORIZON), HORIZON)
    assert found.figures["requests"]["uptime"] == "3/4"


def test_planned_work_that_was_changed_tells_when_once_it_has_happened(told: Told) -> None:
    stored = Stored({"home": [Span(0, 24 * HOUR, UP)]}, works=[(HOUR, 20 * HOUR)], ended=[(1, 2 * HOUR)])
    planned = 'M-1 "new disks", planned by anna at 1970-01-01T00:00:00Z'
    assert told(stored)[1] == f"{planned}, changed at 1970-01-01T02:00:00Z; hides 3,600 s up"
    assert told(stored, now=2 * HOUR - 1)[1] == f"{planned}; hides 3,599.999999 s up"
