"""Whatever a server does, a look ends in time, in one clean line, and in little memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.http.hostile import FAULTS, HostileServer
from tests.checks.http.targets import GRACE, TIMEOUT, assert_clean, configuration

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def looks(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One look at every fault, all at the same time, by a program of its own."""
    path = tmp_path_factory.mktemp("hostile") / "tocsin.yaml"
    with HostileServer() as server:
        path.write_text(configuration(server.urls), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tests.checks.http.looker", str(path)],
            cwd=root,
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert done.stderr == b""
    yield json.loads(done.stdout)


@pytest.mark.parametrize("name", FAULTS)
def test_look_ends_in_time_with_one_clean_reason(looks: dict[str, Any], name: str) -> None:
    fault, reading = FAULTS[name], looks["readings"][name]
    assert reading["status"] == fault.status, reading["message"]
    assert reading["took"] <= TIMEOUT + GRACE
    assert_clean(reading)
    assert reading["error_kind"] in (fault.kinds or (None,)), reading["message"]
    assert fault.says in reading["message"]


def test_memory_stays_flat_over_all_of_them(looks: dict[str, Any]) -> None:
    assert looks["grown"] < 60 * MIB


def test_no_reason_shows_a_library_at_work(looks: dict[str, Any]) -> None:
    for reading in looks["readings"].values():
        assert not re.search(r"libcurl|pycurl|Traceback|Error\(|routines", reading["message"])
