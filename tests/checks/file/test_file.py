"""Files and directories as they really are: old, new, from the future, growing, unreadable, very many."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.base import Context, Observation
from checks.file.kind import KIND, probe
from checks.file.spec import FileSpec, when_missing
from checks.network import Network

NOW = 1_800_000_000.0
HOUR = 3600.0


def look(
    path: Path, memo: Any = None, now: float = NOW, timeout: float = 10.0, **options: Any
) -> Observation:
    context = Context(timeout=timeout, network=Network(), now=now, memo=memo)
    seen = probe(FileSpec(path=str(path), **options), context)
    assert seen.values == {} or set(seen.values) == KIND.value_names - {"took"}
    assert json.loads(json.dumps(seen.memo)) == seen.memo
    return seen


def written(path: Path, hours_ago: float, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - hours_ago * HOUR,) * 2)
    return path


def test_file_is_told_with_age_size_owner_and_mode(tmp_path: Path) -> None:
    file = written(tmp_path / "f", 2, size=1234)
    file.chmod(0o640)
    seen = look(file).values
    assert (seen["present"], seen["age"], seen["size"], seen["count"]) == (True, 2 * HOUR, 1234, 1)
    assert (seen["mode"], seen["is_a"], seen["ahead"]) == ("0640", "file", 0)
    assert seen["owner"] == pwd.getpwuid(os.geteuid()).pw_name
    assert (seen["changed"], seen["sha256"], seen["newest"], seen["oldest"]) == (None, None, None, None)


def test_missing_file_is_seen_to_be_missing(tmp_path: Path) -> None:
    seen = look(tmp_path / "none", {"at": 1})
    assert (seen.blind, seen.failure, seen.memo) == (None, None, {"at": 1})
    assert seen.notes == (f"there is no {tmp_path}/none",)
    assert (seen.values["present"], seen.values["count"], seen.values["age"]) == (False, 0, None)


def test_path_below_a_file_is_missing(tmp_path: Path) -> None:
    assert look(written(tmp_path / "f", 1) / "below").values["present"] is False


def test_link_is_followed_and_one_to_nothing_is_missing(tmp_path: Path) -> None:
    (tmp_path / "good").symlink_to(written(tmp_path / "f", 3))
    (tmp_path / "bad").symlink_to(tmp_path / "none")
    assert look(tmp_path / "good").values["age"] == 3 * HOUR
    seen = look(tmp_path / "bad")
    assert (seen.values["present"], seen.notes) == (False, (f"{tmp_path}/bad is a link to nothing",))


def test_link_in_a_circle_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert (
        look(tmp_path / "loop").blind == f"cannot look at {tmp_path}/loop: too many levels of symbolic links"
    )


@pytest.mark.parametrize(("missing", "condition"), [("down", "present == false"), ("ok", None)])
def test_missing_is_down_unless_that_is_fine(missing: Any, condition: str | None) -> None:
    assert when_missing(FileSpec(path="/x", missing=missing)) == condition


def test_newest_file_of_a_directory_decides(tmp_path: Path) -> None:
    written(tmp_path / "a.gz", 50, size=1)
    written(tmp_path / "b.gz", 26, size=20)
    written(tmp_path / "c.tmp", 1, size=300)
    (tmp_path / "d.gz").mkdir()
    seen = look(tmp_path, match="*.gz").values
    assert (seen["newest"], seen["age"], seen["size"]) == ("b.gz", 26 * HOUR, 20)
    assert (seen["oldest"], seen["count"], seen["total"], seen["is_a"]) == (50 * HOUR, 2, 21, "directory")


def test_nothing_that_fits_is_missing_but_an_empty_directory_is_not(tmp_path: Path) -> None:
    os.utime(tmp_path, (NOW - 5 * HOUR,) * 2)
    assert look(tmp_path).values["present"] is True
    assert look(tmp_path).values["age"] == 5 * HOUR
    missing = look(tmp_path, match="*.gz")
    assert (missing.values["present"], missing.notes) == (False, (f"no file in {tmp_path} fits *.gz",))
    assert look(tmp_path).values["count"] == 0


def test_hidden_files_fit_only_where_the_pattern_says_so(tmp_path: Path) -> None:
    written(tmp_path / ".part.gz", 1)
    written(tmp_path / "full.gz", 2)
    assert look(tmp_path, match="*.gz").values["newest"] == "full.gz"
    assert look(tmp_path, match=".*").values["newest"] == ".part.gz"
    assert look(tmp_path).values["count"] == 2


def test_directories_below_are_looked_into_when_asked(tmp_path: Path) -> None:
    written(tmp_path / "2026-01-01/db.gz", 30)
    written(tmp_path / "2026-01-02/db.gz", 6)
    (tmp_path / "link").symlink_to(tmp_path)
    assert look(tmp_path, match="*.gz").values["count"] == 0
    seen = look(tmp_path, match="*.gz", recursive=True).values
    assert (seen["newest"], seen["count"]) == ("2026-01-02/db.gz", 2)


def test_queue_tells_its_length_and_its_oldest(tmp_path: Path) -> None:
    for number in range(7):
        written(tmp_path / f"m{number}", number)
    seen = look(tmp_path).values
    assert (seen["count"], seen["oldest"], seen["age"]) == (7, 6 * HOUR, 0)


def test_growth_is_that_since_the_last_look(tmp_path: Path) -> None:
    file = written(tmp_path / "f", 1, size=1000)
    first = look(file)
    assert first.values["growth"] is None
    with file.open("ab") as more:
        more.write(b"y" * 600)
    assert look(file, first.memo, NOW + 60).values["growth"] == 10
    os.truncate(file, 400)
    assert look(file, first.memo, NOW + 60).values["growth"] == -10


def test_another_file_of_that_name_has_not_grown(tmp_path: Path) -> None:
    file = written(tmp_path / "f", 1, size=1000)
    memo = look(file).memo
    written(tmp_path / "g", 1, size=5000).replace(file)
    assert look(file, memo, NOW + 60).values["growth"] is None


def test_directory_grows_by_all_its_files(tmp_path: Path) -> None:
    written(tmp_path / "a", 1, size=1000)
    memo = look(tmp_path).memo
    written(tmp_path / "b", 0, size=600)
    assert look(tmp_path, memo, NOW + 60).values["growth"] == 10


@pytest.mark.parametrize(
    "memo",
    [
        [],
        {"at": NOW + 5, "size": 1},
        {"at": "x", "size": 1},
        {"at": 1, "size": "x"},
        {"at": 1, "size": 10**400, "inode": 0},
    ],
    ids=repr,
)
def test_memo_of_another_shape_gives_no_growth(memo: Any, tmp_path: Path) -> None:
    assert look(tmp_path, memo).values["growth"] is None


def test_changed_content_is_seen_once(tmp_path: Path) -> None:
    file = written(tmp_path / "f", 1)
    first = look(file, hash=True)
    assert first.values["sha256"] == hashlib.sha256(b"x" * 10).hexdigest()
    assert first.values["changed"] is None
    assert look(file, first.memo, hash=True).values["changed"] is False
    file.write_bytes(b"y" * 10)
    os.utime(file, (NOW - HOUR,) * 2)
    changed = look(file, first.memo, hash=True)
    assert changed.values["changed"] is True
    assert look(file, changed.memo, hash=True).values["changed"] is False


def test_content_is_compared_with_the_last_one_that_was_read(tmp_path: Path) -> None:
    file = written(tmp_path / "f", 1)
    memo = look(file, hash=True).memo
    file.unlink()
    memo = look(file, memo, hash=True).memo
    written(file, 1, size=11)
    assert look(file, memo, hash=True).values["changed"] is True


def test_file_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    seen = look(written(tmp_path / "f", 1, size=2000), hash=True, hash_limit="1KB")
    assert (seen.values["sha256"], seen.values["changed"]) == (None, None)
    assert seen.notes == ("not compared: it is larger than hash_limit:",)


def test_pipe_and_socket_are_looked_at_and_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert look(tmp_path / "pipe", hash=True).values["is_a"] == "pipe"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert look(tmp_path / "s").values["is_a"] == "socket"


def test_time_in_the_future_does_not_make_a_file_fresh(tmp_path: Path) -> None:
    now = time.time()
    file = tmp_path / "f"
    file.write_text("x")
    os.utime(file, (now + 40 * HOUR,) * 2)
    seen = look(file, now=now + 30 * HOUR)
    assert seen.values["ahead"] == pytest.approx(10 * HOUR, abs=60)
    assert seen.values["age"] == pytest.approx(30 * HOUR, abs=60)
    assert "modified in the future" in seen.notes[0]


def test_file_from_the_future_does_not_hide_that_there_is_no_new_one(tmp_path: Path) -> None:
    now = time.time()
    for name, ahead in (("old-from-the-future", 400.0), ("other", 0.0)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (now + ahead * HOUR,) * 2)
    assert look(tmp_path, now=now + 30 * HOUR).values["age"] == pytest.approx(30 * HOUR, abs=60)


def test_clock_that_is_a_little_behind_is_no_matter(tmp_path: Path) -> None:
    seen = look(written(tmp_path / "f", -0.01))
    assert (seen.values["age"], seen.values["ahead"], seen.notes) == (0, 36, ())


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], None]], int]:
    """Runs a function in a fork as a user without rights; its exit code: 0 if it raised nothing."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")

    def run(work: Callable[[], None]) -> int:
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            try:
                work()
            except BaseException:
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return run


