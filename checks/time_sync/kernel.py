"""The kernel's own view of its clock: is anybody keeping it, and how far can it be off?

adjtimex(2) with nothing to set, which needs no privilege but may be forbidden by a filter of system calls.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

# linux/timex.h
_NOT_KEPT = 0x0040  # STA_UNSYNC
_NANOSECONDS = 0x2000  # STA_NANO: `offset` is told in these, else in microseconds


class _Timex(ctypes.Structure):
    """struct timex; what comes after `status` is of no interest, but is written to."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 40),
    )


@dataclass(frozen=True, slots=True)
class KernelClock:
    """All but `kept` in seconds; `most_off` means something only while the clock is kept."""

    kept: bool
    offset: float
    most_off: float


def kernel_clock() -> KernelClock:
    """What the kernel says now. Raises OSError when it may not be asked."""
    timex = _Timex()
    if _libc().adjtimex(ctypes.byref(timex)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    part = 1e-9 if timex.status & _NANOSECONDS else 1e-6
    return KernelClock(
        kept=not timex.status & _NOT_KEPT,
        offset=timex.offset * part,
        most_off=timex.maxerror * 1e-6,
    )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
