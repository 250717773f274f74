"""Heartbeat: jobs report in, and what does not report in time is late."""

from checks.heartbeat.kind import KIND

__all__ = ["KIND"]
