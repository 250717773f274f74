"""kill -9, ENOSPC and EIO at a call that changes a file of the state directory: a life of a daemon, spoiled once.

Once over a whole life, from an empty directory to its end, and once over an outage while it runs: there another
thread writes, and strace counts the calls of each thread apart.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.kill_point import TRACEABLE
from tests.end_to_end.website import Site
from tests.fakes.helpdesk import Helpdesk
from tests.faults.calls import KILL, Point, Strace, spoiled
from tests.faults.rig import Program, config
from tests.faults.rows import Row, hand_in

SEED = 20261124
# What it says when it ends at an error.
REASON = "no space is left on the disk of|the disk of .* fails|takes nothing"


@dataclass(slots=True)
class Life:
    """A daemon with its site and helpdesk, over many lives in one state directory or in new ones."""

    strace: Path
    daemon: Daemon
    site: Site
    desk: Helpdesk
    outages: int = 0
    fell: list[Point] = field(default_factory=list)

    def whole(self, point: Point | None) -> Strace:
        """A first start in an empty directory, an outage with its ticket at the helpdesk, and the end of both."""
        shutil.rmtree(self.daemon.state_dir, ignore_errors=True)
        # The first ticket of each life has the same key: that of the life before must not be found for it.
        self.desk.tickets.clear()
        self.outages = 0
        self.site.turn(good=False)
        self.outages += 1
        spoiler = Strace(self.strace, self.daemon, self.daemon.directory / "calls", point)
        self.daemon.spawn(*spoiler.wrapper)
        self._until(self._ticket)
        self._alive_again(point)
        wait_for(self._ticket, f"the ticket after {point}")
        self.site.turn(good=True)
        self._until(self._healed)
        self._alive_again(point)
        wait_for(self._healed, f"the end of the ticket after {point}")
        self.daemon.signal(signal.SIGTERM)
        wait_for(self._ended, f"the end at {point}")
        if self.daemon.process.returncode:
            self._alive_again(point)
            self.daemon.stop()
        self._holds(point, local=1)
        return spoiler

    def outage(self, point: Point | None) -> Strace:
        """A running daemon, whose site breaks and heals."""
        if not self.outages:
            self.daemon.start(*TRACEABLE)
        spoiler = self._attached(point)
        self.outages += 1
        self.site.turn(good=False)
        self._until(self._ticket)
        if self._ended():
            self._alive_again(point)
            wait_for(self._ticket, f"the ticket after {point}")
        self.site.turn(good=True)
        self._until(self._healed)
        spoiler.detach()
        self._alive_again(point)
        wait_for(self._healed, f"the end of the ticket after {point}")
        over = "SELECT count(*) FROM incidents WHERE state <> 'resolved'"
        wait_for(lambda: self.daemon.rows(over) == [(0,)], "the end of the watch")
        self._holds(point, local=self.outages)
        return spoiler

    def _attached(self, point: Point | None) -> Strace:
        spoiler = Strace(self.strace, self.daemon, self.daemon.directory / "calls", point)
        spoiler.attach()
        return spoiler

    def _until(self, look: Callable[[], bool]) -> None:
        """Until it is so, or the daemon has ended before."""
        wait_for(lambda: look() or self._ended(), "what is to come, or the end")

    def _ended(self) -> bool:
        return self.daemon.process.poll() is not None

    def _alive_again(self, point: Point | None) -> None:
        """If it was killed, or ended at an error and said why: it starts again without any help."""
        if not self._ended():
            return
        assert point is not None, "it ended, and nothing was spoiled"
        self.fell.append(point)
        if point.what == KILL:
            assert self.daemon.process.returncode == -signal.SIGKILL, point
        else:
            assert self.daemon.process.returncode == 70, point
            assert re.search(REASON, self.daemon.log_file.read_text()[-1000:]), point
        self.daemon.start(*TRACEABLE)

    def _ticket(self) -> bool:
        """Whether the latest outage has a ticket over there that is open."""
        there = list(self.desk.tickets.values())
        return len(there) == self.outages and there[-1]["state"] == "open"

    def _healed(self) -> bool:
        there = {str(each["state"]) for each in list(self.desk.tickets.values())}
        return len(self.desk.tickets) == self.outages and there == {"resolved"}

    def _holds(self, point: Point | None, *, local: int) -> None:
        """One ticket for each outage, here and over there, and a whole database."""
        assert len(self.desk.tickets) == self.outages, (point, self.desk.tickets)
        assert self.daemon.rows("SELECT count(*) FROM tickets") == [(local,)], point
        assert self.daemon.rows("PRAGMA integrity_check") == [("ok",)], point
        twice = "SELECT at FROM readings GROUP BY service, check_id, at HAVING count(*) > 1"
        assert self.daemon.rows(twice) == [], point
        assert "Traceback" not in self.daemon.log_file.read_text(), point
        assert {each["event"] for each in self.daemon.events()}.isdisjoint({"internal.error"}), point


@pytest.fixture
def life(tmp_path: Path, site: Site, desk: Helpdesk, program: Program) -> Iterator[Life]:
    with Daemon(tmp_path, **config(site, desk)) as daemon:
        yield Life(program("strace", "strace"), daemon, site, desk)


PARTS: dict[str, Callable[[Life, Point | None], Strace]] = {
    "from its first start to its end": Life.whole,
    "while an outage begins and ends": Life.outage,
}
# What is done to a call, at how many of them when not at all, and what is expected then.
SPOILED = {
    KILL: (
        2,
        "nothing that was told is lost; it starts without help; one ticket for the outage, here and there",
    ),
    "error=ENOSPC": (1, "it goes on, or ends with code 70, says why and starts again; nothing lost or twice"),
    "error=EIO": (1, "it goes on, or ends with code 70, says why and starts again; nothing lost or twice"),
}


def some(points: list[Point], count: int, chance: random.Random) -> list[Point]:
    """So many, each of another file or call: most of all are writes to the log."""
    kinds = chance.sample(sorted({(each.file, each.call) for each in points}), count)
    return [chance.choice([each for each in points if (each.file, each.call) == kind]) for kind in kinds]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("what", SPOILED)
def test_one_call_is_spoiled(life: Life, what: str, part: str, request: pytest.FixtureRequest) -> None:
    """First lived unspoiled, to see the calls; then with each of them spoiled, or a few."""
    few, expected = SPOILED[what]
    points = spoiled(PARTS[part](life, None).points(), what)
    assert len(points) > 5, points
    if not request.config.getoption("--long"):
        points = some(points, few, random.Random(f"{SEED}{part}{what}"))
    for point in points:
        print(point, flush=True)
        PARTS[part](life, point)
    if what == KILL:
        # How many writes there are differs a little from life to life: the last of them may not come.
        assert len(life.fell) >= len(points) * 0.8, life.fell
    name = "kill -9" if what == KILL else f"{what.removeprefix('error=')}, once,"
    fault = f"{name} at a call that changes a file of the state directory, {part}"
    hand_in(Row("Process and disk", fault, expected, "so, at every call that was tried"))
