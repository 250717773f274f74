"""The shipped alert rules: promtool takes them, and each fires when it should and stays silent when not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prometheus.metric_names import documented, named_in

CASES = Path(__file__).with_name("alerts.test.yaml")


@pytest.fixture(scope="module")
def file(root: Path) -> Path:
    return root / "docs" / "prometheus" / "alerts.yaml"


@pytest.fixture(scope="module")
def rules(file: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_promtool_takes_the_rules_and_they_fire_as_the_cases_say(
    file: Path, program: Callable[[str, str], Path]
) -> None:
    promtool = program("promtool", "prometheus")
    for words in (["check", "rules", str(file)], ["test", "rules", str(CASES)]):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "SUCCESS" in done.stdout


def test_there_are_cases_for_every_rule_that_fire_and_that_stay_silent(rules: list[dict[str, Any]]) -> None:
    tests = [each["name"] for each in yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]]
    for rule in rules:
        assert f"{rule['alert']} fires" in tests
        assert f"{rule['alert']} stays silent" in tests


def test_rules_name_metrics_that_there_are(root: Path, rules: list[dict[str, Any]]) -> None:
    known = documented(root)
    assert len(known) > 40
    for rule in rules:
        assert named_in(rule["expr"]) <= known, rule["alert"]


def test_every_rule_says_what_it_is_and_whom_it_wakes(rules: list[dict[str, Any]]) -> None:
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "description"}
