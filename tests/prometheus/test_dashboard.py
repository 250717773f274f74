"""The shipped Grafana dashboard: by Grafana's schema, and a real Prometheus answers its every query."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.test_prometheus import prometheus
from tests.end_to_end.website import Site
from tests.prometheus.metric_names import documented, named_in

# Of what these tell there is nothing yet in the first seconds of a daemon's life.
NOT_YET = {
    "tocsin_burn_rate",
    "tocsin_backup_last_success_timestamp_seconds",
    "tocsin_tickets_on_time_ratio",
    "tocsin_tickets_on_time_target_ratio",
    "tocsin_deadman_pings_total",
}
ROWS = ["Now", "Uptime and error budget", "Checks", "Desk", "Outbox", "The daemon itself"]


@pytest.fixture(scope="module")
def dashboard(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (root / "docs" / "grafana" / "tocsin.json").read_text(encoding="utf-8")
    )
    return found


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Title of the panel and what it asks, as Grafana sends it with all agents and services chosen."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            query = target["expr"].replace("$agent", ".+").replace("$service", ".+")
            yield panel["title"], query.replace("$__rate_interval", "15s")


def test_it_keeps_to_grafanas_schema(dashboard: dict[str, Any]) -> None:
    schema = yaml.safe_load(Path(__file__).with_name("dashboard_schema.yaml").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(dashboard)] == []


def test_panels_have_numbers_and_places_of_their_own(dashboard: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"] == ROWS


def test_thresholds_begin_at_the_bottom_and_rise(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        first, *rest = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert first is None
        assert all(low < high for low, high in pairwise(rest)), panel["title"]


def test_it_asks_for_metrics_that_there_are_of_the_agents_that_were_chosen(
    root: Path, dashboard: dict[str, Any]
) -> None:
    known = documented(root)
    for panel in panels(dashboard):
        for target in panel["targets"]:
            assert named_in(target["expr"]) <= known, panel["title"]
            assert target["expr"].count('instance=~"$agent"') == target["expr"].count("{")
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert list(variables) == ["datasource", "agent", "service"]


def test_every_query_is_one_of_prometheus(
    tmp_path: Path, program: Callable[[str, str], Path], dashboard: dict[str, Any]
) -> None:
    rules = [
        {"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(queries(dashboard))
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    promtool = program("promtool", "prometheus")
    done = subprocess.run(
        [promtool, "check", "rules", file], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(rules)} rules found" in done.stdout


def test_a_real_prometheus_answers_every_query(
    tmp_path: Path,
    free_port: Callable[[], int],
    program: Callable[[str, str], Path],
    dashboard: dict[str, Any],
) -> None:
    server = program("prometheus", "prometheus")
    nobody = free_port()
    check = {"type": "http", "every": "1s", "timeout": "1s", "retry_every": "300ms"}
    with Site() as site:
        config = {
            "channels": {"chat": {"type": "webhook", "url": f"http://127.0.0.1:{nobody}/"}},
            "services": {"web": {"checks": {"home": {**check, "url": site.url}}}},
        }
        with Daemon(tmp_path, **config) as daemon:
            target = daemon.start().address.removeprefix("http://")
            site.turn(good=False)
            wait_for(lambda: daemon.events("incident.opened"), "an incident")
            with prometheus(server, tmp_path / "prometheus", target, free_port()) as ask:
                wait_for(lambda: ask("rate(tocsin_check_runs_total[15s])"), "two scrapes")
                for title, query in queries(dashboard):
                    assert ask(query) or named_in(query) & NOT_YET, f"{title}: nothing for {query}"
                down = next(query for title, query in queries(dashboard) if title == "Down")
                assert ask(down) == [1.0]
            daemon.stop()
