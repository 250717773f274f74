"""The vectors as an operator has them: a configuration of their services, and a file of their history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.alerting.slo.vectors import (
    quarters,
    rule_1_time,
    rule_2_periods,
    rule_3_events,
    rule_4_belief,
    rule_6_maintenance,
    rule_7_agreements,
    rule_8_budgets,
    rule_9_percentages,
)
from tests.alerting.slo.vectors.vector import Asked, Vector

CONFIG, HISTORY = "tocsin.yaml", "told.jsonl"
RULES: Mapping[str, Sequence[Vector]] = {
    "1": rule_1_time.VECTORS,
    "2": rule_2_periods.VECTORS,
    "3": rule_3_events.VECTORS,
    "4": rule_4_belief.VECTORS,
    "6": rule_6_maintenance.VECTORS,
    "7": rule_7_agreements.VECTORS,
    "8": rule_8_budgets.VECTORS,
    "9": rule_9_percentages.VECTORS,
    "quarters": quarters.VECTORS,
}


def write(directory: Path, vectors: Sequence[Vector]) -> int:
    """Both files; how many lines the history has."""
    check = {"type": "tcp", "host": "localhost", "port": 1}
    services = {
        vector.name: {"target": vector.target, "uptime": dict(vector.agreement), "checks": {"home": check}}
        for vector in vectors
    }
    agent = {"state_dir": str(directory / "state"), "timezone": "Europe/Berlin"}
    (directory / CONFIG).write_text(json.dumps({"agent": agent, "services": services}))
    lines = [line for vector in vectors for line in vector.lines()]
    (directory / HISTORY).write_text("\n".join(lines) + "\n")
    return len(lines)


def questions(vectors: Sequence[Vector]) -> Mapping[Asked, Sequence[Vector]]:
    """What is asked, and the vectors that one answer settles."""
    found: dict[Asked, list[Vector]] = {}
    for vector in vectors:
        found.setdefault(vector.asked, []).append(vector)
    return found
