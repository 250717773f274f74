"""What any manager of packages tells about a host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pending:
    """Names of packages that wait; `lists_at` is when the package lists were last fetched (Unix seconds)."""

    every: Sequence[str]
    security: Sequence[str]
    reboot: bool | None
    lists_at: float | None
    notes: tuple[str, ...] = ()
