"""The launcher itself: a guard for each request, until the daemon is gone."""

from __future__ import annotations

import gc
import os
import signal
import socket
from typing import Any, NoReturn

from checks.launcher.guard import Guard, request_from
from checks.launcher.own_cgroup import delegated

_SET_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER in linux/prctl.h


def main(control: socket.socket) -> None:
    """Fork a guard for each request that comes in, until the daemon closes its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards are nobody's business: the kernel reaps them
    gc.disable()
    gc.freeze()
    prctl, cgroup = _prctl(), delegated()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        if not message:
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if len(descriptors) == 3 and _forked() == 0:
            control.close()
            _be_guard(prctl, cgroup, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _forked() -> int:
    """0 in the child; without a process to be had the daemon sees its socket closed."""
    try:
        return os.fork()
    except OSError:
        return -1


def _prctl() -> Any:
    """The C function; None where memory may not be made executable so that ctypes cannot be used."""
    try:
        import ctypes

        return ctypes.CDLL(None).prctl
    except (ImportError, OSError, MemoryError, AttributeError):
        return None


def _be_guard(prctl: Any, cgroup: str, descriptors: list[int]) -> NoReturn:
    """In a process of its own: run one program to its end."""
    code, (talk, output, errors) = 0, descriptors
    try:
        if prctl is not None:
            prctl(_SET_SUBREAPER, 1, 0, 0, 0)
        with socket.socket(fileno=talk) as daemon:
            Guard(daemon, request_from(daemon), cgroup).run(output, errors)
    except BaseException:
        code = 1
    os._exit(code)
