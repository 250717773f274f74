"""Exporters and Prometheus in the daemon: named values are gauges with their units, rates go from look to look."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.checks.http.web import Asked, answer, serving
from tests.end_to_end.daemon import Daemon, wait_for

TEXT = "Content-Type: text/plain; version=0.0.4"
OFTEN = {"every": "1s", "timeout": "1s"}
SERIES = {
    "free": "disk_free_bytes",
    "share": {"of": "disk_free_bytes", "per": "disk_size_bytes"},
    "load": "load1",
    "asked": {"of": "asked_total", "measure": "increase"},
    "gone": "not_there",
}


@contextmanager
def exporter() -> Iterator[str]:
    """Serves a page that counts how often it was asked for, and answers every query with 7."""
    asked_for = 0

    def reply(asked: Asked) -> bytes:
        nonlocal asked_for
        if asked.path.startswith("/api/v1/query"):
            result = {"resultType": "scalar", "result": [4e9, "7"]}
            return answer(json.dumps({"status": "success", "data": result}).encode())
        asked_for += 1
        page = f"disk_free_bytes 25\ndisk_size_bytes 100\nload1 0.5\nasked_total {asked_for}\n"
        return answer(page.encode(), TEXT)

    loop, base, ready = asyncio.new_event_loop(), "", threading.Event()

    async def serve() -> None:
        nonlocal base
        async with serving(reply) as web:
            base = web.url("")
            ready.set()
            await over.wait()

    over = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield base
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def shown(daemon: Daemon, name: str, **labels: str) -> float | None:
    """What the gauge says; None while no look has brought it."""
    page = daemon.metrics()
    there = all(value in page.labels(name, label) for label, value in labels.items())
    return page.total(name, **labels) if there else None


def test_named_values_are_gauges_by_their_unit_and_rates_need_one_look_each(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    promtool = program("promtool", "prometheus")
    with exporter() as base:
        checks: dict[str, dict[str, Any]] = {
            "exporter": {"type": "metrics", "url": f"{base}/metrics", "series": SERIES, **OFTEN},
            "query": {"type": "prometheus", "url": base, "query": "x", "unit": "bytes", **OFTEN},
        }
        checks["exporter"]["down"], checks["query"]["down"] = "share < 1%", "value > 1KiB"
        with Daemon(tmp_path, services={"box": {"checks": checks}}) as daemon:
            daemon.start()
            wait_for(lambda: shown(daemon, "tocsin_prometheus_value", check="query") == 7, "the value")
            # The first look takes two; from then on each finds that it was asked for once since the last.
            wait_for(
                lambda: shown(daemon, "tocsin_metrics_value", check="exporter", series="asked") == 1,
                "a rate",
            )
            page = daemon.metrics()
            daemon.stop()
    assert page.total("tocsin_metrics_value_bytes", check="exporter", series="free") == 25
    assert page.total("tocsin_metrics_value_ratio", check="exporter", series="share") == 0.25
    assert page.total("tocsin_metrics_value", check="exporter", series="load") == 0.5
    assert 'series="gone"' not in page.text
    assert "tocsin_prometheus_matches" not in page.text
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=page.text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
