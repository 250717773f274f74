"""The `tocsin` command."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """The command's entry. A reload asked for while the daemon is still being imported must not end it."""
    if "run" in sys.argv[1:]:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from agent.cli.command import main as run

    run()
