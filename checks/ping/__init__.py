"""Ping: does a host answer ICMP echo requests, how fast, and how many are lost?"""

from __future__ import annotations

from checks.ping.kind import KIND

__all__ = ["KIND"]
