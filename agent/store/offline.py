"""One write into the store by a command, beside a running daemon or without one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from agent.lock import StateLock, StateLocked
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import StoreTooNew, migrate
from agent.store.opening import look, unopened, with_begun
from config.errors import ConfigError
from config.models import Config

Result = TypeVar("Result")


def write_apart(config: Config, work: Callable[[Connection], Result]) -> Result:
    """Run `work` in one transaction, on a store that is made where there is none. Raises ConfigError.

    Only for rows that a daemon keeps no copy of; it waits for its turn meanwhile.
    """
    directory = Path(config.agent.state_dir)
    _stay_out_of_others(directory)
    with _alone_if_possible(directory):
        return _written(directory, work)


def write_alone(config: Config, work: Callable[[Connection], Result]) -> Result:
    """The same for rows that a daemon keeps a copy of: raises StateLocked while one runs."""
    directory = Path(config.agent.state_dir)
    _stay_out_of_others(directory)
    lock = StateLock(directory)
    try:
        return _written(directory, work)
    finally:
        lock.release()


def _written(directory: Path, work: Callable[[Connection], Result]) -> Result:
    look(directory / FILE_NAME)
    engine = writing_engine(directory / FILE_NAME)
    try:
        migrate(engine)
        with_begun(directory / FILE_NAME)
        with engine.begin() as connection:
            return work(connection)
    except StoreTooNew as error:
        raise ConfigError(f"{directory / FILE_NAME}: {error} (install the newer version again)") from None
    except DatabaseError as error:
        raise unopened(error, directory / FILE_NAME) from None
    finally:
        engine.dispose()


def _stay_out_of_others(directory: Path) -> None:
    """What root made there first, the user whose directory it is could not open; later files SQLite gives to them."""
    if os.geteuid() != 0 or not directory.is_dir() or (directory / FILE_NAME).exists():
        return
    if directory.stat().st_uid != 0:
        raise ConfigError(
            f"nothing is stored in {directory} yet, which belongs to another user:"
            " run this as that user, or start the daemon first"
        )


@contextlib.contextmanager
def _alone_if_possible(directory: Path) -> Iterator[None]:
    """No daemon starts, or migrates the store, in the middle of it; one that runs already has done so."""
    try:
        lock = StateLock(directory)
    except StateLocked:
        yield
        return
    try:
        yield
    finally:
        lock.release()
