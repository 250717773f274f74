"""A change that a command makes while no daemon runs: under the state lock, through a pipeline as the daemon's."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.pipeline import Pipeline
    from config.models import Config


@asynccontextmanager
async def pipeline_of(config: Config) -> AsyncIterator[Pipeline]:
    """The pipeline of a store that is there already. Raises control.Refused, or StateLocked while somebody has it."""
    from agent import logs
    from agent.clock import SystemClock
    from agent.control import Refused
    from agent.lock import StateLock
    from agent.pipeline import Pipeline
    from agent.rulebook import Rulebook
    from agent.store.reader import NoStore, stored
    from agent.store.start import opened

    # Stdout is for the answer, which itself says what was done.
    logs.set_up(lowest=logging.WARNING)
    directory = Path(config.agent.state_dir)
    try:
        path = stored(directory)  # a person's move makes no store where there never was one
        lock = StateLock(directory)
    except NoStore as error:
        raise Refused(str(error)) from None
    writer = opened(path)
    pipeline = Pipeline(writer, SystemClock(), config.agent.id, Rulebook.of(config))
    try:
        await pipeline.start(catch_up=False)
        yield pipeline
    finally:
        await pipeline.stop()
        writer.close()
        lock.release()
