"""Random lives with kills and clocks that are set, through the real pipeline and store, against a count of seconds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.pipeline import Pipeline
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME
from agent.store.history import take_in
from agent.store.reader import reading as reader_of
from agent.store.writer import Writer
from agent.uptime import accounted, recorded, totals
from alerting.slo.gaps import Gap, Why
from alerting.slo.periods import Period
from alerting.slo.spans import Klass
from checks.registry import all_kinds
from config.loader import load
from config.models import Config
from tests.moving_clock import START, MovingClock
from tests.readings import SECOND, reading

AGENT, BELIEVED = "test", 21  # 2 x every + timeout
CONFIG = """
services:
  web:
    checks:
      a: {type: tcp, host: localhost, port: 1, every: 10s, timeout: 1s, confirm: 2, recover: 2}
      b: {type: tcp, host: localhost, port: 2, every: 10s, timeout: 1s, confirm: 1, recover: 1}
"""
YEAR = 365 * 86_400


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = tmp_path_factory.mktemp("config") / "tocsin.yaml"
    path.write_text(CONFIG)
    return load(path, all_kinds())


class Life:
    """The real thing: a daemon's pipeline and store under a clock that is moved, set, and outlives kills."""

    def __init__(self, directory: Path, config: Config) -> None:
        self.directory, self.config, self.clock = directory, config, MovingClock()

    async def start(self) -> None:
        self.writer = Writer(self.directory / FILE_NAME)
        self.pipeline = Pipeline(self.writer, self.clock, AGENT, Rulebook.of(self.config))
        await self.pipeline.start()

    async def kill(self) -> None:
        """Nothing is written on the way out."""
        await self.pipeline.stop()
        self.writer.close()

    async def look(self, check: str, word: str) -> None:
        """After a sweep, as there is one every few seconds."""
        looked = reading(word, self.clock.at / SECOND)
        await asyncio.gather(self.pipeline.checkpoint(), self.pipeline.submit(("web", check), looked))

    async def sign_of_life(self) -> None:
        await self.pipeline.checkpoint()

    async def set_clock(self, by: int) -> None:
        self.clock.at += by * SECOND
        await self.pipeline.watch_clock()
        await self.pipeline.idle()

    def by_class(self, start: int, end: int, as_of: int) -> tuple[dict[Klass, int], dict[Klass, int]]:
        """The account's seconds, from the spans and from the sums of the database."""
        period, service = Period("any", start * SECOND, end * SECOND, "UTC"), self.config.services["web"]
        with reader_of(self.directory, AGENT) as store:
            one = accounted(service, store.ledger("web"), period, as_of * SECOND)
            [others] = totals(store, [service], [period], as_of * SECOND)
        return dict(one.by_class), dict(others["web"].by_class)

    def gaps(self) -> list[Gap]:
        with reader_of(self.directory, AGENT) as store:
            return store.gaps(0, 2**62)


class Counted:
    """Somebody who notes for each check the seconds that it saw, and those that nobody can speak for."""

    def __init__(self) -> None:
        self.checks: dict[str, dict[int, str]] = {"a": {}, "b": {}}
        self.state = {"a": "up", "b": "up"}
        self.run: dict[str, tuple[int, int]] = {"a": (0, 0), "b": (0, 0)}  # how many disagree, since when
        self.last: dict[str, int] = {}
        self.doubtful: set[int] = set()

    def look(self, check: str, word: str, now: int) -> None:
        if abs(now - self.last.get(check, now)) > BELIEVED:
            self.run[check] = (0, 0)
        self.last[check] = now
        seconds = self.checks[check]
        if word != "u":
            klass = {"o": "up", "d": "down"}[word]
            count, since = self.run[check]
            if klass == self.state[check]:
                count, since = 0, 0
            else:
                count, since = count + 1, min(since, now) if count else now
            if count >= {"a": 2, "b": 1}[check]:
                self.state[check] = klass
                for second in range(since, now):
                    if seconds.get(second) in ("up", "down"):
                        seconds[second] = klass
                count, since = 0, 0
            self.run[check] = (count, since)
        self._forget(check, now)
        if word != "u":
            seconds.update(dict.fromkeys(range(now, now + BELIEVED), self.state[check]))

    def nobody_there(self, since: int) -> None:
        for check in self.checks:
            self._forget(check, since)

    def _forget(self, check: str, since: int) -> None:
        for second in [second for second in self.checks[check] if second >= since]:
            del self.checks[check][second]

    def doubt(self, start: int, end: int) -> None:
        self.doubtful.update(range(start, end))

    def by_class(self, start: int, end: int) -> dict[Klass, int]:
        def klass(second: int) -> str:
            each = {seconds.get(second, "unknown") for seconds in self.checks.values()}
            if second in self.doubtful:
                return "unknown"
            return "down" if "down" in each else "unknown" if "unknown" in each else "up"

        tally = Counter(map(klass, range(start, end)))
        return {each: tally[each.value] * SECOND for each in Klass}


