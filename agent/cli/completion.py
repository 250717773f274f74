"""`tocsin completion`: what the shell asks when somebody presses TAB."""

from __future__ import annotations

import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

VARIABLE = "_TOCSIN_COMPLETE"


class Shell(StrEnum):
    """Shells that can be helped."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the script that completes commands, options, kinds and names in a shell.

    Read it from the start-up file of your shell, or for everybody on the host put it into
    /etc/bash_completion.d/tocsin.

    Example: tocsin completion bash > /etc/bash_completion.d/tocsin
    """
    print(script(shell))


def script(shell: Shell) -> str:
    """What the shell reads, in its start-up file or as a file of its own."""
    # typer's own names, which its module does not declare as exported.
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    text = str(get_completion_script(prog_name="tocsin", complete_var=VARIABLE, shell=shell.value))
    if shell is not Shell.ZSH:
        return text
    # As a file on its path zsh runs it at the first TAB, which is to be answered too.
    return f'{text}\n\nif [ "${{funcstack[1]}}" = _tocsin ]; then _tocsin_completion "$@"; fi'


def prepare() -> None:
    """Let typer answer the shell, when it is the shell that asks."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()


def kind_names(incomplete: str) -> list[str]:
    """Kinds of checks that begin so."""
    from agent.cli.setting import kinds

    return [name for name in sorted(kinds()) if name.startswith(incomplete)]


def connector_names(incomplete: str) -> list[str]:
    """Types of helpdesks that begin so."""
    from agent.cli.setting import connectors

    return [name for name in sorted(connectors()) if name.startswith(incomplete)]


def helpdesk_names(context: typer.Context, incomplete: str) -> list[str]:
    """Helpdesks and channels of the configuration that begin so; none when it cannot be read."""
    found: list[str] = []
    with suppress(Exception):  # as below
        found = sorted(_configuration(context).helpdesks)
    return [name for name in found if name.startswith(incomplete)]


def service_names(context: typer.Context, incomplete: str) -> list[str]:
    """Services of the configuration that begin so; none when it cannot be read."""
    return [name for name in check_names(context, incomplete) if "." not in name]


def check_names(context: typer.Context, incomplete: str) -> list[str]:
    """Services and checks of the configuration that begin so; none when it cannot be read.

    Checks are offered once their service is written out: `shop.` lists those of shop.
    """
    found: list[str] = []
    with suppress(Exception):  # whoever presses TAB wants no word about a mistake in a file
        services = _services(context)
        for name, checks in services.items():
            found.append(name)
            if incomplete.startswith(name):
                found += [f"{name}.{check}" for check in checks]
    return [name for name in found if name.startswith(incomplete)]


def _services(context: Any) -> dict[str, Any]:
    return {name: service.checks for name, service in _configuration(context).services.items()}


def _configuration(context: Any) -> Any:
    from agent.cli.setting import as_written

    given = None
    while context is not None and given is None:
        given, context = context.params.get("config"), context.parent
    return as_written(None if given is None else Path(given))
