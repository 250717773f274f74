"""`tocsin tickets escalate`, `de-escalate`, `escalations`: up and down the tiers by hand, and the log of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_words import ByOption, TicketArgument, VersionOption

if TYPE_CHECKING:
    from agent.desk.evidence_pack import Material
    from alerting.desk.ticket import Ticket
    from config.models import Config

_USAGE = 64
_COLUMNS = ("ticket", "at", "from_tier", "to_tier", "by", "reason", "actions", "spent", "told")
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the log.")]


@also_afar
def escalate(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    reason: ReasonOption,
    tier: Annotated[
        int | None, typer.Option("--tier", metavar="N", help="Straight to this tier. Default: the next one.")
    ] = None,
    actions: Annotated[
        str, typer.Option("--actions", metavar="TEXT", help="What was done so far, for those who go on.")
    ] = "",
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand a ticket up to the next tier, or a named one.

    It goes to somebody of that tier; lead and manager are told. From the last tier it goes to the manager.

    Example: tocsin tickets escalate T-1 --reason "needs the database people" --tier 3
    """
    asked = {"reason": reason, "tier": tier, "actions": actions or None, "by": by, "version": version}
    _print(ask_ticket(config, "escalate", ticket_number(ticket), **asked), as_json=as_json)


@also_afar
def de_escalate(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    reason: ReasonOption,
    tier: Annotated[
        int | None, typer.Option("--tier", metavar="N", help="Down to this tier. Default: the one below.")
    ] = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand a ticket down again; the time after which it goes up by itself counts anew.

    Example: tocsin tickets de-escalate T-1 --reason "no database after all"
    """
    asked = {"reason": reason, "tier": tier, "by": by, "version": version}
    answer = ask_ticket(config, "de-escalate", ticket_number(ticket), **asked)
    _print(answer, as_json=as_json)


def escalations(
    ticket: Annotated[str | None, typer.Argument(metavar="ID", help="One ticket, such as T-12.")] = None,
    report: Annotated[
        bool, typer.Option("--report", help="The escalation report of one ticket, as Markdown.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The escalation log: reason, actions taken, from, to, when, and the time spent on the tier that was left.

    With --report all that the next tier needs of one ticket: description, steps taken, diagnostics, impact, priority.

    Example: tocsin tickets escalations T-1 --report
    """
    if as_csv and (as_json or report):
        fail(
            "say one of --csv, --json and --report" if as_json else "--report is Markdown, or --json", _USAGE
        )
    if report and ticket is None:
        fail("--report is of one ticket: name it, such as T-12", _USAGE)
    configuration = loaded(config)
    number = None if ticket is None else ticket_number(ticket)
    if report and number is not None:
        _print_report(configuration, number, as_json=as_json)
        return
    rows = [row for each in _tickets(configuration, number) for row in _rows(each)]
    rows.sort(key=lambda row: row["at"], reverse=True)
    if as_json:
        print_json(rows)
    elif as_csv:
        _print_csv(rows)
    else:
        _print_log(rows, configuration.agent.timezone)


def material_of(config: Config, number: int) -> Material:
    """What the store holds of a ticket that can be handed on. No such ticket ends the command."""
    from agent.desk.evidence_pack import Material
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            found = next((each for each in store.tickets() if each.number == number), None)
            if found is None:
                fail(f"there is no ticket T-{number}", 1)
            last = store.checks().get((found.service, found.check), {}).get("last")
            lines = store.timeline(number)
    except NoStore as error:
        fail(str(error), 1)
    service = config.services.get(found.service)
    members = [member.name for team in config.teams.values() for member in team.members]
    return Material(found, lines, [last] if last else [], members, service.environment if service else "")


def _tickets(config: Config, number: int | None) -> list[Ticket]:
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            found = store.tickets()
    except NoStore as error:
        fail(str(error), 1)
    if number is not None and all(each.number != number for each in found):
        fail(f"there is no ticket T-{number}", 1)
    return [each for each in found if number is None or each.number == number]


def _rows(ticket: Ticket) -> list[dict[str, Any]]:
    from agent.desk.evidence_pack import escalation_document

    return [{"ticket": ticket.id, **escalation_document(each)} for each in ticket.escalations]


def _print(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    people = ", ".join(answer["told"]) or "nobody"
    print(
        f"{answer['id']} is at tier {answer['tier']}, with {answer['assignee'] or 'nobody'}; told: {people}"
    )


def _print_report(config: Config, number: int, *, as_json: bool) -> None:
    from agent.desk.evidence_pack import escalation_report, markdown

    document = escalation_report(material_of(config, number))
    if as_json:
        print_json(document)
    else:
        sys.stdout.write(markdown(document))


def _print_csv(rows: list[dict[str, Any]]) -> None:
    """RFC 4180; what a spreadsheet would take for a formula begins with an apostrophe."""
    import csv

    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    for row in rows:
        shown = {**row, "told": ", ".join(row["told"])}
        writer.writerow([_harmless(shown[name]) for name in _COLUMNS])


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


def _print_log(rows: list[dict[str, Any]], zone: str) -> None:
    from config.units import show_duration

    shown = [
        [
            row["ticket"],
            told(row["at"], zone)[:16],
            f"{row['from_tier']} -> {row['to_tier']}",
            show_duration(row["spent"]),
            row["by"],
            row["reason"],
        ]
        for row in rows
    ]
    print_table(["ticket", "at", "tier", "spent", "by", "reason"], shown, empty="no escalations")
