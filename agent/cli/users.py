"""`tocsin users`: who may sign in to the pages."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from agent.cli.access_asking import ask_access
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such

app = typer.Typer(help="Who may sign in to the pages.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64
_ROLES = ("viewer", "agent", "manager", "admin")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What they sign in as.")]
RoleOption = Annotated[
    str | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="viewer (looks), agent (tickets too), manager (plans too), or admin (all).",
    ),
]
TeamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--team", metavar="NAME", help="They see this team's services and tickets alone; repeatable."
    ),
]
EmailOption = Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="Where they get mail.")]
PasswordOption = Annotated[
    bool, typer.Option("--password", help="Ask for a password (or read it from standard input), no link.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: NameArgument,
    role: RoleOption = None,
    team: TeamOption = None,
    email: EmailOption = None,
    password: PasswordOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add somebody; the link that is printed lets them choose a password, once, within an hour.

    Example: tocsin users add one --role agent --team web
    """
    told_ = {"role": _role(role), "teams": _teams(config, team), "email": email}
    found = ask_access(
        loaded(config), "users.add", name=name, password=_password() if password else None, **told_
    )
    _show(found, as_json=as_json)


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List who may sign in, as what, and when they last did.

    Example: tocsin users list
    """
    configuration = loaded(config)
    found = ask_access(configuration, "users.list")
    if as_json:
        print_json(found)
        return
    zone = configuration.agent.timezone
    rows = [
        [each["name"], "disabled" if each["disabled"] else each["role"], ", ".join(each["teams"] or ["all"]),
         told(each["seen_at"], zone) or "never", each["email"]]
        for each in found
    ]  # fmt: skip
    print_table(["name", "role", "teams", "last here", "e-mail"], rows, empty="nobody: tocsin users add NAME")


@app.command("set")
def set_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: NameArgument,
    role: RoleOption = None,
    team: TeamOption = None,
    all_teams: Annotated[bool, typer.Option("--all-teams", help="They see everything.")] = False,
    email: EmailOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what somebody is or sees; their sessions end, so that it holds at once.

    Example: tocsin users set one --role manager --all-teams
    """
    teams = [] if all_teams else _teams(config, team)
    if role is None and teams is None and email is None:
        fail("say what is to change: --role, --team, --all-teams or --email", _USAGE)
    found = ask_access(loaded(config), "users.set", name=name, role=_role(role), teams=teams, email=email)
    _show(found, as_json=as_json)


@app.command()
def password(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Give somebody a password, asked for here or read from standard input; their sessions end.

    Example: tocsin users password one
    """
    configuration = loaded(config)
    _show(ask_access(configuration, "users.password", name=name, password=_password()), as_json=as_json)


@app.command()
def disable(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let somebody in no more, and end their sessions; what they did keeps their name.

    Example: tocsin users disable one
    """
    _show(ask_access(loaded(config), "users.set", name=name, disabled=True), as_json=as_json)


@app.command()
def enable(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let somebody in again.

    Example: tocsin users enable one
    """
    _show(ask_access(loaded(config), "users.set", name=name, disabled=False), as_json=as_json)


@app.command()
def remove(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Remove somebody for good.

    Example: tocsin users remove one
    """
    _show(ask_access(loaded(config), "users.remove", name=name), as_json=as_json)


@app.command()
def link(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Nobody yet: left out.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a one-time link by which somebody chooses a new password, or the first admin becomes one.

    Example: tocsin users link one
    """
    found = ask_access(loaded(config), "users.link", name=name)
    if as_json:
        print_json(found)
    else:
        print(found["link"])


@app.command()
def audit(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="What this one did alone.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="So many.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="NUMBER", min=1, help="Those before that one.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who did what by page or API, the newest first, refused things too.

    Example: tocsin users audit --who one --limit 20
    """
    configuration = loaded(config)
    found = ask_access(configuration, "users.audit", name=who, many=limit, before=before)
    if as_json:
        print_json(found)
        return
    zone = configuration.agent.timezone
    rows = [
        [
            e["number"],
            told(e["at"], zone),
            e["who"],
            e["what"],
            e["about"],
            e["outcome"],
            e["way"],
            e["whence"],
        ]
        for e in found
    ]
    columns = ["number", "at", "who", "what", "of what", "ended", "by", "from"]
    print_table(columns, rows, empty="nothing was done yet")


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    teams = "all teams" if found["teams"] is None else ", ".join(found["teams"])
    print(f"{found['name']}: {'disabled ' if found['disabled'] else ''}{found['role']}, {teams}")
    if "link" in found:
        print(f"Choose a password there, once, within an hour: {found['link']}")


def _role(said: str | None) -> str | None:
    if said is not None and said not in _ROLES:
        fail(no_such("role", said, list(_ROLES)), _USAGE)
    return said


def _teams(config: Any, said: list[str] | None) -> list[str] | None:
    """Those of the configuration. Ends the command (64) for one that is none."""
    known = list(loaded(config).teams) if said else []
    for name in said or ():
        if name not in known:
            fail(no_such("team", name, known), _USAGE)
    return said or None


def _password() -> str:
    """From the terminal, twice; else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    import getpass

    first = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != first:
        fail("the two passwords differ", _USAGE)
    return first
