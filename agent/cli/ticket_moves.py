"""`tocsin tickets ack, start, pend, resolve, close, reopen, stamp`: what a person does to the state of a ticket."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.setting import ConfigOption, JsonOption
from agent.cli.source import source
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_words import ByOption, NoteOption, TicketArgument, VersionOption, told


@also_afar
def ack(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    note: NoteOption = "",
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge a ticket: you have seen it and take it.

    Example: tocsin tickets ack T-12
    """
    _move("ack", ticket, config, {"note": note, "by": by, "version": version}, as_json=as_json)


@also_afar
def start(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    note: NoteOption = "",
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin, or go on, to work on a ticket.

    Example: tocsin tickets start T-12
    """
    _move("start", ticket, config, {"note": note, "by": by, "version": version}, as_json=as_json)


@also_afar
def pend(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    waits_for: Annotated[
        str, typer.Option("--for", metavar="WHOM", help="Whom it waits for: reporter or vendor.")
    ] = "reporter",
    note: NoteOption = "",
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a ticket wait for its reporter, or for a vendor; by most policies its clocks stand still meanwhile.

    Example: tocsin tickets pend T-12 --for reporter --note "asked for the order number"
    """
    words = {"note": note, "by": by, "version": version, "for": waits_for}
    _move("pend", ticket, config, words, as_json=as_json)


@also_afar
def resolve(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was done: its resolution.")] = "",
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resolve a ticket by hand, saying what was done.

    Example: tocsin tickets resolve T-12 --note "disk replaced"
    """
    _move("resolve", ticket, config, {"note": note, "by": by, "version": version}, as_json=as_json)


@also_afar
def close(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    note: NoteOption = "",
    with_children: Annotated[
        bool, typer.Option("--with-children", help="Close its open parts with it.")
    ] = False,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a ticket: nothing more is to be done.

    Example: tocsin tickets close T-12
    """
    words = {"note": note, "by": by, "version": version, "with_children": with_children}
    _move("close", ticket, config, words, as_json=as_json)


@also_afar
def reopen(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    note: NoteOption = "",
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a resolved or closed ticket again; it is in progress then.

    Example: tocsin tickets reopen T-12 --note "still slow"
    """
    _move("reopen", ticket, config, {"note": note, "by": by, "version": version}, as_json=as_json)


@also_afar
def stamp(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    stage: Annotated[
        str,
        typer.Argument(
            metavar="STAGE",
            help="identified, classified, investigated, fixed, verified, told or documented.",
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="When it was reached, as 2026-11-21T14:00, or 2h (ago). Default: now.",
        ),
    ] = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that a stage of the work is reached. The first time counts.

    Example: tocsin tickets stamp T-12 investigated
    """
    number = ticket_number(ticket)
    when = None if at is None else moment_given(at, source(config).zone)
    found = ask_ticket(config, "stamp", number, stage=stage, at=when, by=by, version=version)
    told(found, f"{found['id']}: {stage} at {found['stamps'][stage]}", as_json=as_json)


def moment_given(text: str | None, zone: str) -> str | None:
    """A moment that has passed, as a person wrote it, in RFC 3339; without a zone it is of `zone`. Ends the command."""
    if text is None:
        return None
    from agent.cli.asking import moment
    from alerting.slo.figures import rfc3339

    return rfc3339(moment(text, zone, ago=True))


def _move(verb: str, ticket: str, config: Path | None, words: dict[str, Any], *, as_json: bool) -> None:
    number = ticket_number(ticket)
    found = ask_ticket(config, verb, number, **words)
    told(found, f"{found['id']} is {found['state']}", as_json=as_json)
