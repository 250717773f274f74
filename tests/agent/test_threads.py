"""Threads for probes: a place is given back when a call ends, and also when there is no thread to be had."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agent.threads import ProbeThreads, StillHangs


def test_a_hanging_call_keeps_its_name_and_place_until_it_ends() -> None:
    async def scene() -> None:
        threads, go_on = ProbeThreads(1), threading.Event()
        hanging = asyncio.create_task(threads.run("a", go_on.wait))
        await asyncio.sleep(0)
        hanging.cancel()
        with pytest.raises(StillHangs):
            await threads.run("a", lambda: True)
        go_on.set()
        assert await asyncio.wait_for(threads.run("b", lambda: "after it"), 60) == "after it"
        assert await threads.run("a", lambda: "again") == "again"

    asyncio.run(scene())


def test_what_the_call_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ProbeThreads(1).run("a", lambda: 1 // 0))


async def _until(true: Callable[[], object]) -> None:
    """Wait for it, for ten seconds at most."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.002)


def test_calls_that_hang_leave_their_places_to_others() -> None:
    """As many as there are places, all hanging for good, and again as many: the others still run."""

    async def scene() -> None:
        threads, go_on = ProbeThreads(2, 8), threading.Event()
        hanging = [asyncio.create_task(threads.run(f"hangs {each}", go_on.wait)) for each in range(6)]
        await _until(lambda: all(threads.runs(f"hangs {each}") for each in range(6)))
        others = [threads.run(f"other {each}", partial(int, each)) for each in range(40)]
        assert await asyncio.wait_for(asyncio.gather(*others), 60) == [*range(40)]
        go_on.set()
        assert await asyncio.wait_for(asyncio.gather(*hanging), 60) == [True] * 6

    asyncio.run(scene())


def test_no_more_threads_than_the_most_and_who_waits_goes_on_when_one_comes_back() -> None:
    async def scene() -> None:
        threads, first, rest = ProbeThreads(1, 3), threading.Event(), threading.Event()
        hanging = [asyncio.create_task(threads.run(f"{n}", (rest if n else first).wait)) for n in range(3)]
        await _until(lambda: threads.runs("2"))
        waiter = asyncio.create_task(threads.run("late", lambda: "at last"))
        gone = asyncio.create_task(threads.run("gone", lambda: "never"))
        await asyncio.wait([waiter], timeout=0.3)
        assert not threads.runs("late")
        gone.cancel()
        first.set()
        assert await asyncio.wait_for(waiter, 60) == "at last"
        assert gone.cancelled()
        rest.set()
        await asyncio.wait_for(asyncio.gather(*hanging), 60)

    asyncio.run(scene())


def test_calls_that_compute_keep_their_places() -> None:
    """More of them than there are places. Each gets the interpreter for a while only, and waits for it most of the
    time: that is no standing still. On a machine that pauses one may still look so, but never most of them."""
    lock, at_work, most_at_work = threading.Lock(), 0, 0

    def computes() -> None:
        nonlocal at_work, most_at_work
        with lock:
            at_work += 1
            most_at_work = max(most_at_work, at_work)
        until = time.thread_time() + 0.1
        while time.thread_time() < until:
            sum(range(1000))
        with lock:
            at_work -= 1

    async def scene() -> None:
        threads = ProbeThreads(8, 40)
        await asyncio.wait_for(asyncio.gather(*(threads.run(f"{each}", computes) for each in range(40))), 120)

    asyncio.run(scene())
    assert 1 <= most_at_work <= 16


def test_a_call_that_computed_and_then_hangs_gives_its_place_away() -> None:
    """Also while another one computes, and keeps its own."""

    async def scene() -> None:
        threads, enough, reader = ProbeThreads(2, 4), threading.Event(), os.pipe()

        def computes_then_hangs() -> bytes:
            sum(range(1_000_000))
            return os.read(reader[0], 1)

        def computes() -> None:
            while not enough.is_set():
                sum(range(1000))

        at_work = [
            asyncio.create_task(threads.run("hangs", computes_then_hangs)),
            asyncio.create_task(threads.run("computes", computes)),
        ]
        await _until(lambda: threads.runs("hangs") and threads.runs("computes"))
        assert await asyncio.wait_for(threads.run("other", lambda: "ran"), 60) == "ran"
        os.write(reader[1], b"!")
        enough.set()
        assert await asyncio.wait_for(asyncio.gather(*at_work), 60) == [b"!", None]
        for each in reader:
            os.close(each)

    asyncio.run(scene())


def test_what_outlives_its_deadline_is_counted_until_it_comes_back() -> None:
    async def scene() -> None:
        threads, go_on = ProbeThreads(1, 2), threading.Event()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(threads.run("a", go_on.wait), 0.05)
        threads.overdue("a")
        threads.overdue("nobody")
        assert (threads.hanging, threads.runs("a")) == (1, True)
        go_on.set()
        await _until(lambda: not threads.runs("a"))
        assert threads.hanging == 0

    with capture_logs() as lines:
        asyncio.run(scene())
    assert [(line["event"], line["check"]) for line in lines] == [
        ("probe.hangs", "a"),
        ("probe.came_back", "a"),
    ]


@given(st.lists(st.sampled_from(["fast", "fails", "hangs", "cancelled"]), max_size=12), st.integers(1, 3))
def test_whatever_calls_do_all_places_are_free_in_the_end(calls: list[str], places: int) -> None:
    async def scene() -> None:
        threads, go_on = ProbeThreads(places, places + 12), threading.Event()
        work: dict[str, Callable[[], object]] = {"fast": int, "fails": lambda: 1 // 0}
        tasks = [
            asyncio.create_task(threads.run(f"{number}", work.get(each, go_on.wait)))
            for number, each in enumerate(calls)
        ]
        await asyncio.sleep(0)
        for each, task in zip(calls, tasks, strict=True):
            if each == "cancelled":
                task.cancel()
        go_on.set()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        await _until(lambda: not any(threads.runs(f"{number}") for number in range(len(calls))))
        # All places at once, by calls of which each waits for all others.
        together = threading.Barrier(places, timeout=60)
        met = await asyncio.gather(*(threads.run(f"again {each}", together.wait) for each in range(places)))
        assert sorted(met) == list(range(places))
        assert threads.hanging == 0

    asyncio.run(scene())


LIMITED = """
import asyncio, resource, threading
from agent.threads import ProbeThreads

async def main():
    threads = ProbeThreads(1)
    usual = threading.stack_size(1 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, resource.RLIM_INFINITY))
    try:
        await threads.run("a", int)
    except RuntimeError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    threading.stack_size(usual)
    print(await asyncio.wait_for(threads.run("a", lambda: "same"), 60))
    print(await asyncio.wait_for(threads.run("b", lambda: "other"), 60))

asyncio.run(main())
"""


def test_no_thread_to_be_had_costs_neither_the_place_nor_the_name(root: Path) -> None:
    """In a process of its own, where the system really refuses a thread."""
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=60, check=False, cwd=root
    )
    assert ended.stdout.splitlines() == ["can't start new thread", "same", "other"], ended.stderr
