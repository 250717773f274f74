"""Asking for users and tokens by command: the daemon where one runs, else the store by ourselves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.asking import asked

if TYPE_CHECKING:
    from config.models import Config


def ask_access(config: Config, command: str, **arguments: Any) -> Any:
    """The document that tells what became of it. A refusal is printed and ends the command."""
    request = {name: each for name, each in arguments.items() if each is not None}

    def by_ourselves() -> Any:
        import asyncio  # `tocsin --help` must not pay for it

        return asyncio.run(_ask_ourselves(config, command, request))

    return asked(config, command, by_ourselves, **request)


async def _ask_ourselves(config: Config, command: str, arguments: dict[str, Any]) -> Any:
    """Raises Refused, or StateLocked."""
    from agent.admitting import Admitting, CannotAdmit
    from agent.clock import SystemClock
    from agent.control import Refused, user_name
    from agent.lock import StateLock
    from agent.reception import Reception
    from agent.store.dialect import FILE_NAME
    from agent.store.start import opened

    directory, clock = Path(config.agent.state_dir), SystemClock()
    lock = StateLock(directory)
    writer = opened(directory / FILE_NAME)
    reception = Reception(writer, clock, config.agent.id)
    url = config.desk.url or f"http://{config.agent.listen}"
    try:
        await reception.start()
        return await Admitting(reception, clock.now, lambda: url).answer(
            command, arguments, user_name(os.geteuid())
        )
    except CannotAdmit as error:
        raise Refused(str(error), usage=error.usage) from None
    finally:
        writer.close()
        lock.release()
