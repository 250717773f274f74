"""What commands and the daemon load, and what they leave where it is: it costs each of them time and memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MINE = "import json, sys; {0}; print(json.dumps([name for name in {1!r} if name in sys.modules]))"
HEAVY = ("structlog", "rich", "sqlalchemy", "pydantic", "fastapi", "alembic", "httpx", "pycurl")


def loaded(code: str, names: tuple[str, ...], *options: str) -> list[str]:
    """Those of `names` that are loaded once the code has run in a Python of its own."""
    ended = subprocess.run(
        [sys.executable, *options, "-c", MINE.format(code, names)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_help_loads_nothing_heavy() -> None:
    assert loaded("import agent.cli.command", HEAVY) == []


def test_the_daemon_does_without_other_commands() -> None:
    others = ("agent.cli.command", "agent.cli.status", "agent.cli.tickets", "agent.cli.doctor")
    code = "import agent.cli, sys; sys.argv = ['tocsin', 'run', '--help']; sys.exit = print; agent.cli.main()"
    assert loaded(code, (*others, "agent.cli.daemon")) == ["agent.cli.daemon"]


def test_the_daemon_leaves_out_what_only_some_need() -> None:
    code = (
        "from agent.cli.daemon import leave_out_rich; leave_out_rich(); import agent.daemon, agent.web.site"
    )
    left_out = ("rich.console", "pygments", "httpx", "fastapi", "alembic", "sentry_sdk")
    assert loaded(code, left_out) == []
    assert "rich.console" not in loaded(f"{code}, httpx", left_out)


@pytest.mark.parametrize("name", ["status", "tickets"])
def test_a_command_that_only_looks_loads_no_checks(name: str) -> None:
    assert loaded(f"import agent.cli.{name}", HEAVY) == []
