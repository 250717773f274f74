"""The clock of this host: is it kept, and does it agree with other clocks?"""

from checks.time_sync.kind import KIND

__all__ = ["KIND"]
