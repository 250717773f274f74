"""Paths that operators name: the option's type, and what to say when the system refuses to look there."""

from __future__ import annotations

import errno
from typing import Annotated

from pydantic import AfterValidator

from checks.text import visible

MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})
# The disk, or the server behind it, answers with an error: that is the target's failure, not ours.
BROKEN = frozenset({errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT, errno.ENODEV})


def absolute(text: str) -> str:
    """The text, if it is a path from the root. Raises ValueError."""
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f'expected a path from the root like /var, got "{visible(text, 60)}"')
    return text


AbsolutePath = Annotated[str, AfterValidator(absolute)]


def refusal(path: str, error: OSError) -> str:
    """One line: what was refused, why, and where that is in the operator's hand, the remedy."""
    shown, why = visible(str(error.filename or path), 120), (error.strerror or str(error)).lower()
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"may not look at {shown}: {why} (let the service's user or group read it)"
    return f"cannot look at {shown}: {why}"
