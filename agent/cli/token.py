"""`tocsin token`: what programs show to the API."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.access_asking import ask_access
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such

app = typer.Typer(help="What programs show to the API.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64
_SCOPES = ("look", "work", "plan", "administer")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called.")]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: NameArgument,
    scope: Annotated[
        str, typer.Option("--scope", metavar="SCOPE", help="look, work (tickets too), plan, or administer.")
    ] = "look",
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="D", help="It is good for so long: 90d. Default: for ever."),
    ] = None,
    team: Annotated[
        list[str] | None, typer.Option("--team", metavar="NAME", help="It sees this team alone; repeatable.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it, this once.

    Example: tocsin token add grafana --scope look --expires 365d
    """
    configuration = loaded(config)
    if scope not in _SCOPES:
        fail(no_such("scope", scope, list(_SCOPES)), _USAGE)
    for each in team or ():
        if each not in configuration.teams:
            fail(no_such("team", each, list(configuration.teams)), _USAGE)
    found = ask_access(
        configuration, "tokens.add", name=name, scope=scope, lasts=_lasts(expires), teams=team or None
    )
    if as_json:
        print_json(found)
    else:
        print(found["token"])


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List tokens: what each may do, until when, and when it was last shown.

    Example: tocsin token list
    """
    configuration = loaded(config)
    found = ask_access(configuration, "tokens.list")
    if as_json:
        print_json(found)
        return
    zone = configuration.agent.timezone
    rows = [
        [each["name"], each["scope"], ", ".join(each["teams"] or ["all"]), told(each["ends_at"], zone) or "for ever",
         told(each["used_at"], zone) or "never", each["made_by"]]
        for each in found
    ]  # fmt: skip
    print_table(["name", "may", "teams", "good until", "last shown", "made by"], rows, empty="no tokens")


@app.command()
def revoke(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make a token worthless, at once.

    Example: tocsin token revoke grafana
    """
    found = ask_access(loaded(config), "tokens.revoke", name=name)
    if as_json:
        print_json(found)
    else:
        print(f"{found['name']}: revoked")


def _lasts(said: str | None) -> float | None:
    from config.units import parse_duration

    if said is None:
        return None
    try:
        seconds = parse_duration(said)
    except ValueError as error:
        fail(f"--expires {error}", _USAGE)
    if seconds <= 0:
        fail("--expires: it must last", _USAGE)
    return seconds