def test_what_may_not_be_looked_at_is_unknown_with_a_remedy(
    tmp_path: Path, as_nobody: Callable[[Callable[[], None]], int]
) -> None:
    locked = tmp_path / "locked"
    written(locked / "f", 1)
    locked.chmod(0o700)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)

    tmp_path.chmod(0o755)

    def readable() -> None:
        assert look(tmp_path).values["present"] is True
        assert look(tmp_path, recursive=True).blind is not None
        assert look(locked).blind is not None
        assert look(locked / "f").blind == (
            f"may not look at {locked}/f: permission denied (let the service's user or group read it)"
        )

    assert as_nobody(readable) == 0


def test_content_that_may_not_be_read_is_unknown(
    tmp_path: Path, as_nobody: Callable[[Callable[[], None]], int]
) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    file = written(tmp_path / "f", 1)
    file.chmod(0o600)

    def work() -> None:
        assert look(file).values["present"] is True
        assert "permission denied" in str(look(file, hash=True).blind)

    assert as_nobody(work) == 0


def test_directory_of_very_many_files_is_counted_whole(tmp_path: Path) -> None:
    for number in range(20_000):
        os.close(os.open(tmp_path / f"q{number}", os.O_CREAT | os.O_WRONLY))
    seen = look(tmp_path, timeout=60, match="q*").values
    assert seen["count"] == 20_000


