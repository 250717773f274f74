"""kill -9 of the real daemon while it escalates and follows up: each step is done once, told once, written once."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.control import ask
from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.kill_point import TRACEABLE, Fell, Shot, Tracer

SEED = 20261122
# What time makes of a ticket that nobody touches, in the seconds of the policy below.
RISES = [(1, 2), (2, 3), (3, 3)]
TICKETS = 3
POLICY = {
    "rises": {
        "high": [
            {"after": "1s", "tier": 2, "tell": ["lead"]},
            {"after": "4s", "tier": 3, "tell": ["lead", "manager"], "from_last": True},
            {"after": "4s", "tell": ["manager"], "from_last": True, "review": "decide what becomes of it"},
        ]
    },
    "follow_ups": {"high": ["1s", "6s"]},
    "follow_up_grace": "3s",
}


def config() -> dict[str, Any]:
    """A team, a policy of seconds, and a channel that nobody answers: notices wait in the store, each once."""
    people = [
        {"name": f"Agent {name}", "email": f"{name.lower()}@example.org", "tier": tier}
        for name, tier in (("One", 1), ("Two", 2), ("Three", 3))
    ]
    team = {
        "lead": "lead@example.org",
        "manager": "manager@example.org",
        "members": people,
        "policy": "quick",
    }
    mail = {"type": "email", "from": "tocsin@example.org", "server": "127.0.0.1:1", "tls": "none"}
    return {
        "teams": {"web": team},
        "channels": {"mail": mail},
        "policies": {"quick": POLICY},
        "services": {"shop": {"team": "web"}},
    }


@dataclass(slots=True)
class Case:
    """One state directory through all its kills."""

    daemon: Daemon
    strace: Path
    scratch: Path
    chance: random.Random
    opened: int = 0
    inside: int = 0
    fell: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Tickets as the next prey of the desk."""
        for _ in range(TICKETS):
            told = {"title": f"Slow {self.opened}", "description": "It is slow.", "service": "shop"}
            ask(self.daemon.state_dir, "desk", verb="tickets.open", arguments={**told, "severity": "high"})
            self.opened += 1

    def shoot(self) -> None:
        """Kill at a system call of the sweep in which something is due."""
        call = self.chance.choice(("pwrite64", "pwrite64", "pwrite64", "fdatasync"))
        number = self.chance.randint(3, 30) if call == "pwrite64" else self.chance.randint(1, 2)
        tracer = Tracer(self.strace, self.daemon, Shot(call, number), self.scratch / "strace")
        wait_for(lambda: self.daemon.process.poll() is not None, f"the kill at {call} {number}")
        self.killed(tracer.fell())

    def kill(self) -> None:
        """A plain kill -9 at some moment of the rhythm in which the desk looks."""
        end = time.monotonic() + self.chance.uniform(0.1, 5.5)
        wait_for(lambda: time.monotonic() >= end, "the moment of the kill")
        self.daemon.kill()
        self.killed(None)

    def killed(self, fell: Fell | None) -> None:
        self.fell.append(str(fell) if fell is not None else "plain")
        self.inside += fell is not None and fell.inside
        print(f"kill {len(self.fell):>3}: {self.fell[-1]}", flush=True)
        self.holds()

    def holds(self) -> None:
        """After a kill, on a copy of the disk: nothing twice, nothing half, nothing told but not stored."""
        shutil.rmtree(self.scratch / "copy", ignore_errors=True)
        (self.scratch / "copy").mkdir()
        for name in ("tocsin.db", "tocsin.db-wal"):
            if (self.daemon.state_dir / name).exists():
                shutil.copy(self.daemon.state_dir / name, self.scratch / "copy" / name)
        connection = sqlite3.connect(self.scratch / "copy" / "tocsin.db")
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            done = each_once(lambda query: connection.execute(query).fetchall())
        finally:
            connection.close()
        said = Counter(line["ticket"] for line in self.daemon.events("ticket.escalated"))
        assert all(said[ticket] <= done[ticket] for ticket in said), f"told but not stored: {said} {done}"


def each_once(rows: Callable[[str], list[Any]]) -> Counter[str]:
    """That log, timeline, steps and notices of every ticket say the same; how often each was escalated."""
    escalated: Counter[str] = Counter()
    lines = Counter(rows("SELECT ticket, what, text FROM ticket_events"))
    notices = Counter((ticket, json.loads(data)["kind"], to) for ticket, to, data in rows(_NOTICES))
    for number, data in rows("SELECT number, data FROM tickets"):
        ticket = json.loads(data)
        log = [(each["from_tier"], each["to_tier"]) for each in ticket.get("escalations", [])]
        assert log == RISES[: len(log)], f"T-{number}: {log}"
        escalated[f"T-{number}"] = len(log)
        written = [(what, text) for (of, what, text), _ in lines.items() if of == number]
        assert sum(what in ("escalated", "review") for what, _ in written) == len(log)
        reminded = [key for key in ticket.get("steps", {}) if key.startswith("remind:")]
        assert sum("is due" in text for _, text in written if text.startswith("follow-up")) == len(reminded)
        missed = [each for each in ticket.get("follow_ups", []) if each.get("missed")]
        assert sum("was missed" in text for _, text in written if text.startswith("follow-up")) == len(missed)
        to_lead = notices[number, "escalated", "lead@example.org"]
        to_manager = notices[number, "escalated", "manager@example.org"]
        assert (to_lead, to_manager) == (min(len(log), 2), max(len(log) - 1, 0)), f"T-{number}"
        assert notices[number, "follow_up_missed", "manager@example.org"] == len(missed)
    assert set(lines.values()) <= {1}
    return escalated


_NOTICES = 'SELECT ticket, "to", data FROM notices'


def test_each_step_is_done_once_over_five_kills(tmp_path: Path, program: Callable[[str, str], Path]) -> None:
    assert_done_once(tmp_path, program("strace", "strace"), SEED, kills=5)


@pytest.mark.slow
def test_each_step_is_done_once_over_eighty_kills(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    assert_done_once(tmp_path, program("strace", "strace"), SEED + 1, kills=80)


def assert_done_once(directory: Path, strace: Path, seed: int, kills: int) -> None:
    """Three kills of four at a system call of the commit, the others at any moment; in the end all is done."""
    scratch = directory / "scratch"
    scratch.mkdir()
    with Daemon(directory, **config()) as daemon:
        case = Case(daemon, strace, scratch, random.Random(seed))
        for number in range(kills):
            daemon.start(*TRACEABLE)
            case.open()
            case.kill() if number % 4 == 3 else case.shoot()
        daemon.start()
        wait_for(lambda: all_done(daemon) == case.opened, "every step of every ticket")
        daemon.stop()
        assert set(each_once(daemon.rows).values()) == {len(RISES)}
        log = daemon.json("tickets", "escalations")
        assert len(log) == case.opened * len(RISES)
        assert len({(row["ticket"], row["from_tier"], row["to_tier"]) for row in log}) == len(log)
    assert case.inside >= kills // 3, case.fell


def all_done(daemon: Daemon) -> int:
    """Tickets that were escalated to the end, and of which both follow-ups were missed."""
    found = [json.loads(data) for (data,) in daemon.rows("SELECT data FROM tickets")]
    return sum(
        len(each.get("escalations", [])) == len(RISES)
        and [follow_up.get("missed") for follow_up in each["follow_ups"]] == [True, True]
        for each in found
    )
