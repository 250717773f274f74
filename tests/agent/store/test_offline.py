"""A write by a command: where nothing is stored yet, and whose directory it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Connection

from agent.store.dialect import FILE_NAME
from agent.store.offline import write_apart
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from config.models import Config


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def config(tmp_path: Path, state: Path) -> Config:
    file = tmp_path / "tocsin.yaml"
    file.write_text(json.dumps({"agent": {"state_dir": str(state)}, "services": {}}))
    return load(file, all_kinds())


def rows(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM told_events").scalar_one())


def test_a_store_is_made_where_there_is_none(config: Config, state: Path) -> None:
    assert write_apart(config, rows) == 0
    assert (state / FILE_NAME).is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_makes_no_store_that_the_owner_of_the_directory_could_not_open(
    config: Config, state: Path
) -> None:
    os.chown(state, 65534, -1)
    with pytest.raises(ConfigError, match="run this as that user, or start the daemon first"):
        write_apart(config, rows)
    assert list(state.iterdir()) == []
