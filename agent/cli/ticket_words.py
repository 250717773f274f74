"""What the ticket commands share: the ticket they are about, who acts, and the version that was looked at."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.output import print_json

TicketArgument = Annotated[str, typer.Argument(metavar="ID", help="The ticket, such as T-12.")]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", help="A line for the timeline.")]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="NAME", help="Who does it; default: the member with your login, else your login."
    ),
]
VersionOption = Annotated[
    int | None,
    typer.Option("--version", metavar="N", help="Only if the ticket is still at this version.", min=1),
]


def told(document: Any, line: str, *, as_json: bool) -> None:
    """Print what became of it: the document, or a line for people."""
    if as_json:
        print_json(document)
    else:
        print(line)
