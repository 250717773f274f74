"""Asking the desk by command: the daemon where one runs, else under the state lock by ourselves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agent.cli.asking import asked
from agent.cli.setting import fail

if TYPE_CHECKING:
    from config.models import Config

_USAGE = 64


def ask_desk(config: Config, verb: str, **arguments: Any) -> Any:
    """What the desk answers. A refusal is printed and ends the command."""
    request = {
        "verb": verb,
        "arguments": {name: each for name, each in arguments.items() if each is not None},
    }

    def by_ourselves() -> Any:
        import asyncio  # `tocsin --help` must not pay for it

        return asyncio.run(_ask_ourselves(config, request))

    return asked(config, "desk", by_ourselves, **request)


def ticket_number(text: str) -> int:
    """The number of a ticket as a person wrote it. What is none ends the command (64)."""
    from alerting.desk.ticket import parse_id

    number = parse_id(text)
    if number is None:
        fail(f'"{text}" is no ticket id: expected something like T-12', _USAGE)
    return number


async def _ask_ourselves(config: Config, arguments: dict[str, Any]) -> Any:
    from agent.cli.offline import pipeline_of
    from agent.clock import SystemClock
    from agent.commands import asked_of_desk
    from agent.control import user_name

    async with pipeline_of(config) as pipeline:
        return await asked_of_desk(pipeline, arguments, user_name(os.geteuid()), SystemClock().now())
