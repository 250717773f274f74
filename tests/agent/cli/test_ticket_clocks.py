"""`tocsin tickets clocks` on a stored ticket: each clock with its moment, what is left, and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from tests.agent.desk.stored_desk import HOUR, StoredDesk

PAST = 1_767_600_000_000_000  # Monday, 5 January 2026, 08:00 UTC: what is left is reckoned by the real clock


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    kept, sys.argv = sys.argv, ["tocsin", *arguments]
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = kept
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out + captured.err


@pytest.fixture
def config(tmp_path: Path) -> str:
    policies = {"default": {"targets": {"low": {"resolve": "100d", "acknowledge": "never"}}}}
    desk = StoredDesk(tmp_path, policies=policies)
    desk.now = PAST
    desk.open(severity="low", team="web", reporter={"name": "Buyer"})
    desk.now += HOUR
    desk.ask("tickets.pend", ticket=1, **{"for": "vendor"})
    desk.close()
    return str(tmp_path / "tocsin.yaml")


def test_each_clock_is_told_with_its_reason(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(capsys, "tickets", "clocks", "T-1", "--config", config, "--json")
    assert code == 0
    document: dict[str, Any] = json.loads(out)
    clocks = {each["clock"]: each for each in document["clocks"]}
    assert (document["policy"], document["priority"], document["clock_starts"]) == (
        "default",
        "low",
        "detected",
    )
    assert document["pauses"] == [{"why": "vendor", "since": "2026-01-05T09:00:00Z", "until": None}]
    resolve = clocks["resolve"]
    assert (resolve["state"], resolve["due"], resolve["target"]) == (
        "paused",
        "2026-04-15T08:00:00Z",
        "100d",
    )
    assert resolve["left"] == pytest.approx(100 * 86400 - 3600, abs=1)
    assert resolve["paused_since"] == "2026-01-05T09:00:00Z"
    assert "acknowledge" not in clocks
    assert clocks["assign"]["counts"] == "office hours (UTC)"


def test_people_get_a_table_of_80_columns(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(capsys, "tickets", "clocks", "T-1", "--config", config)
    assert code == 0
    assert "waited for the vendor from 2026-01-05 09:00:00" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(("ticket", "code"), [("T-9", 1), ("nine", 64)])
def test_a_ticket_that_is_not_there_is_said(
    config: str, capsys: pytest.CaptureFixture[str], ticket: str, code: int
) -> None:
    assert said(capsys, "tickets", "clocks", ticket, "--config", config)[0] == code
