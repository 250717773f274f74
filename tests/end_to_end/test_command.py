"""The installed command and programs: real plugins, recorded output, hostile programs, a killed daemon."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.daemon import Daemon, Ended, tocsin, wait_for
from tests.end_to_end.website import Site

PLUGINS = Path("/usr/lib/nagios/plugins")
STATUS = {0: "ok", 1: "degraded", 2: "down", 3: "unknown", None: "unknown"}
EXIT = {"ok": 0, "degraded": 1, "down": 2, "unknown": 3}


def looked(directory: Path, checks: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What one look at `command` checks says, by their names."""
    ended = printed(directory, checks, "--json")
    assert ended.code in EXIT.values(), ended
    readings = {reading["check"]: reading for reading in ended.document}
    worst = next(
        word
        for word in ("down", "unknown", "degraded", "ok")
        if word in {each["status"] for each in readings.values()}
    )
    assert (ended.code, ended.err) == (EXIT[worst], "")
    assert readings.keys() == checks.keys()
    return readings


def printed(directory: Path, checks: Mapping[str, Mapping[str, Any]], *arguments: str) -> Ended:
    config = directory / "tocsin.yaml"
    written = {name: {"type": "command", "timeout": "20s", **check} for name, check in checks.items()}
    config.write_text(yaml.safe_dump({"services": {"box": {"checks": written}}}), encoding="utf-8")
    return tocsin("check", *arguments, config=config)


def one(directory: Path, *command: str, **options: Any) -> dict[str, Any]:
    return looked(directory, {"it": {"command": list(command), **options}})["it"]


@pytest.fixture(scope="session")
def plugins() -> Path:
    if not (PLUGINS / "check_dummy").exists():
        pytest.skip("no plugins are installed: apt-get install monitoring-plugins-basic")
    return PLUGINS


REPEAT = """
import json, os, sys
case = json.load(open(sys.argv[1], encoding="utf-8"))[int(sys.argv[2])]
sys.stdout.buffer.write(case["stdout"].encode())
sys.stderr.write(case.get("stderr", ""))
sys.stdout.flush()
os._exit(case["exit_code"])
"""


def test_recorded_plugins_come_out_as_noted(tmp_path: Path, shared: Path) -> None:
    file = shared / "real" / "nagios_perfdata.json"
    cases = json.loads(file.read_text(encoding="utf-8"))
    checks: dict[str, Any] = {}
    expected: dict[str, tuple[str, str, str | None, Any]] = {}
    for number, case in enumerate(cases):
        name, wanted = case["id"].lower(), case["expect"]
        if "perfdata" in case:  # given to a plugin that says no more than that
            command = ["/bin/sh", "-c", 'printf "|%s" "$1"', "sh", case["perfdata"]]
            expected[name] = ("ok", "", None, wanted)
        elif case["exit_code"] is None:
            command = [str(tmp_path / "check_nosuch")]
        else:
            command = [sys.executable, "-I", "-S", "-c", REPEAT, str(file), str(number)]
        if "perfdata" not in case:
            status = STATUS[case["exit_code"]]
            expected[name] = (status, wanted["text"], wanted["long_text"], wanted["perfdata"])
        checks[name] = {"command": command}
    found = looked(tmp_path, checks)
    for name, (status, text, long_text, perfdata) in expected.items():
        each = found[name]
        assert (each["status"], each["text"], each["perfdata"]) == (status, text, perfdata), name
        assert long_text is None or each["long_text"] == long_text, name
    assert len(found) >= 61


