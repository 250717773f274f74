"""`tocsin changes`: what was deployed or changed, told and listed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import also_afar, server
from agent.cli.asking import USAGE, asked, moment
from agent.cli.completion import check_names
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.source import source

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from alerting.incidents.change import Change
    from config.models import Config

app = typer.Typer(
    help="Changes: tickets name those that were made shortly before.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
@also_afar
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What was changed, for people.")] = "",
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service", metavar="NAME", help="Whom it is about; may be given again. Default: all.",
            autocompletion=check_names,
        ),
    ] = None,
    version: Annotated[str, typer.Option("--version", metavar="V", help="The version that is there now.")] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="WORD", help="What sort of change it is.")] = "deploy",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who did it. Default: you.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Tell that something was deployed or changed just now. Tickets opened in the hours after name it.

    Pipelines can do the same over HTTP: docs/changes.md.

    Example: tocsin changes add --service shop --version 2.3 "new basket"
    """
    told: dict[str, Any] = {
        "text": text,
        "version": version,
        "kind": kind,
        "by": by,
        "services": service or [],
    }
    document = _told(config, told)
    if as_json:
        print_json(document)
    else:
        print(f"{document['id']} is noted")


@app.command("list")
@also_afar
def list_(
    config: ConfigOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="T", help="A moment, or how long ago: 2d. Default: 7d.")
    ] = None,
    service: Annotated[
        str | None,
        typer.Option("--service", metavar="NAME", help="Only those about it.", autocompletion=check_names),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List changes, the newest first: deploys that were told of, and reloads that changed the configuration.

    Example: tocsin changes list --since 2d
    """
    asked_of = source(config)
    zone = asked_of.zone
    if service is not None and not asked_of.knows(service):
        fail(f'no service is called "{service}"', USAGE)
    found = [
        each
        for each in asked_of.changes(moment(since or "7d", zone, ago=True))
        if service is None or not each["services"] or service in each["services"]
    ]
    if as_json:
        print_json(found)
        return
    rows = [
        [
            each["id"],
            told(each["at"], zone),
            each["kind"],
            each["version"],
            ", ".join(each["services"]) or "all",
            each["by"],
            each["text"],
        ]
        for each in found
    ]
    print_table(["id", "at", "kind", "version", "services", "by", "text"], rows, empty="no changes")


def _told(config: Path | None, told: dict[str, Any]) -> Any:
    there = server()
    if there is not None:
        if told.pop("by"):
            fail("--by: with --url you are whom the token says", USAGE)
        return there.post("/events", {name: each for name, each in told.items() if each})
    configuration = loaded(config)
    return asked(configuration, "changes.add", lambda: _done_alone(configuration, told), told=told)


def _done_alone(config: Config, told: dict[str, Any]) -> Any:
    from dataclasses import replace

    from agent.clock import SystemClock
    from agent.control import Refused, user_name
    from agent.markers import CannotMark, marker
    from agent.store.changes import last_number, save_changes
    from agent.store.offline import write_alone
    from alerting.incidents.change import as_json as shown_change

    try:
        change = marker(told, config.services, user_name(os.geteuid()), SystemClock().now())
    except CannotMark as error:
        raise Refused(str(error), usage=True) from None

    def write(connection: Connection) -> Change:
        numbered = replace(change, number=last_number(connection, config.agent.id) + 1)
        save_changes(connection, config.agent.id, [numbered])
        return numbered

    return shown_change(write_alone(config, write))
