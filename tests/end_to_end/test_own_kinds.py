"""Kinds of checks that other distributions bring: the example of the docs, and some that are broken."""

from __future__ import annotations

import re
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, tocsin, wait_for

UPS = "BEGIN LIST VAR rack1\nVAR rack1 battery.charge {}\nVAR rack1 ups.status {}\nEND LIST VAR rack1\n"


@pytest.fixture
def installed(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example package, built from its sources and installed without a network where the command finds it."""
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(root / "docs" / "examples" / "ups", source, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *offline, "--target", str(target), str(source)],
        check=True,
        timeout=120,
    )
    monkeypatch.setenv("PYTHONPATH", str(target))
    return source


@pytest.fixture
def upsd() -> Iterator[int]:
    """Answers as upsd does for a UPS on battery; gives its port."""

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.readline() == b"LIST VAR rack1\n":
                self.wfile.write(UPS.format('"62"', '"OB DISCHRG"').encode())
                self.rfile.read()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def power(port: int) -> dict[str, object]:
    rack = {"type": "ups", "ups": "rack1", "host": "127.0.0.1", "port": port, "every": "1s", "timeout": "1s"}
    return {"power": {"checks": {"rack1": rack}}}


def test_the_example_of_the_docs_is_a_kind_like_ours(installed: Path, upsd: int, tmp_path: Path) -> None:
    assert "ups  " in tocsin("checks").out
    shown = tocsin("checks", "show", "ups", "--json").document
    assert [option["name"] for option in shown["options"]] == ["ups", "host", "port"]
    assert "tocsin_ups_charge_ratio" in {value["metric"] for value in shown["values"]}

    with Daemon(tmp_path, services=power(upsd)) as daemon:
        assert daemon.json("validate")["ok"]
        looked = daemon.tocsin("check", "--json")
        (reading,) = looked.document
        assert (looked.code, looked.err) == (1, "")
        assert (reading["kind"], reading["status"]) == ("ups", "degraded")
        assert reading["message"].startswith("on_battery == true")
        daemon.start()
        wait_for(lambda: daemon.rows("SELECT 1 FROM readings WHERE service <> 'tocsin'"), "a reading")
        assert daemon.metrics().total("tocsin_ups_charge_ratio", service="power", check="rack1") == 0.62
        daemon.stop()


def test_a_mistake_in_its_options_is_named_like_one_in_ours(installed: Path, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, services={"power": {"checks": {"rack1": {"type": "ups", "prot": 1}}}})
    told = daemon.tocsin("validate", "--json")
    assert told.code == 78
    errors = {error["path"]: error["message"] for error in told.document["errors"]}
    assert errors["services.power.checks.rack1.prot"].startswith("unknown key")
    assert "services.power.checks.rack1" in {path.removesuffix(".ups") for path in errors}


def test_the_tests_of_the_example_pass(installed: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            "--rootdir",
            ".",
            ".",
        ],
        cwd=installed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_what_the_docs_show_of_the_example_is_in_it(root: Path) -> None:
    page = (root / "docs" / "own-kinds.md").read_text(encoding="utf-8")
    package = root / "docs" / "examples" / "ups"
    code = "".join((package / "tocsin_ups.py").read_text(encoding="utf-8").split())
    manifest = (package / "pyproject.toml").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|toml)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert [language for language, _ in blocks] == ["toml", "python", "python"]
    for language, block in blocks:
        for line in block.splitlines():
            left_out = line.strip() == "# …"
            assert left_out or (
                "".join(line.split()) in code if language == "python" else line in manifest
            ), line


BEGIN = """
from checks.base import Context, Kind, Observation, Spec, Value
async def probe(spec, context):
    return Observation()
def made(**changed):
    usual = dict(name="odd", summary="is odd", spec=Spec, probe=probe, values=(), counts_for_uptime=False, example="")
    return Kind(**(usual | changed))
"""
# The kind as its module makes it -> a part of the reason for which it is left out.
BROKEN = {
    "import nothing_of_that_name": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
    "raise SystemExit('bye')": "SystemExit: bye",
    "KIND = (": "SyntaxError",
    "OTHER = made()": "AttributeError",
    "KIND = {'name': 'odd'}": "its entry point leads to a dict and not to a checks.base.Kind",
    "KIND = made(name='tcp')": 'there is a kind "tcp" already',
    "KIND = made(name='Odd Kind')": "'Odd Kind' is no name for a kind",
    "KIND = made(name=7)": "7 is no name for a kind",
    "KIND = made(spec=dict)": "its spec is no subclass",
    "KIND = made(probe=None)": "its probe is to be a coroutine function",
    "KIND = made(probe=lambda spec, context: None)": "its probe is to be a coroutine function",
    "KIND = made(blocking=True)": "its probe is to be a coroutine function",
    "KIND = made(values=('height',))": "its values are to be checks.base.Value",
    "KIND = made(values=(Value('a', '', 'x'), Value('a', '', 'y')))": "each with a name of its own",
    "KIND = made(values=None)": "TypeError",
    "KIND = made(down='height >')": "its built-in condition down cannot be read",
    "KIND = made(degraded='height > 1')": "its built-in condition degraded cannot be read",
    "KIND = made(down=7)": "TypeError",
    "class S(Spec):\n    x: 'Unheard'\nKIND = made(spec=S)": "Unheard",
    "raise Exception('two\\nlines \\x1b[31m')": "Exception: two\\nlines \\x1b[31m",
}


def install(directory: Path, name: str, code: str, entry: str = "KIND") -> None:
    """A distribution as an installer leaves it behind."""
    module = name.replace("-", "_")
    facts = directory / f"{module}-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[tocsin.checks]\n{module} = {module}:{entry}\n")
    (directory / f"{module}.py").write_text(BEGIN + code + "\n", encoding="utf-8")


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "strangers"
    monkeypatch.setenv("PYTHONPATH", str(directory))
    return directory


def test_broken_ones_are_named_with_the_reason_and_the_others_work(strangers: Path, tmp_path: Path) -> None:
    for number, code in enumerate(BROKEN):
        install(strangers, f"broken-{number:02}", code)
    install(strangers, "healthy", "KIND = made(name='healthy')")
    install(strangers, "second", "KIND = made(name='healthy')")
    services = {"s": {"checks": {"c": {"type": "healthy", "every": "1s"}, "l": {"type": "load"}}}}
    with Daemon(tmp_path, services=services) as daemon:
        looked = daemon.tocsin("check", "--json")
        assert [(each["check"], each["status"]) for each in looked.document] == [("c", "ok"), ("l", "ok")]
        *refused, second = looked.err.splitlines()
        for number, (line, reason) in enumerate(zip(refused, BROKEN.values(), strict=True)):
            told = (
                f'tocsin: warning: the kind of check "broken_{number:02}" of broken-{number:02} is left out: '
            )
            assert line.startswith(told)
            assert reason in line
        assert second.endswith(
            'of second is left out: there is a kind "healthy" already: give it another name'
        )
        daemon.start()
        wait_for(lambda: daemon.rows("SELECT 1 FROM readings WHERE check_id = 'c'"), "a reading")
        assert len(daemon.events("kind.refused")) == len(BROKEN) + 1
        daemon.stop()


def test_a_check_of_a_kind_that_is_left_out_is_a_mistake(strangers: Path, tmp_path: Path) -> None:
    install(strangers, "odd", "import nothing_of_that_name")
    daemon = Daemon(tmp_path, services={"s": {"checks": {"c": {"type": "odd"}}}})
    told = daemon.tocsin("validate", "--json")
    assert told.code == 78
    assert 'unknown kind of check "odd"' in told.document["errors"][0]["message"]
    assert "left out: ModuleNotFoundError" in told.err


PROBES = {
    "nothing": "return None",
    "raises": "raise KeyError('x')",
    "exits": "raise SystemExit(3)",
    "odd-values": "return Observation(values={'height': object(), 'unheard': 3})",
}


def test_probes_that_misbehave_are_unknown_and_nobody_elses_trouble(strangers: Path, tmp_path: Path) -> None:
    for name, body in PROBES.items():
        own = f"async def look(spec, context):\n    {body}\n"
        word = name.replace("-", "_")
        kind = f"KIND = made(name='{word}', probe=look, values=(Value('height', '', 'x'),))"
        install(strangers, word, own + kind)
        blocking = (
            f"KIND = made(name='{word}_b', probe=look, blocking=True, values=(Value('height', '', 'x'),))"
        )
        install(strangers, f"{word}-b", own.removeprefix("async ") + blocking)
    words = [name.replace("-", "_") + end for name in PROBES for end in ("", "_b")]
    checks = {word: {"type": word, "every": "1s", "timeout": "1s"} for word in words}
    checks["load"] = {"type": "load", "every": "1s", "timeout": "1s"}
    with Daemon(tmp_path, services={"s": {"checks": checks}}) as daemon:
        daemon.start()
        query = "SELECT count(*) FROM readings WHERE check_id = 'load'"
        wait_for(lambda: daemon.rows(query)[0][0] >= 3, "three looks of the one that behaves")
        status = {each["check"]: each["status"] for each in daemon.json("status")["services"][0]["checks"]}
        assert status.pop("load") == "ok"
        assert {name for name, seen in status.items() if seen == "ok"} <= {"odd_values", "odd_values_b"}
        daemon.stop()
