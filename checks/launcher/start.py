"""Starting the program itself: what it may take, what it has, and which of the files along PATH it is.

By posix_spawn(3), which copies no memory. The guard puts itself under the program's limits before, so that no moment is
left in which the program has none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
from collections.abc import Iterator
from typing import Any

from checks.launcher.process_tree import on_the_host

# When memory runs out a program goes before the daemon; its guard does not, or it would be left without one.
_KILLED_FIRST = b"500"
_OOM = "/proc/self/oom_score_adj"
# As whoever starts a program expects them, whatever nohup or a shell had us ignore.
_RESET = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
# The kernel counts all processes of the user together (none of root's), so this is only for what forks too fast
# for a guard to keep up with: with so many it can.
_ROOM = 2
_LOOK_ON = (errno.ENOENT, errno.ENOTDIR)


class NotStarted(Exception):
    """At which stage (`limits`, `cwd`, `program`, `interpreter`), the error's number and its text."""


def prepare(request: dict[str, Any]) -> None:
    """What is to hold for the program, from now on for this process and its children. Raises NotStarted."""
    with _stage("limits"):
        for name, most in request["limits"].items():
            _limit(getattr(resource, f"RLIMIT_{name}"), most)
        if there := on_the_host():  # the user's own are never more
            _limit(resource.RLIMIT_NPROC, there + _ROOM * request["processes"])
    with _stage("cwd"):
        os.chdir(request["cwd"])


def start(request: dict[str, Any], output: int, errors: int) -> int:
    """Its process id; it has a session of its own, no input and nothing else open. Raises NotStarted."""
    usual = _set_oom(_KILLED_FIRST)
    try:
        return _spawned(request, output, errors)
    except ValueError as error:  # a NUL character among what it is given
        raise NotStarted("program", 0, str(error)) from None
    finally:
        _set_oom(usual)


def _spawned(request: dict[str, Any], output: int, errors: int) -> int:
    nowhere = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    ends = [(os.POSIX_SPAWN_DUP2, end, place) for place, end in enumerate((nowhere, output, errors))]
    paths, worst = _paths(request), OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in paths:
        try:
            return os.posix_spawn(
                path,
                request["argv"],
                request["env"],
                file_actions=ends,
                setsid=True,
                setsigmask=(),
                setsigdef=_RESET,
            )
        except OSError as error:
            worst = worst if error.errno in _LOOK_ON else error
            if error.errno not in (*_LOOK_ON, errno.EACCES):
                break
    lacks = worst.errno in _LOOK_ON and any(os.access(path, os.F_OK) for path in paths)
    raise NotStarted("interpreter" if lacks else "program", worst.errno, worst.strerror)


def _set_oom(adjustment: bytes) -> bytes:
    """What it was before. It is handed down to what is started; what we had ourselves we may always go back to."""
    before = b""
    with contextlib.suppress(OSError):
        descriptor = os.open(_OOM, os.O_RDWR | os.O_CLOEXEC)
        try:
            before = os.read(descriptor, 16)
            os.pwrite(descriptor, adjustment, 0)
        finally:
            os.close(descriptor)
    return before


def _paths(request: dict[str, Any]) -> list[str]:
    """Where it may lie, as execvp(3) looks for it."""
    name = request["argv"][0]
    along = request["env"].get("PATH", os.defpath).split(":")
    return [name] if "/" in name else [f"{directory or '.'}/{name}" for directory in along]


@contextlib.contextmanager
def _stage(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else 0
        raise NotStarted(name, number, getattr(error, "strerror", None) or str(error)) from None


def _limit(which: int, most: int) -> None:
    """One that is lower already stays."""
    hard = resource.getrlimit(which)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (value, value))
