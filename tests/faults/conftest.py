"""Sites, helpdesks and file systems for the faults."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.website import Site
from tests.fakes.connector import install
from tests.fakes.helpdesk import Helpdesk
from tests.faults.rig import Ext4, Program, a_desk


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helpdesk]:
    install(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    with a_desk() as desk:
        yield desk


@pytest.fixture
def ext4(tmp_path: Path, program: Program) -> Iterator[Ext4]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    made = Ext4(program, tmp_path)
    yield made
    with suppress(Exception):
        made.unmount()
