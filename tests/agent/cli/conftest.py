"""The command, run in this process and in an empty directory."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@pytest.fixture
def tocsin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """`tocsin("checks", "show", "http")`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOCSIN_CONFIG", raising=False)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tocsin", *words])
        logging = structlog.get_config()
        with pytest.raises(SystemExit) as ended:
            main()
        structlog.configure(**logging)  # a command sets up its own, which would outlast it here
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    return run
