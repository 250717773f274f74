"""Debian's node_exporter and Prometheus, looked at by the installed command."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.checks.metrics.exporters import by_the_command
from tests.checks.prometheus.servers import node_exporter, prometheus

Find = Callable[[str, str], Path]


def test_node_exporter_tells_what_this_host_tells(
    tmp_path: Path, free_port: Callable[[], int], program: Find
) -> None:
    found = program("prometheus-node-exporter", "prometheus-node-exporter")
    with node_exporter(found, tmp_path, free_port()) as url:
        series = {
            "memory": "node_memory_MemTotal_bytes",
            "share": {"of": "node_memory_MemAvailable_bytes", "per": "node_memory_MemTotal_bytes"},
            "cpus": {"of": 'node_cpu_seconds_total{mode="idle"}', "combine": "count"},
            "worked": {"of": "node_cpu_seconds_total", "measure": "rate", "combine": "sum"},
            "up_for": {"of": "node_boot_time_seconds", "measure": "age"},
            "scraped": "node_scrape_collector_success",
            "lost": "node_memory_MemTotl_bytes",
        }
        check = {"type": "metrics", "url": url, "series": series}
        checks = {
            "well": {**check, "down": "memory < 1MiB or share < 0.0001% or cpus < 1 or up_for < 1s"},
            "each": {**check, "down": "scraped in [7, 8]"},
            "lost": {**check, "down": "lost < 1GiB"},
            "html": {"type": "metrics", "url": url.removesuffix("metrics")},
        }
        told = by_the_command(checks, tmp_path)
    memory = _memory()
    assert told["well"]["status"] == "ok"
    # A collector that does not run here makes some of the parts differ, but each is named and well.
    assert told["each"]["status"] == "ok"
    assert told["well"]["values"]["memory"] == memory
    assert 0 < told["well"]["values"]["share"] < 1
    assert told["well"]["values"]["worked"] > 0
    assert told["well"]["values"]["series"] > 100
    assert told["lost"]["status"] == "unknown"
    assert told["html"]["error_kind"] == "content"


def _memory() -> int:
    line = Path("/proc/meminfo").read_text(encoding="ascii").split("\n", 1)[0]
    return int(line.split()[1]) * 1024


def test_prometheus_answers_every_sort_of_query(
    tmp_path: Path, free_port: Callable[[], int], program: Find
) -> None:
    found = program("prometheus", "prometheus")
    with prometheus(found, tmp_path, free_port()) as base:

        def ask(**checks: Any) -> dict[str, dict[str, Any]]:
            return by_the_command(
                {name: {"type": "prometheus", "url": base, **each} for name, each in checks.items()}, tmp_path
            )

        until = time.monotonic() + 60
        while ask(up={"query": "up"})["up"]["values"].get("value") != 1 and time.monotonic() < until:
            pass
        told = ask(
            up={"query": "up", "down": "value < 1"},
            each={"query": 'up or label_replace(up, "copy", "yes", "job", ".*") * 0', "down": "value < 1"},
            scalar={"query": "1 + 1", "down": "value != 2"},
            text={"query": '"ready"', "down": 'text != "ready"'},
            alert={"query": "up == 0", "absent": "ok", "down": "series > 0"},
            gone={"query": "no_such_series"},
            nan={"query": "0/0", "down": "value > 1"},
            range={"query": "up[5m]"},
            misspelt={"query": "up{"},
            many={"query": "up * on() group_left() vector(1) + on() {__name__=~'go_.*'}"},
            long={"query": " or ".join(["up"] * 600), "down": "value < 1"},
            elsewhere={"query": "up", "url": f"{base}/elsewhere"},
        )
        metrics = by_the_command({"own": {"type": "metrics", "url": f"{base}/metrics"}}, tmp_path)["own"]
    assert {name: each["status"] for name, each in told.items()} == {
        "up": "ok", "each": "down", "scalar": "ok", "text": "ok", "alert": "ok", "gone": "unknown", "nan": "unknown",
        "range": "unknown", "misspelt": "unknown", "many": "unknown", "long": "ok", "elsewhere": "down",
    }  # fmt: skip
    assert 'copy="yes"' in told["each"]["message"]
    assert "parse error" in told["misspelt"]["message"]
    assert (told["misspelt"]["error_kind"], told["many"]["error_kind"]) == ("local", "content")
    assert "/api/v1/query" in told["elsewhere"]["message"]
    assert metrics["status"] == "ok"
    assert metrics["values"]["series"] > 100
