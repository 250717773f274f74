"""The `tocsin` command."""

from __future__ import annotations

import signal
import sys
from importlib.util import find_spec
from pathlib import Path

_CANNOT_BEGIN = 70
_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """The command's entry. A reload asked for while the daemon is still being imported must not end it."""
    if "run" in sys.argv[1:]:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for room in ("alerting", "checks", "config"):
        _refuse_another(room)
    if sys.argv[1:2] == ["run"]:
        from agent.cli import alone  # noqa: F401 - the daemon does without the code of all other commands
    else:
        from agent.cli import command  # noqa: F401
    from agent.cli.frame import main as end_well

    end_well()


def _refuse_another(room: str) -> None:
    """Our top-level packages have names that others may use: one that comes first in the path stands in for ours."""
    found = find_spec(room)
    place = Path(found.origin or "").resolve().parent if found else _ROOT
    if place != _ROOT / room:
        print(
            f"tocsin: {place} is found in place of the package {room} of Tocsin: take it out of PYTHONPATH",
            file=sys.stderr,
        )
        sys.exit(_CANNOT_BEGIN)
