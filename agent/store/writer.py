"""The one writer: a thread with its own connection; what it is given together becomes one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from agent.store.ballast import Ballast, free
from agent.store.dialect import copy_into, writing_engine
from agent.store.migrate import current, is_new, migrate
from agent.store.opening import Place, aside, place_of, with_begun
from agent.store.schema import HEAD
from agent.store.trouble import REOPEN, Fault, Misplaced, cannot_write, fault_of, words

log = structlog.get_logger()
Work = Callable[[Connection], Any]
_QUEUE = 1000
_SPARE = 64 * 1024**2


class Writer:
    """Runs work inside BEGIN IMMEDIATE … COMMIT on its own thread.

    `fault` is why the latest transaction could not be written, with the reason in words; None when it was.
    """

    def __init__(self, path: Path, ballast: int = 0) -> None:
        """Open (and create, and migrate) the database at `path`. Raises what SQLite raises."""
        self.directory, self._path = path.parent, path
        self.ballast = Ballast(path.parent, ballast)
        self.fault: tuple[Fault, str] | None = None
        self._engine = writing_engine(path)
        try:
            self._keep_before(path)
            migrate(self._engine)
            with_begun(path)
        except BaseException:
            self._engine.dispose()
            raise
        self._place: Place | None = place_of(path)
        self._log: Place | None = None
        self._kept = False
        self._waiting: queue.Queue[tuple[Work, asyncio.AbstractEventLoop, asyncio.Future[Any]] | None] = (
            queue.Queue(_QUEUE)
        )
        self._thread = threading.Thread(target=self._run, name="tocsin-writer", daemon=True)
        self._thread.start()

    def write(self, work: Work) -> asyncio.Future[Any]:
        """A future of what `work` returns, done after COMMIT; it carries the error when there was none."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.put_nowait((work, loop, future))
        return future

    def close(self) -> None:
        """Finish what is waiting, then let go of the file."""
        self._waiting.put(None)
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            work, loop, future = job
            try:
                result = self._written(work)
            except BaseException as error:  # the caller decides what a failed transaction means
                _tell(loop, _fail, future, error)
            else:
                _tell(loop, _succeed, future, result)

    def _written(self, work: Work) -> Any:
        """What `work` gives, committed. Where something of ours mends what hinders it, it is tried once more."""
        for last in (False, True):
            try:
                self._look_where()
                with self._engine.begin() as connection:
                    result = work(connection)
            except BaseException as error:
                if not cannot_write(error):
                    raise
                if last or not self._mended(error):
                    raise
            else:
                self.fault = None
                self._log = self._log or place_of(self._beside("-wal"))
                return result
        raise AssertionError  # one of the two has ended it

    def _look_where(self) -> None:
        """Raises Misplaced when what we have open no longer stands where it stood."""
        there = place_of(self._path)
        if there is None:
            self._put_back()
        elif there != self._place:
            self._keep_ours()
            raise Misplaced(words(Fault.REPLACED, self.directory))

    def _mended(self, error: BaseException) -> bool:
        """Whether it is worth another try at once; notes what is the matter."""
        fault = fault_of(error, self.directory)
        self.fault = (fault, words(fault, self.directory, error))
        if fault in REOPEN and place_of(self._path) == self._place:
            self._engine.dispose()
        if fault is Fault.FULL and self.ballast.throw_off():
            log.error("store.ballast_thrown_off", bytes=self.ballast.size, reason=self.fault[1])
            return True
        return False

    def _put_back(self) -> None:
        """The database was deleted: we still have it open, so it is written anew to where it stood."""
        copy = self._beside(".put-back")
        copy.unlink(missing_ok=True)
        copy_into(self._engine, copy)
        self._drop_log()
        os.link(copy, self._path)
        copy.unlink()
        self._engine.dispose()
        self._place, self._log = place_of(self._path), None
        log.error("store.put_back", file=str(self._path), reason="the database was deleted under the daemon")

    def _keep_ours(self) -> None:
        """What only we still have is kept beside what stands there now, once, and let go of."""
        if self._kept:
            return
        self._kept = True
        copy = self._beside(".replaced")
        with contextlib.suppress(Exception):
            copy.unlink(missing_ok=True)
            copy_into(self._engine, copy)
            kept = copy.rename(aside(self._path, "replaced", copy))
            log.error("store.replaced", file=str(self._path), kept=str(kept))
        self._engine.dispose()
        if self._log == place_of(self._beside("-wal")):
            self._drop_log()

    def _keep_before(self, path: Path) -> None:
        """A copy of a store that is about to be migrated, for whoever has to go back; where there is room for it."""
        with self._engine.connect() as connection:
            here = None if is_new(connection) else current(connection)
        if here is None or here == HEAD:
            return
        copy, size = path.with_name(f"{path.name}.schema-{here}"), path.stat().st_size
        if copy.exists() or free(path.parent) < 2 * size + _SPARE:
            log.warning(
                "store.not_kept", schema=here, reason="a copy is there, or there is too little room for one"
            )
            return
        copy_into(self._engine, copy)
        log.info("store.kept", schema=here, kept=str(copy))

    def _drop_log(self) -> None:
        """That of the database we had: SQLite would take it for that of the one which stands there."""
        for suffix in ("-wal", "-shm"):
            self._beside(suffix).unlink(missing_ok=True)

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)


def _tell(
    loop: asyncio.AbstractEventLoop, what: Callable[..., None], future: asyncio.Future[Any], value: Any
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what, future, value)


def _succeed(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
