"""Pressure: which share of the time work stood still for want of processors, memory or disks.

Format: Documentation/accounting/psi of the kernel. `some` says that at least one task waited, `full` that all
that could have run did.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Mapping
from pathlib import Path

from checks.base import Scalar, Value

_SPANS = {"avg10": "10 seconds", "avg60": "minute", "avg300": "5 minutes"}
_KINDS = {"some": "something", "full": "everything"}


def values(of: str, *kinds: str) -> tuple[Value, ...]:
    """The declarations, `pressure_some_avg10` and so on; `of` says what is waited for."""
    return tuple(
        Value(
            f"pressure_{kind}_{span}",
            "ratio",
            f"share of the last {name} in which {_KINDS[kind]} waited for {of}",
        )
        for kind in kinds
        for span, name in _SPANS.items()
    )


def read_pressure(file: Path, *kinds: str) -> tuple[dict[str, Scalar], dict[str, str]]:
    """The values, and for each that this kernel does not give the reason."""
    names = [f"pressure_{kind}_{span}" for kind in kinds for span in _SPANS]
    try:
        told, why = parse(file.read_text()), f"{file.name} does not say"
    except (OSError, UnicodeError) as error:
        told, why = {}, _reason(error)
    return {name: told.get(name) for name in names}, {name: why for name in names if name not in told}


def parse(text: str) -> Mapping[str, float]:
    """Of lines like `some avg10=1.25 avg60=0.00 avg300=0.00 total=55` the shares; what is no share is left out."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        kind, *pairs = line.split()[:8] or [""]
        for span, _, percent in (pair.partition("=") for pair in pairs):
            share = _share(percent)
            if kind in _KINDS and span in _SPANS and share is not None:
                found[f"pressure_{kind}_{span}"] = share
    return found


def _share(percent: str) -> float | None:
    try:
        share = float(percent) / 100
    except ValueError:
        return None
    return min(1.0, max(0.0, share)) if math.isfinite(share) else None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EOPNOTSUPP}:
        return "this kernel does not measure pressure (boot it with psi=1)"
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot read the pressure: {why.lower()}"
