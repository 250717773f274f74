"""`tocsin doctor` on the installed command: what is wrong on a host is found, as the user that the service is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import agent
from tests.end_to_end.daemon import TOCSIN, Daemon

CHECKS: dict[str, Any] = {"host": {"checks": {"cpu": {"type": "cpu"}}}}
# It promises to end within half a minute, whatever hangs; a busy machine has some more.
PATIENCE = 60
Found = Mapping[tuple[str, str], Mapping[str, Any]]


def doctor(
    config: Path, *words: str, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> Any:
    """The document, with its exit code as `code`."""
    ended = subprocess.run(
        [*before, str(TOCSIN), "doctor", "--config", str(config), "--json", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )
    assert ended.stderr == ""
    return json.loads(ended.stdout) | {"code": ended.returncode}


def by_name(document: Any) -> Found:
    return {(each["topic"], each["what"]): each for each in document["findings"]}


def fails(document: Any) -> list[tuple[str, str]]:
    return [(each["topic"], each["what"]) for each in document["findings"] if each["state"] == "fail"]


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that everybody may look into."""
    path = Path(tempfile.mkdtemp(prefix="tocsin-doctor-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_good_host_passes_before_and_while_the_daemon_runs(
    tmp_path: Path, free_port: Callable[[], int], own_name_server: tuple[str, ...]
) -> None:
    checks = {"web": {"type": "tcp", "host": "healthy.example", "port": 1}}
    listen = f"127.0.0.1:{free_port()}"
    daemon = Daemon(tmp_path, agent={"listen": listen}, services={"host": {"checks": checks}})
    daemon.state_dir.mkdir(mode=0o700)
    told = doctor(daemon.config, before=own_name_server)
    seen = by_name(told)
    assert (told["code"], told["ok"], fails(told)) == (0, True, [])
    assert seen["dns", "names"]["text"] == "1 of 1 configured names resolve"
    assert seen["dns", "name server 127.0.0.1"]["state"] == "ok"
    assert seen["ports", "agent.listen"]["text"] == f"{listen} is free"
    assert seen["daemon", "running"]["state"] == "warn" and seen["daemon", "running"]["remedy"]
    with daemon:
        daemon.start()
        seen = by_name(doctor(daemon.config))
        assert seen["daemon", "running"]["text"] == "it runs and answers"
        assert seen["ports", "agent.listen"]["text"] == f"{listen} answers"
        assert seen["store", "database"]["state"] == seen["store", "schema"]["state"] == "ok"
        assert seen["state", "directory"]["state"] == seen["state", "ballast"]["state"] == "ok"
        daemon.signal(signal.SIGSTOP)
        told = doctor(daemon.config)
        assert told["code"] == 1
        assert {("daemon", "running"), ("ports", "agent.listen")} <= set(fails(told))
        daemon.signal(signal.SIGCONT)


def test_mistakes_in_the_configuration_are_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text("services: {a: {checks: {b: {type: cpu, evry: 5s}}}}")
    told = doctor(file)
    assert (told["code"], told["ok"]) == (78, False)
    assert "tocsin.yaml:1:" in told["findings"][0]["text"] and "evry" in told["findings"][0]["text"]
    none = doctor(tmp_path / "none.yaml")
    assert (none["code"], [each["remedy"] for each in none["findings"]]) == (78, ["tocsin init"])


def test_names_and_name_servers_that_hang_or_deny_are_found_in_time(
    tmp_path: Path, own_name_server: tuple[str, ...]
) -> None:
    hosts = ["healthy.example", "gone.example", *(f"slow-{number}.example" for number in range(30))]
    checks = {f"c{number}": {"type": "tcp", "host": host, "port": 1} for number, host in enumerate(hosts)}
    daemon = Daemon(tmp_path, services={"host": {"checks": checks}})
    told = doctor(daemon.config, before=own_name_server)
    seen = by_name(told)
    assert told["code"] == 1
    assert "gone.example" in seen["dns", "host.c1"]["text"]
    assert (
        "slow-0.example" in seen["dns", "host.c2"]["text"] and "within 4s" in seen["dns", "host.c2"]["text"]
    )
    assert seen["dns", "names"]["text"] == "1 of 32 configured names resolve"


def test_helpdesks_that_hang_or_refuse_are_found_and_no_secret_is_shown(
    tmp_path: Path, silent: int, free_port: Callable[[], int]
) -> None:
    mail = {"type": "email", "from": "a@example.org", "to": "b@example.org", "tls": "none"}
    desks = {
        "hangs": {**mail, "server": f"127.0.0.1:{silent}", "user": "me", "password": "canary-4711-bird"},
        "gone": {**mail, "server": f"127.0.0.1:{free_port()}"},
    }
    daemon = Daemon(tmp_path, services=CHECKS, helpdesks=desks)
    told = doctor(daemon.config)
    assert told["code"] == 1
    assert {("helpdesks", "hangs: check-up"), ("helpdesks", "gone: server")} <= set(fails(told))
    assert "no answer within" in by_name(told)["helpdesks", "hangs: check-up"]["text"]
    assert "canary" not in json.dumps(told)


def test_a_port_that_another_has_is_found(tmp_path: Path, silent: int) -> None:
    daemon = Daemon(tmp_path, agent={"listen": f"127.0.0.1:{silent}"}, services=CHECKS)
    seen = by_name(doctor(daemon.config))["ports", "agent.listen"]
    assert seen["state"] == "fail" and "address already in use" in seen["text"]
    assert f"ss -ltnp 'sport = :{silent}'" in seen["remedy"]


def _whole(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    return connection


def _other_schema(path: Path, version: str) -> None:
    with contextlib.closing(_whole(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def _torn(path: Path) -> None:
    """A page that is needed late holds something else."""
    with contextlib.closing(_whole(path)) as connection:
        query = "SELECT max(rootpage) FROM sqlite_master"
        (page,) = connection.execute(query).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)


@pytest.mark.parametrize(
    ("make", "what", "words"),
    [
        (lambda path: path.write_bytes(b"no database at all"), "database", "is no database"),
        (lambda path: _other_schema(path, "9999"), "schema", "a later version has written it"),
        (_torn, "database", "damaged"),
    ],
    ids=["no database", "too new", "torn"],
)
def test_a_database_that_cannot_be_used_is_found(
    make: Callable[[Path], object], what: str, words: str, tmp_path: Path
) -> None:
    with Daemon(tmp_path, services=CHECKS) as daemon:
        daemon.start()
    make(daemon.state_dir / "tocsin.db")
    before = (daemon.state_dir / "tocsin.db").read_bytes()
    seen = by_name(doctor(daemon.config))["store", what]
    assert seen["state"] == "fail" and words in seen["text"] and seen["remedy"]
    assert (daemon.state_dir / "tocsin.db").read_bytes() == before


def as_nobody() -> tuple[str, ...]:
    if os.geteuid() != 0:
        pytest.skip("only root can look as another user")
    return ("--user", "nobody")


def test_files_are_tried_as_the_service_user_and_not_as_root(open_path: Path) -> None:
    words = as_nobody()
    shut, log, program = open_path / "shut", open_path / "access.log", open_path / "check.sh"
    for file in (log, program):
        file.write_text("#!/bin/sh\n")
    shutil.chown(log, group="adm")
    log.chmod(0o640)
    shut.mkdir(mode=0o700)
    (shut / "in.log").touch()
    checks = {
        "log": {"type": "access_log", "path": str(log)},
        "shut": {"type": "log", "path": [str(shut / "in.log")], "match": "x"},
        "run": {"type": "command", "command": [str(program)]},
        "disk": {"type": "disk", "path": str(open_path)},
        "gone": {"type": "disk", "path": str(open_path / "gone")},
    }
    daemon = Daemon(open_path, services={"host": {"checks": checks}})
    daemon.config.chmod(0o644)
    seen = by_name(doctor(daemon.config, *words))
    assert seen["logs", "host.log"]["state"] == "fail"
    assert seen["logs", "host.log"]["remedy"] == "usermod -aG adm nobody && systemctl restart tocsin"
    assert seen["logs", "host.shut"]["remedy"] == f"setfacl -m u:nobody:rx {shut}"
    assert seen["programs", "host.run"]["text"] == f"{program}: nobody may not run it"
    assert seen["disk", "host.gone"]["state"] == "fail"
    assert seen["disk", "paths"]["text"] == "1 of 2 can be looked at"
    log.chmod(0o644)
    shut.chmod(0o755)
    program.chmod(0o755)
    seen = by_name(doctor(daemon.config, *words))
    for name in (("logs", "host.log"), ("logs", "host.shut"), ("programs", "host.run")):
        assert seen[name]["state"] == "ok", seen[name]


def test_what_the_service_user_cannot_read_or_write_is_found(open_path: Path) -> None:
    words = as_nobody()
    daemon = Daemon(open_path, services=CHECKS)
    daemon.config.chmod(0o640)
    daemon.state_dir.mkdir(mode=0o700)
    seen = by_name(doctor(daemon.config, *words))
    assert seen["configuration", "file"]["state"] == "fail"
    assert seen["configuration", "file"]["text"].startswith("for nobody: ")
    assert f"{daemon.state_dir}" in seen["state", "directory"]["text"]
    assert seen["state", "directory"]["remedy"] == f"chown -R nobody: {daemon.state_dir}"
    shutil.chown(daemon.state_dir, "nobody")
    daemon.config.chmod(0o666)
    seen = by_name(doctor(daemon.config, *words))
    assert seen["state", "directory"]["state"] == "ok"
    assert seen["configuration", str(daemon.config)]["text"] == "everybody on this host can change it"


def test_pings_that_the_kernel_forbids_are_found(
    open_path: Path, program: Callable[[str, str], Path]
) -> None:
    words = as_nobody()
    unshare, _ = str(program("unshare", "util-linux")), program("ip", "iproute2")
    daemon = Daemon(open_path, services={"host": {"checks": {"p": {"type": "ping", "host": "127.0.0.1"}}}})
    daemon.config.chmod(0o644)
    for allowed, state in (("1 0", "fail"), ("0 2147483647", "ok")):
        script = f'ip link set lo up && echo {allowed} >/proc/sys/net/ipv4/ping_group_range && exec "$@"'
        before = (unshare, "--net", "sh", "-c", script, "sh")
        seen = by_name(doctor(daemon.config, *words, before=before))["ping", "permission"]
        assert seen["state"] == state, seen
        assert (state == "ok") or "ping_group_range" in seen["remedy"]


def test_others_of_our_names_are_found(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, services=CHECKS)
    (tmp_path / "theirs" / "checks").mkdir(parents=True)
    (tmp_path / "theirs" / "checks" / "__init__.py").touch()
    (tmp_path / "theirs" / "agent").mkdir()  # takes no name: ours is found all the same
    twin = tmp_path / "bin" / "tocsin"
    twin.parent.mkdir()
    twin.write_text("#!/bin/sh\n")
    twin.chmod(0o755)
    python_path = os.pathsep.join((str(Path(agent.__file__).parents[1]), str(tmp_path / "theirs")))
    path = os.pathsep.join((str(twin.parent), str(Path(sys.executable).parent)))
    told = doctor(daemon.config, env={"PYTHONPATH": python_path, "PATH": path})
    texts = [each["text"] for each in told["findings"] if each["topic"] == "names"]
    assert f"{tmp_path / 'theirs'} has other Python packages called checks" in texts
    assert any("several in PATH" in text and str(twin) in text for text in texts)


def test_others_in_place_of_ours_are_named(tmp_path: Path) -> None:
    theirs = tmp_path / "checks" / "__init__.py"
    theirs.parent.mkdir()
    theirs.touch()
    ended = subprocess.run(
        [str(TOCSIN), "doctor"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert ended.returncode == 70
    assert ended.stderr == (
        f"tocsin: {theirs.parent} is found in place of the package checks of Tocsin: take it out of PYTHONPATH\n"
    )


def test_a_clock_behind_its_own_files_is_found(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, services=CHECKS)
    later = daemon.config.stat().st_mtime + 86_400
    os.utime(daemon.config, (later, later))
    seen = by_name(doctor(daemon.config))["clock", "time"]
    assert seen["state"] == "fail" and str(daemon.config) in seen["text"]


def test_for_people_every_line_that_is_not_well_has_its_remedy(tmp_path: Path, silent: int) -> None:
    daemon = Daemon(tmp_path, agent={"listen": f"127.0.0.1:{silent}"}, services=CHECKS)
    command = [str(TOCSIN), "doctor", "--config", str(daemon.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("fail  ports: agent.listen")]
    assert any(line.strip().startswith("->") for line in lines[at + 1 : at + 5])
    assert lines[-1].startswith("looked at as ")


def test_only_root_looks_as_another(tmp_path: Path) -> None:
    as_nobody()
    command = [str(TOCSIN), "doctor", "--user", "no-such-user-here"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stderr) == (64, "tocsin: this host has no user no-such-user-here\n")