def test_no_time_left_is_unknown_and_not_a_smaller_count(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / str(number)).touch()
    seen = look(tmp_path, timeout=1e-9)
    assert seen.blind is not None
    assert "raise timeout:" in seen.blind


def test_broken_file_system_is_down(tmp_path: Path) -> None:
    """A FUSE mount whose server is gone: `transport endpoint is not connected`."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists() or shutil.which("mount") is None:
        pytest.skip("mounting needs root and /dev/fuse")
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    point = tmp_path / "mount"
    point.mkdir()
    mounted = _mount_fuse(point, options)
    os.close(device)  # nobody answers any more
    if mounted != 0:
        pytest.skip(f"this machine does not allow a FUSE mount: {os.strerror(mounted)}")
    try:
        seen = look(point / "f")
        assert seen.failure == f"cannot look at {point}/f: transport endpoint is not connected"
    finally:
        subprocess.run(["umount", "--lazy", str(point)], check=False, timeout=30)


def _mount_fuse(point: Path, options: str) -> int:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.mount(b"none", os.fsencode(point), b"fuse", 0, options.encode())
    return ctypes.get_errno() if done else 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": "backups"}, "path from the root"),
        ({"path": "/var/backups/*.gz"}, r"path: /var/backups and match: \*.gz"),
        ({"path": "/x", "match": "a/b"}, "pattern of names"),
        ({"path": "/x", "match": ""}, "at least 1"),
        ({"path": "/x", "hash_limit": "64GiB"}, "less than or equal"),
    ],
)
def test_mistake_in_the_options_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FileSpec(**options)
