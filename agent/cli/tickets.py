"""`tocsin tickets`: list, show, and the moves a person makes."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.output import local, print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from alerting.desk.ticket import Ticket, TicketEvent
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
        print_json([as_document(ticket) for ticket in found])
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
    events = _timeline(configuration, number)
    if as_json:
        timeline = [{"at": rfc3339(e.at), "by": e.by, "what": e.what, "text": e.text} for e in events]
        print_json({**as_document(found), "description": found.description, "timeline": timeline})
        return
    zone = configuration.agent.timezone
    print(f"{found.id}  {found.title}")
    print(f"state {found.state}, severity {found.severity}, priority {found.priority}, tier {found.tier}")
    print(f"opened {local(found.opened_at, zone)}, to be resolved by {local(found.due.get('resolve'), zone)}")
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


def as_document(ticket: Ticket) -> dict[str, Any]:
    """The contract's JSON object of a ticket."""
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
        "remote": [],
    }


def _tickets(config: Config) -> list[Ticket]:
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return store.tickets()
    except NoStore as error:
        fail(str(error), 1)


def _timeline(config: Config, number: int) -> list[TicketEvent]:
    from agent.store.reader import reading

    with reading(Path(config.agent.state_dir), config.agent.id) as store:
        return store.timeline(number)


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
    arguments = {"number": number, "move": move, "note": note}
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
    from agent import logs
    from agent.app import moved, opened, shown_move
    from agent.clock import SystemClock
    from agent.control import Refused, user_name
    from agent.lock import StateLock, StateLocked
    from agent.pipeline import Pipeline
    from agent.rulebook import Rulebook
    from agent.store.reader import NoStore, stored

    # Stdout is for the answer, which itself says what was done.
    logs.set_up(lowest=logging.WARNING)
    directory = Path(config.agent.state_dir)
    try:
        path = stored(directory)  # a person's move makes no store where there never was one
        lock = StateLock(directory)
    except NoStore as error:
        raise Refused(str(error)) from None
    except StateLocked as error:
        raise Refused(f"{error}, but does not answer") from None
    writer = opened(path)
    pipeline = Pipeline(writer, SystemClock(), config.agent.id, Rulebook.of(config))
    try:
        await pipeline.start(catch_up=False)
        return shown_move(await moved(pipeline, arguments, user_name(os.geteuid())))
    finally:
        await pipeline.stop()
        writer.close()
        lock.release()
