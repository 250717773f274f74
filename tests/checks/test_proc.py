"""What is said where the service, or its container, may not see all of /proc."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.proc import unreadable
from tests.end_to_end.daemon import TOCSIN

NARROW = 'mount -t proc -o subset=pid proc /proc && exec "$@"'
KINDS = ("cpu", "memory", "swap", "disk_io", "network")


def test_hidden_figures_are_unknown_with_the_reason(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    if os.geteuid() != 0:
        pytest.skip("to mount /proc anew needs root")
    config = tmp_path / "tocsin.yaml"
    config.write_text(
        "services:\n  host:\n    checks:\n" + "".join(f"      {kind}: {{type: {kind}}}\n" for kind in KINDS)
    )
    unshare = str(program("unshare", "util-linux"))
    command = (str(TOCSIN), "--config", str(config), "check", "--json")
    done = subprocess.run(
        [unshare, "--mount", "--pid", "--fork", "sh", "-c", NARROW, "sh", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    looked = json.loads(done.stdout)
    assert {each["kind"]: each["status"] for each in looked} == dict.fromkeys(KINDS, "unknown")
    for each in looked:
        assert "cannot read /proc/" in each["message"]
        assert "ProcSubset" in each["message"]
    assert "Traceback" not in done.stderr


def test_memo_is_kept_and_names_are_safe() -> None:
    seen = unreadable(PermissionError(13, "Permission denied", "/proc/\x1b[31m"), [1])
    assert (seen.blind, seen.memo) == ("cannot read /proc/\\x1b[31m: permission denied", [1])
