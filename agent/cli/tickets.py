"""`tocsin tickets`: list and show; what people do to them stands in files of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import ticket_files, ticket_moves, ticket_writing
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.ticket_words import TicketArgument as TicketArgument  # noqa: PLC0414  (others take it from here)

if TYPE_CHECKING:
    from alerting.desk.ticket import Ticket
    from alerting.outgoing import Outgoing
    from config.models import Config

app = typer.Typer(help="Tickets of the built-in desk.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64
_STATES = ("new", "acknowledged", "in_progress", "pending", "resolved", "closed")


@app.command("list")
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
    from agent.clock import SystemClock
    from agent.control import user_name
    from agent.desk.document import document
    from agent.views.tickets import COLUMNS, Wanted, names_of, row

    _one_of("--state", state, _STATES)
    _one_of("--priority", priority, _priorities())
    configuration = loaded(config)
    names = names_of(user_name(os.geteuid()), configuration.teams) if mine else ()
    wanted = Wanted(
        only_open=only_open, unassigned=unassigned, overdue=overdue, mine=names, state=state, priority=priority,
        team=team, assignee=assignee, service=service, reporter=reporter, search=search,
    )  # fmt: skip
    now = SystemClock().now()
    found = [ticket for ticket in _tickets(configuration) if wanted.fits(ticket, now)]
    if as_json:
        mirrors = _mirrors(configuration)
        print_json([document(ticket, mirrors.get(ticket.number, ())) for ticket in found])
        return
    print_table(COLUMNS, [row(each, now) for each in found], empty="no tickets")


@app.command()
def show(ticket: TicketArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one ticket with its people, clocks, evidence and timeline.

    Example: tocsin tickets show T-12
    """
    from agent.cli.ticket_page import print_page

    configuration, number = loaded(config), ticket_number(ticket)
    found = next((each for each in _tickets(configuration) if each.number == number), None)
    if found is None:
        fail(f"there is no ticket T-{number}", 1)
    page = _page(configuration, found)
    if not as_json:
        print_page(page)
        return
    from agent.desk.document import attachment_document, document, event_document
    from agent.views.explained_incident import link_document
    from agent.views.incidents import member_document

    print_json(
        {
            **document(found, _mirrors(configuration).get(number, ())),
            "description": found.description,
            "timeline": [event_document(each) for each in page.events],
            "affected": [member_document(each) for each in page.members],
            "links": [link_document(each) for each in page.links],
            "attachments": [attachment_document(each) for each in page.attachments],
        }
    )


for _command in (
    ticket_moves.ack, ticket_moves.start, ticket_moves.pend, ticket_moves.resolve, ticket_moves.close,
    ticket_moves.reopen, ticket_moves.stamp, ticket_writing.note, ticket_writing.message, ticket_files.attach,
    ticket_files.attachments, ticket_files.save,
):  # fmt: skip
    app.command()(_command)
app.command("open")(ticket_writing.open_)
app.command("set")(ticket_writing.set_)


def _mirrors(config: Config) -> dict[int, list[Outgoing]]:
    """What other helpdesks hold, by the numbers of our tickets."""
    from agent.store.reader import reading

    found: dict[int, list[Outgoing]] = {}
    with reading(Path(config.agent.state_dir), config.agent.id) as store:
        for entry in store.outbox():
            found.setdefault(entry.ticket, []).append(entry)
    return found


def _tickets(config: Config) -> list[Ticket]:
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return store.tickets()
    except NoStore as error:
        fail(str(error), 1)


def _page(config: Config, ticket: Ticket) -> Any:
    """The ticket with its timeline, its files, what its incidents affect, and its ties to other tickets."""
    from agent.cli.ticket_page import Page
    from agent.clock import SystemClock
    from agent.store.reader import reading

    number = ticket.number
    with reading(Path(config.agent.state_dir), config.agent.id) as store:
        found = store.decisions()
        incidents = found.of_ticket(number)
        by_incident = found.members([each.id for each in incidents])
        members = [member for each in incidents for member in by_incident.get(each.id, ())]
        return Page(
            ticket, store.timeline(number), store.attachments(number), members, found.links(number),
            config.agent.timezone, SystemClock().now(),
        )  # fmt: skip


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
