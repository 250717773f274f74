"""What is stolen from a program is told apart from its own slowness."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stolen import Watched, Watchman, seen_by_watchman, watched

# A thread that sleeps comes a little late at each step.
_NOISE = 0.1


def _run(directory: Path, code: str) -> tuple[subprocess.Popen[str], Path]:
    script, file = directory / "script.py", directory / "watchman"
    script.write_text(code, encoding="utf-8")
    process = subprocess.Popen(watched(file, script, "word"), stdout=subprocess.PIPE, text=True)
    return process, file


def _stolen(beside: Watched) -> float:
    return sum(theft.seconds for theft in beside.thefts)


def test_time_in_which_a_program_is_stopped_is_stolen(tmp_path: Path) -> None:
    process, file = _run(tmp_path, "print('begun', flush=True)\nimport time\ntime.sleep(1)")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    time.sleep(0.6)
    stopped = time.monotonic() - began
    os.kill(process.pid, signal.SIGCONT)
    process.communicate(timeout=60)
    assert _stolen(seen_by_watchman(file)) >= stopped - _NOISE


@pytest.mark.parametrize("code", ["time.sleep(0.6)", "sum(range(20_000_000))"])
def test_own_waiting_and_own_work_are_no_theft(code: str) -> None:
    with Watchman() as watchman:
        began, worked = time.monotonic(), time.process_time()
        exec(f"import time\n{code}")
        took, work = time.monotonic() - began, time.process_time() - worked
    stolen = sum(theft.seconds for theft in watchman.thefts)
    # What others took besides is theirs: of the work all that was no work, of the waiting what came late.
    assert stolen <= max(took - work - (0.6 if "sleep" in code else 0.0), 0.0) + _NOISE


def test_program_is_run_with_its_words_and_ends_as_it_ends(tmp_path: Path) -> None:
    process, file = _run(tmp_path, "import sys\nprint(__name__, sys.argv[1:])\nsys.exit(3)")
    said, _ = process.communicate(timeout=60)
    assert (said, process.returncode) == ("__main__ ['word']\n", 3)
    assert seen_by_watchman(file).waited < 60


def test_only_what_was_stolen_during_a_look_is_its_excuse(tmp_path: Path) -> None:
    file = tmp_path / "watchman"
    file.write_text('{"thefts": [[0, 1, 0.5], [9, 11, 0.25], [14, 15, 0.5]], "waited": 1}', encoding="ascii")
    reading = {"at": "1970-01-01T00:00:10Z", "took": 2.0}
    assert seen_by_watchman(file).stolen_from(reading) == 0.25
    assert sys.executable in watched(file, file)