WAITS = st.integers(1, 30)
EVENTS = st.one_of(
    st.tuples(st.just("look"), st.sampled_from("ab"), st.sampled_from("ooddu"), WAITS),
    st.tuples(st.just("look"), st.sampled_from("ab"), st.sampled_from("ooddu"), WAITS),
    st.tuples(st.just("alive"), WAITS),
    st.tuples(st.just("set"), st.integers(-400, 400).filter(lambda by: abs(by) > 2), st.integers(0, 5)),
    st.tuples(st.just("kill"), st.integers(0, 5), st.integers(0, 600), st.sampled_from([0, 0, -200, 300])),
)


async def lived(events: list[tuple[Any, ...]], life: Life, counted: Counted) -> None:
    """Let the same happen to both."""

    def now() -> int:
        return life.clock.at // SECOND

    def at_most_back(by: int) -> int:
        return max(by, begun - now())

    begun, alive = now(), now()
    await life.start()
    for check in "ab":
        await life.look(check, "o")
        counted.look(check, "o", now())
    for kind, *told in events:
        if kind == "look":
            check, word, wait = told
            life.clock.move(wait)
            await life.look(check, word)
            counted.look(check, word, now())
            alive = now()
        elif kind == "alive":
            life.clock.move(told[0])
            await life.sign_of_life()
            alive = now()
        elif kind == "set":
            by, unseen = told
            life.clock.move(unseen)
            due, by = now(), at_most_back(by)
            if abs(by) > 2:
                await life.set_clock(by)
                counted.doubt(min(due, now()) - unseen, max(due, now()))
                alive = now()
        else:
            more, absent, by = told
            life.clock.move(more)
            await life.kill()
            life.clock.move(absent)
            life.clock.at += at_most_back(by) * SECOND
            await life.start()
            counted.nobody_there(alive)
            if now() < alive:
                counted.doubt(now(), alive)
            alive = now()
    life.clock.move(1)
    await life.sign_of_life()
    await life.kill()


