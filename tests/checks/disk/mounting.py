"""Mounts for tests, all of them undone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Ends within a minute, whatever comes of it."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def mounting(directory: Path) -> Iterator[Callable[..., Path]]:
    """Mounts something on a new directory, or skips; all of it is unmounted at the end."""
    points: list[Path] = []

    def mount(*arguments: str, on: Path | None = None) -> Path:
        if os.geteuid() != 0:
            pytest.skip("mounting needs root")
        point = on or directory / f"mount{len(points)}"
        point.mkdir(exist_ok=True)
        done = run("mount", *arguments, str(point))
        if done.returncode != 0:
            pytest.skip(f"this machine does not allow the mount: {done.stderr.strip()}")
        points.append(point)
        return point

    try:
        yield mount
    finally:
        for point in reversed(points):
            run("umount", "--lazy", str(point))