def test_a_dozen_real_plugins(tmp_path: Path, plugins: Path, free_port: Callable[[], int]) -> None:
    old, closed = tmp_path / "old", free_port()
    old.write_text("x")
    os.utime(old, (1, 1))
    with Site() as site, socket.create_server(("127.0.0.1", 0)) as listener:
        web, tcp = site.url.rstrip("/").rpartition(":")[2], str(listener.getsockname()[1])
        commands: dict[str, tuple[str, list[str]]] = {
            "disk": ("ok", ["check_disk", "-w", "1%", "-c", "0%", "-p", str(tmp_path)]),
            "disk-gone": ("down", ["check_disk", "-w", "10%", "-c", "5%", "-p", "/no/such/path"]),
            "load": ("ok", ["check_load", "-w", "5000,5000,5000", "-c", "9000,9000,9000"]),
            "procs": ("degraded", ["check_procs", "-w", "0:0", "-c", "100000"]),
            "http": ("ok", ["check_http", "-H", "127.0.0.1", "-p", web, "-u", "/"]),
            "http-missing": (
                "down",
                ["check_http", "-H", "127.0.0.1", "-p", web, "-u", "/", "-s", "not there"],
            ),
            "tcp": ("ok", ["check_tcp", "-H", "127.0.0.1", "-p", tcp]),
            "tcp-closed": ("down", ["check_tcp", "-H", "127.0.0.1", "-p", str(closed)]),
            "ssh-closed": ("down", ["check_ssh", "-p", str(closed), "127.0.0.1"]),
            "users": ("ok", ["check_users", "-w", "5000", "-c", "9000"]),
            "file-age": ("down", ["check_file_age", "-w", "1", "-c", "2", "-f", str(old)]),
            "dummy": ("unknown", ["check_dummy", "3", "who knows"]),
            "negate": ("down", ["negate", "-o", "CRITICAL", str(plugins / "check_dummy"), "0", "fine"]),
            "cluster": (
                "degraded",
                ["check_cluster", "--host", "-l", "n", "-d", "0,1", "-w", "0", "-c", "5"],
            ),
            "ntp-silent": ("down", ["check_ntp_time", "-H", "127.0.0.1", "-p", str(closed), "-t", "2"]),
        }
        # Some by their whole path, some by a bare name.
        checks = {
            name: {"command": [str(plugins / argv[0]) if number % 2 else argv[0], *argv[1:]]}
            for number, (name, (_, argv)) in enumerate(commands.items())
        }
        readings = looked(tmp_path, checks)
    told = {name: (each["status"], each["message"]) for name, each in readings.items()}
    assert {name: status for name, (status, _) in told.items()} == {
        name: status for name, (status, _) in commands.items()
    }, told
    assert all(message.startswith(readings[name]["text"]) for name, (_, message) in told.items())
    values = {name: each["values"] for name, each in readings.items()}
    assert values["load"].keys() >= {"load1", "load5", "load15", "exit", "took"}
    assert 0 < values["http"]["time"] < 20
    assert values["http"]["size"] > 0
    assert values["file-age"]["size"] == 1
    assert values["procs"]["procs"] >= 1
    (disk,) = readings["disk"]["perfdata"]
    assert disk["value"] == values["disk"][disk["label"]] > 0
    assert disk["uom"] in ("B", "MiB", "MB")


def test_values_are_in_base_units_and_conditions_stand_beside_the_exit_code(tmp_path: Path) -> None:
    said = "OK | rta=250ms;100;500 pl=5%;;;0;100 /var=2643MB;;;0;5968 'free space'=1KiB nothing=U"
    command = {"command": ["/bin/echo", said]}
    readings = looked(
        tmp_path,
        {
            "plain": command,
            "slow": {**command, "degraded": "rta > 200ms"},
            "full": {**command, "down": 'value "/var" > 2.6GB', "degraded": "pl > 4%"},
            "fine": {**command, "down": 'value "free space" < 1KiB or pl > 5%'},
            "lacking": {**command, "down": "nothing > 5"},
            "misspelt": {**command, "down": "rtt > 5s"},
            "held": {**command, "down": "pl > 4% for 5m"},
        },
    )
    values = readings["plain"]["values"]
    assert {name: value for name, value in values.items() if name != "took"} == {
        "exit": 0,
        "rta": 0.25,
        "pl": 0.05,
        "/var": 2643 * 10**6,
        "free space": 1024,
    }
    assert readings["plain"]["perfdata"][-1] == {
        "label": "nothing", "value": None, "uom": "", "warn": None, "crit": None, "min": None, "max": None,
    }  # fmt: skip
    assert {name: each["status"] for name, each in readings.items()} == {
        "plain": "ok",
        "slow": "degraded",
        "full": "down",
        "fine": "ok",
        "lacking": "unknown",
        "misspelt": "unknown",
        "held": "down",
    }
    assert readings["plain"]["message"] == "OK"
    assert readings["full"]["message"].startswith('value "/var" > 2.6GB')
    assert readings["held"]["conditions"][0]["must_hold"] == "5m"


