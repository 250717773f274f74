"""`tocsin tickets`: list, show, and the moves a person makes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.output import local, print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.store.decisions import Link
    from alerting.desk.ticket import Ticket, TicketEvent
    from alerting.incidents.problem import Member
    from alerting.outgoing import Outgoing
    from config.models import Config

app = typer.Typer(help="Tickets of the built-in desk.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64
TicketArgument = Annotated[str, typer.Argument(metavar="ID", help="The ticket, such as T-12.")]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", help="A line for the timeline.")]


@app.command("list")
def list_(
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Neither resolved nor closed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List tickets, the newest first.

    Example: tocsin tickets list --open
    """
    configuration = loaded(config)
    found = [ticket for ticket in _tickets(configuration) if ticket.is_open or not only_open]
    if as_json:
        mirrors = _mirrors(configuration)
        print_json([as_document(ticket, mirrors.get(ticket.number, ())) for ticket in found])
        return
    zone = configuration.agent.timezone
    rows = [
        [
            t.id,
            t.state,
            t.priority,
            t.title,
            local(t.opened_at, zone),
            local(t.due.get("resolve"), zone),
            t.assignee,
        ]
        for t in found
    ]
    print_table(["id", "state", "priority", "title", "opened", "due", "assignee"], rows, empty="no tickets")


@app.command()
def show(ticket: TicketArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one ticket with its evidence and timeline.

    Example: tocsin tickets show T-12
    """
    configuration = loaded(config)
    number = _number(ticket)
    found = next((each for each in _tickets(configuration) if each.number == number), None)
    if found is None:
        fail(f"there is no ticket T-{number}", 1)
    events, members, links = _around(configuration, number)
    if as_json:
        from agent.cli.explained_incident import link_document
        from agent.cli.incident_document import member_document

        timeline = [{"at": rfc3339(e.at), "by": e.by, "what": e.what, "text": e.text} for e in events]
        more = {"affected": [member_document(e) for e in members], "links": [link_document(e) for e in links]}
        mirrors = _mirrors(configuration).get(number, ())
        print_json(
            {**as_document(found, mirrors), "description": found.description, "timeline": timeline, **more}
        )
        return
    zone = configuration.agent.timezone
    print(f"{found.id}  {found.title}")
    print(f"state {found.state}, severity {found.severity}, priority {found.priority}, tier {found.tier}")
    print(f"opened {local(found.opened_at, zone)}, to be resolved by {local(found.due.get('resolve'), zone)}")
    _print_ties(members, links, zone)
    print(f"\n{found.description}\n\nTimeline:")
    for event in events:
        print(f"  {local(event.at, zone)}  {event.by}: {event.text}")


@app.command()
def ack(
    ticket: TicketArgument, note: NoteOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Acknowledge a ticket: you have seen it and take it.

    Example: tocsin tickets ack T-12
    """
    _move("ack", ticket, note, loaded(config), as_json=as_json)


@app.command()
def resolve(
    ticket: TicketArgument, note: NoteOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Resolve a ticket by hand.

    Example: tocsin tickets resolve T-12 --note "disk replaced"
    """
    _move("resolve", ticket, note, loaded(config), as_json=as_json)


@app.command()
def close(
    ticket: TicketArgument, note: NoteOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Close a ticket: nothing more is to be done.

    Example: tocsin tickets close T-12
    """
    _move("close", ticket, note, loaded(config), as_json=as_json)


@app.command()
def reopen(
    ticket: TicketArgument, note: NoteOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Open a resolved or closed ticket again.

    Example: tocsin tickets reopen T-12 --note "still slow"
    """
    _move("reopen", ticket, note, loaded(config), as_json=as_json)


def as_document(ticket: Ticket, mirrors: Iterable[Outgoing] = ()) -> dict[str, Any]:
    """The contract's JSON object of a ticket; `mirrors` are what other helpdesks hold of it."""
    return {
        "id": ticket.id,
        "service": ticket.service,
        "check": ticket.check or None,
        "state": ticket.state.value,
        "severity": ticket.severity,
        "priority": ticket.priority,
        "title": ticket.title,
        "opened_at": rfc3339(ticket.opened_at),
        "acknowledged_at": rfc3339(ticket.acknowledged_at),
        "resolved_at": rfc3339(ticket.resolved_at),
        "closed_at": rfc3339(ticket.closed_at),
        "assignee": ticket.assignee,
        "tier": ticket.tier,
        "due": {name: rfc3339(at) for name, at in ticket.due.items()},
        "remote": [
            {"helpdesk": each.helpdesk, "id": seen.id, "url": seen.url, "state": seen.state.value}
            for each in mirrors
            if (seen := each.observed) is not None
        ],
    }


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


def _print_ties(members: Sequence[Member], links: Sequence[Link], zone: str) -> None:
    from agent.cli.explained_incident import link_words, member_lines

    if links:
        print(f"tied to other tickets: {'; '.join(map(link_words, links))}")
    if members:
        # One that came back has several lines, and is one all the same.
        print(f"\nAffected: {len({member.key for member in members})}")
    for line in member_lines(members, zone):
        print(f"  {line}")


def _around(config: Config, number: int) -> tuple[list[TicketEvent], list[Member], list[Link]]:
    """A ticket's timeline, what its incidents affect, and its ties to other tickets."""
    from agent.store.reader import reading

    with reading(Path(config.agent.state_dir), config.agent.id) as store:
        found = store.decisions()
        incidents = found.of_ticket(number)
        by_incident = found.members([each.id for each in incidents])
        members = [member for each in incidents for member in by_incident.get(each.id, ())]
        return store.timeline(number), members, found.links(number)


def _number(ticket: str) -> int:
    from alerting.desk.ticket import parse_id

    number = parse_id(ticket)
    if number is None:
        fail(f'"{ticket}" is no ticket id: expected something like T-12', _USAGE)
    return number


def _move(move: str, ticket: str, note: str, config: Config, *, as_json: bool) -> None:
    """Ask the daemon; when none runs, take the state lock and write."""
    import asyncio

    from agent.control import NotRunning, Refused, ask

    directory, number = Path(config.agent.state_dir), _number(ticket)
    arguments: dict[str, Any] = {"number": number, "move": move, "note": note}
    try:
        try:
            result = ask(directory, "tickets.move", **arguments)
        except NotRunning:
            result = asyncio.run(_write_ourselves(config, arguments))
    except Refused as error:
        fail(str(error), 1)
    if as_json:
        print_json(result)
    else:
        print(f"{result['id']} is {result['state']}")


async def _write_ourselves(config: Config, arguments: dict[str, Any]) -> Any:
    from agent.app import moved, shown_move
    from agent.cli.offline import pipeline_of
    from agent.control import user_name

    async with pipeline_of(config) as pipeline:
        return shown_move(await moved(pipeline, arguments, user_name(os.geteuid())))
