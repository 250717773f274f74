"""`tocsin tickets`: list and show; what people do to them stands in files of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli import ticket_files, ticket_moves, ticket_writing
from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail
from agent.cli.source import source
from agent.cli.ticket_words import TicketArgument as TicketArgument  # noqa: PLC0414  (others take it from here)

app = typer.Typer(help="Tickets of the built-in desk.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64
_STATES = ("new", "acknowledged", "in_progress", "pending", "resolved", "closed")


@app.command("list")
@also_afar
def list_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Neither resolved nor closed.")] = False,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Open ones that nobody has.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Those that you have, by your login.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Open ones with something late.")] = False,
    state: Annotated[str | None, typer.Option("--state", metavar="STATE", help="In this state.")] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="LEVEL", help="high, medium, low or informational.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="NAME", help="Of this team.")] = None,
    assignee: Annotated[
        str | None, typer.Option("--assignee", metavar="NAME", help="Whoever has it.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="About this service.")
    ] = None,
    reporter: Annotated[
        str | None,
        typer.Option("--reporter", metavar="TEXT", help="Part of the reporter's name, address or id."),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="TEXT", help="Anywhere in title, description and fields."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List tickets, the newest first.

    Example: tocsin tickets list --open --team web
    """
    from agent.views.ticket import ticket_of
    from agent.views.tickets import COLUMNS, row

    _one_of("--state", state, _STATES)
    _one_of("--priority", priority, _priorities())
    asked = source(config)
    found = asked.tickets(
        {
            "open": only_open, "unassigned": unassigned, "overdue": overdue, "mine": mine,
            "state": state and state.casefold(), "priority": priority, "team": team, "assignee": assignee,
            "service": service, "reporter": reporter, "search": search,
        }
    )  # fmt: skip
    if as_json:
        print_json(found)
        return
    now = asked.now()
    print_table(COLUMNS, [row(ticket_of(each), now) for each in found], empty="no tickets")


@app.command()
@also_afar
def show(ticket: TicketArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one ticket with its people, clocks, evidence and timeline.

    Example: tocsin tickets show T-12
    """
    asked, number = source(config), ticket_number(ticket)
    found = asked.ticket(number)
    if as_json:
        print_json(found)
        return
    from agent.cli.ticket_page import Page, print_page
    from agent.views.ticket import whole_of

    whole = whole_of(found)
    print_page(
        Page(
            whole.ticket, whole.events, whole.attachments, whole.members, whole.links, asked.zone, asked.now()
        )
    )


for _command in (
    ticket_moves.ack, ticket_moves.start, ticket_moves.pend, ticket_moves.resolve, ticket_moves.close,
    ticket_moves.reopen, ticket_moves.stamp, ticket_writing.note, ticket_writing.message, ticket_files.attach,
    ticket_files.attachments, ticket_files.save,
):  # fmt: skip
    app.command()(_command)
app.command("open")(ticket_writing.open_)
app.command("set")(ticket_writing.set_)


def _priorities() -> tuple[str, ...]:
    from config.policies import PRIORITIES

    return PRIORITIES


def _one_of(option: str, said: str | None, known: tuple[str, ...]) -> None:
    """Ends the command (64) for a word that no ticket can have."""
    if said is not None and said.casefold() not in known:
        from config.friendly import nearest

        fail(
            f'{option}: unknown "{said[:60]}" ({nearest(said, known) or "known: " + ", ".join(known)})',
            _USAGE,
        )
