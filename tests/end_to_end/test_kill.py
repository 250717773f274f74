"""kill -9, thirty times during outages: no second open ticket, no lost one, nothing told that is not stored."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import Daemon, now, wait_for
from tests.end_to_end.kill_point import TRACEABLE, Shot, Tracer
from tests.end_to_end.website import Site

SEED = 20261121
OUTAGES = 10
# Which outages are shot at a system call, in the transaction that opens and in the one that resolves.
SHOT_OPENING = {0, 1, 3, 4, 5, 7, 8, 9}
SHOT_RESOLVING = {0, 2, 3, 4, 6, 7, 8, 9}
CYCLE = 1.2  # seconds from the turn of the site to a confirmed flip, about
TOLD = {"incident.opened": "opened", "incident.reopened": "reopened", "incident.recovered": "recovered"}


def config(url: str) -> dict[str, Any]:
    home = {"type": "http", "url": url, "every": "1s", "timeout": "20s", "retry_every": "300ms"}
    return {
        "defaults": {"confirm": 2, "recover": 2, "watch_for": "0s", "reopen_within": "0s"},
        "services": {"web": {"checks": {"home": home}}},
    }


@dataclass(slots=True)
class Kill:
    """A row of the table that the test prints."""

    number: int
    outage: int
    when: str
    fell: str
    inside: bool = False
    restart: float | None = None


@dataclass(slots=True)
class Case:
    """One state directory through all outages and kills."""

    daemon: Daemon
    site: Site
    strace: Path
    scratch: Path
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    kills: list[Kill] = field(default_factory=list)
    outage: int = 0
    healing: bool = False
    seen_open: bool | None = None

    def start(self) -> None:
        """Start again without help, and note how long that took for the kill before."""
        began = time.monotonic()
        self.daemon.start(*TRACEABLE)
        if self.kills:
            self.kills[-1].restart = time.monotonic() - began

    def killed(self, when: str, fell: str, *, inside: bool = False) -> None:
        self.kills.append(Kill(len(self.kills) + 1, self.outage, when, fell, inside))
        print(row(self.kills[-1]), flush=True)
        self.holds()

    def look(self) -> None:
        """Note what the page says of tickets, when it still answers."""
        status, text = self.daemon.get("/metrics")
        if status == 200:
            lines = [line for line in text.splitlines() if line.startswith("tocsin_tickets_open{")]
            self.seen_open = sum(float(line.split()[-1]) for line in lines) > 0

    def shoot(self, shot: Shot, when: str) -> None:
        """Attach while the site keeps the deciding look waiting, let it go, and wait for the death."""
        wait_for(lambda: self.site.holding, "the deciding look")
        self.look()
        tracer = Tracer(self.strace, self.daemon, shot, self.scratch / "strace")
        self.site.release()

        def dead() -> bool:
            self.look()
            return self.daemon.process.poll() is not None

        wait_for(dead, f"the kill at {shot}")
        fell = tracer.fell()
        late = f", {fell.commits_before} later" if fell.commits_before else ""
        self.killed(f"{when}{late}", str(fell), inside=fell.inside and "fcntl" not in fell.last)

    def kill_after(self, seconds: float, when: str) -> None:
        """A plain kill -9 at some moment."""
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began >= seconds, "the moment of the kill")
        self.look()
        self.daemon.kill()
        self.killed(when, f"plain, {seconds * 1000:.0f} ms after that")

    def holds(self) -> None:
        """What must hold after every kill, read from copies of what lies on the disk."""
        shutil.rmtree(self.scratch / "copy", ignore_errors=True)
        (self.scratch / "copy").mkdir()
        for name in ("tocsin.db", "tocsin.db-wal"):
            if (self.daemon.state_dir / name).exists():
                shutil.copy(self.daemon.state_dir / name, self.scratch / "copy" / name)
        connection = sqlite3.connect(self.scratch / "copy" / "tocsin.db")
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            self._holds(lambda query: connection.execute(query).fetchall())
        finally:
            connection.close()

    def _holds(self, rows: Callable[[str], list[Any]]) -> None:
        opened = rows("SELECT number FROM tickets WHERE state NOT IN ('resolved', 'closed')")
        incidents = rows("SELECT ticket FROM incidents WHERE state = 'open'")
        assert opened == incidents
        assert len(opened) <= 1
        assert not rows("SELECT id FROM incidents WHERE ticket NOT IN (SELECT number FROM tickets)")
        stored = Counter((what, ticket) for what, ticket in rows("SELECT what, ticket FROM ticket_events"))
        told = Counter(
            (TOLD[line["event"]], int(line["ticket"].removeprefix("T-")))
            for line in self.daemon.events(*TOLD)
        )
        assert told <= stored, f"told but not stored: {told - stored}"
        begun = stored_of(stored, "opened", "reopened")
        over = stored_of(stored, "recovered")
        assert begun - over == len(opened)
        assert self.outage - 1 <= over <= begun <= self.outage
        # What the page showed of this outage is in the store: its ticket, and then its end.
        assert begun == self.outage or not self.seen_open
        assert over == self.outage or self.seen_open is not False or not self.healing


def stored_of(stored: Counter[tuple[str, int]], *what: str) -> int:
    return sum(count for (event, _), count in stored.items() if event in what)


def test_thirty_kills_lose_no_outage_and_open_no_ticket_twice(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    strace = program("strace", "strace")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    print(f"\nseed {SEED}")
    print(HEADER)
    with Site() as site, Daemon(tmp_path, **config(site.url)) as daemon:
        case = Case(daemon, site, strace, scratch)
        case.start()
        moments = [outage(case, number) for number in range(OUTAGES)]
        the_ledger_tells_the_same(case, moments)
        daemon.stop()
        tickets = daemon.tickets()
        # What was watched to its end before the daemon stopped is closed.
        assert {ticket["state"] for ticket in tickets} <= {"resolved", "closed"}
        assert len(daemon.json("incidents")) == len(tickets)
    summary(case, len(tickets))
    assert len(case.kills) >= 30
    assert sum(kill.inside for kill in case.kills) >= 10
    assert max(kill.restart or 0 for kill in case.kills) < 15


def outage(case: Case, number: int) -> tuple[int, int]:
    """The site fails and heals; a kill while the ticket is opened, one while it is open, one while it is resolved."""
    case.outage, case.healing, case.seen_open = number + 1, False, None
    if number % 2:
        resolved = "SELECT count(*) FROM incidents WHERE state <> 'resolved'"
        wait_for(lambda: case.daemon.rows(resolved) == [(0,)], "the end of the watch")
    began = now()
    opening(case, shot=number in SHOT_OPENING)
    case.start()
    wait_for(lambda: standing(case) == 1, "the ticket open")
    between(case, starting=number % 3 == 1)
    case.start()
    case.healing, case.seen_open = True, None
    resolving(case, shot=number in SHOT_RESOLVING)
    case.start()
    wait_for(lambda: standing(case) == 0, "the ticket resolved")
    return began, now()


def opening(case: Case, *, shot: bool) -> None:
    if shot:
        nth = case.chance.choice((1, 2, 2, 2))
        case.site.turn(good=False, hold_from=nth)
        case.shoot(aimed(case.chance), "opening" if nth == 2 else "first bad look")
    else:
        case.site.turn(good=False)
        case.kill_after(case.chance.uniform(0, CYCLE), "site turned bad")


def between(case: Case, *, starting: bool) -> None:
    if starting:
        case.daemon.kill()
        case.killed("ticket open", "plain, at once")
        case.daemon.spawn()
        case.kill_after(case.chance.uniform(0.05, 1.0), "started")
    else:
        case.kill_after(case.chance.uniform(0, CYCLE), "ticket open")


def resolving(case: Case, *, shot: bool) -> None:
    if shot:
        nth = case.chance.choice((1, 2, 2, 2))
        case.site.turn(good=True, hold_from=nth)
        case.shoot(aimed(case.chance), "resolving" if nth == 2 else "first good look")
    else:
        case.site.turn(good=True)
        case.kill_after(case.chance.uniform(0, CYCLE), "site turned good")


def aimed(chance: random.Random) -> Shot:
    """Mostly among the writes of a commit; else at its sync, or at a lock before or after it."""
    call = chance.choice(("pwrite64", "pwrite64", "pwrite64", "pwrite64", "fdatasync", "fcntl"))
    return Shot(call, {"pwrite64": chance.randint(3, 30), "fdatasync": 1}.get(call, chance.randint(3, 6)))


def standing(case: Case) -> int:
    query = "SELECT count(*) FROM tickets WHERE state NOT IN ('resolved', 'closed')"
    count: int = case.daemon.rows(query)[0][0]
    return count


def the_ledger_tells_the_same(case: Case, moments: list[tuple[int, int]]) -> None:
    """Every outage has one begin and one end in the timelines, within its time; the spans tile without a gap."""
    events = case.daemon.rows(
        "SELECT at, what, ticket FROM ticket_events WHERE what IN ('opened', 'reopened', 'recovered') ORDER BY at"
    )
    assert len(events) == 2 * len(moments)
    for (began, ended), begin, end in zip(moments, events[::2], events[1::2], strict=True):
        assert began <= begin[0] < end[0] <= ended
        assert begin[1] in ("opened", "reopened")
        assert (end[1], end[2]) == ("recovered", begin[2])
    spans = case.daemon.rows(
        "SELECT start, \"end\", klass FROM spans WHERE check_id = '' AND service <> 'tocsin' ORDER BY start"
    )
    for (_, end, klass), (start, _, following) in pairwise(spans):
        assert end == start
        assert klass != following
    assert [span for span in spans if span[1] is None] == spans[-1:]


HEADER = f"{'kill':>4}  {'outage':>6}  {'when':<34}  where"


def row(kill: Kill) -> str:
    return f"{kill.number:>4}  {kill.outage:>6}  {kill.when:<34}  {kill.fell}"


def summary(case: Case, tickets: int) -> None:
    times = [kill.restart for kill in case.kills if kill.restart is not None]
    inside = sum(kill.inside for kill in case.kills)
    print("ready again after, in seconds:", " ".join(f"{seconds:.2f}" for seconds in times))
    print(
        f"{len(case.kills)} kills, {inside} between BEGIN and COMMIT; ready again in {max(times):.2f}s at most"
    )
    print(f"{OUTAGES} outages, {tickets} tickets, each opened once and resolved once per outage")
