"""Moments on the command line: as they are written on a calendar, as `now`, and as so long from now or ago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.cli.asking import moment
from agent.cli.setting import Ended
from agent.clock import SystemClock
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate

Tocsin = Callable[..., Any]
CONFIG = """
agent: {id: test, state_dir: state, timezone: Africa/Johannesburg}
teams: {web: {members: [{name: Agent One, email: one@example.org}, {name: Agent Two, email: two@example.org}]}}
services: {shop: {team: web, checks: {a: {type: cpu}}}}
"""
HOUR = 3600 * 1_000_000
AWAY = ("team", "away", "--person", "Agent Two", "--reason", "leave", "--json")


@pytest.fixture
def desk(tocsin: Tocsin, tmp_path: Path) -> Tocsin:
    """The command over a desk with T-1, where no daemon runs."""
    (tmp_path / "tocsin.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "state").mkdir(mode=0o700)
    engine = writing_engine(tmp_path / "state" / FILE_NAME)
    migrate(engine)
    engine.dispose()
    assert tocsin("tickets", "open", "Slow", "--reporter", "Reporter One").code == 0
    return tocsin


def lasts(document: Any) -> timedelta:
    """From now until it ends."""
    ends: datetime = datetime.fromisoformat(document["until"])
    return ends - datetime.now(UTC)


@pytest.mark.parametrize(
    ("said", "ago", "hours"),
    [("now", False, 0), (" NOW ", True, 0), ("4h", False, 4), ("1d12h", True, -36), ("0", False, 0)],
)
def test_so_long_is_reckoned_from_now(said: str, ago: bool, hours: int) -> None:
    before = SystemClock().now()
    found = moment(said, "UTC", ago=ago) - hours * HOUR
    assert before <= found <= SystemClock().now()


def test_what_is_no_moment_is_refused_with_all_that_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    for ago, word in ((True, "so long ago"), (False, "so long from now")):
        with pytest.raises(Ended) as ended:
            moment("4 moons", "UTC", ago=ago)
        err = capsys.readouterr().err
        assert (ended.value.code, word in err, "2026-11-21T14:00:00Z" in err) == (64, True, True), err


def test_whoever_goes_now_is_away_at_once_and_for_so_long(desk: Tocsin) -> None:
    away = desk(*AWAY, "--from", "now", "--until", "3d").document
    assert away["state"] == "running"
    assert timedelta(days=2, hours=23) < lasts(away) <= timedelta(days=3)
    later = desk(*AWAY, "--from", "5d", "--until", "3d")
    assert (later.code, "it must end after it begins" in later.err) == (64, True)


def test_a_delay_and_a_follow_up_may_be_so_long_from_now(desk: Tocsin) -> None:
    delayed = desk("tickets", "delay", "T-1", "--reason", "a part is wanting", "--until", "4h", "--json")
    assert delayed.code == 0, delayed.err
    assert desk("tickets", "follow-up", "T-1", "--at", "2h", "--json").code == 0
    over = desk("tickets", "delay", "T-1", "--reason", "a part is wanting", "--until", "now")
    assert (over.code, "a moment to come" in over.err) == (64, True)


def test_a_stage_may_have_been_reached_so_long_ago(desk: Tocsin) -> None:
    stamps = desk("tickets", "stamp", "T-1", "investigated", "--at", "0", "--json").document["stamps"]
    assert "investigated" in stamps
    found = desk("tickets", "open", "Old", "--detected", "3h", "--reported", "2h", "--json").document[
        "stamps"
    ]
    gap = datetime.fromisoformat(found["reported"]) - datetime.fromisoformat(found["detected"])
    assert timedelta(minutes=59) < gap < timedelta(minutes=61)
    log = desk("desk", "log", "--from", "90m", "--json").document
    assert [each["id"] for each in log] == ["T-1"], log
