"""Blocking probes on daemon threads: bounded in number, one per check, waited for by no one when they hang."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class StillHangs(Exception):
    """The call before this one has not come back from the operating system."""


class ProbeThreads:
    """Runs plain functions aside. A hanging one keeps its place, so that hanging threads never pile up.

    A pool of the standard library would be joined at exit, and one dead network mount would keep the process.
    """

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._busy: set[str] = set()

    async def run(self, name: str, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Cancelling stops the waiting, not the work. Raises StillHangs."""
        if name in self._busy:
            raise StillHangs
        await self._places.acquire()
        self._busy.add(name)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def ended(result: T | None, error: BaseException | None) -> None:
            self._free(name)
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # no error: this is a T

        def aside() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop may be gone by now
                loop.call_soon_threadsafe(ended, result, error)

        try:
            threading.Thread(target=aside, name=f"probe {name}", daemon=True).start()
        except BaseException:  # no thread to be had: nothing runs that could hang
            self._free(name)
            raise
        return await future

    def _free(self, name: str) -> None:
        self._busy.discard(name)
        self._places.release()
