"""`tocsin team`: who is in the teams, who is there, what they have to do; being away, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.desk_asking import ask_desk
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such

if TYPE_CHECKING:
    from agent.desk.staff_document import Now
    from config.models import Config

app = typer.Typer(help="Teams and their people.", no_args_is_help=True, rich_markup_mode=None)
PersonOption = Annotated[
    str, typer.Option("--person", metavar="NAME", help="A member of a team, or a login.")
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="T", help="When it begins, as --until. Default: now.")
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="When it ends, as 2026-12-24T08:00, or 3d (from now)."),
]
ForOption = Annotated[str | None, typer.Option("--for", metavar="D", help="How long it lasts, instead: 2d.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for people.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so. Default: your login name.")]


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the teams: who leads them, who of them is there now and on call, and what is open.

    Example: tocsin team list
    """
    from agent.desk.staff_document import team_document

    configuration = loaded(config)
    now = as_it_is(configuration)
    found = [team_document(crew, now) for crew in now.rules.crews.values()]
    if as_json:
        print_json(found)
        return
    rows = [
        [each["team"], each["lead"], f"{each['free']} of {len(each['members'])}", (each["on_call"] or {}).get("person"),
         each["open"]]
        for each in found
    ]  # fmt: skip
    print_table(["team", "lead", "free now", "on call", "open"], rows, empty="no teams")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The team.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a team: its members with tier and skills, who is free or away until when, and their open tickets.

    Example: tocsin team show web
    """
    from agent.desk.staff_document import team_document

    configuration = loaded(config)
    now = as_it_is(configuration)
    crew = now.rules.crews.get(name)
    if crew is None:
        fail(no_such("team", name, list(now.rules.crews)), 1)
    document = team_document(crew, now)
    if as_json:
        print_json(document)
        return
    _print_head(document)
    zone = configuration.agent.timezone
    rows = [
        [each["name"], each["tier"], _state(each, zone), each["open"], each["load"], " ".join(each["skills"])]
        for each in document["members"]
    ]
    print_table(["member", "tier", "now", "open", "load", "skills"], rows, empty="no members")


@app.command()
def away(  # noqa: PLR0913, PLR0917 - each is an option of the command
    person: PersonOption,
    reason: ReasonOption,
    until: UntilOption = None,
    lasts: ForOption = None,
    start: FromOption = None,
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that somebody is away. Their open tickets go to others when it begins; they get none meanwhile.

    Example: tocsin team away --person "Agent Two" --from 2026-12-21 --until 2027-01-04 --reason leave
    """
    configuration = loaded(config)
    when = moments(configuration, start, until, lasts)
    told_ = ask_desk(configuration, "team.away", person=person, reason=reason, by=by or None, **when)
    show_entries(configuration, [told_], as_json=as_json)


@app.command()
def back(
    person: PersonOption, by: ByOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Say that somebody is there again; what was only to come is called off.

    Example: tocsin team back --person "Agent Two"
    """
    configuration = loaded(config)
    told_ = ask_desk(configuration, "team.back", person=person, by=by or None)
    show_entries(configuration, told_, as_json=as_json)


def as_it_is(config: Config) -> Now:
    """Teams, roster and open tickets as they stand; where nothing was stored yet, nobody is away and nothing open."""
    from agent.clock import SystemClock
    from agent.desk.staff_document import Now
    from agent.rulebook import Rulebook
    from agent.store.reader import NoStore, reading

    rules, at = Rulebook.of(config), SystemClock().now()
    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            tickets = tuple(each for each in store.tickets() if each.is_open)
            return Now(rules, tuple(store.roster()), tickets, at)
    except NoStore:
        return Now(rules, (), (), at)


def moments(config: Config, start: str | None, until: str | None, lasts: str | None) -> dict[str, int | None]:
    """From and until in microseconds UTC, as they were written. Ends the command (64)."""
    from agent.cli.asking import times
    from agent.clock import SystemClock

    found = times(config.agent.timezone, start=start, end=until, lasts=lasts)
    begins = found["start"] if found["start"] is not None else SystemClock().now()
    ends = found["end"] if found["end"] is not None else begins + round(found["lasts"] * 1_000_000)
    return {"start": found["start"], "end": ends}


def show_entries(config: Config, entries: list[dict[str, Any]], *, as_json: bool) -> None:
    """What became of entries of the roster."""
    if as_json:
        print_json(entries[0] if len(entries) == 1 else entries)
        return
    zone = config.agent.timezone
    for each in entries:
        what = f"is on call for {each['team']}" if each["team"] else "is away"
        print(f"{each['id']} is {each['state']}: {each['person']} {what}: {each['reason']}")
        print(f"    {_span(each, zone)}")


def _span(entry: dict[str, Any], zone: str) -> str:
    return f"{told(entry['from'], zone)} to {told(entry['until'], zone)}"


def _print_head(document: dict[str, Any]) -> None:
    print(f"{document['team']}  {document['title'] or ''}".rstrip())
    for role in ("lead", "supervisor", "manager"):
        if document[role]:
            print(f"{role} {document[role]}")
    if document["on_call"]:
        print(f"on call {document['on_call']['person']} ({document['on_call']['why']})")
    print()


def _state(member: dict[str, Any], zone: str) -> str:
    if member["away_until"]:
        return f"away until {told(member['away_until'], zone)[:16]}"
    if member["free"]:
        return "free"
    return f"from {told(member['free_from'], zone)[:16]}" if member["free_from"] else "not there"
