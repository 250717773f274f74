"""What the kernel tells of this host, and what to say where a service or a container may not see it."""

from __future__ import annotations

import errno
from typing import Any

from checks.base import ErrorKind, Observation
from checks.text import visible


def unreadable(error: OSError, memo: Any) -> Observation:
    """We could not look; what was remembered stays."""
    asked = f"read {visible(str(error.filename), 120)}" if error.filename else "ask the kernel"
    why = f"cannot {asked}: {(error.strerror or str(error)).lower()}"
    if error.errno == errno.ENOENT:
        why += " (ProcSubset= in the service's unit, or the container, hides it)"
    return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memo)
