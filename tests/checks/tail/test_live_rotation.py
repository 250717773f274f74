"""Looks while another program writes and rotates, at its own pace; and the real logrotate in all its modes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.checks.tail import generator, storm
from tests.checks.tail.rotating import Reader, Writer

SEED = 20261122


def assert_each_once(directory: Path, seed: int, rotations: int) -> None:
    chance = random.Random(seed)
    command = [generator.__file__, directory / "access.log", seed, rotations, "line {number} of many"]
    reader = read_beside(command, lambda: chance.choice((1 << 30, 1 << 30, 5000)))
    last = reader.look()
    assert (last.behind, last.problems) == (0, ())


def read_beside(command: Sequence[object], limit: Callable[[], int], pause: float = 0) -> Reader:
    """Look at the log that is the program's first argument while it runs, and until all is read."""
    log = Path(str(command[1]))
    log.touch()
    reader = Reader(log)
    reader.look()
    arguments = [sys.executable, *map(str, command)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        while writer.poll() is None:
            reader.look(limit())
            with suppress(subprocess.TimeoutExpired):
                writer.wait(pause)
        assert writer.stdout is not None
        written = int(writer.stdout.read())
    for _ in range(3):
        reader.look()
    assert written > 0
    assert reader.wrong(written) == {}, f"seed {command[2]}"
    return reader


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.5])
def test_every_line_is_read_once_while_the_log_is_renamed_every_few_milliseconds(
    tmp_path: Path, pause: float
) -> None:
    """Dozens of rotations in one look: names move while they are listed, and some changed at the same moment."""
    reader = read_beside([storm.__file__, tmp_path / "access.log", SEED, 200], lambda: 1 << 30, pause)
    assert len(json.dumps(reader.memo)) < 100_000


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
def test_every_line_is_read_once_while_another_program_rotates(tmp_path: Path, seed: int) -> None:
    assert_each_once(tmp_path, seed, rotations=60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_every_line_is_read_once_in_many_such_lives(tmp_path: Path, seed: int) -> None:
    assert_each_once(tmp_path, seed, rotations=150)


MODES = {
    "create": "create",
    "nocreate": "nocreate",
    "compress": "create\ncompress",
    "delaycompress": "create\ncompress\ndelaycompress",
    "copytruncate": "copytruncate",
    "copytruncate, compress": "copytruncate\ncompress",
    "copytruncate, delaycompress": "copytruncate\ncompress\ndelaycompress",
    "dateext": "create\ndateext\ndateformat -%Y%m%d-%s",
    "dateext, extension": "create\ncompress\ndateext\ndateformat -%Y%m%d-%s\nextension .log",
    "few kept": "create\nrotate 1",
}


# Where the old file is not packed, and gone, before the program lets go of it.
LATE = {"create", "nocreate", "delaycompress", "dateext"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("named", ["access.log", "*.log"])
def test_every_line_is_read_once_around_logrotate(
    tmp_path: Path, program: Callable[[str, str], Path], mode: str, named: str
) -> None:
    directory = tmp_path / "log"
    directory.mkdir(mode=0o755)
    config, state = tmp_path / "conf", tmp_path / "state"
    config.write_text(f"{directory}/access.log {{\nrotate 9\n{MODES[mode]}\n}}\n")
    config.chmod(0o644)
    rotate = [str(each) for each in (program("logrotate", "logrotate"), "--force", "--state", state, config)]
    writer, reader = Writer(directory / "access.log"), Reader(directory / named)
    reader.look()
    for turn in range(4):
        writer.write(50, padding=100)
        if turn % 2:
            reader.look(limit=2000)
        writer.write(50, padding=100)
        another_second(turn)
        with subprocess.Popen(rotate, stderr=subprocess.PIPE, text=True) as rotating:
            while rotating.poll() is None:
                reader.look()
            assert rotating.returncode == 0, rotating.stderr and rotating.stderr.read()
        if "copytruncate" not in mode:
            if mode in LATE:
                writer.write(3)
            writer.reopen()
    writer.close()
    reader.look()
    assert reader.look().problems == ()
    assert reader.wrong(writer.written) == {}


def another_second(turn: int) -> None:
    """logrotate's dates have seconds, and it writes over nothing."""
    over, deadline = int(time.time()) + 1.05, time.monotonic() + 5  # C's time() lags a tick behind
    while turn and time.time() < over and time.monotonic() < deadline:
        os.sched_yield()
