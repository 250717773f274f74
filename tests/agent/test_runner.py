"""One look: always a reading, whatever the probe does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import Context, ErrorKind, Kind, Observation, Reading, Spec, Status, Value
from checks.registry import all_kinds
from config.loader import load
from config.models import Check

Probe = Callable[[Spec, Context], object]


def kind(probe: Probe, *, blocking: bool = False) -> Kind:
    return Kind(
        name="odd",
        summary="a kind of the tests",
        spec=Spec,
        probe=probe,  # type: ignore[arg-type]  # each test brings what it needs
        values=(Value("height", "", "a number"), Value("name", "", "a text", text=True)),
        counts_for_uptime=True,
        example="type: odd\n",
        blocking=blocking,
        down="height > 3",
        degraded="height > 2",
    )


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Reading]:
    def once(probe: Probe, *, blocking: bool = False, timeout: str = "200ms", memo: object = None) -> Reading:
        path = tmp_path / "tocsin.yaml"
        path.write_text(
            f"services: {{s: {{checks: {{c: {{type: odd, timeout: {timeout}}}}}}}}}", encoding="utf-8"
        )
        kinds = {"odd": kind(probe, blocking=blocking)}
        check: Check = load(path, kinds).checks()[0]

        async def go() -> Reading:
            runner = Runner(SystemClock(), kinds)
            try:
                return await runner.look(check, memo)
            finally:
                await runner.aclose()

        return asyncio.run(go())

    return once


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"height": 1}, Status.OK),
        ({"height": 3}, Status.DEGRADED),
        ({"height": 4}, Status.DOWN),
        ({}, Status.OK),
    ],
)
def test_values_are_judged_and_what_lacks_is_absent(
    look: Callable[..., Reading], values: dict[str, int], status: Status
) -> None:
    async def probe(_spec: Spec, _context: Context) -> Observation:
        return Observation(values=values)

    seen = look(probe)
    assert seen.status is status
    assert set(seen.values) == {"height", "name"}


def test_a_failure_is_down_and_blindness_is_unknown(look: Callable[..., Reading]) -> None:
    async def fails(_spec: Spec, _context: Context) -> Observation:
        return Observation(failure="refused", error_kind=ErrorKind.REFUSED)

    async def blind(_spec: Spec, _context: Context) -> Observation:
        return Observation(blind="no permission", error_kind=ErrorKind.LOCAL)

    down, unknown = look(fails), look(blind)
    assert (down.status, down.message, down.error_kind) == (Status.DOWN, "refused", ErrorKind.REFUSED)
    assert (unknown.status, unknown.message) == (Status.UNKNOWN, "could not look: no permission")


def test_a_probe_that_raises_is_our_own_fault_and_keeps_its_memo(look: Callable[..., Reading]) -> None:
    async def broken(_spec: Spec, _context: Context) -> Observation:
        raise ZeroDivisionError

    seen = look(broken, memo={"position": 7})
    assert (seen.status, seen.memo) == (Status.UNKNOWN, {"position": 7})
    assert "ZeroDivisionError" in seen.message


def test_a_probe_without_an_end_is_cut_off(look: Callable[..., Reading]) -> None:
    async def endless(_spec: Spec, _context: Context) -> Observation:
        await asyncio.Event().wait()
        return Observation()

    seen = look(endless)
    assert seen.status is Status.UNKNOWN
    assert "did not end within 0.2s" in seen.message


def test_a_hanging_thread_is_not_waited_for_and_not_started_twice(tmp_path: Path) -> None:
    release, started = threading.Event(), []

    def hangs(_spec: Spec, _context: Context) -> Observation:
        started.append(1)
        release.wait(20)
        return Observation(values={"height": 1})

    path = tmp_path / "tocsin.yaml"
    path.write_text("services: {s: {checks: {c: {type: odd, timeout: 200ms}}}}", encoding="utf-8")
    kinds = {"odd": kind(hangs, blocking=True)}
    check = load(path, kinds).checks()[0]

    async def go() -> list[Reading]:
        runner = Runner(SystemClock(), kinds)
        readings = [await runner.look(check), await runner.look(check)]
        release.set()
        while readings[-1].status is Status.UNKNOWN:
            await asyncio.sleep(0.01)
            readings.append(await runner.look(check))
        return readings

    readings = asyncio.run(go())
    assert "did not end" in readings[0].message
    assert "still hangs" in readings[1].message
    assert readings[-1].status is Status.OK
    assert len(started) == 2


def test_looks_that_hang_keep_no_other_waiting_until_there_are_too_many(tmp_path: Path) -> None:
    """Eight threads hang, and then as many as there may be; what is said then names the reason."""
    release = threading.Event()

    def hangs(_spec: Spec, _context: Context) -> Observation:
        release.wait(60)
        return Observation()

    kinds = {
        "hangs": replace(kind(hangs, blocking=True), name="hangs"),
        "looks": replace(kind(lambda _spec, _context: Observation(), blocking=True), name="looks"),
    }
    checks: dict[str, object] = {f"c{n}": {"type": "hangs", "timeout": "300ms"} for n in range(64)}
    checks |= {"fine": {"type": "looks", "timeout": "20s"}, "late": {"type": "looks", "timeout": "300ms"}}
    path = tmp_path / "tocsin.yaml"
    path.write_text(json.dumps({"services": {"s": {"checks": checks}}}), encoding="utf-8")
    *hanging, fine, late = load(path, kinds).checks()

    async def go() -> list[Reading]:
        runner = Runner(SystemClock(), kinds)
        await asyncio.gather(*(runner.look(each) for each in hanging[:8]))
        readings = [await runner.look(fine)]
        while runner.hanging < 64:
            await asyncio.gather(*(runner.look(each) for each in hanging))
        readings.append(await runner.look(late))
        release.set()
        while runner.hanging:
            await asyncio.sleep(0.01)
        return [*readings, await runner.look(late)]

    first, starved, after = asyncio.run(go())
    assert (first.status, after.status) == (Status.OK, Status.OK)
    assert starved.status is Status.UNKNOWN
    assert starved.message == (
        "could not look: no thread was free within 0.3s: 64 looks hang in the operating system"
    )


def test_a_hanging_thread_does_not_keep_the_process(tmp_path: Path) -> None:
    """Were the thread joined at exit, this would run into the test's own timeout."""
    script = (
        "import asyncio, threading\n"
        "from agent.threads import ProbeThreads\n"
        "async def go():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.1):\n"
        "            await ProbeThreads(1).run('x', threading.Event().wait)\n"
        "    except TimeoutError:\n"
        "        print('gave up')\n"
        "asyncio.run(go())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "gave up\n"


def test_every_kind_gives_a_reading_that_can_be_stored(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yaml"
    listed = "".join(f"\n      {name}: {{type: {name}}}" for name in ("cpu", "memory", "load", "disk"))
    path.write_text(f"services:\n  host:\n    checks:{listed}\n", encoding="utf-8")

    async def go() -> list[Reading]:
        runner = Runner(SystemClock(), all_kinds())
        try:
            return [await runner.look(check) for check in load(path, all_kinds()).checks()]
        finally:
            await runner.aclose()

    for seen in asyncio.run(go()):
        assert seen.status is not Status.UNKNOWN, seen.message
        json.dumps([dict(seen.values), seen.memo])
