"""While the store cannot write, checks go on, one channel hears of outages, and all is caught up later."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agent.control import Refused
from agent.store.trouble import Fault
from tests.agent.store.test_writer import fill
from tests.agent.test_delivery import ROUTES, Delivering, services
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.site import Site

pytestmark = pytest.mark.anyio
Program = Callable[[str, str], Path]
DEADLINE = 60.0


@pytest.fixture
def small(tmp_path: Path, program: Program) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "small"
    place.mkdir()
    mount = [str(program("mount", "mount")), "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run([str(program("umount", "mount")), str(place)], timeout=60, check=True)


class OnSmall(Delivering):
    """Its state lies on a small file system, and the fake helpdesk is told of emergencies."""

    emergency: str | None = "desk"

    def write(self, services: dict[str, object], **sections: object) -> None:
        super().write(services, **sections)
        told = yaml.safe_load(self.file.read_text())
        told["agent"] |= {"emergency": self.emergency, "ballast": "0B", "self_service": False}
        self.file.write_text(yaml.safe_dump(told))

    async def until(self, condition: Callable[[], bool], seconds: float = 1.0) -> None:
        """Let time pass in steps, as the looks and the emergency channel go on without the store."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                for job in self.clock.move(seconds):
                    if job != self.app.pipeline.checkpoint:  # it waits for the store
                        await job()
                await asyncio.gather(*self.app.scheduler.running.values(), return_exceptions=True)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(small: Path, site: Site, desk: Helpdesk) -> AsyncIterator[OnSmall]:
    helpdesk = {"type": "fakedesk", "url": desk.url, "token": desk.token, "poll_every": "1h"}
    driven = OnSmall(small, services(site), helpdesks={"desk": helpdesk}, routes=ROUTES)
    desk.clock = driven.clock.monotonic
    async with driven:
        await driven.advance(20)
        yield driven
    desk.verify()


def titles(desk: Helpdesk) -> dict[str, str]:
    return {each["title"]: each["state"] for each in desk.tickets.values()}


def of_store(driven: OnSmall) -> dict[str, Any]:
    """What the pages of the daemon say now."""
    url = driven.app.web.addresses[0]
    with httpx.Client(base_url=url) as client:
        ready, metrics = client.get("/-/ready"), client.get("/metrics").text
    lines = [
        line
        for line in metrics.splitlines()
        if line.startswith(("tocsin_store_degraded", "tocsin_check_state"))
    ]
    return {"ready": (ready.status_code, ready.text), "metrics": lines}


async def test_an_outage_on_a_full_disk_is_told_past_the_store_and_gets_its_ticket_later(
    small: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=3)
    desk.expect("comment", times=ANY)
    desk.expect("resolve", times=ANY)
    async with running(small, site, desk) as driven:
        pipeline = driven.app.pipeline
        filling = fill(small)
        site.status = 500
        await driven.until(lambda: len(desk.tickets) == 2)
        assert titles(desk) == {"test: the store cannot write": "open", "web.home is down": "open"}
        said = await asyncio.to_thread(of_store, driven)
        assert said["ready"][0] == 503 and "no space is left on the disk of" in said["ready"][1]
        assert "tocsin_store_degraded 1.0" in said["metrics"]
        down = [line for line in said["metrics"] if 'check="home"' in line and 'state="down"' in line]
        assert len(down) == 1 and down[0].endswith(" 1.0")
        assert pipeline.trouble is not None and pipeline.trouble.fault is Fault.FULL
        assert not pipeline.world.incidents
        with pytest.raises(Refused, match="the store cannot write: no space"):
            await driven.app.commands.answer("silence.add", {"match": ["service=web"]}, "root")
        filling.unlink()
        await driven.until(lambda: pipeline.trouble is None and len(desk.tickets) == 3)
        await driven.advance(5)
        assert titles(desk) == {
            "test: the store cannot write": "resolved",
            "web.home is down": "resolved",
            "web: home is down": "open",
        }
        (incident,) = pipeline.world.incidents.values()
        assert incident.occurrence == 1


async def test_what_is_well_again_before_the_store_writes_is_told_so(
    small: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=3)
    desk.expect("comment", times=ANY)
    desk.expect("resolve", times=ANY)
    async with running(small, site, desk) as driven:
        filling = fill(small)
        site.status = 500
        await driven.until(lambda: len(desk.tickets) == 2)
        site.status = 200
        await driven.until(lambda: titles(desk)["web.home is down"] == "resolved")
        assert titles(desk)["test: the store cannot write"] == "open"
        filling.unlink()
        await driven.until(lambda: driven.app.pipeline.trouble is None)
        await driven.advance(60)
        (incident,) = driven.app.pipeline.world.incidents.values()
        assert incident.state.value == "watching" and incident.resolved_at is not None
        assert set(titles(desk).values()) == {"resolved"}


async def test_what_passes_quickly_is_not_told(small: Path, site: Site, desk: Helpdesk) -> None:
    async with running(small, site, desk) as driven:
        filling = fill(small)
        await driven.until(lambda: driven.app.pipeline.trouble is not None)
        filling.unlink()
        await driven.until(lambda: driven.app.pipeline.trouble is None, 0.0)
        await driven.advance(60)
        assert not desk.tickets


async def test_no_reading_is_lost_or_kept_twice(small: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", times=ANY)
    desk.expect("resolve", times=ANY)
    desk.expect("comment", times=ANY)
    async with running(small, site, desk) as driven:
        before = len(stored(driven))
        filling = fill(small)
        began = driven.clock.now()
        await driven.until(lambda: driven.clock.now() - began > 120_000_000)
        assert driven.app.pipeline.backlog > 5
        filling.unlink()
        await driven.until(lambda: driven.app.pipeline.trouble is None)
        await driven.advance(10)
        after = stored(driven)
        assert len(after) == len(set(after)) and len(after) - before >= 11
        gaps = [later - earlier for earlier, later in itertools.pairwise(after)]
        assert max(gaps) < 12_000_000


def stored(driven: OnSmall) -> list[int]:
    """The moments of the readings that are on the disk."""
    store = sqlite3.connect(f"file:{driven.app.directory / 'tocsin.db'}?mode=ro", uri=True)
    try:
        return [at for (at,) in store.execute("SELECT at FROM readings ORDER BY at")]
    finally:
        store.close()


async def test_who_meets_the_full_disk_first_is_told_of_it(small: Path, site: Site, desk: Helpdesk) -> None:
    """Accounts are written past the pipeline: nobody has said yet that the store cannot write."""
    async with running(small, site, desk) as driven:
        filling = fill(small)
        with pytest.raises(Refused, match="the store cannot write: no space is left") as told:
            for _ in range(5000):
                await driven.app.commands.answer("users.link", {}, "root")
        assert told.value.why == "not_now"
        assert driven.app.pipeline.trouble is None
        filling.unlink()
        assert (await driven.app.commands.answer("users.link", {}, "root"))["link"]
