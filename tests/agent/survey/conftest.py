"""A host made of files: what its kernel says, and what its administrators wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

MakeHost: TypeAlias = Callable[..., Path]


@pytest.fixture
def make_host(tmp_path: Path) -> MakeHost:
    """Writes files, by their names on the host, below a directory, which it gives back."""

    def make(files: dict[str, str], *, directories: tuple[str, ...] = ()) -> Path:
        root = tmp_path / "host"
        for name in directories:
            (root / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return make
