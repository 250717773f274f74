"""`tocsin tickets vendor`, `evidence`: a ticket in the hands of a vendor, and what they are given of it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.source import source
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_escalate import material_of
from agent.cli.ticket_words import ByOption, TicketArgument, VersionOption

_USAGE = 64


@also_afar
def vendor(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="NAME", help="One of vendors:. Default: that of its service.")
    ] = "",
    expected: Annotated[
        str,
        typer.Option("--expected", metavar="TIME", help="How soon they said they will mend it, such as 24h."),
    ] = "",
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="Their number of the case.")
    ] = "",
    done: Annotated[bool, typer.Option("--done", help="They have mended it, or gave it back.")] = False,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand a ticket to a vendor with its evidence; note what they promised; take it back.

    While it is with them it is pending. When what they promised has passed, they are reminded, and we are told.

    Example: tocsin tickets vendor T-1 --to gateway --expected 24h
    """
    if done and (to or expected or reference):
        fail("--done is said alone", _USAGE)
    asked = {
        "to": to or None,
        "expected": expected or None,
        "reference": reference or None,
        "by": by,
        "version": version,
    }
    answer = ask_ticket(config, "vendor", ticket_number(ticket), done=done or None, **asked)
    if as_json:
        print_json(answer)
    else:
        _print(answer, source(config).zone)


def evidence(ticket: TicketArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What a vendor is given of a ticket: masked, and without the names of people.

    Example: tocsin tickets evidence T-1 > evidence.md
    """
    from agent.desk.evidence_pack import evidence_pack, markdown

    pack = evidence_pack(material_of(loaded(config), ticket_number(ticket)))
    if as_json:
        print_json(pack)
    else:
        sys.stdout.write(markdown(pack))


def _print(answer: dict[str, Any], zone: str) -> None:
    if answer["ended_at"] is not None:
        print(f"{answer['id']} is back from {answer['vendor']}, and {answer['state']}")
        return
    until = f", expected by {told(answer['expected'], zone)}" if answer["expected"] else ""
    print(f"{answer['id']} is with {answer['vendor']}{until}")
    if answer["sent_to"]:
        print(f"its evidence goes to {answer['sent_to']}")
    elif answer["handed_over"]:
        print(f"send them what it needs by hand: tocsin tickets evidence {answer['id']}")
