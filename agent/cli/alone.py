"""`tocsin run` without any other subcommand."""

from __future__ import annotations

from agent.cli.daemon import run
from agent.cli.frame import app

app.command()(run)
