"""The daemon goes on whatever becomes of where its log leads: closed, full, gone; and the journal gets its fields."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.daemon import PATIENCE, TOCSIN, Daemon, wait_for
from tests.end_to_end.website import Site

# Gives the command a directory of ours as /run/systemd/journal, and says that its stderr leads there.
IN_THE_JOURNAL = """
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal
mount --bind "$1" /run/systemd/journal
shift
JOURNAL_STREAM=$(stat --dereference --format=%d:%i /proc/self/fd/2)
export JOURNAL_STREAM
exec "$@"
"""


def of(site: Site) -> dict[str, object]:
    home = {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "retry_every": "300ms"}
    return {"services": {"web": {"checks": {"home": home}}}}


def looks_on(daemon: Daemon, site: Site) -> None:
    """It looks, opens a ticket, answers."""
    site.turn(good=False)
    wait_for(lambda: daemon.tickets() and daemon.tickets()[0]["state"] != "resolved", "a ticket")
    assert daemon.get("/-/ready")[0] == 200


@contextmanager
def running(daemon: Daemon, port: int, script: str, **streams: object) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon at a known port, begun by a shell with streams as a test wants them."""
    daemon.address = f"http://127.0.0.1:{port}"
    command = ["sh", "-c", script, "sh", str(TOCSIN), "run", "--config", str(daemon.config)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, **streams) as process:  # type: ignore[call-overload]  # the streams
        try:
            wait_for(lambda: daemon.get("/-/ready")[0] == 200, "/-/ready")
            yield process
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("closing", [">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full >/dev/full"])
def test_streams_closed_from_the_start_are_no_reason_to_stop(
    tmp_path: Path, free_port: Callable[[], int], closing: str
) -> None:
    port = free_port()
    with Site() as site, Daemon(tmp_path, agent={"listen": f"127.0.0.1:{port}"}, **of(site)) as daemon:
        with running(daemon, port, f'exec "$@" {closing}') as process:
            looks_on(daemon, site)
            places = Path(f"/proc/{process.pid}/fd")
            assert [(places / number).readlink() for number in "12"] in (
                [Path(os.devnull)] * 2,
                [Path("/dev/full")] * 2,
            )
        assert daemon.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_full_pipe_that_nobody_reads_stops_nothing_not_even_the_end(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 65536)
    except BlockingIOError:
        os.set_blocking(writing, True)
    with (
        Site() as site,
        Daemon(tmp_path, agent={"listen": f"127.0.0.1:{port}"}, **of(site)) as daemon,
        running(daemon, port, 'exec "$@"', stdout=writing, stderr=writing),
    ):
        looks_on(daemon, site)
        assert daemon.metrics().total("tocsin_log_lines_lost_total") == 0
    os.close(reading)
    os.close(writing)


def test_a_reader_that_goes_away_takes_nothing_with_it(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    with (
        Site() as site,
        Daemon(tmp_path, agent={"listen": f"127.0.0.1:{port}"}, **of(site)) as daemon,
        running(daemon, port, 'exec "$@"', stderr=subprocess.PIPE) as process,
    ):
        assert process.stderr is not None
        assert b"daemon.started" in process.stderr.readline()
        process.stderr.close()
        looks_on(daemon, site)


def test_mistakes_are_still_told_on_stderr_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text(yaml.safe_dump({"services": {"web": {"checks": {"home": {"type": "htp"}}}}}))
    ended = subprocess.run(
        [TOCSIN, "run", "--config", file], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 78
    assert f"{file}:" in ended.stderr


@pytest.fixture
def in_the_journal(tmp_path: Path) -> tuple[tuple[str, ...], Path]:
    """The words before a command whose journal is a directory of ours, and that directory."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root and namespaces (unshare --mount) for a /run/systemd/journal of its own")
    directory = tmp_path / "journal"
    directory.mkdir()
    return ("unshare", "--mount", "sh", "-c", IN_THE_JOURNAL, "sh", str(directory)), directory


@contextmanager
def journal(directory: Path) -> Iterator[socket.socket]:
    path = directory / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(path))
        bound.settimeout(PATIENCE)
        yield bound
    path.unlink()


def until(bound: socket.socket, wanted: bytes) -> bytes:
    """The first entry that has this in it."""
    for _ in range(1000):
        entry = bound.recv(1_000_000)
        if wanted in entry:
            return entry
    raise AssertionError(f"no entry with {wanted!r}")


def test_the_journal_gets_fields_and_is_found_again_when_it_was_away(
    tmp_path: Path, free_port: Callable[[], int], in_the_journal: tuple[tuple[str, ...], Path]
) -> None:
    before, directory = in_the_journal
    port = free_port()
    with Site() as site, Daemon(tmp_path, agent={"listen": f"127.0.0.1:{port}"}, **of(site)) as daemon:
        with journal(directory) as bound:
            daemon.spawn(*before)
            assert b"PRIORITY=6\n" in until(bound, b"TOCSIN_EVENT=daemon.started\n")
            until(bound, b"MESSAGE=Nobody can sign in yet")
            daemon.address = f"http://127.0.0.1:{port}"
            site.turn(good=False)
            opened = until(bound, b"TOCSIN_EVENT=incident.opened\n")
        assert {b"TOCSIN_SERVICE=web", b"TOCSIN_TICKET=T-1", b"SYSLOG_IDENTIFIER=tocsin"} < set(
            opened.splitlines()
        )
        site.turn(good=True)
        wait_for(lambda: daemon.tickets()[0]["state"] == "resolved", "the ticket resolved")
        with journal(directory) as bound:
            recovered = until(bound, b"TOCSIN_EVENT=incident.recovered\n")
            assert b"TOCSIN_TICKET=T-1\n" in recovered
            daemon.stop()
            until(bound, b"TOCSIN_EVENT=daemon.stopped\n")
        assert daemon.log_file.read_bytes() == b""


def test_what_is_printed_warned_of_and_repeated_comes_out_by_the_same_way() -> None:
    code = """
import structlog, sys, threading, warnings
from agent import logs
logs.set_up_apart()
print("a link", file=sys.stderr)
warnings.warn("old manners")
for second in range(5):
    structlog.get_logger().warning("store.refused", reason=f"after {second} s")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 0
    link, warned, refused, *traceback, last = ended.stderr.splitlines()
    assert link == "a link"
    assert "old manners" in json.loads(warned)["event"]
    assert json.loads(refused)["reason"] == "after 0 s"
    assert "ZeroDivisionError" in traceback[-1]
    assert (json.loads(last)["reason"], json.loads(last)["repeated"]) == ("after 4 s", 4)
