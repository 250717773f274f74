"""`tocsin incidents` and `version`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.output import local, print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded


def incidents(
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first.

    Example: tocsin incidents --open
    """
    from agent.cli.incident_document import affected, incident_document
    from agent.store.reader import NoStore, reading

    configuration = loaded(config)
    agent = configuration.agent
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            found = [each for each in store.incidents() if not only_open or each.state == "open"]
            members = store.decisions().members({each.id for each in found} if only_open else None)
            flapping = store.decisions().flapping()
    except NoStore as error:
        fail(str(error), 1)
    if as_json:
        print_json([incident_document(each, members.get(each.id, ()), flapping) for each in found])
        return
    rows = [
        [e.id, f"{e.service}.{e.rule}", e.state, e.severity, local(e.opened_at, agent.timezone),
         local(e.resolved_at, agent.timezone), f"T-{e.ticket}", len(affected(e, members.get(e.id, ()))), e.reason]
        for e in found
    ]  # fmt: skip
    print_table(
        ["id", "incident", "state", "severity", "opened", "resolved", "ticket", "services", "reason"],
        rows,
        empty="no incidents",
    )


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(f"tocsin {installed('tocsin')}")
