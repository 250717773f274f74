"""`tocsin maintenance`: planned work announced, listed, ended early, called off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completion import check_names
from agent.cli.output import local, print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.store.maintenance import PlannedWork, Work
    from config.models import Config

app = typer.Typer(help="Planned work: its time costs no uptime.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64
WorkArgument = Annotated[str, typer.Argument(metavar="ID", help="The planned work, such as M-3.")]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for people.")],
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="When it ends.")] = None,
    lasts: Annotated[str | None, typer.Option("--for", metavar="D", help="How long it lasts, instead: 2h.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="When it begins, as 2026-11-21T22:00. Default: now.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service", metavar="NAME", help="Whom it is for; may be given again. Default: all.",
            autocompletion=check_names,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Announce planned work. It counts from now on at the earliest: nothing is excused afterwards.

    Times without a zone are those of agent.timezone.

    Example: tocsin maintenance add --service shop --from "2026-11-21 22:00" --for 2h --reason "new database"
    """
    from agent.store.maintenance import Work

    configuration = loaded(config)
    if unknown := sorted(set(service or ()) - set(configuration.services)):
        fail(f'no service is called "{unknown[0]}"', _USAGE)
    now = _now()
    begins, ends = _times(configuration, start, end, lasts, now)
    if ends <= now:
        fail("that is over already: work is announced before it ends", _USAGE)
    planned = Work(0, tuple(service or ()), begins, ends, _told(reason), _who())
    _show(configuration, _changed(configuration, lambda works: works.record(planned, now)), as_json=as_json)


@app.command("list")
def list_(
    config: ConfigOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over or was called off.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List planned work that runs or is to come; that of `maintenance:` in the configuration ten minutes ahead.

    Example: tocsin maintenance list --all
    """
    configuration, now = loaded(config), _now()
    works = [
        work for work in _works(configuration) if everything or work.state(now) in ("planned", "running")
    ]
    if as_json:
        print_json([as_document(work, now) for work in works])
        return
    zone = configuration.agent.timezone
    rows = [
        [work.id, work.state(now), ", ".join(work.services) or "all", local(work.start, zone), local(work.end, zone),
         work.by, work.reason]
        for work in works
    ]  # fmt: skip
    print_table(["id", "state", "services", "from", "to", "by", "reason"], rows, empty="no planned work")


@app.command()
def end(
    work: WorkArgument,
    at: Annotated[str | None, typer.Option("--at", metavar="T", help="When it ends. Default: now.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End planned work earlier, or later, than it was announced.

    Example: tocsin maintenance end M-3
    """
    configuration, now, number = loaded(config), _now(), _number(work)
    ends = now if at is None else _moment(at, configuration.agent.timezone)
    changed = _changed(configuration, lambda works: works.end(number, ends, _who(), now))
    _show(configuration, changed, as_json=as_json)


@app.command()
def cancel(work: WorkArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Call off planned work that has not begun.

    Example: tocsin maintenance cancel M-3
    """
    configuration, now, number = loaded(config), _now(), _number(work)
    changed = _changed(configuration, lambda works: works.cancel(number, _who(), now))
    _show(configuration, changed, as_json=as_json)


def as_document(work: Work, now: int) -> dict[str, Any]:
    """Planned work as JSON; `services` is empty for all of them."""
    return {
        "id": work.id,
        "state": work.state(now),
        "services": list(work.services),
        "from": rfc3339(work.start),
        "to": rfc3339(work.end),
        "reason": work.reason,
        "by": work.by,
        "plan": work.plan,
        "announced_at": rfc3339(work.editions[0].at),
    }


def _show(config: Config, work: Work, *, as_json: bool) -> None:
    now, zone = _now(), config.agent.timezone
    if as_json:
        print_json(as_document(work, now))
        return
    whom = ", ".join(work.services) or "all services"
    print(f"{work.id} is {work.state(now)}: {whom}, {local(work.start, zone)} to {local(work.end, zone)}")


def _works(config: Config) -> list[Work]:
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return store.planned_work()
    except NoStore as error:
        fail(str(error), 1)


def _changed(config: Config, change: Callable[[PlannedWork], Work]) -> Work:
    """Written at once, whether a daemon runs or not."""
    from agent.store.maintenance import NoSuchWork, PlannedWork
    from agent.store.offline import write_apart

    try:
        return write_apart(config, lambda connection: change(PlannedWork(connection, config.agent.id)))
    except NoSuchWork as error:
        fail(str(error), 1)


def _times(
    config: Config, start: str | None, end: str | None, lasts: str | None, now: int
) -> tuple[int, int]:
    from config.units import parse_duration

    zone = config.agent.timezone
    begins = now if start is None else _moment(start, zone)
    if (end is None) == (lasts is None):
        fail("say when it ends: either --to or --for", _USAGE)
    try:
        ends = (
            _moment(end, zone) if end is not None else begins + int(parse_duration(lasts or "") * 1_000_000)
        )
    except ValueError as error:
        fail(f"--for {error}", _USAGE)
    if ends <= begins:
        fail("it must end after it begins", _USAGE)
    return begins, ends


def _moment(text: str, zone: str) -> int:
    from alerting.slo.periods import moment

    try:
        return moment(text, zone)
    except ValueError as error:
        fail(str(error), _USAGE)


def _number(work: str) -> int:
    digits = work.upper().removeprefix("M-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        fail(f'"{work}" is no planned work: expected something like M-3', _USAGE)
    return int(digits)


def _told(reason: str) -> str:
    from checks.text import visible

    return visible(reason, 500)


def _who() -> str:
    from agent.control import user_name

    return user_name(os.geteuid())


def _now() -> int:
    from agent.clock import SystemClock

    return SystemClock().now()
