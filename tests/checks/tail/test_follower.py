"""Following real files: where it begins, half lines, long lines, holes, rotation, and what cannot be read."""

from __future__ import annotations

import bz2
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checks.tail import Follower
from checks.tail.names import follows, live_name
from tests.checks.tail.rotating import Reader, Writer

EVERYTHING = 1 << 30


def read(path: object, memo: Any = None, *, limit: int = EVERYTHING, back: int = 0) -> tuple[bytes, Any]:
    follower = Follower([str(path)], memo, limit=limit, back=back)
    data = b"".join(chunk.data for chunk in follower.read())
    return data, json.loads(json.dumps(follower.memo()))


def problems(path: object, memo: Any = None) -> tuple[str, ...]:
    follower = Follower([str(path)], memo, limit=EVERYTHING, back=0)
    assert list(follower.read()) == []
    return follower.problems


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(b"one\ntwo\nthree\n")
    return path


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.mark.parametrize(
    ("back", "first"),
    [
        (0, b""),
        (1, b""),
        (6, b"three\n"),
        (7, b"three\n"),
        (10, b"two\nthree\n"),
        (100, b"one\ntwo\nthree\n"),
    ],
)
def test_first_look_begins_so_far_before_the_end_with_a_whole_line(
    log: Path, back: int, first: bytes
) -> None:
    data, memo = read(log, back=back)
    assert data == first
    append(log, b"four\n")
    assert read(log, memo)[0] == b"four\n"


def test_first_look_also_takes_what_was_rotated_just_now(log: Path) -> None:
    log.rename(f"{log}.1")
    log.write_bytes(b"four\n")
    assert read(log, back=11)[0] == b"three\nfour\n"


def test_half_a_line_waits_for_its_other_half(log: Path) -> None:
    _, memo = read(log)
    append(log, b"fo")
    data, memo = read(log, memo)
    assert data == b""
    append(log, b"ur\nfi")
    data, memo = read(log, memo)
    assert data == b"four\n"
    append(log, b"ve\n")
    assert read(log, memo)[0] == b"five\n"


def test_half_a_line_at_the_first_look_is_given_when_it_is_whole(log: Path) -> None:
    append(log, b"fo")
    data, memo = read(log)
    assert data == b""
    append(log, b"ur\n")
    assert read(log, memo)[0] == b"four\n"


def test_half_a_line_in_a_renamed_file_is_read_when_its_end_comes(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "access.log"), Reader(tmp_path / "access.log")
    reader.look()
    writer.write(3)
    writer.half()
    writer.live.rename(writer.number(1))
    reader.look()
    assert reader.seen.total() == 3
    writer.rest()
    writer.reopen()
    writer.write(2)
    reader.look()
    writer.close()
    assert reader.wrong(6) == {}
    assert reader.order == list(range(6))


def test_what_rotation_moved_away_is_finished_before_the_new_file(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "access.log"), Reader(tmp_path / "access.log")
    reader.look()
    for _ in range(3):
        writer.write(5)
        writer.rename(goes_on=True)
    writer.write(5)
    writer.close()
    for _ in range(10):
        reader.look(limit=20)
    assert reader.order == list(range(writer.written))


def test_limit_is_kept_and_the_rest_is_told(log: Path) -> None:
    _, memo = read(log)
    append(log, b"123456789\n" * 10)
    follower = Follower([str(log)], memo, limit=25, back=0)
    size = sum(len(chunk.data) for chunk in follower.read())
    assert 20 <= size <= 30  # whole lines
    assert follower.behind == 100 - size


