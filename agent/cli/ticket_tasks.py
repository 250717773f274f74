"""`tocsin tickets watch`, `unwatch` and `task`: people who work on a ticket together."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail
from agent.cli.source import source
from agent.cli.ticket_asking import ask_ticket
from agent.cli.tickets import TicketArgument

PersonOption = Annotated[
    str,
    typer.Option("--person", metavar="NAME", help="A member of a team, or an address. Default: you."),
]
_USAGE = 64


@also_afar
def watch(
    ticket: TicketArgument,
    person: PersonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hear of a ticket from now on: when it is taken, resolved, closed or opened again, and what its reporter is told.

    Example: tocsin tickets watch T-1 --person "Agent Two"
    """
    _watch("watch", ticket, person, config, as_json=as_json)


@also_afar
def unwatch(
    ticket: TicketArgument,
    person: PersonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hear no more of a ticket.

    Example: tocsin tickets unwatch T-1
    """
    _watch("unwatch", ticket, person, config, as_json=as_json)


@also_afar
def task(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="add, done or list.")] = "list",
    what: Annotated[
        str,
        typer.Argument(metavar="TEXT|N", help="What is to be done; or the number of the one that is done."),
    ] = "",
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Who is to do it, and is told.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The sub-tasks of a ticket: add one, say that one is done, or list them.

    Example: tocsin tickets task T-1 add "Ask the vendor for their logs" --owner "Agent Two"
    """
    number = ticket_number(ticket)
    words: dict[str, Any] = {"action": action}
    if action == "add":
        words.update(text=what, owner=owner or None)
    elif what:
        words.update(number=_place(what))
    found = ask_ticket(config, "task", number, **words)
    if as_json:
        print_json(found)
        return
    zone = source(config).zone
    rows = [
        [each["number"], told(each["done_at"], zone) or "open", each["owner"], each["text"]] for each in found
    ]
    print_table(["task", "done", "owner", "text"], rows, empty="no sub-tasks")


def _place(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        fail(f'expected the number of a sub-task, got "{text}"', _USAGE)
    return int(text)


def _watch(verb: str, ticket: str, person: str, config: Any, *, as_json: bool) -> None:
    document = ask_ticket(config, verb, ticket_number(ticket), person=person or None)
    if as_json:
        print_json(document)
    else:
        print(f"{document['ticket']} is watched by: {', '.join(document['watchers']) or 'nobody'}")
