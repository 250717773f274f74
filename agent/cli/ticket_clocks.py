"""`tocsin tickets clocks`: each target of a ticket, when it is due, what is left of it, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from alerting.desk.ticket import Ticket
    from config.models import Config
    from config.policies import Policy

_USAGE = 64


def clocks(
    ticket: Annotated[str, typer.Argument(metavar="ID", help="The ticket, such as T-12.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the clocks of a ticket: what is due when, what was met, and by which policy.

    Example: tocsin tickets clocks T-12
    """
    from agent.clock import SystemClock
    from agent.views.clocks import clocks_document

    configuration = loaded(config)
    found, policy = _found(configuration, ticket)
    document = clocks_document(found, policy, SystemClock().now())
    if as_json:
        print_json(document)
    else:
        _print(document, configuration.agent.timezone)


def _found(config: Config, text: str) -> tuple[Ticket, Policy]:
    """The ticket and the policy that it was opened under; one that has none yet has that of the configuration."""
    from agent.rulebook import Rulebook
    from agent.store.reader import NoStore, reading
    from alerting.desk.ticket import parse_id

    number = parse_id(text)
    if number is None:
        fail(f'"{text}" is no ticket id: expected something like T-12', _USAGE)
    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            found = next((each for each in store.tickets() if each.number == number), None)
            policies = store.policies()
    except NoStore as error:
        fail(str(error), 1)
    if found is None:
        fail(f"there is no ticket T-{number}", 1)
    policy = policies.get(found.policy)
    return found, policy or Rulebook.of(config).policy_of(found.service, found.team)


def _print(document: dict[str, Any], zone: str) -> None:
    from config.units import show_duration

    print(
        f"{document['ticket']}  {document['state']}, priority {document['priority']} ({document['priority_why']})"
    )
    print(f"policy {document['policy']}, clocks start when it was {document['clock_starts']}")
    for pause in document["pauses"]:
        until = f" until {told(pause['until'], zone)}" if pause["until"] else ""
        why = "was resolved" if pause["why"] == "resolved" else f"waited for the {pause['why']}"
        print(f"{why} from {told(pause['since'], zone)}{until}")
    print()
    rows = []
    for each in document["clocks"]:
        left = each["left"]
        shown = "" if left is None else show_duration(left)
        rows.append(
            [each["clock"], each["state"], told(each["due"], zone), shown, each["target"], each["counts"]]
        )
    print_table(["clock", "state", "due", "left", "target", "counts"], rows, empty="no clocks")
