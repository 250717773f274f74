"""`tocsin check`: look once, now, without daemon, store or state directory."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completion import check_names
from agent.cli.look_document import as_document
from agent.cli.output import VERDICTS, coloured, leaf_line, print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, as_written, fail, kinds, no_such

if TYPE_CHECKING:
    from checks.base import Reading
    from config.models import Check, Config

_EXIT = {"down": 2, "unknown": 3, "degraded": 1, "ok": 0}
_AT_ONCE = 100
_USAGE = 64


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="service or service.check; all when absent.",
            autocompletion=check_names,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Show all there was to see: phases, addresses, certificates, values, conditions, headers.",
        ),
    ] = False,
) -> None:
    """Look once at the checks named and print what they say.

    Those that rest outside their active: calendar are looked at as well. Jobs that report in (type: heartbeat) are
    judged by what the daemon has stored of them.

    Exit code: the worst of down 2, unknown 3, degraded 1, ok 0.

    Example: tocsin check classifieds.home

    Example: tocsin check classifieds --verbose
    """
    import asyncio

    configuration = as_written(config)
    chosen = selected(configuration, names or [])
    allowed = configuration.agent.allow_link_local
    told = _told(configuration, chosen)
    readings = asyncio.run(look(chosen, told, closely=verbose, allow_link_local=allowed))
    if as_json:
        print_json([as_document(*pair) for pair in readings])
    elif verbose:
        _print_pages(readings)
    else:
        for pair in readings:
            print_reading(*pair)
    raise Ended(worst(readings))


def worst(readings: Sequence[tuple[Check, Reading]]) -> int:
    """The exit code of the worst of them."""
    seen = {reading.status.value for _, reading in readings}
    return _EXIT[next((status for status in _EXIT if status in seen), "ok")]


def selected(config: Config, names: Sequence[str]) -> list[Check]:
    """The checks that the names mean; ends the command on a name that means none."""
    if not names:
        return config.checks()
    chosen: dict[str, Check] = {}
    for name in names:
        found = [each for each in config.checks() if name in (each.service, each.address)]
        if not found and name not in config.services:
            known = [*config.services, *(each.address for each in config.checks())]
            fail(no_such("service or check", name, known), _USAGE)
        chosen.update({each.address: each for each in found})
    return list(chosen.values())


def _told(config: Config, checks: Sequence[Check]) -> Mapping[tuple[str, str], Any]:
    """What the daemon knows of checks that are told instead of looking; nothing where none ever ran."""
    if all(kinds()[check.kind].judge is None for check in checks):
        return {}
    from sqlalchemy.exc import DatabaseError

    from agent.store.reader import NoStore, reading

    with (
        contextlib.suppress(NoStore, OSError, DatabaseError),
        reading(Path(config.agent.state_dir), config.agent.id) as store,
    ):
        return store.memos()
    return {}


async def look(
    checks: Sequence[Check],
    told: Mapping[tuple[str, str], Any] = MappingProxyType({}),
    *,
    closely: bool = False,
    allow_link_local: Sequence[str] = (),
) -> list[tuple[Check, Reading]]:
    """One reading of each, many at once, in the order given; looked at `closely` for those who want to see all."""
    import asyncio
    import importlib

    from agent import logs
    from agent.clock import SystemClock
    from agent.runner import Runner

    logs.set_up(lowest=logging.WARNING)  # a probe that fails in itself is logged: never on stdout
    if closely:
        importlib.import_module("cryptography.x509")  # it takes its time, and must not take it from a look
    runner, gate = Runner(SystemClock(), kinds()), asyncio.Semaphore(_AT_ONCE)
    runner.allow(allow_link_local)

    async def one(check: Check) -> tuple[Check, Reading]:
        async with gate:
            # Only what was told: a look compares with nothing that another look remembered.
            memo = told.get((check.service, check.name)) if runner.kind(check).judge else None
            return check, await runner.look(check, memo, explain=True, closely=closely)

    try:
        return list(await asyncio.gather(*(one(each) for each in checks)))
    finally:
        await runner.aclose()


def _print_pages(readings: Sequence[tuple[Check, Reading]]) -> None:
    from agent.cli.closely import print_closely

    for number, pair in enumerate(readings):
        print("\n" * bool(number), end="")
        print_closely(*pair)


def print_reading(check: Check, reading: Reading) -> None:
    """What was seen, and by which conditions."""
    took = f"({reading.took * 1000:.0f} ms)"
    print(f"{coloured(reading.status.value)}  {check.address}  {reading.message}  {took}")
    for judged in reading.conditions:
        hold = f", must hold {judged.must_hold}" if judged.must_hold else ""
        print(f"    {judged.level.value} when {judged.text}: {VERDICTS[judged.verdict]}{hold}")
        for leaf in judged.leaves:
            print(f"        {leaf_line(leaf)}")
    for note in reading.notes:
        print(f"    note: {note}")
