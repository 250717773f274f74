"""Teams and rotations through the installed command: who gets a ticket, who is away, who stands in, over kill -9."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import Daemon, wait_for

TEAMS = {
    "web": {
        "title": "Web team",
        "skills": ["technical"],
        "lead": "lead@example.org",
        "members": [
            {"name": "Agent One", "email": "one@example.org", "login": getpass.getuser()},
            {"name": "Agent Two", "email": "two@example.org", "tier": 2},
        ],
        "on_call": {"rotation": "weekly", "members": ["Agent One", "Agent Two"], "takes": "high"},
    }
}


def configuration(port: int) -> dict[str, Any]:
    check = {"type": "tcp", "host": "127.0.0.1", "port": port, "timeout": "1s", "confirm": 1}
    return {"teams": TEAMS, "services": {"shop": {"criticality": "low", "checks": {"door": check}}}}


def test_a_ticket_goes_to_who_is_there_and_on_when_they_leave(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    with Daemon(tmp_path, **configuration(free_port())) as daemon:
        daemon.start()
        wait_for(lambda: daemon.events("ticket.assigned"), "an assignment")
        away = daemon.json("team", "away", "--person", "Agent One", "--for", "2d", "--reason", "leave")
        assert (away["id"], away["state"], away["person"]) == ("A-1", "running", "Agent One")
        wait_for(lambda: len(daemon.events("ticket.assigned")) == 2, "another assignment")
        team = daemon.json("team", "show", "web")
        one, two = team["members"]
        assert (one["free"], one["away_until"], one["open"]) == (False, away["until"], 0)
        assert (two["free"], two["open"], two["load"]) == (True, 1, 1)

        daemon.kill()
        assert daemon.json("tickets", "take", "T-1")["state"] == "acknowledged"  # nobody runs: done by itself
        daemon.start()
        told = daemon.tocsin("tickets", "assign", "T-1", "--to", "Agent Tow")
        assert (told.code, told.out) == (64, "")
        assert 'did you mean "Agent Two"' in told.err
        shown = daemon.json("tickets", "show", "T-1")
        # Who took it keeps it, though they are away: the step was done before the kill, once.
        assert [
            line["text"].partition(":")[0] for line in shown["timeline"] if line["what"] == "assigned"
        ] == [
            "assigned to Agent One (web)",
            "assigned to Agent Two (web)",
            "assigned to Agent One (web)",
        ]
        assert shown["assignee"] == "Agent One"


def test_the_rotation_is_shown_and_overridden(tmp_path: Path, free_port: Callable[[], int]) -> None:
    with Daemon(tmp_path, **configuration(free_port())) as daemon:
        shown = daemon.json("oncall", "show", "--at", "2026-11-30T09:00:00Z", "--days", "14")
        assert [shift["from"] for shift in shown] == ["2026-11-30T09:00:00Z", "2026-12-07T09:00:00Z"]
        assert {shift["person"] for shift in shown} == {"Agent One", "Agent Two"}
        assert {(shift["team"], shift["why"]) for shift in shown} == {("web", "weekly rotation")}

        daemon.start()
        override = ("oncall", "override", "--team", "web", "--for", "12h", "--reason", "swap", "--person")
        made = daemon.json(*override, "Agent Two")
        table = daemon.tocsin("oncall", "show", "--days", "7")
        assert f"override {made['id']}: swap" in table.out
        assert all(len(line.rstrip()) <= 80 for line in table.out.splitlines()), table.out
        assert daemon.tocsin(*override, "Agent Nine").code == 64
        assert daemon.json("oncall", "end", made["id"])["state"] == "over"
        missing = daemon.tocsin("oncall", "show", "--team", "wbe")
        assert (missing.code, missing.err) == (1, 'tocsin: no team is called "wbe" (did you mean web?)\n')
