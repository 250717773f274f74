"""The kind `command`: any program, and monitoring plugins above all."""

from checks.command.kind import KIND

__all__ = ["KIND"]
