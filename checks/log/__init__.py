"""Log: how often do lines of a log match, or say that something went wrong?"""

from checks.log.kind import KIND

__all__ = ["KIND"]
