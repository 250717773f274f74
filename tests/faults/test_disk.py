"""Disks that are full, read-only, without power, or give errors; a database that is locked or damaged."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.agent.store.test_writer import fill
from tests.end_to_end.daemon import Daemon, now, wait_for
from tests.end_to_end.website import Site
from tests.fakes.helpdesk import Helpdesk
from tests.faults.rig import (
    Ext4,
    Program,
    config,
    degraded,
    mounted,
    reading_is,
    run,
    ticket_states,
    writes_again,
)
from tests.faults.rows import Row, hand_in

DISK = "Process and disk"
SEED = 20261123


def at_desk(desk: Helpdesk) -> dict[str, str]:
    return {str(each["title"]): str(each["state"]) for each in list(desk.tickets.values())}


def test_full_disk(tmp_path: Path, site: Site, desk: Helpdesk, program: Program) -> None:
    place = tmp_path / "small"
    mounted(program, place, "-t", "tmpfs", "-o", "size=4m", "tmpfs")
    try:
        told = config(site, desk, state_dir=str(place / "state"), ballast="0B")
        with Daemon(tmp_path, **told) as daemon:
            daemon.state_dir = place / "state"
            daemon.start()
            wait_for(reading_is(daemon, "ok"), "a good reading")
            filling = fill(place)
            wait_for(lambda: degraded(daemon), "a store that cannot write")
            site.turn(good=False)
            wait_for(reading_is(daemon, "down"), "an outage that is seen all the same")
            wait_for(lambda: len(desk.tickets) == 2, "the emergency channel to hear of both")
            assert daemon.get("/-/ready")[0] == 503
            assert "but nothing was stored since" in daemon.tocsin("status").out
            refused = daemon.tocsin(
                "silence", "add", "--match", "service=web", "--for", "1h", "--reason", "x"
            )
            assert refused.code == 1 and "no space is left on the disk of" in refused.err
            filling.unlink()
            writes_again(daemon)
            wait_for(lambda: ticket_states(daemon) == ["new"], "its ticket")
            wait_for(lambda: at_desk(desk).get("web: home is down") == "open", "its ticket over there")
            site.turn(good=True)
            wait_for(lambda: ticket_states(daemon) == ["resolved"], "its end")
            wait_for(lambda: set(at_desk(desk).values()) == {"resolved"}, "its end over there")
            assert len(desk.tickets) == 3
            daemon.stop()
            assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
            assert not readings_twice(daemon)
    finally:
        run("umount", place)
    hand_in(
        Row(
            DISK,
            "The disk is full (tmpfs of 4 MiB, filled up)",
            "checks go on, outages are told past the store, people hear why nothing can be changed, all is caught up",
            "so; one ticket for the outage, no reading lost or stored twice",
        )
    )


def readings_twice(daemon: Daemon) -> list[object]:
    return daemon.rows("SELECT at FROM readings GROUP BY service, check_id, at HAVING count(*) > 1")


def test_a_disk_too_small_for_any_store(tmp_path: Path, site: Site, program: Program) -> None:
    place = tmp_path / "tiny"
    mounted(program, place, "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    try:
        with Daemon(tmp_path, **config(site, state_dir=str(place / "state"))) as daemon:
            ended = daemon.tocsin("run")
            assert ended.code == 70 and "no space is left on the disk of" in ended.err
            assert "Traceback" not in ended.err and ended.err.count("\n") < 5
            run("mount", "-o", "remount,size=16m", place)
            daemon.state_dir = place / "state"
            daemon.start()
            wait_for(reading_is(daemon, "ok"), "a good reading")
            daemon.stop()
    finally:
        run("umount", place)
    hand_in(
        Row(
            DISK,
            "The disk is too small for any store (64 KiB)",
            "it does not start, says why, exit code 70, so that it is tried again; it starts once there is room",
            "so",
        )
    )


def test_file_system_that_lets_nobody_write_any_more(
    tmp_path: Path, site: Site, desk: Helpdesk, ext4: Ext4
) -> None:
    with Daemon(tmp_path, **config(site, desk, state_dir=str(ext4.place / "state"))) as daemon:
        daemon.state_dir = ext4.place / "state"
        daemon.start()
        wait_for(reading_is(daemon, "ok"), "a good reading")
        ext4.fail()
        wait_for(lambda: degraded(daemon), "a store that cannot write")
        assert "is read-only" in daemon.get("/-/ready")[1]
        site.turn(good=False)
        wait_for(lambda: len(desk.tickets) == 2, "the emergency channel to hear of both")
        assert daemon.tocsin("status").code == 0
        daemon.stop()
        ext4.unmount()
        ext4.mount()
        daemon.start()
        wait_for(lambda: ticket_states(daemon) == ["new"], "its ticket")
        assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
        daemon.stop()
    hand_in(
        Row(
            DISK,
            "The file system becomes read-only after an error (ext4, `errors=remount-ro`)",
            "checks go on, outages are told past the store, what reads still works; after a repair it goes on",
            "so; the outage has its ticket after the repair, the time in between is unknown",
        )
    )


def test_power_cuts(tmp_path: Path, site: Site, ext4: Ext4, request: pytest.FixtureRequest) -> None:
    long = bool(request.config.getoption("--long"))
    cuts, lost, acknowledged = (40 if long else 6), 0, 0
    chance = random.Random(SEED)
    told = config(site, state_dir=str(ext4.place / "state"))
    told["desk"] = {"token": "a-token-of-the-desk-0123456789"}
    with Daemon(tmp_path, **told) as daemon:
        daemon.state_dir = ext4.place / "state"
        known: set[str] = set()
        for _ in range(cuts):
            daemon.start()
            known |= opened_until(daemon, chance.uniform(0.3, 1.2), str(told["desk"]["token"]))
            daemon.signal(signal.SIGSTOP)
            ext4.cut()
            daemon.kill()
            ext4.unmount()
            ext4.mount()
            there = {f"T-{number}" for (number,) in daemon.rows("SELECT number FROM tickets")}
            lost += len(known - there)
            acknowledged = len(known)
            assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
        daemon.start()
        daemon.stop()
    assert acknowledged > 10 * cuts and lost == 0
    hand_in(
        Row(
            DISK,
            "The power goes (ext4 on a file, shut down without its log)",
            "nothing that was acknowledged is lost, the database is whole, the next start needs no help",
            "so; tickets were opened as fast as possible meanwhile, none of them lost",
        )
    )


def opened_until(daemon: Daemon, seconds: float, token: str) -> set[str]:
    """Tickets that were acknowledged, by four who open them one after the other for so long."""
    end = time.monotonic() + seconds

    def one() -> set[str]:
        found = set()
        while time.monotonic() < end:
            asked = urllib.request.Request(
                f"{daemon.address}/api/v1/tickets",
                data=b'{"title": "power"}',
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    found.add(json.load(answer)["id"])
            except urllib.error.HTTPError as error:
                assert error.code == 429  # so many at once are let in
                break
        return found

    with ThreadPoolExecutor(4) as pool:
        return set().union(*(each.result() for each in [pool.submit(one) for _ in range(4)]))


def test_database_locked_by_another_program(
    tmp_path: Path, site: Site, request: pytest.FixtureRequest
) -> None:
    with Daemon(tmp_path, **config(site)) as daemon:
        daemon.start()
        wait_for(reading_is(daemon, "ok"), "a good reading")
        other = sqlite3.connect(daemon.state_dir / "tocsin.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = now()
        site.turn(good=False)
        wait_for(lambda: degraded(daemon), "a store that cannot write")
        assert "another program holds the database" in daemon.get("/-/ready")[1]
        wait_for(lambda: now() - began > 30_000_000, "half a minute")
        other.execute("COMMIT")
        other.close()
        writes_again(daemon)
        wait_for(lambda: ticket_states(daemon) == ["new"], "its ticket")
        (opened,) = daemon.rows("SELECT opened_at FROM tickets")[0]
        assert opened - began < 5_000_000
        assert not readings_twice(daemon)
        daemon.stop()
    hand_in(
        Row(
            DISK,
            "Another program holds the database locked for 30 s",
            "checks go on, it is told why nothing is stored, and all is stored afterwards with its own moments",
            "so; the ticket says when the outage really began",
        )
    )


DAMAGES = {
    "the header is overwritten": ("is no database", 78),
    "a page is overwritten": (None, None),
    "the file is empty": ("is empty, though", 78),
    "the file is gone": ("is gone, though", 78),
    "the log is cut off in the middle": (None, None),
    "the log is garbage": (None, None),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files(tmp_path: Path, site: Site, damage: str) -> None:
    with Daemon(tmp_path, **config(site)) as daemon:
        daemon.start()
        site.turn(good=False)
        wait_for(lambda: ticket_states(daemon) == ["new"], "a ticket")
        daemon.kill()
        file = daemon.state_dir / "tocsin.db"
        damaged(file, damage)
        before = {each.name: each.read_bytes() for each in daemon.state_dir.glob("tocsin.db")}
        said, code = DAMAGES[damage]
        if said is not None:
            ended = daemon.tocsin("run")
            assert (ended.code, "Traceback" in ended.err) == (code, False) and said in ended.err
            assert {each.name: each.read_bytes() for each in daemon.state_dir.glob("tocsin.db")} == before
            seen = f"refused with exit code {code}, the file is not touched"
        elif damage == "a page is overwritten":
            seen = with_a_damaged_page(daemon)
        else:
            daemon.start()
            wait_for(lambda: ticket_states(daemon) == ["new"], "the ticket")
            assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
            daemon.stop()
            seen = "it starts; what was committed before the damage is there, the outage has one ticket"
    hand_in(
        Row(
            DISK,
            f"Damaged database: {damage}",
            "it is never taken for a new beginning, nor overwritten"
            if said
            else "it goes on, or says what is wrong",
            seen,
        )
    )


def damaged(file: Path, damage: str) -> None:
    log = file.with_name(file.name + "-wal")
    if "log" in damage:
        size = log.stat().st_size
        with log.open("r+b") as handle:
            if "cut" in damage:
                handle.truncate(size * 2 // 3 + 7)
            else:
                handle.seek(size // 2)
                handle.write(b"\xa5" * (size - size // 2))
        return
    settled = sqlite3.connect(file)
    settled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    settled.close()
    if "gone" in damage:
        file.unlink()
    elif "empty" in damage:
        file.write_bytes(b"")
    else:
        at = 0 if "header" in damage else file.stat().st_size // 2 // 8192 * 8192
        with file.open("r+b") as handle:
            handle.seek(at)
            handle.write(b"\xa5" * 8192)


def with_a_damaged_page(daemon: Daemon) -> str:
    """It may be one that nothing reads for long: then all goes on; else it is said."""
    daemon.spawn()

    def decided() -> bool:
        return daemon.process.poll() is not None or len(daemon.events("daemon.started")) > 1

    wait_for(decided, "a start, or a refusal")
    if daemon.process.poll() is None:
        daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(60) == 0
    else:
        assert daemon.process.returncode == 78
        assert "cannot be used" in daemon.log_file.read_text()
    return "it starts, or refuses with exit code 78 and says that a backup is to be restored"


ERRORS = ("ENOSPC", "EIO")


@pytest.mark.parametrize("error", ERRORS)
def test_errors_of_system_calls(
    tmp_path: Path, site: Site, desk: Helpdesk, program: Program, request: pytest.FixtureRequest, error: str
) -> None:
    """An outage while the calls on the database fail from the Nth on; then they work again."""
    long = bool(request.config.getoption("--long"))
    strace = program("strace", "strace")
    chance = random.Random(f"{SEED}{error}")
    calls = [(call, number) for call in ("pwrite64", "fdatasync", "ftruncate") for number in range(1, 13)]
    points = calls if long else chance.sample(calls, 3)
    with Daemon(tmp_path, **config(site, desk)) as daemon:
        daemon.start()
        for count, (call, number) in enumerate(points, 1):
            fails_from(strace, daemon, (call, number, error), site, tmp_path / "strace")
            ended = partial(has_ended, daemon, count)
            wait_for(ended, f"the end of the outage at {call} {number}")
        wait_for(lambda: set(of_outages(desk).values()) == {"resolved"}, "their ends over there")
        assert len(desk_titles(desk, "web: home is down")) == len(points)
        daemon.stop()
        assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
        assert not readings_twice(daemon)
    hand_in(
        Row(
            DISK,
            f"{error} from the Nth write, sync or truncate of the database on",
            "as on a full disk; the file is opened anew, and all is caught up once calls work again",
            "so; one ticket for each outage, here and over there, the database whole",
        )
    )


def has_ended(daemon: Daemon, count: int) -> bool:
    """It is watched for some seconds after its end; the next outage is another one then."""
    return len(daemon.events("incident.watch_ended")) == count


def desk_titles(desk: Helpdesk, title: str) -> list[str]:
    return [str(each["state"]) for each in list(desk.tickets.values()) if each["title"] == title]


def of_outages(desk: Helpdesk) -> dict[str, str]:
    return {str(each["key"]): str(each["state"]) for each in list(desk.tickets.values())}


def fails_from(strace: Path, daemon: Daemon, point: tuple[str, int, str], site: Site, log: Path) -> None:
    """An outage begins and ends while they fail."""
    call, number, error = point
    database = daemon.state_dir / "tocsin.db"
    paths = [part for suffix in ("", "-wal", "-shm") for part in ("-P", f"{database}{suffix}")]
    inject = f"inject={call}:error={error}:when={number}+"
    command: list[str | Path] = [strace, "-f", "-qq", *paths, "-e", f"trace={call}", "-e", inject, "-o", log]
    tracer = subprocess.Popen([*command, "-p", str(daemon.process.pid)], stderr=subprocess.PIPE)
    try:
        site.turn(good=False)
        # Where such a call is never made in so short a time, nothing fails, and that is well, too.
        deadline = time.monotonic() + 6
        while not degraded(daemon) and time.monotonic() < deadline:
            time.sleep(0.1)
        wait_for(reading_is(daemon, "down"), f"an outage at {point}")
    finally:
        tracer.terminate()
        tracer.communicate(timeout=30)
    site.turn(good=True)
    writes_again(daemon)