def run(config: Config, play: Callable[[Life], Coroutine[Any, Any, None]]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(play(Life(Path(directory), config)))


@settings(max_examples=25)
@given(st.lists(EVENTS, min_size=1, max_size=18), st.integers(0, 400), st.integers(1, 900))
def test_the_account_is_what_a_count_of_seconds_says(
    config: Config, events: list[tuple[Any, ...]], late: int, length: int
) -> None:
    async def play(life: Life) -> None:
        begun = life.clock.at // SECOND
        counted = Counted()
        await lived(events, life, counted)
        now = life.clock.at // SECOND
        for start, end in ((begun, now), (begun + late, begun + late + length)):
            expected = counted.by_class(start, min(end, now))
            assert life.by_class(start, end, now) == (expected, expected), life.gaps()

    run(config, play)


async def good(life: Life, seconds: int) -> None:
    """Both checks are looked at and good, every ten seconds."""
    for _ in range(0, seconds, 10):
        for check in "ab":
            await life.look(check, "o")
        life.clock.move(10)
    await life.sign_of_life()


def up_and_unknown(life: Life, start: int, end: int) -> tuple[int, int]:
    by_spans, by_sums = life.by_class(start, end, end)
    assert by_spans == by_sums
    assert by_spans[Klass.DOWN] == 0
    return by_spans[Klass.UP] // SECOND, by_spans[Klass.UNKNOWN] // SECOND


def test_a_clock_that_falls_to_1970_and_comes_back_takes_nothing_from_what_was_seen(config: Config) -> None:
    """Also when the checks fail meanwhile: what is seen at a moment that is not believed has none."""

    async def play(life: Life) -> None:
        begun = life.clock.at // SECOND
        await life.start()
        await good(life, 1000)
        lost = life.clock.at // SECOND
        await life.set_clock(-lost)
        for check in "aabb":
            await life.look(check, "d")
            life.clock.move(10)
        await life.sign_of_life()
        await life.set_clock(lost)
        back = life.clock.at // SECOND
        await good(life, 100)
        await life.look("a", "o")
        await life.kill()
        assert up_and_unknown(life, begun, back) == (1000, 40)
        assert life.gaps() == [Gap(lost * SECOND, back * SECOND, Why.CLOCK)]

    run(config, play)


def test_a_daemon_that_starts_in_1970_believes_its_store_more_than_its_clock(config: Config) -> None:
    async def play(life: Life) -> None:
        begun = life.clock.at // SECOND
        await life.start()
        await good(life, 500)
        stopped = life.clock.at // SECOND
        await life.kill()
        life.clock.at = 5 * SECOND
        await life.start()
        await good(life, 50)
        await life.kill()
        life.clock.at = 77 * SECOND
        await life.start()
        await good(life, 50)
        await life.set_clock(stopped + 900 - life.clock.at // SECOND)
        await good(life, 30)
        await life.look("a", "o")
        await life.kill()
        assert up_and_unknown(life, begun, stopped + 930) == (530, 900)
        assert life.gaps() == [Gap(stopped * SECOND, (stopped + 900) * SECOND, Why.CLOCK)]

    run(config, play)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_set_a_year_ahead_by_mistake_leaves_no_more_in_doubt_than_until_it_is_set_right(
    config: Config, *, restarted: bool
) -> None:
    async def play(life: Life) -> None:
        begun = life.clock.at // SECOND
        await life.start()
        await good(life, 500)
        wrong = life.clock.at // SECOND
        await life.set_clock(YEAR)
        await good(life, 100)
        if restarted:
            await life.kill()
            life.clock.at -= YEAR * SECOND
            await life.start()
        else:
            await life.set_clock(-YEAR)
        right = life.clock.at // SECOND
        await good(life, 200)
        await life.look("a", "o")
        await life.kill()
        assert (right - wrong, up_and_unknown(life, begun, right + 200)) == (100, (700, 100))
        assert life.gaps() == [Gap(wrong * SECOND, right * SECOND, Why.CLOCK)]

    run(config, play)


def test_what_was_exported_gives_the_same_figures_elsewhere_gaps_of_the_clock_included(
    config: Config,
) -> None:
    async def play(life: Life) -> None:
        begun = life.clock.at // SECOND
        await life.start()
        await good(life, 300)
        await life.set_clock(-100)
        await good(life, 200)
        await life.kill()
        life.clock.move(60)
        await life.start()
        await good(life, 50)
        await life.look("a", "o")
        await life.kill()
        now = life.clock.at // SECOND
        here = up_and_unknown(life, begun, now)
        assert here == (300 - 100 + 100 + 50, 100 + 60)
        with reader_of(life.directory, AGENT) as store:
            lines = list(recorded(store.ledgers(), store.ledger("").told.off, now * SECOND))
        with TemporaryDirectory() as other:
            there = Life(Path(other), config)
            there.clock.at = life.clock.at
            writer = Writer(Path(other) / FILE_NAME)
            await writer.write(lambda connection: take_in(connection, AGENT, lines))
            writer.close()
            told, _ = there.by_class(begun, now, now)
            assert (told[Klass.UP] // SECOND, told[Klass.UNKNOWN] // SECOND) == here

    run(config, play)


def test_a_blip_outlives_a_restart_and_a_new_name_and_goes_when_it_is_confirmed_after_all(
    tmp_path: Path,
) -> None:
    def configured(name: str, more: str) -> Config:
        path = tmp_path / "tocsin.yaml"
        path.write_text(
            f"services: {{web: {{checks: {{{name}: {{type: tcp, host: localhost, port: 1, confirm: 2{more}}}}}}}}}"
        )
        return load(path, all_kinds())

    async def play(life: Life) -> None:
        await life.start()
        await life.look("a", "o")
        life.clock.move(5)
        await life.look("a", "d")
        await life.kill()
        await life.start()
        life.clock.move(5)
        await life.look("a", "o")
        await life.kill()
        life.config = configured("b", ", was: a")
        await life.start()
        await life.kill()
        with reader_of(life.directory, AGENT) as store:
            ((address, (blip,)),) = store.blips(0, life.clock.at + 1).items()
        assert address == ("web", "b")
        assert (blip.start, blip.end - blip.start, blip.count) == (START + 5 * SECOND, 5 * SECOND, 1)

    run(configured("a", ""), play)


def test_blips_that_a_count_over_several_looks_confirms_are_listed_no_more(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(
        "services: {web: {checks: {a: {type: tcp, host: localhost, port: 1, every: 10s, confirm: 9,"
        ' down: "latency > 1s 2 of 5"}}}}'
    )

    async def play(life: Life) -> None:
        await life.start()
        for word in "odo":
            held = reading(word, life.clock.at / SECOND, firm="o")
            await life.pipeline.submit(("web", "a"), held)
            life.clock.move(5)
        with reader_of(life.directory, AGENT) as store:
            assert [len(each) for each in store.blips(0, life.clock.at).values()] == [1]
        await life.pipeline.submit(("web", "a"), reading("d", life.clock.at / SECOND, firm="o"))
        await life.kill()
        with reader_of(life.directory, AGENT) as store:
            assert store.blips(0, life.clock.at + 1) == {}

    run(load(path, all_kinds()), play)
