"""A network of a test's own: a thread in a network namespace of its own, where loopback answers as the test says."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

T = TypeVar("T")
_CLONE_NEWNET = 0x4000_0000
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def ip(*arguments: str) -> None:
    """`ip` of iproute2, in the namespace of the thread that calls it."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20)


def kernel(setting: str, value: str) -> None:
    """One sysctl below net, in the namespace of the thread that calls it."""
    Path("/proc/sys/net", setting).write_text(value, encoding="ascii")


def apart(scene: Callable[[], Coroutine[Any, Any, T]], loop: str = "asyncio", *, raw: bool = False) -> T:
    """What the scene returns, run in a namespace where loopback is up and nothing else is there.

    Echo requests are left to the scene. Unprivileged sockets are allowed for unless it is to be `raw` ones.
    """
    outcome: list[T] = []
    failed: list[BaseException] = []

    def aside() -> None:
        try:
            _unshare()
            ip("link", "set", "lo", "up")
            kernel("ipv4/ping_group_range", "1 0" if raw else f"0 {2**31 - 1}")
            with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
                outcome.append(runner.run(scene()))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=aside)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return outcome[0]


def _unshare() -> None:
    """This thread alone; the namespace goes with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        pytest.skip(f"needs root and network namespaces: {os.strerror(ctypes.get_errno())}")
