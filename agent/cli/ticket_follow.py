"""`tocsin tickets follow-up` and `delay`: when somebody looks again, and what takes longer than was said."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.asking import moment
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail
from agent.cli.source import Source, source
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_words import VersionOption
from agent.cli.tickets import TicketArgument

_USAGE = 64
InOption = Annotated[str | None, typer.Option("--in", metavar="D", help="So long from now, as 4h.")]


@also_afar
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
    asked_of, asked = source(config), ticket_number(ticket)
    sets = lasts is not None or at is not None
    if done and sets:
        fail("either --done, or when the next one is", _USAGE)
    if number is not None and not done:
        fail("--number goes with --done", _USAGE)
    if done:
        more: dict[str, Any] = {"done": True, "number": number}
    elif sets:
        more = _when(asked_of, "at", at, lasts)
    elif reason:
        fail("say when: either --at or --in", _USAGE)
    else:
        found = asked_of.ticket(asked)
        _show(asked_of, {name: found[name] for name in ("id", "version", "follow_ups")}, as_json=as_json)
        return
    answer = ask_ticket(config, "follow_up", asked, reason=reason or None, version=version, **more)
    _show(asked_of, answer, as_json=as_json)


@also_afar
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
    asked_of, asked = source(config), ticket_number(ticket)
    when = _when(asked_of, "until", until, lasts)
    answer = ask_ticket(config, "delay", asked, reason=reason, version=version, **when)
    _show(asked_of, answer, as_json=as_json)


def _when(asked_of: Source, name: str, at: str | None, lasts: str | None) -> dict[str, Any]:
    """The moment as it is asked for. Ends the command (64)."""
    from config.units import parse_duration

    if (at is None) == (lasts is None):
        fail(f"say when: either --{name} or --in", _USAGE)
    if at is not None:
        return {name: moment(at, asked_of.zone)}
    try:
        return {"lasts": parse_duration(lasts)}
    except ValueError as error:
        fail(f"--in: {error}", _USAGE)


def _show(asked_of: Source, document: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    zone = asked_of.zone
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
