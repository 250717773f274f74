"""`tocsin tickets assign` and `take`: whose ticket it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, JsonOption, fail
from agent.cli.ticket_asking import ask_ticket

_USAGE = 64
TicketArgument = Annotated[str, typer.Argument(metavar="ID", help="The ticket, such as T-12.")]
ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who wants it. Default: your login name.")
]


@also_afar
def assign(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="A member of a team.")] = None,
    team: Annotated[
        str | None, typer.Option("--team", metavar="NAME", help="Whoever of that team is next.")
    ] = None,
    auto: Annotated[bool, typer.Option("--auto", help="Whoever of its own team is next.")] = False,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for the timeline.")] = "",
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a ticket to somebody. They are told; its clocks go on.

    Example: tocsin tickets assign T-12 --to "Agent Two"
    """
    if sum((to is not None, team is not None, auto)) != 1:
        fail("say to whom: one of --to, --team and --auto", _USAGE)
    arguments = {"to": to, "team": team, "auto": auto or None, "note": note or None, "by": by or None}
    _print(ask_ticket(config, "assign", ticket_number(ticket), **arguments), as_json=as_json)


@also_afar
def take(
    ticket: TicketArgument, by: ByOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take a ticket: it is yours, and acknowledged.

    Example: tocsin tickets take T-12
    """
    told = ask_ticket(config, "take", ticket_number(ticket), by=by or None)
    _print(told, as_json=as_json)


def _print(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    team = f" ({document['team']})" if document.get("team") else ""
    print(f"{document['id']} is with {document['assignee']}{team}")
