"""`tocsin desk`: the records of the desk, its figures, and what it holds of a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.asking import USAGE, moment
from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from agent.store.personal import Held
    from agent.store.reader import Reader
    from config.models import Config

app = typer.Typer(
    help="The desk's records and figures, and what it holds of a person.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_MOST_DAYS = 3660
ReporterArgument = Annotated[
    str,
    typer.Argument(metavar="REPORTER", help="Their address or user id; their name where they have neither."),
]


@app.command()
def actions(
    only_open: Annotated[bool, typer.Option("--open", help="Those that are not done.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is to be done so that problems do not come back, the earliest day first.

    Example: tocsin desk actions --open
    """
    from agent.cli.ticket_rca import print_actions
    from agent.desk.recording import action_document

    with _store(loaded(config)) as store:
        tickets = store.tickets()
    found = [
        action_document(ticket, place, each)
        for ticket in tickets
        for place, each in enumerate(ticket.root_cause.actions if ticket.root_cause else (), 1)
        if not (only_open and each.done)
    ]
    found.sort(key=lambda each: (each["due"], each["ticket"], each["number"]))
    if as_json:
        print_json(found)
    else:
        print_actions(found)


@app.command()
def log(  # noqa: PLR0913, PLR0917 - each is an option of the command
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="T", help="Reported at or after this moment, or 30d (ago)."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help="Reported before this moment.")
    ] = None,
    service: Annotated[str, typer.Option("--service", metavar="NAME", help="Of this service.")] = "",
    policy: Annotated[str, typer.Option("--policy", metavar="NAME", help="Under this policy.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Every field, as CSV (RFC 4180).")] = False,
    personal: Annotated[
        bool, typer.Option("--with-personal-data", help="Show who reported it, and their contacts.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the troubleshooting log: a row for each ticket, the oldest first.

    Without --csv or --json it is a table of a few fields. Personal data is masked: who reported a ticket, and their
    name, addresses, numbers of phones and accounts in any text. Secrets are masked whatever is asked for.

    Example: tocsin desk log --from 2026-10-01 --until 2027-01-01 --csv
    """
    if as_csv and as_json:
        fail("say either --csv or --json", USAGE)
    configuration = loaded(config)
    zone = configuration.agent.timezone
    first, last = (None if text is None else moment(text, zone, ago=True) for text in (start, until))
    rows = [
        told
        for told in _rows(configuration, personal=personal)
        if (not service or told["service"] == service)
        and (not policy or told["policy"] == policy)
        and _between(str(told["date_reported"]), first, last)
    ]
    if as_json:
        print_json(rows)
    elif as_csv:
        from alerting.desk.log_rows import as_csv as written

        sys.stdout.write(written(rows))
    else:
        _print_log(rows, zone)


def _between(reported: str, first: int | None, last: int | None) -> bool:
    from alerting.slo import periods

    at = periods.moment(reported, "UTC")
    return (first is None or at >= first) and (last is None or at < last)


def _rows(config: Config, *, personal: bool) -> Iterator[dict[str, Any]]:
    from alerting.desk.log_rows import Logged, row, without_personal_data
    from checks.masking import masked, secretless

    with _store(config) as store:
        policies = store.policies()
        for ticket in reversed(store.tickets()):
            known = policies.get(ticket.policy)
            told = row(Logged(ticket, store.timeline(ticket.number), known.name if known else ""))
            if personal:
                yield {
                    name: secretless(cell) if isinstance(cell, str) else cell for name, cell in told.items()
                }
            else:
                yield without_personal_data(told, ticket, masked)


def _print_log(rows: list[dict[str, Any]], zone: str) -> None:
    from agent.cli.output import told
    from config.units import show_duration

    listed = [
        [
            each["id"],
            told(each["date_reported"], zone)[:16],
            "" if each["time_taken"] is None else show_duration(round(each["time_taken"])),
            each["service"],
            each["severity"],
            each["cause"] or each["title"],
        ]
        for each in rows
    ]
    print_table(["id", "reported", "took", "service", "severity", "cause"], listed, empty="no tickets")


@app.command()
def forget(
    reporter: ReporterArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    open_too: Annotated[
        bool,
        typer.Option(
            "--open-too", help="Though tickets of theirs are open: nobody will know whom to answer."
        ),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a person: their tickets stay, without anything of who reported them.

    Their name, addresses and accounts become [forgotten] wherever they stand, their attachments and comments are
    deleted. It cannot be undone. Backups, and what other helpdesks hold, are not reached from here.

    Example: tocsin desk forget someone@example.org --yes
    """
    from agent.cli.desk_asking import ask_desk

    configuration = loaded(config)
    with _store(configuration) as store:
        held = store.personal(reporter)
        files = sum(len(store.attachments(each.number)) for each in held.reported)
    if not held.numbers:
        document: dict[str, Any] = {"reported": [], "mentioned": []}
    else:
        _confirm(held, files, yes=yes)
        words = {"reporter": reporter, "tickets": held.numbers, "open_too": open_too}
        document = ask_desk(configuration, "desk.forget", **words)
    if as_json:
        print_json(document)
    elif not held.numbers:
        print("nothing is held of that person")
    else:
        print(f"forgotten on {_counted(len(document['reported']), 'ticket')} of theirs"
              f"{_and_mentioned(len(document['mentioned']))}")  # fmt: skip


def _and_mentioned(number: int) -> str:
    return f", and on {number} that named them" if number else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _confirm(held: Held, files: int, *, yes: bool) -> None:
    if yes:
        return
    what = (
        f"{_counted(len(held.reported), 'ticket')} of theirs with {_counted(files, 'attachment')}"
        f"{_and_mentioned(len(held.mentioned))}"
    )
    if not sys.stdin.isatty():
        fail(f"that would change {what}, and cannot be undone: say --yes", USAGE)
    if not typer.confirm(f"Forget them on {what}? It cannot be undone.", err=True):
        fail("nothing was changed", 1)


@app.command()
def export(
    reporter: ReporterArgument,
    files: Annotated[
        Path | None, typer.Option("--files", metavar="DIR", help="Also write their attachments there.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,  # noqa: ARG001 - it is JSON either way, as with every other command that is asked for it
) -> None:
    """Print all that is held of a person, as JSON: their tickets with timelines, notices and attachments.

    Lines and notices marked internal are notes among those who worked on it: look before they are handed on.

    Example: tocsin desk export someone@example.org --files ./export
    """
    from agent.cli.desk_export import exported, write_files

    configuration = loaded(config)
    with _store(configuration) as store:
        held = store.personal(reporter)
        if not held.numbers:
            fail("nothing is held of that person", 1)
        document = exported(store, held, reporter)
    if files is not None:
        write_files(Path(configuration.agent.state_dir), document, files)
    print_json(document)


@app.command()
def figures(
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=_MOST_DAYS, help="Of so many days until now.")
    ] = 30,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the figures of the desk: what is open, how long things took in the last days, and what was late.

    Example: tocsin desk figures --days 90
    """
    from agent.cli.desk_figures import show
    from agent.clock import SystemClock
    from agent.views.desk import desk_figures

    configuration, now = loaded(config), SystemClock().now()
    with _store(configuration) as store:
        found = desk_figures(store, configuration.policies, now, days)
    if as_json:
        print_json(found)
    else:
        show(found)


@contextmanager
def _store(config: Config) -> Iterator[Reader]:
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            yield store
    except NoStore as error:
        fail(str(error), 1)
