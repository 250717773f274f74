"""`tocsin tickets follow-up` and `delay`: when somebody looks again, and what takes longer than was said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.asking import moment
from agent.cli.desk_asking import ask_desk, ticket_number
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.ticket_words import VersionOption
from agent.cli.tickets import TicketArgument

if TYPE_CHECKING:
    from config.models import Config

_USAGE = 64
InOption = Annotated[str | None, typer.Option("--in", metavar="D", help="So long from now, as 4h.")]


def follow_up(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    done: Annotated[
        bool, typer.Option("--done", help="What is due was done; else the next one before its time.")
    ] = False,
    number: Annotated[
        int | None, typer.Option("--number", metavar="N", help="With --done: this one and no other.")
    ] = None,
    lasts: InOption = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="At this moment, as 2026-11-21T22:00, or 4h (from now)."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What is to be looked at.")] = "",
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the follow-ups of a ticket, set a further one, or say that one is done.

    The assignee is reminded when one is due. One that is not done in time is marked, and the manager is told; any line
    that a person writes on the ticket after the reminder counts. Times without a zone are those of agent.timezone.

    Example: tocsin tickets follow-up T-1 --in 4h --reason "call the reporter back"
    """
    configuration, asked = loaded(config), ticket_number(ticket)
    sets = lasts is not None or at is not None
    if done and sets:
        fail("either --done, or when the next one is", _USAGE)
    if number is not None and not done:
        fail("--number goes with --done", _USAGE)
    if done:
        more: dict[str, Any] = {"done": True, "number": number}
    elif sets:
        more = _when(configuration, "at", at, lasts)
    elif reason:
        fail("say when: either --at or --in", _USAGE)
    else:
        _show(configuration, _stored(configuration, asked), as_json=as_json)
        return
    _show(
        configuration,
        ask_desk(
            configuration, "tickets.follow_up", ticket=asked, reason=reason or None, version=version, **more
        ),
        as_json=as_json,
    )


def delay(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the reporter reads it.")],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="T", help="The new estimate, as 2026-11-21T22:00, or 4h (from now)."),
    ] = None,
    lasts: InOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a ticket takes longer: reporter and manager are told why, and until when.

    The next follow-up is then; those before it are done with. The targets of the ticket stay what they are.

    Example: tocsin tickets delay T-1 --reason "a part must be ordered" --until 2026-11-24T17:00
    """
    configuration, asked = loaded(config), ticket_number(ticket)
    when = _when(configuration, "until", until, lasts)
    answer = ask_desk(configuration, "tickets.delay", ticket=asked, reason=reason, version=version, **when)
    _show(configuration, answer, as_json=as_json)


def _when(config: Config, name: str, at: str | None, lasts: str | None) -> dict[str, Any]:
    """The moment as it is asked for. Ends the command (64)."""
    from config.units import parse_duration

    if (at is None) == (lasts is None):
        fail(f"say when: either --{name} or --in", _USAGE)
    if at is not None:
        return {name: moment(at, config.agent.timezone)}
    try:
        return {"lasts": parse_duration(lasts)}
    except ValueError as error:
        fail(f"--in: {error}", _USAGE)


def _stored(config: Config, number: int) -> Any:
    from agent.desk.following_up import document
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            found = next((each for each in store.tickets() if each.number == number), None)
    except NoStore as error:
        fail(str(error), 1)
    if found is None:
        fail(f"there is no ticket T-{number}", 1)
    return document(found)


def _show(config: Config, document: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    zone = config.agent.timezone
    rows = [
        [each["number"], told(each["due_at"], zone), _standing(each, zone), each["reason"]]
        for each in document["follow_ups"]
    ]
    print_table(["no", "due", "state", "reason"], rows, empty=f"{document['id']} has no follow-ups")


def _standing(each: Any, zone: str) -> str:
    missed = "missed" if each["missed"] else ""
    if each["done_at"] is None:
        return missed or "waits"
    return ", ".join(filter(None, (missed, f"done {told(each['done_at'], zone)[:16]} by {each['done_by']}")))
