"""What commands ask of the desk where no daemon runs: one after another, and files only as far as they fit a line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.lock import StateLock
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from config.attachments import LARGEST

Tocsin = Callable[..., Any]
CONFIG = """
agent: {id: test, state_dir: state}
services: {shop: {checks: {a: {type: cpu}}}}
"""
_HELD = 0.5  # seconds: longer than a command needs until it asks for the lock


@pytest.fixture
def desk(tocsin: Tocsin, tmp_path: Path) -> Tocsin:
    (tmp_path / "tocsin.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "state").mkdir(mode=0o700)
    engine = writing_engine(tmp_path / "state" / FILE_NAME)
    migrate(engine)
    engine.dispose()
    assert tocsin("tickets", "open", "Slow").code == 0
    return tocsin


def test_a_command_waits_until_another_has_done_with_the_store(desk: Tocsin, tmp_path: Path) -> None:
    lock = StateLock(tmp_path / "state")
    other = threading.Timer(_HELD, lock.release)
    other.start()
    ended = desk("tickets", "note", "T-1", "after the other")
    other.join()
    assert (ended.code, ended.err) == (0, "")
    assert "after the other" in desk("tickets", "show", "T-1").out


def test_files_that_are_too_much_together_are_refused_before_they_are_sent(
    desk: Tocsin, tmp_path: Path
) -> None:
    for name, size in (("a.txt", LARGEST), ("b.txt", 1)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    ended = desk("tickets", "attach", "T-1", "a.txt", "b.txt")
    assert (ended.code, "b.txt: is too much beside the others" in ended.err) == (1, True)
