"""The one writer: a thread with its own connection; what it is given together becomes one transaction."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from agent.store.dialect import writing_engine
from agent.store.migrate import StoreTooNew, migrate
from config.errors import ConfigError

Work = Callable[[Connection], Any]
_QUEUE = 1000


class Writer:
    """Runs work inside BEGIN IMMEDIATE … COMMIT on its own thread."""

    def __init__(self, path: Path) -> None:
        """Open (and create, and migrate) the database at `path`. Raises what SQLite raises."""
        self.directory = path.parent
        self._engine = writing_engine(path)
        migrate(self._engine)
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
                with self._engine.begin() as connection:
                    result = work(connection)
            except BaseException as error:  # the caller decides what a failed transaction means
                _tell(loop, _fail, future, error)
            else:
                _tell(loop, _succeed, future, result)


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


def opened(path: Path) -> Writer:
    """The store at `path`. Raises ConfigError when it cannot be used; it is never replaced by a new one."""
    try:
        return Writer(path)
    except StoreTooNew as error:
        raise ConfigError(f"{path}: {error} (install the newer version again, or restore a backup)") from None
    except DatabaseError as error:
        raise ConfigError(
            f"{path} cannot be used: {error.orig} (restore a backup, or move it aside)"
        ) from None
