"""Debian's Alertmanager: what it makes of our heartbeat, and what it fires."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.alertmanager import AlertmanagerOptions
from alerting.connectors.alertmanager_heartbeat import Alertmanager
from alerting.connectors.base import Result, Setting
from alerting.messages import Desired, Known, RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    Rig,
    There,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.test_alertmanager import AlertmanagerContract
from tests.servers.alertmanager import Alertmanager as Server
from tests.servers.alertmanager import Receiver

pytestmark = pytest.mark.anyio
_PATIENCE = 60.0
Start = Callable[[], Server]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def start(
    program: Callable[[str, str], Path], tmp_path: Path, free_port: Callable[[], int], receiver: Receiver
) -> Iterator[Start]:
    found = program("prometheus-alertmanager", "prometheus-alertmanager")
    servers: list[Server] = []

    def started() -> Server:
        servers.append(Server(found, tmp_path / f"am-{len(servers)}", free_port(), receiver.url))
        return servers[-1]

    yield started
    for server in servers:
        server.stop()


class Watched(Alertmanager):
    """Looks, after each call, at what the server shows: of what is over it shows nothing any more."""

    rig: RealRig

    async def apply(self, desired: Desired, known: Known) -> Result:
        result = await super().apply(desired, known)
        self.rig.look()
        return result


class RealRig(Rig):
    def __init__(self, server: Server) -> None:
        self.server = server
        options = AlertmanagerOptions.model_validate({"url": server.url})
        connector = Watched(options, Setting("am", "agent-1", time.time))
        connector.rig = self
        self.connector = connector
        self._ever: dict[str, dict[str, Any]] = {}

    def look(self) -> set[str]:
        active = {each["fingerprint"]: each for each in self.server.active()}
        self._ever |= active
        return set(active)

    async def there(self) -> list[There]:
        active = self.look()
        return [
            There(
                each["labels"]["tocsin_key"],
                each["annotations"]["summary"],
                str(each),
                name not in active,
                priority=each["annotations"]["priority"],
            )
            for name, each in self._ever.items()
        ]


@pytest.fixture
async def rig(start: Start) -> AsyncIterator[RealRig]:
    rig = RealRig(start())
    yield rig
    await rig.connector.aclose()


class TestContract(AlertmanagerContract):
    pass


async def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.02)


async def test_it_fires_once_however_often_it_is_said_and_resolves_once(
    rig: RealRig, receiver: Receiver
) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    await until(lambda: receiver.heard == [("firing", KEY)])
    for _ in range(3):
        again = await done(rig.connector.apply(wanted(priority="critical"), known(seen)))
    (alert,) = rig.server.active()
    assert alert["annotations"]["priority"] == "critical"
    assert (await done(rig.connector.read(known(again)))).priority == "critical"
    over = wanted(state="resolved")
    over_there = await done(rig.connector.apply(over, known(again)))
    assert (await done(rig.connector.read(known(over_there)))).state is RemoteState.RESOLVED
    await until(lambda: len(receiver.heard) > 1)
    assert receiver.heard == [("firing", KEY), ("resolved", KEY)]
    await done(rig.connector.apply(wanted(), known(over_there)))
    await until(lambda: len(receiver.heard) > 2)
    assert receiver.heard[2] == ("firing", KEY)


async def test_all_members_are_told(start: Start) -> None:
    first, second = start(), start()
    options = AlertmanagerOptions.model_validate({"url": [first.url, second.url]})
    connector = Alertmanager(options, Setting("am", "agent-1", time.time))
    seen = await done(connector.apply(wanted(), nothing_known()))
    assert [len(each.active()) for each in (first, second)] == [1, 1]
    first.stop()
    assert (await done(connector.read(known(seen)))).key == KEY
    # One that comes back without its memory hears of it with the next heartbeat.
    first.start()
    assert first.active() == []
    seen = await done(connector.apply(wanted(), known(seen)))
    assert len(first.active()) == 1
    await done(connector.apply(wanted(state="resolved"), known(seen)))
    assert [each.active() for each in (first, second)] == [[], []]
    assert [each.ok for each in await connector.check()] == [True] * 6
    await connector.aclose()


async def test_without_heartbeats_it_ends_by_itself_and_begins_again_with_them(
    start: Start, receiver: Receiver
) -> None:
    server = start()
    options = AlertmanagerOptions.model_validate({"url": server.url, "interval": "1s"})
    connector = Alertmanager(options, Setting("am", "agent-1", time.time))
    seen = await done(connector.apply(wanted(), nothing_known()))
    await until(lambda: receiver.heard == [("firing", KEY), ("resolved", KEY)])
    assert (await connector.read(known(seen))).observed is None
    await done(connector.apply(wanted(), known(seen)))
    assert (await done(connector.read(known(seen)))).key == KEY
    await connector.aclose()


async def test_its_own_words_are_read_in_both_shapes(rig: RealRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    for labels, says in (({"bad-name": "x", "tocsin_key": KEY}, "bad-name"), ({"tocsin_key": 5}, "labels")):
        memo = type(seen)(seen.id, seen.state, memo={"labels": labels})
        result = await rig.connector.apply(wanted(), known(memo))
        assert result.outcome == "permanent"
        assert says in result.reason
