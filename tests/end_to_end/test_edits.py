"""Edit after edit under 500 running checks: nobody is looked at too late, nothing is forgotten or told twice.

The time is the test's own, sockets, threads, files and the database are real.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.app import CHECKPOINT
from agent.reload import WATCH
from agent.scheduler import TICK
from agent.store.dialect import FILE_NAME
from tests.end_to_end.operator_edits import BROKEN, Kept, Operator, Target
from tests.moving_clock import SECOND, Driven

CHECKS = 500
STEP = 7.0
BAD_FOR = 7  # steps that an outage lasts: long enough to be confirmed by the slowest check
SURE = 45.0  # seconds of an outage after which it is confirmed
FIRST_LOOK = 10.0

# Many fail at once, and each is to have a ticket of its own.
ONE_BY_ONE = {"max_open_per_minute": 10_000}


class Course:
    """One run: the daemon in this process, the operator, the servers and what is expected of it all."""

    def __init__(self, driven: Driven, operator: Operator) -> None:
        self.driven, self.operator = driven, operator
        self.done: Counter[str] = Counter()
        self.outages: list[tuple[Target, float, float]] = []
        self._bad: tuple[Target, float, int] | None = None

    @property
    def now(self) -> float:
        return self.driven.clock.at / SECOND

    def write(self) -> None:
        (self.driven.directory / "ports.json").write_text(self.operator.file_of_targets())
        agent = {"id": "test", "listen": "127.0.0.1:0", "state_dir": "state"}
        # JSON is YAML, and written ten times as fast.
        written = {"agent": agent, "incidents": ONE_BY_ONE, "services": self.operator.services()}
        text = json.dumps(written, indent=1)
        self.driven.file.write_text(text, encoding="utf-8")

    async def step(self) -> None:
        """An edit, taken over while looks are under way; now and then a broken file before it, or an outage."""
        rng, driven = self.operator.random, self.driven
        await self._outage()
        if rng.random() < 0.15:
            self.done["broken"] += 1
            driven.file.write_text(rng.choice(BROKEN))
            config = driven.app.config
            assert (await driven.app.reloads.ask()).changes is None
            assert driven.app.config is config
        await driven.advance(rng.choice((0.0, 0.25, 1.0, 3.0)))
        before = self._settled()
        what = self.operator.edit(self.now)
        self.done[what] += 1
        self.write()
        if what == "targets" and rng.random() < 0.5:
            await driven.advance(WATCH + TICK)  # nobody asks: the file is watched
        else:
            asked = driven.app.reloads.ask()
            while not asked.done():
                await driven.advance(TICK)
                await asyncio.wait([asked], timeout=0.05)  # the files are read on a thread, at its own pace
            assert asked.result().changes is not None, asked.result().errors
        after = self._settled()
        assert {key: after[key] for key in before if key in after} == {
            key: value for key, value in before.items() if key in after
        }
        await driven.advance(STEP)

    async def _outage(self) -> None:
        if self._bad is None:
            # One that has been well for so long that its recovery is confirmed.
            lately = [target for target, _, until in self.outages if until > self.now - 2 * SURE]
            well = [target for target in self.operator.targets if target not in lately]
            target = self.operator.random.choice(well)
            await target.turn(good=False)
            self._bad = (target, self.now, BAD_FOR)
            return
        target, since, steps = self._bad
        self._bad = (target, since, steps - 1)
        if steps == 0:
            await self.end_outage()

    async def end_outage(self) -> None:
        if self._bad is not None:
            target, since, _ = self._bad
            await target.turn(good=True)
            self.outages.append((target, since, self.now))
            self._bad = None

    def _settled(self) -> dict[int, tuple[int, int] | None]:
        """Of the checks that nothing happens to: since when the state holds, and the number of its incident."""
        lately = [target for target, _, until in self.outages if until > self.now - SURE]
        lately += [self._bad[0]] if self._bad else []
        world = self.driven.app.pipeline.world
        found: dict[int, tuple[int, int] | None] = {}
        for check in self.operator.living:
            memory, incident = world.checks.get(check.address), world.incidents.get(check.address)
            if check.target not in lately and check.born < self.now - SURE:
                state = memory.state.since if memory else -1
                found[id(check)] = (state, incident.id if incident else 0)
        return found

    def rows(self, query: str, *arguments: object) -> list[Any]:
        path = self.driven.directory / "state" / FILE_NAME
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query, arguments).fetchall()


def not_looked_at_too_late(course: Course, check: Kept) -> None:
    """From birth to death never more than one interval is skipped, over all edits and names."""
    query = "SELECT at / 1e6 FROM readings WHERE service = ? AND check_id = ? ORDER BY at"
    seen = [at for (at,) in course.rows(query, *check.address)]
    end = check.died or course.now
    moments = [check.born + FIRST_LOOK, *seen, end] if end > check.born + FIRST_LOOK else seen
    for before, after in pairwise(sorted(moments)):
        allowed = 2 * check.slowest(before, after) + 2 * TICK + CHECKPOINT
        assert after - before <= allowed, (check, before, after)
        touched = check.died or any(before - 60 < at <= after for at in check.renamed) or len(check.every) > 1
        if not touched and before > check.born + FIRST_LOOK:
            assert after - before <= check.every[0][1] + 2 * TICK, (check, before, after)


def has_its_whole_history(course: Course, check: Kept) -> None:
    """One unbroken row of spans from its first look to now."""
    query = (
        "SELECT start / 1e6, end / 1e6, klass FROM spans WHERE service = ? AND check_id = ? ORDER BY start"
    )
    spans = course.rows(query, *check.address)
    assert spans, check
    assert spans[0][0] <= check.born + FIRST_LOOK + WATCH + 1, (check, spans[0])
    assert all(before[1] == after[0] for before, after in pairwise(spans)), (check, spans)
    assert (spans[-1][1] is None) == (check.died is None), (check, spans[-1])
    assert "unknown" not in {klass for *_, klass in spans}, (check, spans)


def has_one_ticket_for_its_outages(course: Course, check: Kept) -> None:
    """All lie within the time in which a recurrence opens the same incident again."""
    query = "SELECT id, state, reopened, ticket FROM incidents WHERE service = ? AND rule = ?"
    incidents = course.rows(query, *check.address)
    died = check.died or course.now
    suffered = [
        max(0.0, min(until, died) - max(since, check.born))
        for target, since, until in course.outages
        if target is check.target
    ]
    sure, unsure = sum(lasted >= SURE for lasted in suffered), sum(0 < lasted < SURE for lasted in suffered)
    assert len(incidents) <= 1, (check, incidents)
    times = incidents[0][2] + 1 if incidents else 0
    assert sure <= times <= sure + unsure, (check, incidents, suffered)
    if incidents:
        assert incidents[0][1] != "open", (check, incidents)
        tickets = course.rows("SELECT state FROM tickets WHERE number = ?", incidents[0][3])
        assert tickets == [("resolved",)], (check, tickets)


async def run_course(directory: Path, seed: int, edits: int) -> Course:
    """All edits, then peace; gives what there is to judge."""
    targets = [Target(http=number % 4 == 0) for number in range(16)]
    for target in targets:
        await target.turn(good=True)
    driven = Driven(directory, {})
    operator = Operator(seed, targets)
    course = Course(driven, operator)
    operator.begin(CHECKS, course.now)
    async with driven:
        course.write()
        assert (await driven.app.reloads.ask()).changes is not None
        await driven.advance(2 * STEP)
        for _ in range(edits):
            await course.step()
        await course.end_outage()
        await driven.advance(2 * SURE)
        for target in targets:
            await target.close()
        for check in (*operator.living, *operator.gone):
            not_looked_at_too_late(course, check)
            has_its_whole_history(course, check)
            has_one_ticket_for_its_outages(course, check)
        assert course.rows("SELECT count(*), count(DISTINCT ticket) FROM incidents") == course.rows(
            "SELECT count(*), count(*) FROM tickets"
        )
    return course


@pytest.mark.parametrize("seed", [1])
def test_forty_edits_under_five_hundred_checks(tmp_path: Path, seed: int) -> None:
    done = asyncio.run(run_course(tmp_path, seed, 40)).done
    assert len(done) == 7, done


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_three_hundred_edits_under_five_hundred_checks(tmp_path: Path, seed: int) -> None:
    done = asyncio.run(run_course(tmp_path, seed, 300)).done
    assert min(done.values()) > 20, done
