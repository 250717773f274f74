"""`tocsin incidents` and `version`."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.afar import also_afar
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption
from agent.cli.source import source


@also_afar
def incidents(
    config: ConfigOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first.

    Example: tocsin incidents --open
    """
    asked = source(config)
    found = asked.incidents(only_open=only_open)
    if as_json:
        print_json(found)
        return
    rows = [
        [e["id"], f"{e['service']}.{e['rule']}", e["state"], e["severity"], told(e["opened_at"], asked.zone),
         told(e["resolved_at"], asked.zone), e["ticket"], len(e["affected"]), e["reason"]]
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
