"""House rules that no linter knows: first lines, file names, who asks for the time, who talks to systemd."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("agent", "alerting", "checks", "config")
OURS = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
TESTS = sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))

VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}

MOMENTS = {
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns"),
    *("time.clock_gettime", "time.clock_gettime_ns"),
}
"""What tells a moment, on the wall or since boot: agent/clock.py alone may ask."""

KERNELS_CLOCKS = {
    "agent/threads.py": "the processor time of another thread",
    "checks/boot.py": "the time since boot, by which the kernel tells when processes began",
    "checks/ping/exchange.py": "the clock by which the kernel stamps what arrives",
    "checks/time_sync/sntp.py": "the clock that is to be judged",
}
"""Who may read a clock of the kernel by its name, and for what: never for the time that it is."""

LENGTHS = {"time.perf_counter", "time.perf_counter_ns"}
"""What can only measure how long something took: free for whoever does a thing, not for the pure rooms."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _asks_for_moments(path: Path) -> bool:
    """The clock itself, and the demo, which plays the world outside and not the daemon."""
    name = _name(path)
    return name == "agent/clock.py" or name.startswith("agent/demo")


def _origins(tree: ast.AST) -> dict[str, str]:
    """Local name -> full name, for everything the module imports from elsewhere."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            origins |= {name.asname or name.name: name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            origins |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    return origins


def _used(source: str) -> Iterator[tuple[int, str]]:
    """Line and full name of each imported thing the module mentions, `datetime.datetime.now` and the like."""
    tree = ast.parse(source)
    origins = _origins(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in origins:
                yield node.lineno, f"{origins[first]}.{rest}".rstrip(".")


def test_there_is_code_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in OURS} == set(ROOMS)
    assert Path(__file__) in TESTS


@pytest.mark.parametrize("path", OURS + TESTS, ids=_name)
def test_module_says_its_duty_in_the_first_line(path: Path) -> None:
    source = path.read_text()
    assert source.startswith('"""'), "the first line is not a docstring"
    assert ast.get_docstring(ast.parse(source)), "the docstring is empty"


@pytest.mark.parametrize("path", OURS + TESTS, ids=_name)
def test_name_of_a_module_says_what_is_in_it(path: Path) -> None:
    words = {word for part in path.relative_to(ROOT).with_suffix("").parts for word in part.split("_")}
    assert not words & VAGUE


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_only_the_clock_asks_for_the_time(path: Path) -> None:
    if not _asks_for_moments(path):
        allowed = {"time.clock_gettime"} if _name(path) in KERNELS_CLOCKS else set()
        assert [found for found in _used(path.read_text()) if found[1] in MOMENTS - allowed] == []


@pytest.mark.parametrize(
    "path", [path for path in OURS if _name(path).startswith(("alerting", "config"))], ids=_name
)
def test_pure_rooms_do_not_measure_durations(path: Path) -> None:
    assert [found for found in _used(path.read_text()) if found[1] in LENGTHS] == []


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\nat = dt.datetime.now",
        "from datetime import datetime\ndatetime.now(UTC)",
        "from datetime import date as day\nday.today()",
        "import time\ntime.monotonic()",
        "from time import time as now\nnow()",
        "from time import CLOCK_REALTIME, clock_gettime\nclock_gettime(CLOCK_REALTIME)",
    ],
)
def test_every_way_of_asking_for_the_time_is_seen(source: str) -> None:
    assert any(name in MOMENTS for _, name in _used(source))


def test_time_that_is_handed_in_is_not_mistaken_for_asking() -> None:
    source = "from datetime import datetime\ndef due(now: datetime, clock: Clock): return clock.now()"
    assert not any(name in MOMENTS for _, name in _used(source))


@pytest.mark.parametrize("variable", ["NOTIFY_SOCKET", "WATCHDOG_USEC"])
def test_only_one_module_talks_to_systemd(variable: str) -> None:
    assert {_name(path) for path in OURS if variable in path.read_text()} <= {"agent/systemd.py"}


def test_shell_scripts_are_clean(program: Callable[[str, str], Path]) -> None:
    there = [
        path for folder in ("script", ".ci", "systemd/deb") for path in sorted((ROOT / folder).iterdir())
    ]
    scripts = [path for path in there if path.suffix != ".py"]
    assert scripts
    checked = subprocess.run(
        [program("shellcheck", "shellcheck"), *scripts],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.stdout == ""
