"""Real file systems: anything that mounts, and an ext4 on a loop device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checks.disk.mounting import mounting, run


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """`mounted(*arguments of mount, on=…)` gives the mount point."""
    with mounting(tmp_path) as mount:
        yield mount


@pytest.fixture
def ext4(
    mounted: Callable[..., Path], tmp_path: Path, program: Callable[[str, str], Path]
) -> Callable[..., Path]:
    """`ext4(megabytes, *options of mkfs)` gives the mount point of a new one."""

    def make(megabytes: int, *options: str) -> Path:
        image = tmp_path / f"image{len(list(tmp_path.glob('image*')))}"
        with image.open("wb") as file:
            file.truncate(megabytes * 1024 * 1024)
        made = run(str(program("mkfs.ext4", "e2fsprogs")), "-q", *options, str(image))
        assert made.returncode == 0, made.stderr
        return mounted("-o", "loop", str(image))

    return make
