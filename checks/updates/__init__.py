"""Updates of this host's packages: which wait, which of them are for security, must the host be rebooted?"""

from checks.updates.kind import KIND

__all__ = ["KIND"]
