"""`tocsin connectors`: types of helpdesks and channels, whether they would take tickets, and what differs there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.asking import asked
from agent.cli.completion import connector_names, helpdesk_names
from agent.cli.folding import print_heading, print_wrapped
from agent.cli.option_lines import option_document, print_option, print_summaries
from agent.cli.output import coloured, print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, as_written, connectors, fail, no_such

if TYPE_CHECKING:
    from alerting.connectors.base import ConnectorType
    from config.models import Config, Helpdesk
    from config.option_table import Option

_USAGE = 64
# A check-up, and the calls of a reconciler, may each take as long as the slowest helpdesk.
_PATIENCE, _LONG_PATIENCE = 900.0, 3600.0
_WORDS = {True: "ok", False: "wrong", None: "unknown"}
_LIKE = {True: "ok", False: "down", None: "unknown"}

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def types(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the types of helpdesks and channels that are installed, and what each is.

    Example: tocsin connectors
    """
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@app.command("list")
def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the types of helpdesks and channels that are installed, and what each is.

    Example: tocsin connectors list
    """
    _list(as_json=as_json or _said_before(context))


def _list(*, as_json: bool) -> None:
    known = _known()
    listed = [known[name] for name in sorted(known)]
    if as_json:
        print_json([document(each) for each in listed])
        return
    print("Types of helpdesks and channels:")
    print_summaries((each.name, each.summary) for each in listed)
    print("\nOptions of one type: tocsin connectors show TYPE")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="As in type: of a helpdesk.", autocompletion=connector_names),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show a type of helpdesk or channel: its options, and those that all of them take.

    Example: tocsin connectors show email
    """
    found = _type(name)
    if as_json or _said_before(context):
        common = [option_document(each) for each in _common(found)]
        print_json({**document(found), "common_options": common})
        return
    print_wrapped(f"{found.name}: {found.summary}.")
    for heading, options in (("Options", _own(found)), ("Every helpdesk also takes", _common(found))):
        print_heading(heading)
        for option in options:
            print_option(option)


@app.command()
def check(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="As in helpdesks: or channels:; without it all of them.",
            autocompletion=helpdesk_names,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look whether tickets could be delivered: who we are there, the project, its fields, its states.

    Nothing is changed there. The running daemon looks; without one the command does it itself.
    Exit code: 0 when all is well, 1 when something is wrong or could not be made out.

    Example: tocsin connectors check desk
    """
    configuration = as_written(config)
    names = [_helpdesk(configuration, name).name] if name else sorted(configuration.helpdesks)
    told = asked(
        configuration,
        "connectors.check",
        lambda: _check_ourselves(configuration, names),
        patience=_PATIENCE,
        names=names,
    )
    if as_json:
        print_json(told)
    else:
        _print_findings(told)
    raise Ended(0 if all(each["ok"] for each in told) else 1)


@app.command()
def reconcile(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="As in helpdesks: or channels:.", autocompletion=helpdesk_names),
    ],
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare our tickets with those of a helpdesk; the daemon does so every night by itself.

    With --fix what is missing there is made anew, twins and what is over here are ended there with a note, and
    what people did there is taken in. What does not carry a key made here is never touched.
    Exit code: 0 when nothing differs, or all of it is mended; 1 else, and when not all could be compared.

    Example: tocsin connectors reconcile desk --fix
    """
    from agent.control import Refused

    configuration = as_written(config)
    helpdesk = _helpdesk(configuration, name)

    def alone() -> Any:
        raise Refused("no daemon runs: it is the daemon that compares, start it first")

    words = {"name": helpdesk.name, "fix": fix, "patience": _LONG_PATIENCE}
    told = asked(configuration, "connectors.reconcile", alone, **words)
    if as_json:
        print_json(told)
    else:
        _print_differences(told)
    raise Ended(0 if told["complete"] and all(each["mended"] for each in told["differences"]) else 1)


def _said_before(context: typer.Context) -> bool:
    """Whether --json stands before the name of the command."""
    return context.parent is not None and bool(context.parent.params.get("as_json"))


def document(kind: ConnectorType) -> dict[str, Any]:
    """One type as the JSON object of the contract."""
    return {
        "name": kind.name,
        "summary": kind.summary,
        "tells_people": kind.options.tells_people,
        "options": [option_document(each) for each in _own(kind)],
    }


def _own(kind: ConnectorType) -> list[Option]:
    from config.option_table import options_of

    return list(options_of(kind.options))


def _common(kind: ConnectorType) -> list[Option]:
    """What every helpdesk takes, where the type has no option of its own by that name."""
    from config.models import HelpdeskOptions
    from config.option_table import options_of

    own = {each.name for each in _own(kind)}
    return [each for each in options_of(HelpdeskOptions) if each.name not in own]


def _known() -> Mapping[str, ConnectorType]:
    """All types. Tells of those that are left out."""
    known = connectors()
    for reason in getattr(known, "refused", ()):
        print(f"tocsin: warning: {reason}", file=sys.stderr)
    return known


def _type(name: str) -> ConnectorType:
    from config.friendly import nearest, shown

    known = _known()
    if name not in known:
        hint = nearest(name, known) or f"known: {', '.join(sorted(known))}"
        fail(f"no type of helpdesk is called {shown(name)} ({hint})", _USAGE)
    return known[name]


def _helpdesk(config: Config, name: str) -> Helpdesk:
    if name not in config.helpdesks:
        fail(no_such("helpdesk or channel", name, config.helpdesks), _USAGE)
    return config.helpdesks[name]


def _check_ourselves(config: Config, names: list[str]) -> Any:
    """The check-ups, by connectors of our own: nothing is stored, no lock is needed."""
    import asyncio

    from agent.check_ups import CheckUps
    from agent.clock import SystemClock
    from agent.remote_desk import RemoteDesk

    async def look() -> Any:
        clock, types = SystemClock(), connectors()
        desks = {
            name: RemoteDesk(config.helpdesks[name], types[config.helpdesks[name].options.type], agent, clock)
            for name in names
        }
        try:
            return await CheckUps(lambda: desks, clock).ask(names)
        finally:
            for desk in desks.values():
                await desk.aclose()

    agent = config.agent.id
    return asyncio.run(look())


def _print_findings(told: list[dict[str, Any]]) -> None:
    if not told:
        print("no helpdesks configured")
    for number, each in enumerate(told):
        if number:
            print()
        print(f"{each['helpdesk']} ({each['type']})")
        for finding in each["findings"]:
            word = _WORDS[finding["ok"]]
            head = f"  {coloured(word, _LIKE[finding['ok']])}{' ' * (8 - len(word))}{finding['what']}"
            print(head)
            if finding["text"]:
                print_wrapped(finding["text"], " " * 10)


def _print_differences(told: dict[str, Any]) -> None:
    print(f"{told['helpdesk']}: {told['ours']} open here, {told['listed']} listed there")
    if told["note"]:
        print_wrapped(told["note"] if told["complete"] else f"not all is compared: {told['note']}")
    for each in told["differences"]:
        which = " ".join(filter(None, (each["ticket"], each["remote"], each["key"][:12])))
        print(f"  {each['sort']:<9} {which}")
        print_wrapped(each["why"] + (f" -> {each['mended']}" if each["mended"] else ""), " " * 12)
    if told["complete"] and not told["differences"]:
        print("nothing differs")
