"""Whatever a server does, a look ends in time, in one clean line, and in little memory."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.http.hostile import FAULTS, HostileServer
from tests.checks.http.targets import assert_clean, assert_in_time, configuration
from tests.stolen import Watched, seen_by_watchman, watched

MIB = 1024 * 1024
Looks = tuple[dict[str, Any], Watched]


@pytest.fixture(scope="module")
def looks(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looks]:
    """One look at every fault, all at the same time, by a program of its own."""
    directory = tmp_path_factory.mktemp("hostile")
    path, watchman = directory / "tocsin.yaml", directory / "watchman"
    with HostileServer() as server:
        path.write_text(configuration(server.urls), encoding="utf-8")
        done = subprocess.run(
            watched(watchman, root / "tests" / "checks" / "http" / "looker.py", str(path)),
            cwd=root,
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert done.stderr == b""
    yield json.loads(done.stdout), seen_by_watchman(watchman)


@pytest.mark.parametrize("name", FAULTS)
def test_look_ends_in_time_with_one_clean_reason(looks: Looks, name: str) -> None:
    found, beside = looks
    fault, reading = FAULTS[name], found["readings"][name]
    assert reading["status"] == fault.status, reading["message"]
    assert_in_time(reading, beside)
    assert_clean(reading)
    assert reading["error_kind"] in (fault.kinds or (None,)), reading["message"]
    assert fault.says in reading["message"]


def test_memory_stays_flat_over_all_of_them(looks: Looks) -> None:
    assert looks[0]["grown"] < 60 * MIB


def test_no_reason_shows_a_library_at_work(looks: Looks) -> None:
    for reading in looks[0]["readings"].values():
        assert not re.search(r"libcurl|pycurl|Traceback|Error\(|routines", reading["message"])
