"""Threads for probes: a place is given back when a call ends, and also when there is no thread to be had."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

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
        assert await asyncio.wait_for(threads.run("b", lambda: "after it"), 10) == "after it"
        assert await threads.run("a", lambda: "again") == "again"

    asyncio.run(scene())


def test_what_the_call_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ProbeThreads(1).run("a", lambda: 1 // 0))


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
    print(await asyncio.wait_for(threads.run("a", lambda: "same"), 10))
    print(await asyncio.wait_for(threads.run("b", lambda: "other"), 10))

asyncio.run(main())
"""


def test_no_thread_to_be_had_costs_neither_the_place_nor_the_name(root: Path) -> None:
    """In a process of its own, where the system really refuses a thread."""
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=60, check=False, cwd=root
    )
    assert ended.stdout.splitlines() == ["can't start new thread", "same", "other"], ended.stderr
