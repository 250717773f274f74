"""`tocsin tickets link, unlink, merge, split`: tickets that belong together, or apart."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.setting import ConfigOption, JsonOption, fail
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_words import ByOption, TicketArgument, VersionOption, told

_USAGE = 64
_WORDS = {"duplicate_of": "a duplicate of", "child_of": "part of", "related": "related to"}


@also_afar
def link(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    duplicate_of: Annotated[
        str | None, typer.Option("--duplicate-of", metavar="ID", help="It is about the same as that one.")
    ] = None,
    child_of: Annotated[
        str | None, typer.Option("--child-of", metavar="ID", help="It is a part of that one.")
    ] = None,
    related: Annotated[
        str | None, typer.Option("--related", metavar="ID", help="It has to do with that one.")
    ] = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tie a ticket to another. A parent is closed only when its parts are.

    Example: tocsin tickets link T-2 --child-of T-1
    """
    given = {"duplicate_of": duplicate_of, "child_of": child_of, "related": related}
    named = [(relation, other) for relation, other in given.items() if other is not None]
    if len(named) != 1:
        fail("say one of --duplicate-of, --child-of and --related", _USAGE)
    relation, other = named[0]
    found = ask_ticket(
        config,
        "link",
        ticket_number(ticket),
        other=ticket_number(other),
        relation=relation,
        by=by,
        version=version,
    )
    told(found, f"{found['id']} is {_WORDS[relation]} {found['other']}", as_json=as_json)


@also_afar
def unlink(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The ticket that it is tied to.")],
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take away what ties two tickets.

    Example: tocsin tickets unlink T-2 T-1
    """
    number, second = ticket_number(ticket), ticket_number(other)
    found = ask_ticket(config, "unlink", number, other=second, by=by, version=version)
    told(found, f"{found['id']} and {found['other']} are tied no more", as_json=as_json)


@also_afar
def merge(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    into: Annotated[str, typer.Option("--into", metavar="ID", help="The ticket that goes on.")],
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a ticket as a duplicate that goes on in another: its reporter and watchers hear of that one.

    Example: tocsin tickets merge T-2 --into T-1
    """
    number, second = ticket_number(ticket), ticket_number(into)
    found = ask_ticket(config, "merge", number, other=second, by=by, version=version)
    told(found, f"{found['id']} is closed and goes on in {found['merged_into']}", as_json=as_json)


@also_afar
def split(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What the new ticket is about.")],
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="More than a line.")] = "",
    lines: Annotated[
        str | None,
        typer.Option(
            "--lines", metavar="N,N", help="Lines of the timeline that go along, from 1, such as 3,4."
        ),
    ] = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a ticket of its own of a part of one. Its clocks begin now.

    Example: tocsin tickets split T-1 --title "The printer, too" --lines 3,4
    """
    found = ask_ticket(
        config,
        "split",
        ticket_number(ticket),
        title=title,
        description=description,
        lines=_places(lines),
        by=by,
        version=version,
    )
    told(found, f"{found['id']} was split from {found['split_from']}", as_json=as_json)


def _places(text: str | None) -> list[int]:
    said = [each.strip() for each in (text or "").split(",") if each.strip()]
    if not all(each.isascii() and each.isdecimal() and len(each) < 7 for each in said):
        fail(f'--lines: expected numbers such as 3,4, got "{text}"', _USAGE)
    return [int(each) for each in said]
