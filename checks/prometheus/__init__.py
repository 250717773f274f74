"""Prometheus: what does a server that already gathers metrics say?"""

from checks.prometheus.kind import KIND

__all__ = ["KIND"]
