"""Processes that really run, end, multiply, lie about their numbers and hide."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from checks.base import Context, ErrorKind, Observation
from checks.network import Network
from checks.process.kind import KIND, probe
from checks.process.spec import ProcessSpec

Start = Callable[..., "subprocess.Popen[bytes]"]
DRIVER = Path(__file__).with_name("look_alone.py")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program that only sleeps, under a name of the test's own; it runs when this returns."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(name: str, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        program = tmp_path / name
        if not program.exists():
            shutil.copy("/bin/sleep", program)
        running.append(subprocess.Popen([program, *(arguments or ("600",))], **more))
        _until(lambda: psutil.Process(running[-1].pid).cmdline()[:1] == [str(program)])
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def _until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def look(memo: Any = None, **options: Any) -> Observation:
    context = Context(timeout=10, network=Network(), now=time.time(), memo=memo)
    seen = probe(ProcessSpec(**options), context)
    assert seen.values == {} or set(seen.values) == KIND.value_names - {"took"}
    assert json.loads(json.dumps(seen.memo)) == seen.memo
    return seen


def test_processes_are_counted_by_name(start: Start) -> None:
    first, second = start("tocsin-t1"), start("tocsin-t1")
    seen = look(name="tocsin-t1").values
    ages = [time.time() - psutil.Process(each.pid).create_time() for each in (first, second)]
    assert (seen["count"], seen["zombies"], seen["threads"]) == (2, 0, 2)
    assert seen["oldest"] == pytest.approx(max(ages), abs=2)
    assert seen["youngest"] == pytest.approx(min(ages), abs=2)


def test_no_such_process_is_none(start: Start) -> None:
    seen = look(name="tocsin-none").values
    assert (seen["count"], seen["oldest"], seen["cpu"], seen["memory"]) == (0, None, 0.0, 0)
    assert look(name="tocsin-none", user="root").notes == (
        "no running process fits name: tocsin-none, user: root",
    )


def test_name_is_the_whole_name(start: Start) -> None:
    start("tocsin-t2")
    assert look(name="tocsin-t").values["count"] == 0


def test_long_name_that_the_kernel_cuts_is_still_told_from_another(start: Start) -> None:
    start("tocsin-with-a-long-name-1")
    assert look(name="tocsin-with-a-long-name-1").values["count"] == 1
    assert look(name="tocsin-with-a-long-name-2").values["count"] == 0


def test_long_name_of_a_script_is_found_behind_its_interpreter_and_its_argument(tmp_path: Path) -> None:
    script = tmp_path / "tocsin-script-with-a-long-name"
    script.write_text(f"#!{sys.executable} -u\nimport time\ntime.sleep(600)\n")
    script.chmod(0o755)
    with subprocess.Popen([script]) as process:
        try:
            _until(lambda: psutil.Process(process.pid).cmdline()[1:] == ["-u", str(script)])
            assert look(name=script.name).values["count"] == 1
            assert look(name=f"{script.name}r").values["count"] == 0
        finally:
            process.kill()


def test_name_may_hold_brackets_and_blanks(start: Start) -> None:
    start("a) R (b c")
    assert look(name="a) R (b c").values["count"] == 1


def test_command_line_is_searched_with_its_words_joined(start: Start) -> None:
    start("tocsin-t3", "600", "1")
    assert look(command_line=r"tocsin-t3 600 1$").values["count"] == 1
    assert look(command_line=r"tocsin-t3 600 2$").values["count"] == 0


def test_all_that_is_given_must_fit(start: Start) -> None:
    start("tocsin-t4", "601")
    assert look(name="tocsin-t4", command_line="601").values["count"] == 1
    assert look(name="tocsin-t4", command_line="602").values["count"] == 0
    assert look(name="tocsin-t4", user=str(os.geteuid())).values["count"] == 1
    assert look(name="tocsin-t4", user="54321").values["count"] == 0


def test_user_that_does_not_exist_is_not_taken_for_a_user_without_processes() -> None:
    seen = look(user="no-such-user-here")
    assert seen.blind == "there is no user no-such-user-here on this host (check `user`)"
    assert seen.error_kind is ErrorKind.LOCAL


def test_process_of_another_user_is_found_by_his_name(start: Start) -> None:
    if os.geteuid() != 0:
        pytest.skip("running as another user needs root")
    with subprocess.Popen(["/bin/sleep", "5431.25"], user="nobody", cwd="/") as process:
        assert look(command_line=r"sleep 5431\.25", user="nobody").values["count"] == 1
        assert look(command_line=r"sleep 5431\.25", user="root").values["count"] == 0
        process.kill()


def test_one_who_looks_does_not_find_himself_by_the_command_line() -> None:
    found = _alone({"command_line": "only-this-one-says-so"}, "only-this-one-says-so")
    assert found["values"]["count"] == 0


def test_one_who_looks_finds_himself_by_his_pid_file(tmp_path: Path) -> None:
    file = tmp_path / "own.pid"
    file.write_text(f"{os.getpid()}\n")
    assert look(pid_file=str(file)).values["count"] == 1


def _alone(options: dict[str, Any], *arguments: str, before: tuple[str, ...] = ()) -> Any:
    command = [*before, sys.executable, str(DRIVER), json.dumps(options), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _where_hidden(how: int) -> tuple[str, ...]:
    """A command's beginning that hides root's processes from others, in namespaces and a /proc of its own."""
    if os.geteuid() != 0:
        pytest.skip("hiding processes needs root")
    script = f'mount -t proc -o hidepid={how} proc /proc && "$@"; exit $?'
    return ("unshare", "--mount", "--pid", "--fork", "--", "sh", "-c", script, "sh")


@pytest.mark.parametrize("how", [1, 2])
def test_hidden_processes_are_unknown_and_not_gone(how: int) -> None:
    found = _alone({"name": "no-such-process"}, "as-nobody", before=_where_hidden(how))
    assert found["values"] == {}
    assert "hidepid" in found["blind"]


@pytest.mark.parametrize("how", [1, 2])
def test_hidden_process_of_a_pid_file_is_unknown_and_not_gone(how: int, tmp_path: Path) -> None:
    hidden, file = _where_hidden(how), tmp_path / "t.pid"
    file.write_text("1\n")
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    found = _alone({"pid_file": str(file)}, "as-nobody", before=hidden)
    assert found["values"] == {}
    assert "hidepid" in found["blind"]


def test_zombie_is_not_counted_as_running(start: Start) -> None:
    process = start("tocsin-t6")
    process.kill()
    _until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    seen = look(name="tocsin-t6").values
    assert (seen["count"], seen["zombies"]) == (0, 1)


def test_memory_threads_and_open_files_are_what_psutil_says(start: Start) -> None:
    process = start("tocsin-t7")
    seen, known = look(name="tocsin-t7").values, psutil.Process(process.pid)
    assert seen["memory"] == pytest.approx(known.memory_info().rss, rel=0.5)
    assert (seen["threads"], seen["fds"]) == (known.num_threads(), known.num_fds())
    assert seen["fds_used"] == pytest.approx(known.num_fds() / known.rlimit(psutil.RLIMIT_NOFILE)[0])


def test_work_is_measured_from_look_to_look() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass  # tocsin-t8"])
    try:
        memo = look(command_line="tocsin-t8").memo

        def works() -> bool:
            seen = look(memo, command_line="tocsin-t8").values
            assert isinstance(seen["cores"], float)
            assert isinstance(seen["cpu"], float)
            assert seen["cpu"] <= seen["cores"]
            return 0 < seen["cores"] < 1.5

        _until(works)
    finally:
        process.kill()
        process.wait()


def test_restart_is_seen_once(start: Start) -> None:
    before = start("tocsin-t9")
    first = look(name="tocsin-t9")
    assert first.values["restarts"] is None
    same = look(first.memo, name="tocsin-t9")
    assert same.values["restarts"] == 0
    before.kill()
    before.wait()
    start("tocsin-t9")
    restarted = look(same.memo, name="tocsin-t9")
    assert restarted.values["restarts"] == 1
    assert look(restarted.memo, name="tocsin-t9").values["restarts"] == 0


def test_restart_is_seen_although_none_ran_in_between(start: Start) -> None:
    before = start("tocsin-t10")
    memo = look(name="tocsin-t10").memo
    before.kill()
    before.wait()
    gone = look(memo, name="tocsin-t10")
    assert (gone.values["count"], gone.values["restarts"]) == (0, 0)
    start("tocsin-t10")
    assert look(gone.memo, name="tocsin-t10").values["restarts"] == 1


def test_one_more_process_is_no_restart(start: Start) -> None:
    start("tocsin-t11")
    memo = look(name="tocsin-t11").memo
    start("tocsin-t11")
    seen = look(memo, name="tocsin-t11").values
    assert (seen["count"], seen["restarts"]) == (2, 0)


def test_pid_file_leads_to_its_process(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "t.pid"
    file.write_text(f"  {start('tocsin-t12').pid}\nmore of it\n")
    seen = look(pid_file=str(file)).values
    assert (seen["count"], seen["pid_state"]) == (1, "running")


def test_stale_pid_file_is_told_from_a_number_that_was_given_again(start: Start, tmp_path: Path) -> None:
    file, process = tmp_path / "t.pid", start("tocsin-t13")
    file.write_text(str(process.pid))
    os.utime(file, (1_000_000_000, 1_000_000_000))  # written long before this process began
    reused = look(pid_file=str(file))
    assert (reused.values["count"], reused.values["pid_state"]) == (0, "reused")
    assert reused.notes == (f"{file} says {process.pid}, which a later process has now",)
    process.kill()
    process.wait()
    stale = look(pid_file=str(file))
    assert (stale.values["count"], stale.values["pid_state"]) == (0, "stale")
    assert stale.notes == (f"{file} says {process.pid}, but no process has that number",)


def test_name_decides_where_the_clock_was_set_after_the_file_was_written(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "t.pid"
    file.write_text(str(start("tocsin-t14").pid))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert look(pid_file=str(file), name="tocsin-t14").values["pid_state"] == "running"
    assert look(pid_file=str(file), name="another").values["pid_state"] == "reused"


def test_process_that_does_not_fit_is_not_the_one_that_wrote_the_file(start: Start, tmp_path: Path) -> None:
    file, process = tmp_path / "t.pid", start("tocsin-t15")
    file.write_text(str(process.pid))
    seen = look(pid_file=str(file), name="nginx")
    assert (seen.values["count"], seen.values["pid_state"]) == (0, "reused")
    assert seen.notes == (f"{file} says {process.pid}, which is another process",)


def test_zombie_leaves_a_stale_pid_file(start: Start, tmp_path: Path) -> None:
    file, process = tmp_path / "t.pid", start("tocsin-t16")
    file.write_text(str(process.pid))
    process.kill()
    _until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert look(pid_file=str(file)).values["pid_state"] == "stale"


@pytest.mark.parametrize("text", ["", "\n", "nginx", "-1", "0", "99999999999999999999", "\x00\xff"])
def test_pid_file_without_a_number_is_invalid(text: str, tmp_path: Path) -> None:
    file = tmp_path / "t.pid"
    file.write_text(text)
    seen = look(pid_file=str(file))
    assert (seen.values["count"], seen.values["pid_state"]) == (0, "invalid")


def test_missing_pid_file_is_down_and_not_unknown(tmp_path: Path) -> None:
    seen = look(pid_file=str(tmp_path / "none.pid"))
    assert (seen.blind, seen.values["count"], seen.values["pid_state"]) == (None, 0, "missing")


def test_pipe_in_place_of_a_pid_file_does_not_hold_up_the_look(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.pid")
    assert look(pid_file=str(tmp_path / "t.pid")).values["pid_state"] == "invalid"


def test_pid_file_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "dir.pid").mkdir()
    seen = look(pid_file=str(tmp_path / "dir.pid"))
    assert seen.blind == f"cannot look at {tmp_path}/dir.pid: is a directory"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "at least one of"),
        ({"command_line": "("}, "RE2"),
        ({"command_line": ""}, "wants a pattern"),
        ({"name": "/usr/sbin/nginx"}, "goes into command_line"),
        ({"pid_file": "run/x.pid"}, "path from the root"),
    ],
)
def test_mistake_in_the_options_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ProcessSpec(**options)
