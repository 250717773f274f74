"""`tocsin maintenance`: planned work announced, listed, ended early, called off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import also_afar, server
from agent.cli.asking import USAGE, is_now, moment, number, planned, times
from agent.cli.completion import service_names
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such
from agent.cli.source import source

if TYPE_CHECKING:
    from config.models import Config

app = typer.Typer(
    help="Planned work: its time costs no uptime, and opens no incident.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
WorkArgument = Annotated[str, typer.Argument(metavar="ID", help="The planned work, such as M-3.")]


@app.command()
@also_afar
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for people.")],
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="When it ends.")] = None,
    lasts: Annotated[str | None, typer.Option("--for", metavar="D", help="How long it lasts, instead: 2h.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="When it begins, as 2026-11-21T22:00, or 2h (from now).")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service", metavar="NAME", help="Whom it is for; may be given again. Default: all.",
            autocompletion=service_names,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Announce planned work. It counts from now on at the earliest: nothing is excused afterwards.

    Times without a zone are those of agent.timezone.

    Example: tocsin maintenance add --service shop --from "2026-11-21 22:00" --for 2h --reason "new database"
    """
    zone = source(config).zone
    if server() is None:
        _must_exist(loaded(config), service or ())
    when = times(zone, start=start, end=end, lasts=lasts, end_option="--to")
    asked = {**when, "names": list(service or ()), "reason": reason}
    _show(zone, planned(config, "maintenance.add", **asked), as_json=as_json)


@app.command("list")
@also_afar
def list_(
    config: ConfigOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over or was called off.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List planned work that runs or is to come; that of `maintenance:` in the configuration ten minutes ahead.

    Example: tocsin maintenance list --all
    """
    asked = source(config)
    works = asked.maintenance(everything=everything)
    if as_json:
        print_json(works)
        return
    zone = asked.zone
    rows = [
        [each["id"], each["state"], ", ".join(each["services"]) or "all", told(each["from"], zone),
         told(each["to"], zone), each["by"], each["reason"]]
        for each in works
    ]  # fmt: skip
    print_table(["id", "state", "services", "from", "to", "by", "reason"], rows, empty="no planned work")


@app.command()
@also_afar
def end(
    work: WorkArgument,
    at: Annotated[str | None, typer.Option("--at", metavar="T", help="When it ends. Default: now.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End planned work earlier, or later, than it was announced.

    Example: tocsin maintenance end M-3
    """
    zone = source(config).zone
    ends = None if at is None or is_now(at) else moment(at, zone)
    _show(zone, planned(config, "maintenance.end", id=_id(work), end=ends), as_json=as_json)


@app.command()
@also_afar
def cancel(work: WorkArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Call off planned work that has not begun.

    Example: tocsin maintenance cancel M-3
    """
    _show(source(config).zone, planned(config, "maintenance.cancel", id=_id(work)), as_json=as_json)


def _must_exist(config: Config, services: Sequence[str]) -> None:
    if unknown := sorted(set(services) - set(config.services)):
        fail(no_such("service", unknown[0], list(config.services)), USAGE)


def _show(zone: str, work: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(work)
        return
    whom = ", ".join(work["services"]) or "all services"
    begins, ends = told(work["from"], zone), told(work["to"], zone)
    print(f"{work['id']} is {work['state']}: {whom}, {begins} to {ends}")


def _id(work: str) -> str:
    return number(work, "M", "planned work", "M-3")
