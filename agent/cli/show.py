"""`tocsin incidents` and `version`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded


def incidents(
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first.

    Example: tocsin incidents --open
    """
    from agent.store.reader import NoStore, reading
    from agent.views.incidents import incidents as listed

    configuration = loaded(config)
    agent = configuration.agent
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            found = listed(store, only_open=only_open)
    except NoStore as error:
        fail(str(error), 1)
    if as_json:
        print_json(found)
        return
    rows = [
        [e["id"], f"{e['service']}.{e['rule']}", e["state"], e["severity"], told(e["opened_at"], agent.timezone),
         told(e["resolved_at"], agent.timezone), e["ticket"], len(e["affected"]), e["reason"]]
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
