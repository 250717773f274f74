"""Processes: do they run, how many, since when, and what do they use?"""

from checks.process.kind import KIND

__all__ = ["KIND"]
