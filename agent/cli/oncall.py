"""`tocsin oncall`: who is on call when, and who stands in instead."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.asking import moment, number
from agent.cli.desk_asking import ask_desk
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such
from agent.cli.team import (
    ByOption,
    ForOption,
    FromOption,
    PersonOption,
    ReasonOption,
    UntilOption,
    as_it_is,
    moments,
    show_entries,
)

app = typer.Typer(help="Who is on call.", no_args_is_help=True, rich_markup_mode=None)
_DAY = 86_400 * 1_000_000
_MOST_DAYS = 366
TeamOption = Annotated[str | None, typer.Option("--team", metavar="NAME", help="Of one team only.")]


@app.command()
def show(
    team: TeamOption = None,
    at: Annotated[str | None, typer.Option("--at", metavar="T", help="From when on. Default: now.")] = None,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=_MOST_DAYS, help="For so many days.")
    ] = 14,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is on call from a moment on, shift by shift, with the reason.

    Example: tocsin oncall show --team web --days 30
    """
    from agent.desk.staff_document import shift_document
    from alerting.desk.oncall import shifts

    configuration = loaded(config)
    now, zone = as_it_is(configuration), configuration.agent.timezone
    if team is not None and team not in now.rules.crews:
        fail(no_such("team", team, list(now.rules.crews)), 1)
    since = now.at if at is None else moment(at, zone)
    overridden = {each.team for each in now.roster if each.kind == "on_call" and each.end > since}
    found = [
        shift_document(name, shift)
        for name, crew in now.rules.crews.items()
        if (team is None or name == team) and (crew.rota is not None or name in overridden)
        for shift in shifts(crew, now.roster, since, since + days * _DAY)
    ]
    if as_json:
        print_json(found)
        return
    rows = [
        [each["team"], told(each["from"], zone)[:16], told(each["until"], zone)[:16], each["person"] or "nobody",
         each["why"]]
        for each in found
    ]  # fmt: skip
    print_table(["team", "from", "until", "on call", "why"], rows, empty="no team has a rotation")


@app.command()
def override(  # noqa: PLR0913, PLR0917 - each is an option of the command
    team: Annotated[str, typer.Option("--team", metavar="NAME", help="The team.")],
    person: PersonOption,
    reason: ReasonOption,
    until: UntilOption = None,
    lasts: ForOption = None,
    start: FromOption = None,
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody on call for a while, whoever's turn it is. What is open stays with who has it.

    Example: tocsin oncall override --team web --person "Agent Two" --for 12h --reason "swapped with Agent One"
    """
    configuration = loaded(config)
    when = moments(configuration, start, until, lasts)
    arguments = {"team": team, "person": person, "reason": reason, "by": by or None, **when}
    show_entries(configuration, [ask_desk(configuration, "oncall.override", **arguments)], as_json=as_json)


@app.command()
def end(
    entry: Annotated[str, typer.Argument(metavar="ID", help="The override, such as O-3.")],
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an override now; one that has not begun is called off.

    Example: tocsin oncall end O-3
    """
    configuration = loaded(config)
    wanted = int(number(entry, "O", "override", "O-3").removeprefix("O-"))
    ended = ask_desk(configuration, "oncall.end", entry=wanted, by=by or None)
    show_entries(configuration, [ended], as_json=as_json)
