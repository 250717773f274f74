"""The rules of conftest.py itself: when a skip is a failure, and which tests a short run leaves out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

def test_needs_a_program_that_nobody_has(program):
    program("no-such-program", "no-such-package")

@pytest.mark.xfail
def test_is_known_to_fail():
    assert False

@pytest.mark.slow
def test_is_a_long_sweep():
    pass
"""


def _outcomes(directory: Path, *options: str, ci: str) -> str:
    """What pytest prints about SUITE under our conftest.py, with its summary of everything but passes."""
    shutil.copy(Path(__file__).with_name("conftest.py"), directory)
    (directory / "test_suite.py").write_text(SUITE)
    (directory / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *options, str(directory)]
    env = {**os.environ, "CI": ci, "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, timeout=60, check=False
    ).stdout


def test_missing_program_skips_and_names_the_package(tmp_path: Path) -> None:
    printed = _outcomes(tmp_path, ci="false")
    assert "apt-get install no-such-package" in printed
    assert "1 skipped, 1 deselected, 1 xfailed" in printed


def test_skip_is_a_failure_in_ci_with_its_reason(tmp_path: Path) -> None:
    printed = _outcomes(tmp_path, ci="true")
    assert "apt-get install no-such-package" in printed
    assert "1 failed, 1 deselected, 1 xfailed" in printed


def test_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    (tmp_path / "test_whole.py").write_text(
        "import pytest\npytest.skip('nothing here', allow_module_level=True)\n"
    )
    printed = _outcomes(tmp_path, ci="true")
    assert "CI=true does not allow: Skipped: nothing here" in printed
    assert "1 error" in printed


@pytest.mark.parametrize(("options", "line"), [((), "1 deselected"), (("--long",), "1 passed")])
def test_long_sweeps_run_only_when_asked_for(tmp_path: Path, options: tuple[str, ...], line: str) -> None:
    assert line in _outcomes(tmp_path, *options, ci="false")
