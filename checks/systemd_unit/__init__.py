"""Units of systemd: do services run, and do timers fire when they should?"""

from checks.systemd_unit.kind import KIND

__all__ = ["KIND"]