def test_reader_that_stops_in_the_middle_goes_on_there(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    _, memo = read(path)
    path.write_bytes(b"x" * 999_999 + b"\n" + b"y" * 999_999 + b"\n")
    follower = Follower([str(path)], memo, limit=EVERYTHING, back=0)
    assert next(iter(follower.read())).data[:1] == b"x"
    assert follower.behind == 1_000_000
    assert read(path, json.loads(json.dumps(follower.memo())))[0][:1] == b"y"


@pytest.mark.parametrize("length", [1 << 20, (1 << 20) + 1, 3 << 20])
def test_line_that_is_too_long_is_left_out_and_counted(log: Path, length: int) -> None:
    _, memo = read(log)
    append(log, b"before\n" + b"x" * length + b"\nafter\n")
    follower = Follower([str(log)], memo, limit=EVERYTHING, back=0)
    assert b"".join(chunk.data for chunk in follower.read()) == b"before\nafter\n"
    assert follower.overlong == 1


def test_line_that_is_too_long_is_counted_once_over_many_looks(log: Path) -> None:
    _, memo = read(log)
    counted = 0
    for piece in (b"x" * (2 << 20), b"x" * (2 << 20), b"end\nafter\n"):
        append(log, piece)
        follower = Follower([str(log)], memo, limit=EVERYTHING, back=0)
        data = b"".join(chunk.data for chunk in follower.read())
        memo, counted = json.loads(json.dumps(follower.memo())), counted + follower.overlong
    assert (data, counted) == (b"after\n", 1)


def test_program_that_goes_on_behind_the_hole_after_its_log_was_emptied(log: Path) -> None:
    """Without O_APPEND it keeps its position: the file becomes one long hole with new lines behind it."""
    with log.open("r+b", buffering=0) as writer:
        writer.seek(0, os.SEEK_END)
        _, memo = read(log)
        for gap in (5 << 30, 6 << 30):
            os.truncate(log, 0)
            writer.seek(gap)
            writer.write(b"behind %d\n" % gap)
            data, memo = read(log, memo)
            assert data == b"behind %d\n" % gap
        writer.write(b"more\n")
    assert read(log, memo)[0] == b"more\n"


def test_emptied_log_that_grew_beyond_the_old_position_is_read_from_its_begin(log: Path) -> None:
    _, memo = read(log)
    os.truncate(log, 0)
    append(log, b"eleven\ntwelve\nthirteen\n")
    assert read(log, memo)[0] == b"eleven\ntwelve\nthirteen\n"


def test_new_file_with_the_inode_of_the_old_one_is_a_new_file(log: Path) -> None:
    _, memo = read(log)
    inode = log.stat().st_ino
    for number in range(
        200
    ):  # until the file system gives the number again; where it never does, it is as good
        log.unlink()
        log.write_bytes(b"new %d\nand longer than before\n" % number)
        if log.stat().st_ino == inode:
            break
    assert read(log, memo)[0] == b"new %d\nand longer than before\n" % number


def test_log_whose_end_was_cut_off_goes_on_at_its_new_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(1000)))
    _, memo = read(path)
    os.truncate(path, path.read_bytes().find(b"line 900\n"))
    data, memo = read(path, memo)
    append(path, b"new\n")
    assert data + read(path, memo)[0] == b"new\n"


@pytest.mark.parametrize(("suffix", "pack"), [(".bz2", bz2.compress), (".xz", lzma.compress)])
def test_rest_of_a_log_is_found_in_other_packings_too(log: Path, suffix: str, pack: Any) -> None:
    _, memo = read(log)
    append(log, b"four\n")
    Path(f"{log}.1{suffix}").write_bytes(pack(log.read_bytes()))
    log.unlink()
    log.write_bytes(b"five\n")
    assert read(log, memo)[0] == b"four\nfive\n"


def test_packed_file_that_is_still_being_written_waits(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "access.log"), Reader(tmp_path / "access.log")
    reader.look()
    writer.write(300, padding=50)
    reader.look(limit=2000)
    writer.rename()
    writer.pack(1)
    packed = Path(f"{writer.number(1)}.gz")
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    reader.look()
    packed.write_bytes(whole)
    writer.close()
    reader.look()
    assert reader.wrong(writer.written) == {}


def test_damaged_packed_file_is_no_fault_and_the_rest_goes_on(log: Path) -> None:
    _, memo = read(log)
    Path(f"{log}.1.gz").write_bytes(b"\x1f\x8b no such thing")
    append(log, b"four\n")
    data, memo = read(log, memo)
    assert data == b"four\n"
    assert problems(log, memo) == ()


def test_pattern_that_also_names_rotated_files_reads_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "access.log.7.gz").write_bytes(b"")
    writer, reader = Writer(tmp_path / "access.log"), Reader(tmp_path / "*")
    reader.look()
    for _ in range(5):
        writer.write(3)
        reader.look()
        writer.rename()
        writer.pack(2)
    writer.close()
    reader.look()
    assert reader.wrong(writer.written) == {}


def test_file_that_appears_later_is_read_from_its_begin(tmp_path: Path, log: Path) -> None:
    _, memo = read(tmp_path / "*.log")
    (tmp_path / "shop.log").write_bytes(b"all\nof it\n")
    assert read(tmp_path / "*.log", memo)[0] == b"all\nof it\n"


def test_link_and_the_file_that_it_leads_to_are_one_log(tmp_path: Path, log: Path) -> None:
    (tmp_path / "current.log").symlink_to(log)
    _, memo = read(tmp_path / "*.log")
    append(log, b"four\n")
    assert read(tmp_path / "*.log", memo)[0] == b"four\n"


def test_link_that_leads_to_a_new_file_each_day(tmp_path: Path) -> None:
    link, days = tmp_path / "access.log", tmp_path / "days"
    days.mkdir()
    (days / "monday").write_bytes(b"")
    link.symlink_to(days / "monday")
    _, memo = read(link)
    (days / "monday").write_bytes(b"last of monday\n")
    (days / "tuesday").write_bytes(b"first of tuesday\n")
    link.unlink()
    link.symlink_to(days / "tuesday")
    assert read(link, memo)[0] == b"last of monday\nfirst of tuesday\n"