@pytest.mark.parametrize("code", range(5))
def test_exit_code_decides(tmp_path: Path, code: int) -> None:
    script = ["/bin/sh", "-c", f"echo said; exit {code}"]
    readings = looked(
        tmp_path,
        {
            "plugin": {"command": script},
            "any": {"command": script, "format": "exit"},
            "worse": {"command": script, "down": "exit < 100"},
        },
    )
    plugin, other = readings["plugin"], readings["any"]
    assert plugin["status"] == STATUS.get(code, "unknown")
    assert other["status"] == ("down" if code else "ok")
    assert readings["worse"]["status"] == ("unknown" if code > 2 else "down")
    assert plugin["text"] == other["text"] == "said"
    assert plugin["long_text"] == other["long_text"] == ""
    assert plugin["message"].endswith("said")


def test_hostile_programs_are_unknown_in_time_with_the_reason(tmp_path: Path) -> None:
    python = [sys.executable, "-I", "-S", "-c"]
    shell = ["/bin/sh", "-c"]
    bomb = "import os, time\nfor _ in range(9):\n    if os.fork() == 0: os.setsid()\ntime.sleep(600)"
    hostile: dict[str, tuple[str, dict[str, Any]]] = {
        "hangs": ("did not end within 2s", {"command": [*shell, "trap '' TERM; sleep 600"], "timeout": "2s"}),
        "closes": ("did not end within 2s", {"command": [*shell, "exec >&- 2>&-; sleep 600"], "timeout": "2s"}),
        "floods": ("wrote more than 16MiB", {"command": ["head", "-c", "1000000000", "/dev/zero"]}),
        "bomb": ("more processes", {"command": [*python, bomb], "limits": {"processes": 50}}),
        "signal": ("signal SIGSEGV", {"command": [*shell, "kill -SEGV $$"]}),
        "odd": ("exit code 200", {"command": [*shell, "exit 200"]}),
        "calls": ("not found", {"command": [*shell, "no-such-program"]}),
        "gone": ("install it", {"command": ["check_nosuch"]}),
        "file": ("chmod +x", {"command": ["/etc/passwd"]}),
        "nowhere": ("cwd", {"command": ["true"], "cwd": "/no/such/directory"}),
        "no-plugin": ("exit code 3 and said nothing; on standard error: usage", {
            "command": [*shell, "echo usage >&2; exit 3"]}),
    }  # fmt: skip
    readings = looked(tmp_path, {name: check for name, (_, check) in hostile.items()})
    for name, (why, _) in hostile.items():
        reading = readings[name]
        assert reading["status"] == "unknown", reading
        assert why in reading["message"], reading
        assert reading["message"].isprintable()
        assert reading["error_kind"] is not None
        assert reading["took"] < 20


def test_measurements_of_a_program_that_was_cut_short_are_whole(tmp_path: Path) -> None:
    reading = one(tmp_path, "/bin/sh", "-c", 'printf "fine | a=1s b=12"; kill -KILL $$')
    assert (reading["status"], reading["text"]) == ("unknown", "fine")
    assert [each["label"] for each in reading["perfdata"]] == ["a"]
    assert "b" not in reading["values"]


def test_many_measurements_are_read(tmp_path: Path) -> None:
    script = "echo many; echo '|'; i=0; while [ $i -lt 2000 ]; do echo \"m$i=$i\"; i=$((i+1)); done"
    reading = one(tmp_path, "/bin/sh", "-c", script)
    assert [(each["label"], each["value"]) for each in reading["perfdata"]] == [
        (f"m{number}", number) for number in range(2000)
    ]
    assert len(reading["values"]) == 256 + 2


def test_child_that_keeps_the_output_open_delays_nothing(tmp_path: Path) -> None:
    reading = one(tmp_path, "/bin/sh", "-c", "setsid sleep 600 & echo done; exit 1", timeout="60s")
    assert (reading["status"], reading["text"]) == ("degraded", "done")
    assert reading["took"] < 30


def test_output_cannot_steer_a_terminal_and_any_bytes_are_taken(tmp_path: Path) -> None:
    said = r"\033[2Jall\tgone \302\233 \377\376 \342\200\256 | '\033[31mred'=1;\033[0m\nmore\r\n\007bell\n"
    checks = {"it": {"command": ["/bin/sh", "-c", f"printf '{said}'; exit 2"]}}
    shown = printed(tmp_path, checks)
    assert "\x1b" not in shown.out.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert "\\x1b[2Jall" in shown.out
    reading = looked(tmp_path, checks)["it"]
    assert reading["status"] == "down"
    texts = [reading["message"], reading["text"], reading["long_text"], *reading["values"]]
    texts += [text for each in reading["perfdata"] for text in each.values() if isinstance(text, str)]
    assert all(text.replace("\r", "").replace("\n", "").replace("\t", "").isprintable() for text in texts)
    assert reading["long_text"] == "more\r\n\\x07bell"


