"""`tocsin tickets rca`: the record of a ticket's root cause."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption
from agent.cli.ticket_asking import ask_ticket
from agent.cli.tickets import TicketArgument


@also_afar
def rca(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    cause: Annotated[str, typer.Option("--cause", metavar="TEXT", help="What it was caused by.")] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="integration, infrastructure, code, security, scale or third_party.",
        ),
    ] = "",
    segment: Annotated[
        str, typer.Option("--segment", metavar="TEXT", help="Whom it touched: everybody, or some.")
    ] = "",
    factor: Annotated[
        list[str] | None,
        typer.Option("--factor", metavar="TEXT", help="What contributed to it; may be given again."),
    ] = None,
    fix: Annotated[str, typer.Option("--fix", metavar="TEXT", help="What mended it.")] = "",
    prevention: Annotated[
        str, typer.Option("--prevention", metavar="TEXT", help="What keeps it from coming back.")
    ] = "",
    action: Annotated[
        list[str] | None,
        typer.Option(
            "--action", metavar="TEXT;OWNER;DATE", help="What is left to be done; may be given again."
        ),
    ] = None,
    done: Annotated[
        int | None, typer.Option("--done", metavar="N", help="The follow-up action of that number is done.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write, or show, the record of a ticket's root cause.

    Texts stand instead of those before; factors and actions are added. Critical tickets, and those that came back,
    are closed with a record only that says cause, factors, fix and prevention.

    Example: tocsin tickets rca T-1 --cause "certificate ran out" --action "Renew earlier;Agent One;2026-12-24"
    """
    said: dict[str, Any] = {
        "cause": cause,
        "kind": kind,
        "segment": segment,
        "fix": fix,
        "prevention": prevention,
    }
    told = {name: text for name, text in said.items() if text}
    told.update(factors=factor or None, actions=action or None, done=done)
    document = ask_ticket(config, "rca", ticket_number(ticket), **told)
    if as_json:
        print_json(document)
    else:
        _show(document)


def _show(document: dict[str, Any]) -> None:
    missing = f"missing: {', '.join(document['missing'])}" if document["missing"] else "complete"
    needed = "needed before it is closed" if document["needed"] else "not needed to close it"
    print(f"root cause of {document['ticket']}: {missing}; {needed}")
    for name in ("cause", "kind", "segment", "fix", "prevention"):
        if document[name]:
            print(f"  {name}: {document[name]}")
    for factor in document["factors"]:
        print(f"  factor: {factor}")
    if document["actions"]:
        print()
        print_actions(document["actions"])


def print_actions(actions: list[dict[str, Any]]) -> None:
    """A table of follow-up actions."""
    rows = [
        [
            f"{each['ticket']} {each['number']}",
            each["due"],
            each["owner"],
            "done" if each["done"] else "open",
            each["text"],
        ]
        for each in actions
    ]
    print_table(["action", "due", "owner", "state", "text"], rows, empty="no follow-up actions")
