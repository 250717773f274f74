"""kill -9 while a ticket is made, told and ended over there, with replies that are lost: one each, ended in the end."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.kill_point import TRACEABLE, Shot, Tracer
from tests.fakes.connector import install
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.site import Site

SEED = 20261123
WAIT = 90.0
# How the reply of a call is lost; none, mostly.
TROUBLES = ("", "", "lose_reply", "html_done", "html")


def config(sites: list[Site], desk: Helpdesk) -> dict[str, Any]:
    """A service for each kill: what happened to one ticket leaves no trace in the next."""
    usual = {"type": "http", "every": "1s", "timeout": "1s", "confirm": 1, "recover": 1}
    there = {"type": "fakedesk", "url": desk.url, "token": desk.token, "poll_every": "5s"}
    return {
        "services": {
            f"web-{number}": {"checks": {"home": {**usual, "url": site.url}}, "uptime": {"burn": False}}
            for number, site in enumerate(sites)
        },
        "helpdesks": {"desk": there},
        "routes": [{"send_to": ["desk"]}],
    }


@dataclass(slots=True)
class Case:
    """One state directory and one helpdesk through all kills."""

    daemon: Daemon
    desk: Helpdesk
    sites: list[Site]
    strace: Path
    scratch: Path
    chance: random.Random
    fell: list[str] = field(default_factory=list)

    def round(self, number: int) -> None:
        """A problem comes and goes; somewhere on its way the daemon is killed."""
        for what in ("create", "comment", "resolve"):
            if trouble := self.chance.choice(TROUBLES):
                self.desk.fault(what, trouble)
        step = number % 4
        self.daemon.start(*TRACEABLE)
        if step == 0:
            self._held(number, "create")
        elif step == 1:
            self._held(number, "resolve")
        else:
            self._shot(number, opening=step == 2)
        self.desk.heal()
        self.daemon.start()
        wait_for(lambda: self.tickets(number), f"a ticket of web-{number}", WAIT)
        self.sites[number].status = 200
        wait_for(lambda: self.ended(number), f"the end of web-{number}", WAIT)
        self.daemon.stop()

    def _held(self, number: int, what: str) -> None:
        """Killed after the helpdesk has done it, and before anybody here knows."""
        if what == "resolve":
            self.sites[number].status = 500
            wait_for(lambda: self.tickets(number), "a ticket to end", WAIT)
        self.desk.heal()
        before = self.desk.count(what)
        self.desk.fault(what, "hold_reply")
        self.sites[number].status = 500 if what == "create" else 200
        wait_for(lambda: self.desk.count(what) > before, f"the call {what}", WAIT)
        self.daemon.kill()
        self.fell.append(f"during {what}")

    def _shot(self, number: int, *, opening: bool) -> None:
        """Killed at a system call of one of the commits around the calls."""
        if not opening:
            self.sites[number].status = 500
            wait_for(lambda: self.tickets(number), "a ticket to end", WAIT)
        call = self.chance.choice(("pwrite64", "pwrite64", "fdatasync"))
        shot = Shot(call, self.chance.randint(4, 40) if call == "pwrite64" else self.chance.randint(1, 4))
        tracer = Tracer(self.strace, self.daemon, shot, self.scratch / "strace")
        self.sites[number].status = 500 if opening else 200
        wait_for(lambda: self.daemon.process.poll() is not None, f"the kill at {shot}", WAIT)
        self.fell.append(str(tracer.fell()))

    def tickets(self, number: int) -> list[dict[str, Any]]:
        return [each for each in list(self.desk.tickets.values()) if each["service"] == f"web-{number}"]

    def ended(self, number: int) -> bool:
        settled = "SELECT count(*) FROM outbox WHERE NOT (state = 'done' AND version = done_version)"
        over = [each["state"] for each in self.tickets(number)] == ["resolved"]
        return over and self.daemon.rows(settled) == [(0,)]

    def holds(self) -> None:
        """Over all rounds: one ticket for each problem, ended, and nothing said twice or out of order."""
        made = sorted(each["service"] for each in self.desk.tickets.values())
        assert made == sorted(f"web-{number}" for number in range(len(self.sites))), self.fell
        for each in self.desk.tickets.values():
            said = [int(comment["id"].rpartition("-")[2]) for comment in each["comments"]]
            assert said == sorted(set(said)), (each, self.fell)
        assert {each["key"] for each in self.desk.tickets.values()} == {
            key for (key,) in self.daemon.rows("SELECT key FROM outbox")
        }


def test_one_ticket_each_over_six_kills(
    tmp_path: Path, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_one_each(tmp_path, program("strace", "strace"), SEED, 6, monkeypatch)


@pytest.mark.slow
def test_one_ticket_each_over_eighty_kills(
    tmp_path: Path, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_one_each(tmp_path, program("strace", "strace"), SEED + 1, 80, monkeypatch)


def assert_one_each(
    directory: Path, strace: Path, seed: int, kills: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(directory / "installed")
    monkeypatch.setenv("PYTHONPATH", str(directory / "installed"))
    scratch = directory / "scratch"
    scratch.mkdir()
    with ExitStack() as stack:
        sites = [stack.enter_context(Site()) for _ in range(kills)]
        desk = stack.enter_context(Helpdesk())
        for what in ("create", "comment", "resolve"):
            desk.expect(what, times=ANY)
        daemon = stack.enter_context(Daemon(directory, **config(sites, desk)))
        case = Case(daemon, desk, sites, strace, scratch, random.Random(seed))
        for number in range(kills):
            case.round(number)
        case.holds()
        assert sum("writes done" in each for each in case.fell) >= kills // 6, case.fell
