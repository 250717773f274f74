"""The clock of this host: kept by somebody, not behind what was written, and not jumping."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import agent
from agent.clock import StepWatch, SystemClock
from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from agent.store.dialect import FILE_NAME
from checks.time_sync.kernel import kernel_clock
from config.units import show_duration

_TOPIC = "clock"
_BEHIND = 60.0
_WATCHED = 1.0
_KEEP = "timedatectl set-ntp true, or: apt-get install chrony"


def look(ground: Ground) -> Iterator[Finding]:
    """The kernel's own word, then what the clock says of itself."""
    clock = SystemClock()
    yield _kept()
    yield from _not_behind(clock.now() / 1e6, ground)
    watch = StepWatch(clock)
    time.sleep(_WATCHED)
    step = watch.look()
    if step is not None:
        text = f"it was set by {show_duration(abs(step.new - step.old) / 1e6)} while it was looked at"
        yield finding(_TOPIC, "steps", "fail", text, "two programs may be setting it: keep one of them")


def _kept() -> Finding:
    try:
        kernel = kernel_clock()
    except OSError as error:
        return finding(_TOPIC, "synchronised", "warn", f"the kernel may not be asked: {error.strerror}")
    if kernel.kept:
        text = f"the kernel says: kept, and off by {show_duration(round(kernel.most_off, 3))} at most"
        return finding(_TOPIC, "synchronised", "ok", text)
    text = "nobody keeps it, says the kernel (in a container that may be the host's affair)"
    return finding(_TOPIC, "synchronised", "warn", text, _KEEP)


def _not_behind(now: float, ground: Ground) -> Iterator[Finding]:
    """Nothing can have been written after this moment."""
    files = (Path(agent.__file__), ground.path, ground.state_dir / FILE_NAME)
    written = {file: file.stat().st_mtime for file in files if file.exists()}
    file = max(written, key=lambda each: written[each])
    behind = written[file] - now
    if behind > _BEHIND:
        text = f"it is {show_duration(round(behind))} before the moment at which {file} was written"
        yield finding(_TOPIC, "time", "fail", text, f"set it: {_KEEP}")
    else:
        yield finding(_TOPIC, "time", "ok", "after all that was written here")
