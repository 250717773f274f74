"""`tocsin incidents` and `version`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.output import local, print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from alerting.incidents.incident import Incident


def incidents(
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first.

    Example: tocsin incidents --open
    """
    from agent.store.reader import NoStore, reading

    configuration = loaded(config)
    agent = configuration.agent
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            found = [each for each in store.incidents() if not only_open or each.state == "open"]
    except NoStore as error:
        fail(str(error), 1)
    if as_json:
        print_json([_incident(each) for each in found])
        return
    rows = [
        [f"{e.service}.{e.rule}", e.state, e.severity, local(e.opened_at, agent.timezone),
         local(e.resolved_at, agent.timezone), f"T-{e.ticket}", e.reason]
        for e in found
    ]  # fmt: skip
    print_table(
        ["incident", "state", "severity", "opened", "resolved", "ticket", "reason"],
        rows,
        empty="no incidents",
    )


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "service": incident.service,
        "rule": incident.rule,
        "occurrence": incident.occurrence,
        "state": incident.state.value,
        "severity": incident.severity,
        "opened_at": rfc3339(incident.opened_at),
        "resolved_at": rfc3339(incident.resolved_at),
        "ticket": f"T-{incident.ticket}",
        "affected": [incident.service],
        "reason": incident.reason,
    }


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(f"tocsin {installed('tocsin')}")
