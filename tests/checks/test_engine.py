"""Transfers side by side: each ends by itself, is cancelled by itself, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
from pathlib import Path

import pycurl
import pytest

from checks.engine import Engine
from tests.checks.http.web import always, serving
from tests.checks.listeners import listening, stays_silent


def transfer(port: int, *, timeout: float = 10) -> pycurl.Curl:
    """A handle set up to ask 127.0.0.1 and to forget the answer."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"http://127.0.0.1:{port}/")
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.WRITEFUNCTION, lambda _piece: None)
    curl.setopt(pycurl.TIMEOUT_MS, int(timeout * 1000))
    return curl


def open_files() -> int:
    return len(os.listdir(Path("/proc/self/fd")))  # noqa: PTH208 - one look is enough


def test_cancelled_transfer_ends_alone_and_its_handle_serves_again() -> None:
    async def run() -> int:
        engine = Engine()
        async with listening(stays_silent) as silent, serving(always()) as web:
            curl, other = transfer(silent), transfer(silent, timeout=0.5)
            cancelled = asyncio.create_task(engine.perform(curl))
            late = asyncio.create_task(engine.perform(other))
            await asyncio.sleep(0)
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancelled
            curl.setopt(pycurl.URL, web.url())
            await engine.perform(curl)
            with pytest.raises(pycurl.error) as caught:
                await late
            engine.close()
            assert caught.value.args[0] == pycurl.E_OPERATION_TIMEDOUT
            return int(curl.getinfo(pycurl.RESPONSE_CODE))

    assert asyncio.run(run()) == 200


def test_closing_cancels_what_runs_and_leaves_no_descriptor() -> None:
    async def run() -> None:
        engine = Engine()
        async with listening(stays_silent) as silent:
            running = [asyncio.create_task(engine.perform(transfer(silent))) for _ in range(5)]
            await asyncio.sleep(0.05)
            engine.close()
            found = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in found)

    before = open_files()
    asyncio.run(run())
    assert open_files() == before


def test_many_transfers_at_once_all_end() -> None:
    async def run() -> set[int]:
        engine = Engine()
        async with serving(always(b"x" * 10_000)) as web:
            handles = [transfer(web.port) for _ in range(200)]
            await asyncio.gather(*map(engine.perform, handles))
        engine.close()
        return {handle.getinfo(pycurl.RESPONSE_CODE) for handle in handles}

    assert asyncio.run(run()) == {200}


def made_with(more: int) -> str:
    """What making an engine says when so many files can be opened still; nothing when it is made."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = {int(name) for name in os.listdir("/proc/self/fd")}  # noqa: PTH208 - names, not paths
    free = (number for number in itertools.count() if number not in open_now)

    async def run() -> str:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
        try:
            Engine().close()
        except pycurl.error as error:
            code, text = error.args
            assert code == pycurl.E_FAILED_INIT
            return str(text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        return ""

    with asyncio.Runner() as runner:
        runner.get_loop()  # has files of its own
        open_now |= {int(name) for name in os.listdir("/proc/self/fd")}  # noqa: PTH208
        limit = next(itertools.islice(free, more, None))
        return runner.run(run())


def test_with_too_few_files_it_says_so() -> None:
    said = [made_with(more) for more in range(10)]
    assert said[-1] == ""
    refusals = [text for text in said if text]
    assert refusals and all("too many open files" in text.lower() for text in refusals)
    assert any("curl-multi" in text for text in refusals)
