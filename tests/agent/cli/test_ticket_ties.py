"""What `tickets show` says of the checks that a ticket is about."""

from __future__ import annotations

import pytest

from agent.cli.tickets import _print_ties
from alerting.incidents.problem import Member
from checks.base import Status
from tests.moving_clock import SECOND, START


def test_a_check_that_came_back_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    first = Member("shop", "home", START, Status.DOWN, "refused", cause=True, until=START + SECOND)
    again = Member("shop", "home", START + 2 * SECOND, Status.DOWN, "refused", cause=True)
    _print_ties([first, again], [], "UTC")
    heading, *lines = capsys.readouterr().out.strip().splitlines()
    assert (heading, len(lines)) == ("Affected: 1", 2)
