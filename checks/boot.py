"""This boot of the kernel: its id, and how long it has run. Steps of the wall clock do not move either."""

from __future__ import annotations

import time
from pathlib import Path


def boot_id() -> str:
    """Another text after each boot. Raises OSError without /proc."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def since_boot() -> float:
    """Seconds since boot, time asleep included: what the starts of processes are told in, proc_pid_stat(5)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def awake_since_boot() -> float:
    """The same without time asleep: what systemd tells its moments in, systemd.time(7)."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
