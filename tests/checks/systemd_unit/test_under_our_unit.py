"""What the hardened unit that is shipped leaves these kinds to see, in a real systemd."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.checks.systemd_unit.box import ROOT, Box, NoBox, booted

# What belongs to the daemon and not to what it may do.
_OTHER = frozenset(
    (
        *(
            "Type",
            "NotifyAccess",
            "Environment",
            "ExecStart",
            "ExecReload",
            "Restart",
            "RestartSec",
            "WatchdogSec",
        ),
        *("User", "Group", "StateDirectory", "StateDirectoryMode", "NoExecPaths", "MemoryHigh", "MemoryMax"),
    )
)
_CHECKS = {
    "clock": {"type": "time_sync"},
    "journal": {"type": "systemd_unit", "unit": "systemd-journald", "timeout": "30s"},
    "one": {"type": "process", "name": "systemd", "user": "root"},
    "file": {"type": "file", "path": "/etc/passwd"},
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `tocsin check` says under the unit's restrictions, without any privilege, by check."""
    text = (ROOT / "systemd/tocsin.service").read_text().partition("[Service]")[2].partition("[Install]")[0]
    settings = [
        line
        for line in text.splitlines()
        if line.partition("=")[0] not in _OTHER and line[:1] not in ("", "#")
    ]
    assert "ProtectClock=yes" in settings
    try:
        with booted(tmp_path_factory.mktemp("box")) as box:
            yield _look(box, settings)
    except NoBox as error:
        pytest.skip(str(error))


def _look(box: Box, settings: list[str]) -> dict[str, Any]:
    configuration = json.dumps({"services": {"box": {"checks": _CHECKS}}})
    box.run("sh", "-c", "mkdir /run/t && cat > /run/t/tocsin.yaml", given=configuration)
    box.run("systemctl", "start", "dbus")
    under = ["systemd-run", "--wait", "--pipe", "--quiet", f"--setenv=PYTHONPATH={ROOT}"]
    command = [sys.executable, "-m", "agent.cli", "check", "--config", "/run/t/tocsin.yaml", "--json"]
    seen = f"BindReadOnlyPaths={ROOT}"  # a checkout may lie below /tmp, which the unit has for itself
    options = [part for line in (*settings, seen) for part in ("--property", line)]
    return {
        each["check"]: each for each in json.loads(box.run(*under, *options, "--", *command, check=False))
    }


def test_kernel_may_not_be_asked_and_systemd_is_asked_instead(said: dict[str, Any]) -> None:
    clock = said["clock"]
    assert clock["status"] != "unknown", clock["message"]
    assert isinstance(clock["values"]["synced"], bool)
    assert clock["values"]["max_error"] is None


def test_units_processes_and_files_are_seen(said: dict[str, Any]) -> None:
    assert {name: said[name]["status"] for name in ("journal", "one", "file")} == dict.fromkeys(
        ("journal", "one", "file"), "ok"
    )
    assert said["journal"]["values"]["state"] == "active"
    assert said["one"]["values"]["count"] >= 1
