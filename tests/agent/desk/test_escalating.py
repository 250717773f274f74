"""Escalation on the desk: the ticket, its log, its timeline and those who are told; each once, whatever is killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from agent.desk.asked import CannotDo, Conflict
from tests.agent.desk.stored_desk import Killed, StoredDesk
from tests.moving_clock import START


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StoredDesk]:
    made = StoredDesk(tmp_path)
    yield made
    made.close()


def log(desk: StoredDesk) -> list[tuple[int, int, int, str]]:
    """Each line of the log: hours since the beginning, from, to, by whom."""
    return [
        ((each.at - START) // 3_600_000_000, each.from_tier, each.to_tier, each.by)
        for each in desk.ticket().escalations
    ]


def test_a_high_ticket_goes_up_by_itself_and_to_somebody_of_that_tier(desk: StoredDesk) -> None:
    desk.open(service="shop", severity="high")
    assert desk.ticket().assignee == "Agent One"
    desk.wait(24)
    assert log(desk) == [(24, 1, 2, "tocsin")]
    assert desk.ticket().assignee == "Agent Two"
    assert desk.told("escalated") == [("lead@example.org", 24)]
    assert desk.ticket().escalations[0].told == ("lead@example.org",)
    assert desk.lines("escalated") == ["tier 1 -> 2: not resolved within 24h; told: lead@example.org"]


def test_after_the_last_tier_the_manager_is_told(desk: StoredDesk) -> None:
    desk.open(service="shop", severity="high")
    desk.wait(24 + 48 + 72)
    assert log(desk) == [(24, 1, 2, "tocsin"), (72, 2, 3, "tocsin"), (144, 3, 3, "tocsin")]
    assert desk.told("escalated") == [
        ("lead@example.org", 24),
        ("manager@example.org", 72),
        ("manager@example.org", 144),
    ]
    assert "for review: not resolved within another 72h" in desk.lines("review")[0]


def test_a_role_that_nobody_has_falls_to_who_stands_above(tmp_path: Path) -> None:
    made = StoredDesk(tmp_path)
    made.open(service="shop", severity="low")
    made.wait(72)
    assert made.told("escalated") == [("manager@example.org", 72)]
    made.close()


def test_without_a_channel_the_timeline_says_that_nobody_could_be_told(tmp_path: Path) -> None:
    made = StoredDesk(tmp_path, channels={})
    made.open(service="shop", severity="high")
    made.wait(24)
    assert made.lines("escalated") == ["tier 1 -> 2: not resolved within 24h; nobody could be told"]
    made.close()


def test_by_hand_it_goes_up_with_reason_and_actions(desk: StoredDesk) -> None:
    desk.open(service="shop", severity="high")
    desk.wait(2)
    said = {"reason": "needs the database people", "actions": "restarted it\npassword=hunter22"}
    answer = desk.ask("tickets.escalate", ticket=1, **said)
    line = desk.ticket().escalations[0]
    assert (answer["tier"], answer["assignee"]) == (2, "Agent Two")
    assert (line.reason, line.spent, line.by) == ("needs the database people", 7200.0, "root")
    assert line.actions == "restarted it\npassword=***"
    assert line.told == ("lead@example.org", "manager@example.org")
    assert [to for to, _ in desk.told("escalated")] == ["lead@example.org", "manager@example.org"]
    desk.wait(30)
    assert log(desk) == [(2, 1, 2, "root")]


def test_straight_to_a_tier_and_down_again(desk: StoredDesk) -> None:
    desk.open(service="shop", severity="high")
    assert desk.ask("tickets.escalate", ticket=1, reason="all is lost", tier=3)["tier"] == 3
    assert desk.ask("tickets.de-escalate", ticket=1, reason="it is not", tier=1)["tier"] == 1
    desk.wait(24)
    assert log(desk) == [(0, 1, 3, "root"), (0, 3, 1, "root"), (24, 1, 2, "tocsin")]
    assert desk.lines("de_escalated") == ["tier 3 -> 1: it is not; told: lead@example.org"]


def test_from_the_last_tier_it_goes_to_the_manager(desk: StoredDesk) -> None:
    desk.open(service="shop", severity="high")
    desk.ask("tickets.escalate", ticket=1, reason="all is lost", tier=3)
    desk.ask("tickets.escalate", ticket=1, reason="and nobody can mend it")
    assert log(desk) == [(0, 1, 3, "root"), (0, 3, 3, "root")]
    assert len(desk.told("escalated")) == 4


@pytest.mark.parametrize(
    ("verb", "said", "why"),
    [
        ("escalate", {}, "reason: is missing"),
        ("escalate", {"reason": "x", "tier": 4}, "there is no tier 4: the last one of its policy"),
        ("escalate", {"reason": "x", "tier": 0}, "there is no tier 0: the first one is 1"),
        ("escalate", {"reason": "x", "tier": 1}, "T-1 is at tier 1 already"),
        ("escalate", {"reason": "x", "tier": "two"}, "tier: expected a whole number"),
        ("de-escalate", {"reason": "x"}, "T-1 is at tier 1 already, the first"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    desk: StoredDesk, verb: str, said: dict[str, Any], why: str
) -> None:
    desk.open(service="shop", severity="high")
    with pytest.raises(CannotDo, match=why):
        desk.ask(f"tickets.{verb}", ticket=1, **said)


def test_what_was_changed_meanwhile_or_is_over_is_not_escalated(desk: StoredDesk) -> None:
    desk.open(service="shop", severity="high")
    with pytest.raises(Conflict):
        desk.ask("tickets.escalate", ticket=1, reason="x", version=99)
    desk.ask("tickets.resolve", ticket=1, note="mended")
    with pytest.raises(CannotDo, match="reopen it first"):
        desk.ask("tickets.escalate", ticket=1, reason="x")


def test_an_urgent_mark_and_a_cause_jump_at_once(desk: StoredDesk) -> None:
    desk.open(service="shop", urgent=True)
    assert desk.ticket().tier == 2
    desk.ask("tickets.set", ticket=1, changes={"cause": "security"})
    assert log(desk) == [(0, 1, 2, "tocsin"), (0, 2, 3, "tocsin")]
    assert [each.reason for each in desk.ticket().escalations] == ["urgent", "cause security"]


def test_reporter_and_watchers_whom_a_policy_tells_read_nothing_internal(tmp_path: Path) -> None:
    tells = {
        "default": {"rises": {"high": [{"after": "1h", "tier": 2, "tell": ["lead", "reporter", "watchers"]}]}}
    }
    made, reporter = (
        StoredDesk(tmp_path, policies=tells),
        {"name": "A Reporter", "email": "reporter@example.org"},
    )
    made.open(service="shop", severity="high", reporter=reporter, description="canary")
    made.ask("tickets.watch", ticket=1, person="watcher@example.org")
    made.wait(1)
    said = {
        each.to: f"{each.subject}\n{each.text}"
        for each in made.world.notices.values()
        if each.kind == "escalated"
    }
    assert said.keys() == {"lead@example.org", "reporter@example.org", "watcher@example.org"}
    assert "canary" in said["lead@example.org"]
    for to in ("reporter@example.org", "watcher@example.org"):
        assert "go on working on it" in said[to]
        assert [word for word in ("canary", "tier", "Agent", "within", "tocsin") if word in said[to]] == []
    made.close()


def test_the_policy_of_the_opening_counts_whatever_the_configuration_says_later(tmp_path: Path) -> None:
    before = StoredDesk(tmp_path)
    before.open(service="shop", severity="high")
    before.close()
    quick = {"default": {"rises": {"high": [{"after": "1h", "tier": 3}]}}}
    after = StoredDesk(tmp_path, policies=quick)
    after.wait(2)
    assert after.ticket().tier == 1
    after.open(service="shop", severity="high")
    after.wait(1)
    assert after.ticket(2).tier == 3
    after.close()


def test_killed_at_any_statement_each_step_is_done_once(desk: StoredDesk, tmp_path: Path) -> None:
    """At the 25th hour an escalation and a reminder are due. Each run is cut off one statement later than the last."""
    desk.open(
        service="shop", severity="high", reporter={"name": "A Reporter", "email": "reporter@example.org"}
    )
    desk.wait(23)
    desk.now += 2 * 3_600_000_000
    desk.close()
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "state", kept)
    statements, found = 0, list[list[Any]]()
    for killed_at in range(1, 500):
        shutil.rmtree(tmp_path / "state")
        shutil.copytree(kept, tmp_path / "state")
        again = StoredDesk(tmp_path)
        again.now = desk.now
        with pytest.raises(Killed) if statements == 0 or killed_at <= statements else nullcontext():
            again.sweep(killed_at=killed_at)
        again.restart()
        again.now += 5_000_000
        done = again.sweep()
        statements = statements or done
        again.restart()
        again.sweep()
        found.append(_once(again))
        again.close()
        if killed_at > statements:
            break
    assert statements > 5
    assert len(found) > statements
    assert all(each == found[0] for each in found)


def _once(desk: StoredDesk) -> list[Any]:
    """What was done: nothing of it twice."""
    assert [(each.from_tier, each.to_tier) for each in desk.ticket().escalations] == [(1, 2)]
    assert len(desk.lines("escalated")) == 1
    keys = [key for (key,) in desk.rows("SELECT key FROM notices")]
    assert len(set(keys)) == len(keys)
    assert [to for to, _ in desk.told("escalated")] == ["lead@example.org"]
    lines = desk.rows("SELECT what, count(*) FROM ticket_events GROUP BY what ORDER BY what")
    return [sorted(keys), lines, sorted(desk.ticket().steps)]
