"""What every subcommand shares: which configuration, how it is loaded, how a command ends early."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from alerting.connectors.base import ConnectorType
    from checks.base import Kind
    from config.models import Config

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration. Default: $TOCSIN_CONFIG, /etc/tocsin/tocsin.yaml, ./tocsin.yaml.",
        show_default=False,
        readable=False,  # a file that cannot be read is a mistake in the configuration, not wrong usage
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_PLACES = (Path("/etc/tocsin/tocsin.yaml"), Path("tocsin.yaml"))
_chosen: list[Path] = []


class Ended(Exception):
    """The command ends here with an exit code; everything was said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def choose_config(path: Path | None) -> None:
    """Remember `--config` given before the command."""
    _chosen.clear()
    if path is not None:
        _chosen.append(path)


def named_path(given: Path | None) -> Path | None:
    """The file that --config or TOCSIN_CONFIG names, if any does."""
    for path in (given, *_chosen):
        if path is not None:
            return path
    named = os.environ.get("TOCSIN_CONFIG")
    return Path(named) if named else None


def config_path(given: Path | None) -> Path:
    """Which file is meant. Raises ConfigError naming the places that were tried."""
    from config.errors import ConfigError

    if named := named_path(given):
        return named
    for path in _PLACES:
        try:
            if path.is_file():
                return path
        except PermissionError:
            raise ConfigError(f"{path}: cannot be read by this user: become root") from None
    raise ConfigError(
        "no configuration found: name one with --config or TOCSIN_CONFIG, or write /etc/tocsin/tocsin.yaml"
    )


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds of checks; looking for those of other distributions takes a while. Tells of those it leaves out."""
    from agent.cli.completion import VARIABLE
    from checks.registry import all_kinds

    found = all_kinds()
    if VARIABLE not in os.environ:  # the shell that asks would show it in the middle of a line
        for reason in found.refused:
            print(f"tocsin: warning: {reason}", file=sys.stderr)
    return found


@cache
def connectors() -> Mapping[str, ConnectorType]:
    """All types of helpdesks and channels; looked for when the configuration names one."""
    from alerting.connectors.registry import all_connectors

    return all_connectors()


def loaded(given: Path | None) -> Config:
    """The configuration as a daemon runs it, itself among the services. Raises ConfigError with every mistake."""
    from agent.self_checks import watching_itself

    return watching_itself(as_written(given))


def as_written(given: Path | None) -> Config:
    """The configuration, for commands that look without a daemon. Raises ConfigError with every mistake in it."""
    from config.loader import load

    return load(config_path(given), kinds(), connectors())


def fail(message: str, code: int) -> NoReturn:
    """Say why on stderr and end the command."""
    print(f"tocsin: {message}", file=sys.stderr)
    raise Ended(code)


def no_such(what: str, name: str, known: Collection[str]) -> str:
    """That nothing is called so, and what was perhaps meant."""
    import difflib

    from checks.text import visible

    near = difflib.get_close_matches(name, known, n=1)
    return f'no {what} is called "{visible(name)}"' + (f" (did you mean {near[0]}?)" if near else "")
