"""`tocsin run` and `tocsin demo`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.setting import ConfigOption, Ended, config_path, connectors, fail, kinds

_LOCKED = 70


def run(config: ConfigOption = None) -> None:
    """Run the daemon: look, decide, keep, serve; until SIGTERM. SIGHUP reloads the configuration.

    Example: tocsin run --config /etc/tocsin/tocsin.yaml
    """
    reload_asked: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _frame: reload_asked.append(number))
    leave_out_rich()
    from config.errors import ConfigError
    from config.loader import examine

    path, known = config_path(config), kinds()
    loaded = examine(path, known, connectors())
    if loaded.config is None:
        raise ConfigError(loaded.errors)
    # Only now: a file with mistakes is told of before all that a daemon needs is imported.
    from agent.daemon import run_daemon
    from agent.lock import StateLocked
    from agent.reload import Origin

    try:
        raise Ended(run_daemon(loaded, Origin(path, known, loaded.texts, connectors()), reload_asked))
    except StateLocked as error:
        fail(str(error), _LOCKED)


def leave_out_rich() -> None:
    """structlog and httpx load it where it is found, for colours that a daemon never prints: 5 MB of it for life."""
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # so an import finds none


def demo(
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, metavar="N", help="End by itself after N seconds.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep configuration, database and logs there."),
    ] = None,
) -> None:
    """Show the whole way: a small web site breaks and heals, a ticket is opened and resolved.

    With --seconds the exit code is 0 only when the store holds one ticket opened and resolved.

    Example: tocsin demo --seconds 60
    """
    from agent.demo import run_demo

    raise Ended(run_demo(seconds, keep))