def test_missing_for_a_moment_is_no_problem_but_missing_for_longer_is(log: Path) -> None:
    assert problems(log) == ()
    _, memo = read(log)
    log.rename(f"{log}.1")
    assert problems(log, memo) == ()
    _, memo = read(log, memo)
    assert "there is no file" in problems(log, memo)[0]
    log.write_bytes(b"four\n")
    data, memo = read(log, memo)
    assert data == b"four\n"
    assert problems(log, memo) == ()


def test_missing_at_the_first_look_is_a_problem_at_once(tmp_path: Path) -> None:
    assert "(check `path`)" in problems(tmp_path / "none.log")[0]
    assert "(check `path`)" in problems(tmp_path / "*.log")[0]
    _, memo = read(tmp_path / "none.log")
    (tmp_path / "none.log").write_bytes(b"now\n")
    assert read(tmp_path / "none.log", memo)[0] == b"now\n"


def test_directory_pipe_and_device_are_not_opened(tmp_path: Path, log: Path) -> None:
    _, memo = read(log)
    log.unlink()
    log.mkdir()
    assert "is a directory (name the files in it" in problems(log, memo)[0]
    log.rmdir()
    os.mkfifo(log)
    assert "is no regular file" in problems(log, memo)[0]
    assert "is no regular file" in problems("/dev/null")[0]


AS_NOBODY = """
import os, sys
from checks.tail import Follower
os.setgroups([]); os.setgid(65534); os.setuid(65534)
follower = Follower([sys.argv[1]], None, limit=1 << 30, back=0)
print([chunk.data for chunk in follower.read()], follower.readable, follower.problems)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
@pytest.mark.parametrize("pattern", ["access.log", "*.log"])
@pytest.mark.parametrize("closed", ["file", "directory"])
def test_log_that_may_not_be_read_names_the_group_to_join(
    root: Path, tmp_path_factory: pytest.TempPathFactory, pattern: str, closed: str
) -> None:
    directory = Path("/tmp") / tmp_path_factory.mktemp("closed").name
    directory.mkdir(mode=0o755)
    log = directory / "access.log"
    try:
        log.write_bytes(b"one\n")
        for path in (directory, log):
            os.chown(path, 0, 4)
        (log if closed == "file" else directory).chmod(0o640 if closed == "file" else 0o750)
        command = [sys.executable, "-c", AS_NOBODY, str(directory / pattern)]
        told = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True).stdout
    finally:
        log.unlink()
        directory.rmdir()
    assert "may not read" in told
    assert "add the service's user to group adm: usermod -aG adm tocsin" in told
    assert told.startswith("[] 0 (")


@pytest.mark.parametrize(
    "memo",
    [
        0,
        [],
        {},
        {"logs": []},
        {"logs": {}, "missed": {"a": "b"}},
        {"logs": {"LOG": 5}, "missed": {}},
        {"logs": {"LOG": {"places": [[1]], "orphans": [], "past": 0}}, "missed": {}},
        {"logs": {"LOG": {"places": [], "orphans": [[-1, "a", "b"]], "past": 0}}, "missed": {}},
        {"logs": {"LOG": {"places": [], "orphans": [], "past": None}}, "missed": {}},
        {"logs": {"\0": None}, "missed": {}},
    ],
)
def test_memo_that_makes_no_sense_is_a_first_look(log: Path, memo: Any) -> None:
    text = json.dumps(memo).replace("LOG", str(log))
    data, again = read(log, json.loads(text), back=6)
    assert data == b"three\n"
    append(log, b"four\n")
    assert read(log, again)[0] == b"four\n"


def test_memo_stays_small_over_many_rotations(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "access.log", keep=14), Reader(tmp_path / "access.log")
    for _ in range(60):
        writer.write(2)
        reader.look()
        writer.rename()
        for path in tmp_path.iterdir():  # a day goes by
            changed = path.stat().st_mtime_ns - 86400 * 10**9
            os.utime(path, ns=(changed, changed))
        writer.pack(2)
    writer.close()
    assert len(json.dumps(reader.memo)) < 4000
    reader.look()
    assert (
        sum(reader.seen.values()) == len(reader.seen) == writer.written - 2
    )  # the first look began at the end


@pytest.mark.parametrize(
    ("name", "live"),
    [
        ("access.log", None),
        ("access.log.1", "access.log"),
        ("access.log.12.gz", "access.log"),
        ("access.log-20261122", "access.log"),
        ("access.log-20261122-1700000000.gz", "access.log"),
        ("access.log.2026-11-22T10:15:00+02.xz", "access.log"),
        ("access.log.old", "access.log"),
        ("access.log.gz", "access.log"),
        ("access-20261122.log", "access.log"),
        ("access_2026-11-22.log.gz", "access.log"),
        ("web-01.log", None),
        ("web-01.log.1", "web-01.log"),
        ("localhost_access_log.2026-11-22.txt", "localhost_access_log.txt"),
    ],
)
def test_names_that_rotation_gives_lead_back_to_the_log(name: str, live: str | None) -> None:
    assert live_name(name) == live


def test_dated_name_may_be_that_of_a_live_log() -> None:
    assert follows("access-20261122.log") is None
    assert follows("access.log-20261122") == "access.log"