def test_secrets_reach_the_program_and_nobody_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct-horse-battery")
    secret.chmod(0o600)
    script = 'echo "$PASSWORD, not $LEVEL | $PASSWORD=1 x=1$PASSWORD;$PASSWORD"; echo "$PASSWORD"; exit 2'
    env = {"PASSWORD": f"${{file:{secret}}}", "LEVEL": "production"}
    checks = {"it": {"command": ["/bin/sh", "-c", script], "env": env}}
    ended = printed(tmp_path, checks, "--json")
    assert "correct-horse" not in ended.out + ended.err
    reading = ended.document[0]
    assert reading["message"] == "***, not production"
    assert reading["long_text"] == "***"
    assert [each["label"] for each in reading["perfdata"]] == ["***", "x"]
    seen = one(tmp_path, "/bin/sh", "-c", 'test "$PASSWORD" = correct-horse-battery', env=env, format="exit")
    assert seen["status"] == "ok"


def test_secret_among_the_arguments_is_warned_of_and_a_text_for_a_list_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "correct-horse-battery")
    config = tmp_path / "tocsin.yaml"

    def validated(command: Any) -> dict[str, Any]:
        check = {"type": "command", "command": command, "counts_for_uptime": False}
        config.write_text(yaml.safe_dump({"services": {"box": {"checks": {"it": check}}}}), encoding="utf-8")
        document: dict[str, Any] = tocsin("validate", "--json", config=config).document
        return document

    found = validated(["check_it", "-a", "${env:SHOP_TOKEN}"])
    assert found["ok"]
    (warning,) = found["warnings"]
    assert warning["path"] == "services.box.checks.it.command.2"
    assert "every user of the host" in warning["message"]
    assert "env:" in warning["hint"]
    assert validated(["check_it", "-a", "plain"])["warnings"] == []

    (error,) = validated("check_load -w 5,4,3")["errors"]
    assert '["check_load", "-w", "5,4,3"]' in error["message"] + (error["hint"] or "")
    (error,) = validated("grep x /var/log/y | wc -l")["errors"]
    assert '["sh", "-c", ' in error["message"] + (error["hint"] or "")


def test_daemon_stores_and_exports_what_plugins_measure_and_leaves_nothing_when_killed(
    tmp_path: Path,
) -> None:
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    stays = ["/bin/sh", "-c", 'setsid sh -c "sleep 600; :" "$0" & sleep 600', mark]
    said = "fine | rta=7s rta=250ms;;;0 pl=5% 'disk /var'=1KB users=4"
    checks = {
        "plugin": {"type": "command", "command": ["/bin/echo", said], "every": "1s"},
        "stays": {"type": "command", "command": stays, "timeout": "10m", "every": "20m"},
    }

    def marked() -> list[str]:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found += [path.parent.name] if mark.encode() in path.read_bytes().split(b"\0") else []
            except OSError:
                continue
        return found

    with Daemon(tmp_path, services={"box": {"checks": checks}}) as daemon:
        daemon.start()
        wait_for(lambda: daemon.rows("SELECT 1 FROM readings WHERE check_id = 'plugin'"), "a stored reading")
        wait_for(lambda: len(marked()) >= 2, "the program that stays")
        ((message, values),) = daemon.rows(
            'SELECT message, "values" FROM readings WHERE check_id = ? ORDER BY at LIMIT 1', "plugin"
        )
        stored = json.loads(values)
        del stored["took"]
        assert (message, stored) == (
            "fine",
            {"exit": 0, "rta": 0.25, "pl": 0.05, "disk /var": 1000, "users": 4},
        )
        page = daemon.metrics()
        assert page.total("tocsin_command_perfdata_seconds", check="plugin", label="rta") == 0.25
        assert page.total("tocsin_command_perfdata_ratio", check="plugin", label="pl") == 0.05
        assert page.total("tocsin_command_perfdata_bytes", check="plugin", label="disk /var") == 1000
        assert page.total("tocsin_command_perfdata", check="plugin", label="users") == 4
        assert page.total("tocsin_command_exit", check="plugin") == 0
        daemon.kill()
        wait_for(lambda: not marked(), "the end of all that the daemon had started")
