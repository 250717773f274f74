"""What every test may ask for, free ports and system programs; and the rules on skips and long sweeps."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from config import masks

# No deadline: how long an example takes on a busy machine says nothing about the code.
settings.register_profile("short", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2000)

PROGRAM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`, as in `script/test --long`."""
    parser.addoption(
        "--long", action="store_true", help="run the sweeps marked slow as well, and more examples"
    )


def pytest_configure(config: pytest.Config) -> None:
    """A short run sees the same examples each time; a long one looks for new ones."""
    settings.load_profile("long" if config.getoption("--long") else "short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without `--long` the slow ones are left out, not skipped: nothing is missing on the machine."""
    if config.getoption("--long"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI=true a skipped test has failed, for the reason it gave."""
    report = yield
    # An expected failure is reported as skipped as well, and carries `wasxfail`.
    if not hasattr(report, "wasxfail"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself whole."""
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true" and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI=true does not allow: {reason}"


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives TCP ports that were free on 127.0.0.1 a moment ago, never the same one twice in a test."""
    given: set[int] = set()

    def take() -> int:
        while True:
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port: int = listener.getsockname()[1]
            if port not in given:
                given.add(port)
                return port

    return take


@pytest.fixture(scope="session")
def program() -> Callable[[str, str], Path]:
    """Finds a system program, `program("nginx", "nginx-light")`, or skips and names the Debian package."""

    def find(name: str, package: str) -> Path:
        found = shutil.which(name, path=PROGRAM_PATH)
        if found is None:
            pytest.skip(f"{name} is not installed: apt-get install {package}")
        return Path(found)

    return find


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared(root: Path) -> Path:
    """The directory `shared` beside the checkout: recorded answers and files of the real world."""
    directory = root.parent / "shared"
    if not directory.is_dir():
        pytest.skip(f"there is no {directory} beside the checkout")
    return directory


@pytest.fixture(scope="session", autouse=True)
def _loggers_keep_no_set_up() -> Iterator[None]:
    """A command run in this process sets up logging; a logger first used then would keep that for all later tests."""
    configure = structlog.configure

    def without_cache(**options: Any) -> None:
        configure(**{**options, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", without_cache)
        yield


@pytest.fixture(autouse=True)
def _no_secret_known() -> None:
    """Each test begins as a fresh process would: what another one revealed is not masked here."""
    masks._seen.clear()
    masks._plain.clear()
    masks._longest_first = ()
