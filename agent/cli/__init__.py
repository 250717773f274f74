"""The `tocsin` command."""

from agent.cli.main import main

__all__ = ["main"]
