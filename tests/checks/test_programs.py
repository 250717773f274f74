"""Programs that behave as badly as they can: each ends in time, and nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from checks.program_run import KEPT, CannotRun, Ended, Limits, Order
from checks.programs import Programs

ENV = {"PATH": "/usr/bin:/bin"}
PATIENCE = 60.0
# Its parent is the guard, whose parent is the launcher.
LAUNCHER = "grep ^PPid: /proc/$PPID/status | tr -dc 0-9"


def run(*argv: str, seconds: float = 30, **order: Any) -> Ended:
    async def look() -> Ended:
        with closing(Programs()) as programs:
            return await programs.run(Order(argv, ENV, **order), seconds)

    return asyncio.run(look())


def sh(script: str, *arguments: str, seconds: float = 30, **order: Any) -> Ended:
    return run("/bin/sh", "-c", script, "sh", *arguments, seconds=seconds, **order)


def with_mark(mark: str) -> list[int]:
    """The processes that have this word among their arguments."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 - names are all that is wanted
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words and int(name) != os.getpid():
            found.append(int(name))
    return found


def none_is_left(mark: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while with_mark(mark):
        assert time.monotonic() < deadline, f"processes are left: {with_mark(mark)}"
        time.sleep(0.01)


@pytest.fixture
def mark(tmp_path: Path) -> str:
    """A word that only the processes of one test have."""
    return f"mark-{os.getpid()}-{tmp_path.name}"


def test_output_errors_and_code_come_back() -> None:
    ended = sh("echo out; echo err >&2; exit 200")
    assert ended == Ended(b"out\n", b"err\n", 200, None)


def test_signal_that_ended_it_is_told() -> None:
    assert sh("kill -SEGV $$").signal == signal.SIGSEGV
    assert sh("kill -KILL $$").code is None


def test_program_has_no_input_no_other_descriptors_and_only_its_own_environment() -> None:
    script = 'import os, sys; print(sorted(os.environ), sys.stdin.read(), os.listdir("/proc/self/fd"), os.getcwd())'
    ended = run(sys.executable, "-I", "-S", "-c", script, cwd="/tmp")
    # 3 is the directory that is being listed.
    assert ended.output == b"['LC_CTYPE', 'PATH']  ['0', '1', '2', '3'] /tmp\n"


def test_signals_are_as_a_program_expects_them() -> None:
    ended = sh("grep -E '^Sig(Blk|Ign)' /proc/self/status")
    blocked, ignored = (int(mask, 16) for mask in ended.output.split()[1::2])
    assert (blocked, ignored & 0x7FFFFFFF) == (0, 0)  # 32 and 33 are the C library's own


def test_limits_hold_for_what_it_starts_too() -> None:
    script = "ulimit -c; ulimit -n; sh -c 'ulimit -d; ulimit -f'"
    ended = sh(script, limits=Limits(memory=2**28, file_size=2**20, files=64))
    core, files, memory, blocks = ended.output.split()
    assert (core, files, memory) == (b"0", b"64", b"262144")
    assert int(blocks) in (2**20 // 512, 2**20 // 1024)  # by the shell


def test_processor_time_is_enough_for_all_processors_until_the_deadline() -> None:
    assert int(sh("ulimit -t", seconds=60).output) >= 60 * (os.cpu_count() or 1) - 1


def test_kernel_bounds_processes_where_no_guard_is_fast_enough() -> None:
    def most(processes: int) -> int:
        script = "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC)[1])"
        limits = Limits(processes=processes)
        return int(run(sys.executable, "-I", "-S", "-c", script, limits=limits).output)

    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    assert 0 < most(10) < (32768 if hard == resource.RLIM_INFINITY else hard + 1)
    assert most(10) < most(3000)


SEEN_BY_A_PROGRAM = """
import os, sys, time
def oom(pid): return int(open(f"/proc/{pid}/oom_score_adj").read())
until = time.monotonic() + 40
while oom(os.getppid()) != int(sys.argv[1]) and time.monotonic() < until: time.sleep(0.01)
print(oom("self"), oom(os.getppid()), os.sched_getscheduler(0) == os.SCHED_OTHER)
"""


def test_memory_is_taken_from_a_program_before_its_guard_and_no_priority_is_handed_down() -> None:
    usual = Path("/proc/self/oom_score_adj").read_text(encoding="ascii").strip()
    ended = run(sys.executable, "-I", "-S", "-c", SEEN_BY_A_PROGRAM, usual)
    assert ended.output.decode().split() == ["500", usual, "True"]


def test_program_that_wants_more_memory_than_it_may_have_is_refused_it() -> None:
    script = "bytearray(300 * 2**20)"
    ended = run(sys.executable, "-I", "-S", "-c", script, limits=Limits(memory=2**27))
    assert ended.code == 1
    assert b"MemoryError" in ended.errors


@pytest.mark.parametrize(
    "script",
    [
        "sleep 600",
        "trap '' TERM INT HUP; while :; do sleep 600; done",
        "exec >&- 2>&-; sleep 600",
        "sleep 600 & setsid sleep 600 & wait",
    ],
    ids=["sleeps", "ignores signals", "has closed its output", "waits for others"],
)
def test_hanging_program_is_killed_at_the_deadline(script: str, mark: str) -> None:
    ended = sh(f"echo begun; {script}", mark, seconds=2)
    assert (ended.output, ended.code, ended.stopped) == (b"begun\n", None, "time")
    none_is_left(mark)


STAYS = (
    "import os, sys, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(600)"
)


@pytest.mark.parametrize(
    "script",
    [
        'sh -c "sleep 600; :" MARK &',
        'setsid sh -c "sleep 600; :" MARK &',
        'PYTHON -I -S -c "STAYS" MARK',
        'env -i PYTHON -I -S -c "STAYS" MARK >/dev/null 2>&1; sleep 0.2',
    ],
    ids=["in the background", "in a session of its own", "as a daemon", "as a daemon without a trace"],
)
def test_what_a_program_leaves_behind_is_killed_with_it_though_it_holds_the_pipe(
    script: str, mark: str
) -> None:
    script = script.replace("PYTHON", sys.executable).replace("STAYS", STAYS).replace("MARK", mark)
    ended = sh(f"{script}\necho done; exit 3", seconds=60)
    assert (ended.output, ended.code, ended.stopped) == (b"done\n", 3, "")
    none_is_left(mark)


def test_nothing_outlives_the_process_that_asked_for_it(mark: str) -> None:
    script = f"""
import asyncio
from checks.program_run import Order
from checks.programs import Programs
argv = ("/bin/sh", "-c", 'setsid sh -c "sleep 600; :" {mark} & sleep 600', "{mark}")
asyncio.run(Programs().run(Order(argv, {{"PATH": "/usr/bin:/bin"}}), 600))
"""
    with subprocess.Popen([sys.executable, "-c", script]) as asker:
        deadline = time.monotonic() + PATIENCE
        while len(with_mark(mark)) < 2:
            assert time.monotonic() < deadline, "it was never started"
            time.sleep(0.01)
        asker.kill()
    none_is_left(mark)


def test_look_that_is_given_up_ends_its_program(mark: str) -> None:
    async def look() -> None:
        with closing(Programs()) as programs:
            order = Order(("/bin/sh", "-c", "sleep 600; :", mark), ENV)
            task = asyncio.create_task(programs.run(order, 600))
            while not with_mark(mark):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(none_is_left, mark)

    asyncio.run(look())


# Every process begins a session of its own, so that no signal to a group reaches them all; 2**9 in the end.
BOMB = """
import os, time
for _ in range(9):
    if os.fork() == 0:
        os.setsid()
time.sleep(600)
"""


# None of these waits: they take all processors, and every byte in the pipe becomes one more of them.
BUSY_BOMB = """
import os, time
until, (more, fill) = time.monotonic() + 25, os.pipe()
os.write(fill, b"." * 400)
os.set_blocking(more, False)
while time.monotonic() < until:
    try:
        if os.read(more, 1) and os.fork() == 0:
            os.setsid()
    except OSError:
        pass
"""


@pytest.mark.parametrize("bomb", [BOMB, BUSY_BOMB], ids=["sleeping", "busy"])
def test_fork_bomb_is_bounded(bomb: str, mark: str) -> None:
    ended = run(sys.executable, "-I", "-S", "-c", bomb, mark, limits=Limits(processes=60))
    assert (ended.code, ended.stopped) == (None, "processes")
    none_is_left(mark)


def test_as_many_processes_as_allowed_are_let_be() -> None:
    ended = sh("for n in $(seq 40); do sleep 0.2 & done; wait; echo done", limits=Limits(processes=60))
    assert (ended.output, ended.code) == (b"done\n", 0)


def test_endless_output_is_ended_and_not_kept() -> None:
    tracemalloc.start()
    try:
        ended = sh("echo begun; exec head -c 1000000000 /dev/zero")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (ended.code, ended.stopped, len(ended.output)) == (None, "output", KEPT)
    assert ended.output.startswith(b"begun\n")
    assert most < 4 * 1024 * 1024


def test_endless_errors_are_ended_too() -> None:
    ended = sh("exec cat /dev/zero >&2")
    assert (ended.stopped, len(ended.errors)) == ("output", 4096)


def test_first_bytes_of_much_output_are_kept_and_the_code_is_true() -> None:
    ended = sh("head -c 1000000 /dev/zero; exit 1")
    assert (len(ended.output), ended.code, ended.cut) == (KEPT, 1, True)


def test_others_are_answered_while_one_writes_without_end() -> None:
    async def look() -> list[Ended]:
        with closing(Programs()) as programs:
            loud = programs.run(Order(("cat", "/dev/zero"), ENV), 30)
            quiet = [programs.run(Order(("echo", str(number)), ENV), 30) for number in range(10)]
            return list(await asyncio.gather(loud, *quiet))

    loud, *quiet = asyncio.run(look())
    assert loud.stopped == "output"
    assert [ended.output for ended in quiet] == [f"{number}\n".encode() for number in range(10)]


def test_many_at_once_wait_for_one_another_and_all_end() -> None:
    async def look() -> list[Ended]:
        with closing(Programs()) as programs:
            return list(
                await asyncio.gather(
                    *(programs.run(Order(("sh", "-c", f"exit {number}"), ENV), 60) for number in range(100))
                )
            )

    assert [ended.code for ended in asyncio.run(look())] == list(range(100))


def test_arguments_and_environment_of_any_length_and_marks_arrive() -> None:
    words = ("a b", "'\"$x`", "é\n", "x" * 100_000)
    script = "import sys, os, hashlib; print(repr(sys.argv[1:3]), len(sys.argv[4]), os.environ['LONG'] == 'y' * 100000)"

    async def look() -> Ended:
        with closing(Programs()) as programs:
            env = {**ENV, "LONG": "y" * 100_000}
            return await programs.run(Order((sys.executable, "-I", "-c", script, *words), env), 30)

    assert asyncio.run(look()).output.decode() == f"{list(words[:2])!r} 100000 True\n"


def _cannot(argv: tuple[str, ...], **order: Any) -> str:
    with pytest.raises(CannotRun) as raised:
        run(*argv, **order)
    return str(raised.value)


def test_what_cannot_be_started_is_told_with_a_remedy(tmp_path: Path) -> None:
    plain, broken, no_line = tmp_path / "plain", tmp_path / "broken", tmp_path / "no_line"
    plain.write_text("#!/bin/sh\n")
    for path, text in ((broken, "#!/no/such/interpreter\n"), (no_line, "\x7fELF but not really")):
        path.write_text(text)
        path.chmod(0o755)
    assert "install it" in _cannot(("no-such-program-anywhere",))
    assert "check the path" in _cannot(("/no/such/program",))
    assert "chmod +x" in _cannot((str(plain),))
    assert "chmod +x" in _cannot((str(tmp_path),))
    assert "interpreter" in _cannot((str(broken),))
    assert "#!" in _cannot((str(no_line),))
    assert "too long" in _cannot(("true", "x" * 200_000))
    assert "null" in _cannot(("true", "a\0b"))
    assert "cwd" in _cannot(("true",), cwd=str(tmp_path / "nowhere"))


def test_launcher_that_was_killed_is_replaced() -> None:
    async def look() -> list[Ended]:
        with closing(Programs()) as programs:
            before = await programs.run(Order(("sh", "-c", LAUNCHER), ENV), 30)
            os.kill(int(before.output), signal.SIGKILL)
            return [before, await programs.run(Order(("echo", "again"), ENV), 30)]

    assert asyncio.run(look())[1].output == b"again\n"


def test_all_that_wait_for_a_launcher_that_dies_are_run_by_the_next() -> None:
    async def look() -> list[Ended]:
        with closing(Programs()) as programs:
            launcher = int((await programs.run(Order(("sh", "-c", LAUNCHER), ENV), 30)).output)
            os.kill(launcher, signal.SIGSTOP)
            tasks = [asyncio.create_task(programs.run(Order(("echo", str(n)), ENV), 30)) for n in range(5)]
            await asyncio.sleep(0)  # each hands its request over before it waits for the first time
            os.kill(launcher, signal.SIGKILL)
            return list(await asyncio.gather(*tasks))

    assert [ended.output for ended in asyncio.run(look())] == [f"{number}\n".encode() for number in range(5)]


@contextlib.contextmanager
def all_descriptors_taken() -> Iterator[list[int]]:
    """But those that the test gives back out of this list."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(open_descriptors()) + 20, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(2))
        yield taken
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)


def open_descriptors() -> set[int]:
    """Those of this process, and the one that the list is read through."""
    return set(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 - names are all that is wanted


def test_lack_of_descriptors_is_told_and_leaves_none_open() -> None:
    async def look() -> tuple[set[int], set[int], Ended]:
        with closing(Programs()) as programs:
            await programs.run(Order(("true",), ENV), 30)
            before = open_descriptors()
            with all_descriptors_taken() as taken:
                for _ in range(6):  # one run has six
                    with pytest.raises(CannotRun, match="too many open files"):
                        await programs.run(Order(("true",), ENV), 30)
                    os.close(taken.pop())
                last = await programs.run(Order(("true",), ENV), 30)
            return before, open_descriptors(), last

    before, after, last = asyncio.run(look())
    assert (after, last.code) == (before, 0)


def test_launcher_ends_with_the_programs_closed() -> None:
    async def look() -> int:
        with closing(Programs()) as programs:
            return int((await programs.run(Order(("sh", "-c", LAUNCHER), ENV), 30)).output)

    assert not Path(f"/proc/{asyncio.run(look())}").exists()


def test_program_that_cannot_be_ended_is_not_started_beside_itself(mark: str, tmp_path: Path) -> None:
    """A guard that was stopped stands for a process that hangs in the kernel."""
    guard = tmp_path / "guard"
    script = 'test -e "$1" && exit 7; echo $PPID >"$1"; kill -STOP $PPID; sleep 600'
    order = Order(("/bin/sh", "-c", script, mark, str(guard)), ENV)

    async def look() -> tuple[Ended, str, Ended]:
        with closing(Programs()) as programs:
            first = await programs.run(order, 2)
            with pytest.raises(CannotRun) as raised:
                await programs.run(order, 30)
            os.kill(int(guard.read_text(encoding="utf-8")), signal.SIGCONT)
            await asyncio.to_thread(none_is_left, mark)
            async with asyncio.timeout(PATIENCE):
                while True:
                    with contextlib.suppress(CannotRun):
                        return first, str(raised.value), await programs.run(order, 30)
                    await asyncio.sleep(0.01)

    first, refused, last = asyncio.run(look())
    assert first.stopped == "time"
    assert "still hangs" in refused
    assert last.code == 7


IN_A_GROUP = """
import asyncio, json, os, sys, time
from checks.program_run import Order
from checks.programs import Programs

def enter(group):
    with open(group + "/cgroup.procs", "w") as file:
        file.write("0")

async def look():
    programs = Programs()
    try:
        script = "cat /proc/self/cgroup; setsid sleep 600 & exit 3"
        return await programs.run(Order(("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}), 30)
    finally:
        programs.close()

def left():
    with open(group + "/cgroup.procs") as file:
        processes = [line for line in file.read().split() if int(line) != os.getpid()]
    return processes + [entry.name for entry in os.scandir(group) if entry.is_dir()]

group = f"{sys.argv[1]}/tocsin-test-{os.getpid()}"
os.mkdir(group)
os.setxattr(group, "user.delegate", b"1")  # as systemd marks one with Delegate=
enter(group)
ended, until = asyncio.run(look()), time.monotonic() + 40
while left() and time.monotonic() < until:
    time.sleep(0.01)
print(json.dumps([group, ended.output.decode(), ended.code, left()]))
enter(sys.argv[1])
os.rmdir(group)
"""


def test_program_has_a_control_group_of_its_own_where_the_tree_is_ours(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a tree of control groups that may be written to needs root")
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    roots = [fields[4] for fields in mounts if fields[fields.index("-") + 1] == "cgroup2"]
    # A mount of our own, where the one that is there may be read-only, as in most containers.
    script = '{ mount -o remount,bind,rw "$0" || mount -t cgroup2 none "$0"; } && exec "$@" "$0"'
    unshare, root = program("unshare", "util-linux"), (roots or [str(tmp_path)])[0]
    command = [str(unshare), "--mount", "sh", "-c", script, root, sys.executable, "-c", IN_A_GROUP]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"no control group could be made here: {done.stderr}"
    group, output, code, left = json.loads(done.stdout)
    assert f"/{Path(group).name}/program-" in output
    assert (code, left) == (3, [])


def test_time_spent_waiting_for_a_place_counts() -> None:
    async def look() -> str:
        with closing(Programs()) as programs:
            busy = [asyncio.create_task(programs.run(Order(("sleep", "600"), ENV), 5)) for _ in range(32)]
            await asyncio.sleep(0)
            with pytest.raises(CannotRun) as raised:
                await programs.run(Order(("true",), ENV), 0.2)
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)
            return str(raised.value)

    assert "32 other programs" in asyncio.run(look())
