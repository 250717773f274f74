"""Heartbeats as an operator has them: the installed daemon, real curl, `tocsin exec`, and kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import PATIENCE, TOCSIN, Daemon, wait_for

KEY = "an-end-to-end-key-01"
Program = Callable[[str, str], Path]


def _config(**options: object) -> dict[str, Any]:
    backup = {"type": "heartbeat", "every": "1h", "key": KEY, **options}
    return {"services": {"jobs": {"checks": {"backup": backup}}}}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path, **_config()) as daemon:
        yield daemon.start()


def _memo(daemon: Daemon, check: str = "backup") -> dict[str, Any]:
    ((text,),) = daemon.rows("SELECT memo FROM checks WHERE check_id = ?", check)
    memo: dict[str, Any] = json.loads(text)[1]
    return memo


def _curl(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program("curl", "curl")), "-sS", "--noproxy", "*", *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def _exec(daemon: Daemon, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return subprocess.run(
        [str(TOCSIN), "exec", *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={**clean, "TOCSIN_URL": daemon.address, **environment},
    )  # fmt: skip


def test_curl_as_in_a_crontab(daemon: Daemon, program: Program) -> None:
    address = f"{daemon.address}/api/v1/heartbeat/{KEY}"
    done = _curl(program, "-f", "-m", "10", "--retry", "5", address)
    assert (done.returncode, done.stdout) == (0, "OK")
    assert _curl(program, "-f", "-I", f"{address}/start").returncode == 0
    assert list(_memo(daemon)["runs"]) == [""]
    line = f"false; {program('curl', 'curl')} --noproxy '*' -fsS -m 10 --retry 5 {address}/$?"
    assert (
        subprocess.run(["sh", "-c", line], capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    )
    assert (_memo(daemon)["last"]["exit"], _memo(daemon)["last"]["took"] is not None) == (1, True)
    assert _curl(program, "-f", "--data-raw", "3 files\nall well", address).returncode == 0
    assert (_memo(daemon)["last"]["body"], _memo(daemon)["last"]["ok"]) == ("3 files\nall well", True)
    service, _itself = daemon.json("status")["services"]
    (check,) = service["checks"]
    assert (check["state"], check["values"]["late"], check["values"]["missed"]) == ("ok", 0.0, 0)
    (ticket,) = daemon.tickets()
    assert ticket["state"] == "resolved"


def test_curl_learns_of_a_wrong_key_and_of_a_word_that_means_nothing(
    daemon: Daemon, program: Program
) -> None:
    address = f"{daemon.address}/api/v1/heartbeat/"
    codes = [
        _curl(program, "-o", os.devnull, "-w", "%{http_code}", f"{address}{path}").stdout
        for path in ("no-such-key-00000000", f"{KEY}/stop", f"{KEY}/256", f"{KEY}/255", "")
    ]
    assert codes == ["404", "400", "400", "200", "404"]
    assert "no-such-key" not in daemon.log_file.read_text(encoding="utf-8")


def test_what_was_answered_with_200_outlives_a_kill(tmp_path: Path, program: Program) -> None:
    with Daemon(tmp_path, **_config()) as daemon:
        for number in range(5):
            daemon.start()
            address = f"{daemon.address}/api/v1/heartbeat/{KEY}/{number}"
            assert _curl(program, "-f", address).returncode == 0
            daemon.kill()
            assert _memo(daemon)["last"]["exit"] == number


def test_a_late_job_is_seen_and_its_ticket_ends_with_its_report(tmp_path: Path, program: Program) -> None:
    with Daemon(tmp_path, **_config(every="2s", grace="1s")).start() as daemon:
        address = f"{daemon.address}/api/v1/heartbeat/{KEY}"
        assert _curl(program, "-f", address).returncode == 0
        (ticket,) = wait_for(daemon.tickets, "a ticket for the late job")
        assert ticket["check"] == "backup"
        looked = daemon.tocsin("check", "jobs.backup", "--json")
        assert looked.code == 2
        assert looked.document[0]["values"]["late"] > 0
        assert _curl(program, "-f", address).returncode == 0
        # On a busy machine the next report may be late already when the timeline is read.
        timeline = daemon.tocsin("tickets", "show", ticket["id"], "--json").document["timeline"]
        assert "recovered" in [each["what"] for each in timeline]


def test_exec_passes_output_and_exit_code_on_and_reports_both(daemon: Daemon) -> None:
    job = "echo to stderr >&2; sleep 0.2; echo to stdout; printf 'no newline'; exit 3"
    done = _exec(daemon, KEY, "--", "sh", "-c", job)
    assert (done.returncode, done.stdout, done.stderr) == (3, "to stdout\nno newline", "to stderr\n")
    last = _memo(daemon)["last"]
    assert (last["ok"], last["exit"]) == (False, 3)
    # Two pipes, read as they come.
    assert sorted(last["body"].split("\n")) == ["no newline", "to stderr", "to stdout"]
    assert last["took"] > 0
    assert _memo(daemon)["runs"] == {}


def test_exec_takes_the_key_from_the_environment_or_a_file(daemon: Daemon, tmp_path: Path) -> None:
    assert _exec(daemon, "-", "--", "true", TOCSIN_HEARTBEAT_KEY=KEY).returncode == 0
    assert _memo(daemon)["last"]["exit"] == 0
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert _exec(daemon, f"@{tmp_path / 'key'}", "--", "false").returncode == 1
    assert _memo(daemon)["last"]["exit"] == 1


def test_exec_runs_nothing_when_it_cannot_tell_whose_the_options_are(daemon: Daemon) -> None:
    assert _exec(daemon, KEY, "--", "true").returncode == 0
    for line in (["sh", "-c", "exit 4"], ["sh", "-c", "exit 4", "--", "x"], ["true"]):
        done = _exec(daemon, KEY, *line)
        assert (done.returncode, "write -- between" in done.stderr) == (64, True)
    assert _memo(daemon)["last"]["exit"] == 0
    assert _exec(daemon, KEY, "--", "sh", "-c", 'exit "$1"', "--", "4").returncode == 4
    assert _memo(daemon)["last"]["exit"] == 4


def test_exec_sends_the_last_lines_only_or_nothing(daemon: Daemon) -> None:
    done = _exec(daemon, KEY, "--", "seq", "100000")
    assert done.stdout.count("\n") == 100_000
    assert _memo(daemon)["last"]["body"].split("\n") == [str(number) for number in range(99_971, 100_001)]
    assert _exec(daemon, KEY, "--no-output", "--", "echo", "private").stdout == "private\n"
    assert _memo(daemon)["last"]["body"] == ""


def test_exec_runs_the_job_when_nobody_is_there_and_says_so_once(daemon: Daemon) -> None:
    daemon.stop()
    done = _exec(daemon, KEY, "--", "sh", "-c", "echo done; exit 7")
    assert (done.returncode, done.stdout) == (7, "done\n")
    assert done.stderr.count("\n") == 1
    assert "cannot be reached: connection refused" in done.stderr
    for key, said in (
        ("-", "TOCSIN_HEARTBEAT_KEY is not set"),
        ("@/no/such/file", "/no/such/file: no such file"),
    ):
        done = _exec(daemon, key, "--", "echo", "done")
        assert (done.returncode, done.stdout) == (0, "done\n")
        assert said in done.stderr


def test_exec_says_when_its_key_is_not_known_and_does_not_print_it(daemon: Daemon) -> None:
    done = _exec(daemon, "another-key-000000", "--", "true")
    assert done.returncode == 0
    assert "does not know this key" in done.stderr
    assert "another-key" not in done.stderr


def test_exec_of_what_cannot_be_run_fails_as_in_a_shell(daemon: Daemon, tmp_path: Path) -> None:
    done = _exec(daemon, KEY, "--", "no-such-program-here")
    assert (done.returncode, done.stderr) == (127, "tocsin: no-such-program-here: command not found\n")
    assert (_memo(daemon)["last"]["exit"], _memo(daemon)["last"]["body"]) == (
        127,
        "no-such-program-here: command not found",
    )
    (tmp_path / "script").write_text("true\n")
    assert _exec(daemon, KEY, "--", str(tmp_path / "script")).returncode == 126


def test_exec_passes_signals_on(daemon: Daemon) -> None:
    job = "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    environment = {**os.environ, "TOCSIN_URL": daemon.address}
    with subprocess.Popen(
        [str(TOCSIN), "exec", KEY, "--", "sh", "-c", job], stdout=subprocess.PIPE, text=True, env=environment
    ) as wrapper:
        assert wrapper.stdout is not None
        assert wrapper.stdout.readline() == "ready\n"
        wrapper.send_signal(signal.SIGTERM)
        assert wrapper.stdout.readline() == "got it\n"
        assert wrapper.wait(PATIENCE) == 9
    assert _memo(daemon)["last"]["exit"] == 9


def test_exec_tells_of_a_job_that_a_signal_ended(daemon: Daemon) -> None:
    assert _exec(daemon, KEY, "--", "sh", "-c", "kill -9 $$").returncode == 137
    assert _memo(daemon)["last"]["exit"] == 137
    service, _itself = daemon.json("status")["services"]
    assert "exit code 137 (signal 9)" in service["checks"][0]["message"]


def test_exec_does_not_wait_for_what_a_job_left_in_the_background(daemon: Daemon) -> None:
    done = _exec(daemon, KEY, "--", "sh", "-c", "sleep 6000 & echo $!")
    os.kill(int(done.stdout), signal.SIGKILL)  # it still runs
    assert done.returncode == 0


def test_exec_lets_a_job_learn_that_nobody_reads_its_output(daemon: Daemon) -> None:
    line = f"{TOCSIN} exec {KEY} -- yes | head -n 1"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={**os.environ, "TOCSIN_URL": daemon.address},
    )  # fmt: skip
    assert done.stdout == "y\n"
    # Started without waiting: `yes` was ended by SIGPIPE, and that is what it reported.
    wait_for(lambda: (_memo(daemon)["last"] or {}).get("exit") == 141, "the report of the job")


def test_exec_finds_the_daemon_by_the_configuration(tmp_path: Path, free_port: Callable[[], int]) -> None:
    with Daemon(tmp_path, agent={"listen": f"127.0.0.1:{free_port()}"}, **_config()).start() as daemon:
        assert daemon.tocsin("exec", KEY, "--", "true").code == 0
        assert _memo(daemon)["last"]["exit"] == 0
        listed = daemon.json("heartbeats")
        assert [(job["service"], job["check"], job["key"]) for job in listed] == [("jobs", "backup", KEY)]
        assert listed[0]["url"] == f"{daemon.address}/api/v1/heartbeat/{KEY}"


def test_five_hundred_keys_at_once_are_all_taken(tmp_path: Path, program: Program) -> None:
    count = 500
    checks = {
        f"j{n}": {"type": "heartbeat", "every": "1h", "key": f"key-number-{n:04}"} for n in range(count)
    }
    with Daemon(tmp_path, services={"jobs": {"checks": checks}}).start() as daemon:
        curl = str(program("curl", "curl"))
        urls = [f"{daemon.address}/api/v1/heartbeat/key-number-{n:04}" for n in range(count)]
        before = _cpu(daemon)
        with ThreadPoolExecutor(10) as pool:
            parts = [urls[start::10] for start in range(10)]
            done = [*pool.map(lambda part: _parallel(curl, part), parts)]
        print(f"{(_cpu(daemon) - before) / count * 1000:.2f} ms of CPU a report")
        assert [code for codes in done for code in codes] == ["200"] * count
        rows = daemon.rows("SELECT memo FROM checks WHERE kind = 'heartbeat'")
        assert sum(1 for (memo,) in rows if memo and json.loads(memo)[1]["last"]) == count


def _parallel(curl: str, urls: list[str]) -> list[str]:
    arguments = [word for url in urls for word in ("-o", os.devnull, url)]
    at_once = ["-Z", "--parallel-immediate", "--parallel-max", "50"]
    done = subprocess.run(
        [curl, "-sS", "--noproxy", "*", *at_once, "-w", "%{http_code}\\n", *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    return done.stdout.split()


def _cpu(daemon: Daemon) -> float:
    """Seconds of CPU that the daemon has used."""
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
