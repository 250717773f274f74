"""Few files, stepped clocks, long sleeps, storms of signals, and nobody who reads what it prints."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.daemon import TOCSIN, Daemon, wait_for
from tests.end_to_end.website import Site
from tests.faults.rig import Program, config, reading_is, ticket_states
from tests.faults.rows import Row, hand_in

FEWEST, MOST = 12, 64
STORM = 2000
# What a daemon needs to serve one check is far below; systemd's unit gives 16,384.
ENOUGH = 64


def limited(daemon: Daemon, most: int) -> str:
    """How a daemon fares that may have so many files open: `works`, or `says so`."""
    shell = (
        f"ulimit -n {most}; exec {shlex.quote(str(TOCSIN))} run --config {shlex.quote(str(daemon.config))}"
    )
    log = daemon.directory / f"log-{most}"
    with log.open("wb") as file:
        process = subprocess.Popen(["sh", "-c", shell], stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:

        def decided() -> bool:
            return process.poll() is not None or b'"daemon.started"' in log.read_bytes()

        wait_for(decided, f"a start or an end with {most} files")
        ended = process.poll() is not None
    finally:
        process.terminate()
        process.wait(60)
    text = log.read_text()
    if not ended:
        assert process.returncode == 0, text[-2000:]
        return "works"
    assert process.returncode in (70, 78), (most, process.returncode, text[-2000:])
    assert "Traceback" not in text, text[-2000:]
    assert re.search("open files|unable to open", text), (most, text[-2000:])
    return "says so"


def test_few_open_files(tmp_path: Path, site: Site, request: pytest.FixtureRequest) -> None:
    long = bool(request.config.getoption("--long"))
    seen = {}
    with Daemon(tmp_path, **config(site)) as daemon:
        daemon.start()
        daemon.stop()
        for most in range(FEWEST, MOST + 1, 4) if long else (FEWEST, 20, 28, MOST):
            seen[most] = limited(daemon, most)
        daemon.start()
        wait_for(reading_is(daemon, "ok"), "a good reading")
        daemon.stop()
    assert seen[ENOUGH] == "works" and seen[FEWEST] == "says so"
    hand_in(
        Row(
            "Process and disk",
            f"{FEWEST} to {MOST} open files at most",
            "it works, or ends and says what it lacks; the store stays whole",
            f"so; with {FEWEST} it says so, with {MOST} it works",
        )
    )


@pytest.fixture
def fake_clock(tmp_path: Path, program: Program, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says by how many seconds the clock of what is started from now on is off."""
    source, library = root.parent / "shared/scripts/fault_kit/fakeclock.c", tmp_path / "fakeclock.so"
    if not source.exists():
        pytest.skip("needs the clock stepper, which lies outside this project")
    command = [program("gcc", "gcc"), "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]
    subprocess.run([str(each) for each in command], check=True, timeout=120)
    offset = tmp_path / "offset"
    offset.write_text("0")
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("FAKECLOCK", str(offset))
    return offset


STEPS = {"+2 h": 7200.0, "-1 d": -86_400.0, "-20 y": -20 * 365.25 * 86_400}


@pytest.mark.parametrize("step", STEPS)
def test_clock_is_set(tmp_path: Path, site: Site, fake_clock: Path, step: str) -> None:
    with Daemon(tmp_path, **config(site)) as daemon:
        daemon.start()
        wait_for(reading_is(daemon, "ok"), "a good reading")
        offset = fake_clock.with_suffix(".new")
        offset.write_text(str(STEPS[step]))
        offset.replace(fake_clock)
        wait_for(lambda: daemon.events("clock.stepped"), "the step to be seen")
        looks = len(site.given)
        site.turn(good=False)
        wait_for(lambda: ticket_states(daemon) == ["new"], "an outage after the step")
        site.turn(good=True)
        wait_for(lambda: ticket_states(daemon) in (["resolved"], ["closed"]), "its end")
        # No burst of looks that were missed: about one a second goes on.
        assert len(site.given) - looks < 40
        assert daemon.get("/-/ready")[0] == 200
        assert daemon.json("status")["services"][0]["state"] == "up"
        daemon.stop()
    hand_in(
        Row(
            "Time",
            f"The clock is set {step} while it runs",
            "looks go on as before, without a burst or a pause; the step is told; an outage is seen, told and ended",
            "so",
        )
    )


def test_suspended(tmp_path: Path, site: Site, fake_clock: Path) -> None:
    with Daemon(tmp_path, **config(site)) as daemon:
        daemon.start()
        wait_for(reading_is(daemon, "ok"), "a good reading")
        daemon.signal(signal.SIGSTOP)
        offset = fake_clock.with_suffix(".new")
        offset.write_text("600")
        offset.replace(fake_clock)
        looks = len(site.given)
        daemon.signal(signal.SIGCONT)
        wait_for(lambda: daemon.events("clock.stepped"), "the gap to be seen")
        wait_for(lambda: len(site.given) > looks + 1, "looks that go on")
        assert len(site.given) - looks < 20
        (row,) = [each for each in daemon.json("uptime", "--period", "30d") if each["service"] == "web"]
        daemon.stop()
    print(row)
    assert float(row["seconds"]["unknown"]) > 590
    hand_in(
        Row(
            "Time",
            "It is suspended for ten minutes (SIGSTOP, and the clock goes on)",
            "that time is unknown; one look each afterwards, and not those that were missed",
            "so",
        )
    )


def test_storm_of_reloads(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site)) as daemon:
        daemon.start()
        wait_for(reading_is(daemon, "ok"), "a good reading")
        for _ in range(STORM):
            os.kill(daemon.process.pid, signal.SIGHUP)
        wait_for(lambda: daemon.events("config.reloaded", "config.unchanged"), "a reload")
        site.turn(good=False)
        wait_for(lambda: ticket_states(daemon) == ["new"], "an outage after the storm")
        told = len(daemon.events("config.reloaded", "config.unchanged"))
        daemon.stop()
    assert told < STORM / 10
    hand_in(
        Row(
            "Control",
            f"SIGHUP {STORM} times in a row",
            "a few reloads, one after the other; the same process goes on",
            "so",
        )
    )


