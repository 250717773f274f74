"""`tocsin tickets open, set, note, message`: what a person writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.setting import ConfigOption, JsonOption, fail
from agent.cli.source import source
from agent.cli.ticket_asking import ask_ticket, open_ticket
from agent.cli.ticket_files import contents
from agent.cli.ticket_moves import moment_given
from agent.cli.ticket_words import ByOption, TicketArgument, VersionOption, told

_USAGE = 64
AttachOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--attach", metavar="FILE", help="A file that belongs to it; may be given again.", readable=False
    ),
]
TextArgument = Annotated[str, typer.Argument(metavar="TEXT", help="What is written.")]


@also_afar
def open_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    title: Annotated[str, typer.Argument(metavar="TITLE", help="One line: what is wrong, or asked for.")],
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="All that is known.")
    ] = "",
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="What it is about.")
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="NAME", help="Such as technical, account, billing.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="NAME", help="Who takes it.")] = None,
    severity: Annotated[
        str | None,
        typer.Option("--severity", metavar="LEVEL", help="Default: by urgency, users and the service."),
    ] = None,
    urgency: Annotated[
        str | None, typer.Option("--urgency", metavar="LEVEL", help="How soon it hurts: high, medium or low.")
    ] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Mark it as urgent.")] = False,
    users: Annotated[
        int | None, typer.Option("--users", metavar="N", help="How many users are affected.", min=0)
    ] = None,
    reporter: Annotated[
        str | None, typer.Option("--reporter", metavar="NAME", help="Who reports it.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="Their mail address.")
    ] = None,
    phone: Annotated[
        str | None, typer.Option("--phone", metavar="NUMBER", help="Their phone number.")
    ] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="NAME", help="Their account.")] = None,
    account_level: Annotated[
        str | None,
        typer.Option("--account-level", metavar="LEVEL", help="That of the account, such as gold."),
    ] = None,
    user_id: Annotated[
        str | None, typer.Option("--user-id", metavar="ID", help="Their id as a user.")
    ] = None,
    product_id: Annotated[
        str | None, typer.Option("--product-id", metavar="ID", help="The product it is about.")
    ] = None,
    channel: Annotated[
        str, typer.Option("--channel", metavar="WAY", help="How it came: phone, web, email, api or chat.")
    ] = "phone",
    detected: Annotated[
        str | None,
        typer.Option(
            "--detected", metavar="TIME", help="When it was noticed, as 2026-11-21T14:00, or 2h (ago)."
        ),
    ] = None,
    reported: Annotated[
        str | None, typer.Option("--reported", metavar="TIME", help="When they said so; default: now.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field", metavar="NAME=TEXT", help="Another field, such as workaround; may be given again."
        ),
    ] = None,
    attach: AttachOption = None,
    by: ByOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a ticket for somebody who called, or for yourself.

    Example: tocsin tickets open "Cannot log in" --reporter "Reporter One" --email one@example.org --service shop
    """
    person = {
        "name": reporter, "email": email, "phone": phone, "account": account, "level": account_level,
        "user_id": user_id, "product_id": product_id,
    }  # fmt: skip
    fields: dict[str, Any] = dict(map(_named, field or ()))
    fields |= {name: each for name, each in (("urgency", urgency), ("users", users)) if each is not None}
    found = open_ticket(
        config,
        title=title,
        description=description,
        service=service,
        category=category,
        team=team,
        severity=severity,
        urgent=urgent,
        reporter={name: each for name, each in person.items() if each} or None,
        channel=channel,
        **_moments(config, detected=detected, reported=reported),
        fields=fields,
        attachments=_files(attach),
        by=by,
    )
    told(found, f"{found['id']} is {found['state']}, severity {found['severity']}", as_json=as_json)


@also_afar
def set_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    values: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE…", help="Fields and what they hold; empty takes it away."),
    ],
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set fields of a ticket; the timeline keeps what they held before.

    Example: tocsin tickets set T-12 priority=high workaround="use the other door"
    """
    number, changes = ticket_number(ticket), dict(map(_named, values))
    found = ask_ticket(config, "set", number, changes=changes, by=by, version=version)
    told(found, f"{found['id']} is at version {found['version']}", as_json=as_json)


@also_afar
def note(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    text: TextArgument,
    attach: AttachOption = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a note for those who work on the ticket; its reporter never sees it.

    Example: tocsin tickets note T-12 "the log is full of timeouts"
    """
    found = ask_ticket(
        config,
        "note",
        ticket_number(ticket),
        text=text,
        attachments=_files(attach),
        by=by,
        version=version,
    )
    told(found, f"noted on {found['id']}", as_json=as_json)


@also_afar
def message(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    text: TextArgument,
    from_reporter: Annotated[
        bool, typer.Option("--from-reporter", help="It is what the reporter said, by phone for example.")
    ] = False,
    attach: AttachOption = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write to the reporter, or note down what the reporter answered.

    Example: tocsin tickets message T-12 "We have found the cause and are mending it."
    """
    found = ask_ticket(
        config,
        "message",
        ticket_number(ticket),
        text=text,
        from_reporter=from_reporter or None,
        attachments=_files(attach),
        by=by,
        version=version,
    )
    names = ", ".join(found.get("told", ())) or "nobody (no address, or no channel for notices)"
    said = f"what the reporter said is noted on {found['id']}" if from_reporter else f"sent to {names}"
    told(found, said, as_json=as_json)


def _moments(config: Path | None, **said: str | None) -> dict[str, str | None]:
    """The zone is only asked for where there is a moment."""
    if not any(said.values()):
        return {}
    zone = source(config).zone
    return {name: moment_given(each, zone) for name, each in said.items()}


def _named(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        fail(f'"{text[:60]}": expected NAME=VALUE', _USAGE)
    return name.strip().replace("-", "_"), value


def _files(paths: Sequence[Path] | None) -> list[dict[str, str]] | None:
    return contents(paths) if paths else None
