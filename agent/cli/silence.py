"""`tocsin silence`: hold back what would open, for a while, with a name and a reason; list it, end it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import also_afar, server
from agent.cli.asking import number, planned, times
from agent.cli.matching import HELP, fitting, hint, read_match
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, loaded
from agent.cli.source import source

if TYPE_CHECKING:
    pass

app = typer.Typer(
    help="Silences: hold back new incidents, never the end of one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for people.")]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="When it ends, as 2026-11-21T22:00, or 2h (from now)."),
]
ForOption = Annotated[str | None, typer.Option("--for", metavar="D", help="How long it lasts, instead: 2h.")]
ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who wants it. Default: your login name.")
]


@app.command()
@also_afar
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    match: Annotated[list[str], typer.Option("--match", metavar="NAME=VALUE", help=HELP)],
    reason: ReasonOption,
    until: UntilOption = None,
    lasts: ForOption = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="When it begins, as --until. Default: now.")
    ] = None,
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold back new incidents for a while, at most a year. Checks go on looking, and their time counts.

    What is open stays open, and is resolved when it recovers. What began meanwhile and still lasts at the end of the
    silence opens then. Times without a zone are those of agent.timezone.

    Example: tocsin silence add --match service=shop --for 2h --by ann --reason "known, fixed tonight"
    """
    zone = source(config).zone
    configuration = loaded(config) if server() is None else None
    asked = read_match(configuration, match)
    when = times(zone, start=start, end=until, lasts=lasts)
    silence = planned(config, "silence.add", **asked, **when, reason=reason, by=by)
    if configuration is not None and not fitting(configuration, asked):
        print(
            f"tocsin: warning: {silence['id']} fits no check today{hint(configuration, asked)}",
            file=sys.stderr,
        )
    show(zone, silence, as_json=as_json)


@app.command("list")
@also_afar
def list_(
    config: ConfigOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over or was called off.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List silences that run or are to come. With --json, each has the history of its changes.

    Example: tocsin silence list --all
    """
    asked = source(config)
    listed = asked.silences(everything=everything)
    if as_json:
        print_json(listed)
        return
    zone = asked.zone
    rows = [
        [each["id"], each["state"], for_whom(each), told(each["from"], zone), told(each["until"], zone), each["by"],
         each["reason"]]
        for each in listed
    ]  # fmt: skip
    print_table(["id", "state", "match", "from", "until", "by", "reason"], rows, empty="no silences")


@app.command()
@also_afar
def end(
    silence: Annotated[str, typer.Argument(metavar="ID", help="The silence, such as S-1.")],
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a silence now; one that has not begun is called off.

    Example: tocsin silence end S-1
    """
    wanted = number(silence, "S", "silence", "S-1")
    show(source(config).zone, planned(config, "silence.end", id=wanted, by=by), as_json=as_json)


def show(zone: str, document: dict[str, Any], *, as_json: bool) -> None:
    """A silence or pause as it stands now."""
    if as_json:
        print_json(document)
        return
    span = f"{told(document['from'], zone)} to {told(document['until'], zone)}"
    print(f"{document['id']} is {document['state']}: {for_whom(document)}, {span}")


def for_whom(document: dict[str, Any]) -> str:
    """The match of a document, as it was said to the command."""
    from alerting.incidents.suppression import restore, words

    match = document["match"]
    names = (*match["service"], *match["check"])
    return " ".join(words(restore({**match, "names": names})))
