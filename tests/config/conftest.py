"""What the tests of the configuration share: a file written down and looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

from checks.registry import all_kinds
from config.loader import Loaded, examine

Examine: TypeAlias = Callable[[str | bytes], Loaded]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Writes `tocsin.yaml` in an empty directory, which is made the current one, and examines it."""
    monkeypatch.chdir(tmp_path)

    def write_and_examine(content: str | bytes) -> Loaded:
        path = Path("tocsin.yaml")
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        return examine(path, all_kinds())

    return write_and_examine
