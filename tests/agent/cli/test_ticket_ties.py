"""What `tickets show` says of the checks that a ticket is about."""

from __future__ import annotations

from agent.cli.ticket_page import tie_lines
from alerting.incidents.problem import Member
from checks.base import Status
from tests.moving_clock import SECOND, START


def test_a_check_that_came_back_is_counted_once() -> None:
    first = Member("shop", "home", START, Status.DOWN, "refused", cause=True, until=START + SECOND)
    again = Member("shop", "home", START + 2 * SECOND, Status.DOWN, "refused", cause=True)
    lines = list(tie_lines([first, again], [], "UTC"))
    assert (lines[:2], len(lines)) == (["", "Affected: 1"], 4)
