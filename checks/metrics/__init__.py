"""Metrics: what does an exporter show, on a host or in a program without an agent of its own?"""

from checks.metrics.kind import KIND

__all__ = ["KIND"]
