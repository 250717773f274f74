"""API: how is somebody else's service, and how much of our quota is left?"""

from checks.api.kind import KIND

__all__ = ["KIND"]
