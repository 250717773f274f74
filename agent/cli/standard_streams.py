"""Standard streams that were closed from the start lead nowhere, before a database or socket gets their number."""

from __future__ import annotations

import os
import sys


def fill_in() -> None:
    """Open the null device for each of stdin, stdout and stderr that is closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest free number: the one that was closed
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
