"""`tocsin check` against everything a server or a name server can do wrong, all at once."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.http.hostile import FAULTS, HostileServer
from tests.checks.http.targets import GRACE, TIMEOUT, assert_clean, assert_in_time, configuration
from tests.stolen import Watched, seen_by_watchman, watched

TOCSIN = Path(sys.executable).with_name("tocsin")
# What it waits for its files on a slow disk, up to the first look and after the last one.
AROUND = 5.0
HANGING = tuple(f"hangs-{number}.example" for number in range(19))


def checked(configured: str, directory: Path, *before: str) -> tuple[dict[str, Any], Watched]:
    """The readings of one `tocsin check --json`, some down; it must end and say nothing else."""
    path, watchman = directory / "tocsin.yaml", directory / "watchman"
    path.write_text(configured, encoding="utf-8")
    done = subprocess.run(
        [*before, *watched(watchman, TOCSIN, "check", "--json", "--config", str(path))],
        capture_output=True,
        timeout=120,
        check=False,
    )
    beside = seen_by_watchman(watchman)
    assert beside.waited <= TIMEOUT + GRACE + AROUND
    assert done.stderr == b""
    readings = {reading["check"]: reading for reading in json.loads(done.stdout)}
    assert done.returncode == 2
    return readings, beside


def test_every_fault_ends_in_time_and_a_healthy_check_stays_ok(tmp_path: Path) -> None:
    with HostileServer() as server:
        readings, beside = checked(configuration(server.urls), tmp_path)
    assert set(readings) == set(FAULTS)
    for name, reading in readings.items():
        assert reading["status"] == FAULTS[name].status, (name, reading["message"])
        assert reading["error_kind"] in (FAULTS[name].kinds or (None,)), (name, reading["message"])
        assert_in_time(reading, beside)
        assert_clean(reading)
    assert readings["all-is-well"]["status"] == "ok"


@pytest.fixture
def bad_server(shared: Path, free_port: Callable[[], int]) -> Iterator[int]:
    """The recorded kit's own server of faults; gives its port."""
    script, port = shared / "scripts" / "fault_kit" / "bad_server.py", free_port()
    process = subprocess.Popen([sys.executable, str(script), str(port)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "the server of faults did not start"
        time.sleep(0.02)


def test_recorded_kit_of_faults_is_seen_through(bad_server: int, tmp_path: Path) -> None:
    kinds = {
        "never": ("timeout",),
        "trickle-header": ("timeout",),
        "trickle-body": ("timeout",),
        "100": ("timeout",),
        "infinite": ("content",),
        "bomb": ("content", "timeout"),  # it packs its bomb when first asked
        "hugehdr": ("content",),
        "manyhdr": ("content",),
        "loop": ("protocol",),
        "tofile": ("protocol",),
        "garbage": ("protocol",),
        "short": ("reset",),
        "nul": (None,),
        "fine": (None,),
        "tls": ("tls",),
    }
    urls = {name: f"http://127.0.0.1:{bad_server}/{name}" for name in kinds if name != "100"}
    urls |= {"continues": f"http://127.0.0.1:{bad_server}/100", "tls": f"https://127.0.0.1:{bad_server}/"}
    kinds["continues"] = kinds.pop("100")
    readings, beside = checked(configuration(urls), tmp_path)
    for name, allowed in kinds.items():
        assert readings[name]["error_kind"] in allowed, (name, readings[name]["message"])
        assert_in_time(readings[name], beside)
        assert_clean(readings[name])


def test_names_that_never_answer_delay_no_healthy_check(
    own_name_server: tuple[str, ...], tmp_path: Path
) -> None:
    urls = {f"hangs-{number}": f"http://{name}/" for number, name in enumerate(HANGING)}
    urls["healthy"] = "http://healthy.example:9/"  # refused at once: the name was answered
    readings, beside = checked(configuration(urls), tmp_path, *own_name_server)
    assert readings["healthy"]["error_kind"] == "refused"
    assert readings["healthy"]["took"] < TIMEOUT + beside.stolen_from(readings["healthy"])
    for number, name in enumerate(HANGING):
        reading = readings[f"hangs-{number}"]
        assert reading["message"] == f"no answer from the name server for {name} within 2s"
        assert_in_time(reading, beside)