def test_stdout_and_stderr_are_closed(tmp_path: Path, site: Site, free_port: Callable[[], int]) -> None:
    port = free_port()
    with Daemon(tmp_path, **config(site, listen=f"127.0.0.1:{port}")) as daemon:
        daemon.address = f"http://127.0.0.1:{port}"
        daemon.spawn("sh", "-c", 'exec "$@" >&- 2>&-', "sh")
        wait_for(reading_is(daemon, "ok"), "a good reading")
        site.turn(good=False)
        wait_for(lambda: ticket_states(daemon) == ["new"], "a ticket")
        daemon.stop()
    hand_in(
        Row("Control", "stdout and stderr are closed", "it goes on, and stores and tells as before", "so")
    )


def test_nobody_reads_what_it_prints(tmp_path: Path, site: Site, free_port: Callable[[], int]) -> None:
    port = free_port()
    with Daemon(tmp_path, **config(site, listen=f"127.0.0.1:{port}")) as daemon:
        daemon.address = f"http://127.0.0.1:{port}"
        reading, writing = os.pipe()
        filled(writing)
        command = [str(TOCSIN), "run", "--config", str(daemon.config)]
        process = subprocess.Popen(command, stdout=writing, stderr=writing, stdin=subprocess.DEVNULL)
        try:
            wait_for(reading_is(daemon, "ok"), "a good reading")
            site.turn(good=False)
            wait_for(lambda: ticket_states(daemon) == ["new"], "a ticket")
        finally:
            process.terminate()
            ended = process.wait(60)
            os.close(reading)
            os.close(writing)
    assert ended == 0
    hand_in(
        Row(
            "Control",
            "What it prints goes into a pipe that is full, and nobody reads it",
            "it goes on, and stores and tells as before",
            "so; it also ends in good order",
        )
    )


def filled(pipe: int) -> None:
    """Until nothing more goes in."""
    os.set_blocking(pipe, False)
    try:
        while os.write(pipe, bytes(4096)):
            continue
    except BlockingIOError:
        os.set_blocking(pipe, True)
