"""The helpdesk is away for two hours while 200 problems come, and some go: what it gets when it is back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from alerting.outgoing import Standing
from tests.agent.test_delivery import Delivering
from tests.fakes.helpdesk import ANY, Call, Helpdesk
from tests.moving_clock import MovingClock
from tests.web_server import WebServer

pytestmark = pytest.mark.anyio
PROBLEMS, HEALED = 200, 80
FEW, FEW_HEALED = 20, 8
PER_MINUTE, BURST = 60, 50  # the fake's own burst
AWAY, STRIDE = 7200, 60


@dataclass
class Timed(Helpdesk):
    """A helpdesk that notes when each call came."""

    moments: list[tuple[float, str, int | None]] = field(default_factory=list)

    def heard(self, call: Call) -> None:
        self.moments.append((self.clock(), call.what, call.ticket))
        super().heard(call)


class Sites:
    """One server, a path for each service: those in `broken` answer 500."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        sites = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(500 if self.path in sites.broken else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = WebServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def sites() -> Iterator[Sites]:
    sites = Sites()
    yield sites
    sites.server.shutdown()
    sites.server.server_close()


@pytest.fixture
def desk() -> Iterator[Timed]:
    desk = Timed()
    desk.open()
    yield desk
    desk.release()
    desk.close()


def name(number: int) -> str:
    return f"web-{number:03}"


@asynccontextmanager
async def running(
    path: Path, sites: Sites, desk: Timed, problems: int, **options: object
) -> AsyncIterator[Delivering]:
    check = {"type": "http", "every": "5m", "timeout": "5s", "confirm": 1, "recover": 1}
    services: dict[str, object] = {
        name(n): {
            "checks": {"home": {**check, "url": f"{sites.url}/{name(n)}"}},
            "uptime": {"burn": False},
            "labels": {"told": "yes"},
        }
        for n in range(problems)
    }
    there = {"type": "fakedesk", "url": desk.url, "token": desk.token, "per_minute": PER_MINUTE, **options}
    driven = Delivering(
        path,
        services,
        helpdesks={"desk": there},
        # That the outbox itself is stuck is told, too: not here.
        routes=[{"match": {"labels": {"told": "yes"}}, "send_to": ["desk"]}],
        incidents={"storm": {"services": 1000}},
    )
    desk.clock = driven.clock.monotonic
    async with driven:
        await passes(driven, 360)
        yield driven
    desk.verify()


async def passes(driven: Delivering, seconds: float, stride: float = STRIDE) -> None:
    """Time goes by in strides: everything that became due in one is done at its end."""
    clock: MovingClock = driven.clock
    for _ in range(round(seconds / stride)):
        for job in clock.move(stride):
            await job()
        await driven.settled()


async def drained(driven: Delivering) -> None:
    """Until nothing waits any more, for half an hour at most."""
    end = driven.clock.monotonic() + 1800
    while driven.clock.monotonic() < end:
        await passes(driven, 4, stride=2)
        if not any(entry.unsent for entry in driven.app.pipeline.world.outbox.values()):
            return


async def away(driven: Delivering, sites: Sites, desk: Timed, problems: int, healed: int) -> None:
    """Two hours: one problem after the other comes, the first of them go again."""
    desk.close()
    strides = AWAY // STRIDE
    for stride in range(strides):
        arrived = min(problems, problems * 2 * (stride + 1) // strides)
        gone = max(0, healed * 2 * (stride + 1 - strides // 2) // strides)
        sites.broken = {f"/{name(n)}" for n in range(gone, arrived)}
        await passes(driven, STRIDE)
    await passes(driven, 360)
    desk.open()


async def test_each_gets_its_ticket_in_order_and_within_the_limits(
    tmp_path: Path, sites: Sites, desk: Timed
) -> None:
    for what in ("create", "comment", "resolve"):
        desk.expect(what, times=ANY)
    async with running(tmp_path, sites, desk, PROBLEMS) as driven:
        await away(driven, sites, desk, PROBLEMS, HEALED)
        world = driven.app.pipeline.world
        assert len(world.outbox) == PROBLEMS
        began = driven.clock.monotonic()
        await drained(driven)
        assert {entry.state for entry in world.outbox.values()} == {Standing.DONE}
        assert sorted(each["service"] for each in desk.tickets.values()) == [name(n) for n in range(PROBLEMS)]
        states = Counter(each["state"] for each in desk.tickets.values())
        assert states == {"open": PROBLEMS - HEALED, "resolved": HEALED}
        for each in desk.tickets.values():
            ids = [int(comment["id"].rpartition("-")[2]) for comment in each["comments"]]
            assert ids == sorted(set(ids)), json.dumps(each)
        within_limits(desk, began)
        oldest_first(driven, desk)


def within_limits(desk: Timed, began: float) -> None:
    """A ticket takes one visit, with one create in it: never more of them than were earned by then."""
    made = [at for at, what, _ in desk.moments if what == "create"]
    for number, at in enumerate(made, 1):
        assert number <= BURST + (at - began) * PER_MINUTE / 60 + 1


def oldest_first(driven: Delivering, desk: Timed) -> None:
    """As the problems came, so do the tickets; those that travel together may overtake each other."""
    world = driven.app.pipeline.world
    opened = {entry.key: world.tickets[entry.ticket].opened_at for entry in world.outbox.values()}
    moments = [opened[each["key"]] for _, each in sorted(desk.tickets.items())]
    together = 4 * BURST
    for place, at in enumerate(moments):
        assert all(at <= later for later in moments[place + together :])


async def test_what_was_over_meanwhile_makes_no_ticket_where_nobody_wants_one(
    tmp_path: Path, sites: Sites, desk: Timed
) -> None:
    desk.expect("create", times=ANY)
    async with running(tmp_path, sites, desk, FEW, deliver_resolved="none") as driven:
        await away(driven, sites, desk, FEW, FEW_HEALED)
        await drained(driven)
        assert {each["state"] for each in desk.tickets.values()} == {"open"}
        assert len(desk.tickets) == FEW - FEW_HEALED
        assert {entry.state for entry in driven.app.pipeline.world.outbox.values()} == {Standing.DONE}
