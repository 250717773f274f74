"""The log kind in the daemon: counts by name on the page of metrics, and no secret of the log on the disk."""

from __future__ import annotations

import time
from pathlib import Path

from tests.end_to_end.daemon import Daemon, wait_for


def test_named_counts_are_gauges_and_secrets_stay_in_the_log(tmp_path: Path) -> None:
    log, home = tmp_path / "app.log", tmp_path / "daemon"
    home.mkdir()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    log.write_text(f"{stamp} ERROR out of memory\n{stamp} ERROR at postgres://app:hunter2@db/x\n")
    match = {"oom": "memory", "failed": "postgres"}
    often = {"every": "1s", "timeout": "1s", "degraded": "failed > 5"}
    checks = {"log": {"type": "log", "path": str(log), "match": match, **often}}
    with Daemon(home, services={"box": {"checks": checks}}) as daemon:
        daemon.start()
        wait_for(lambda: daemon.rows("SELECT 1 FROM readings WHERE check_id = 'log'"), "a stored reading")
        page = daemon.metrics()
        assert page.total("tocsin_log_matches", check="log", pattern="oom") == 1
        assert page.total("tocsin_log_matches", check="log", pattern="failed") == 1
        daemon.stop()
        kept = [file for file in home.rglob("*") if file.is_file()]
        assert any(b"ERROR at postgres" in file.read_bytes() for file in kept)
        assert not [file for file in kept if b"hunter2" in file.read_bytes()]
