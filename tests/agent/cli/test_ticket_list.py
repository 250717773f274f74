"""Which tickets `tocsin tickets list` shows, and what is late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.views.tickets import Wanted, in_words, late, names_of, row
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Ticket, TicketState
from config.teams import Member, Team

HOUR = 3600 * 1_000_000
TICKET = Ticket(
    1, "shop", "", TicketState.NEW, "high", "high", "Cannot pay", "The form hangs", 0,
    {"acknowledge": 4 * HOUR, "resolve": 24 * HOUR}, team="web", reporter=Reporter("Reporter One", "r1@example.org"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(), True),
        (
            Wanted(only_open=True, unassigned=True, state="NEW", priority="high", team="web", service="shop"),
            True,
        ),
        (Wanted(search="FORM HANGS", reporter="r1@"), True),
        (Wanted(search="nothing of it"), False),
        (Wanted(reporter="two"), False),
        (Wanted(state="closed"), False),
        (Wanted(assignee="Agent One"), False),
        (Wanted(mine=("root", "Agent One")), False),
        (Wanted(overdue=True), False),
    ],
)
def test_a_ticket_is_listed_when_all_that_is_wanted_fits(wanted: Wanted, fits: bool) -> None:
    assert wanted.fits(TICKET, HOUR) is fits


def test_what_is_done_is_not_late() -> None:
    assert late(TICKET, 5 * HOUR)
    acknowledged = replace(TICKET, acknowledged_at=HOUR)
    assert not late(acknowledged, 5 * HOUR)
    assert late(acknowledged, 25 * HOUR)
    assert not late(replace(TICKET, state=TicketState.RESOLVED), 99 * HOUR)
    assert [row(each, 25 * HOUR)[3] for each in (TICKET, acknowledged)] == ["21h late", "1h late"]


def test_a_login_also_stands_for_the_member_who_has_it() -> None:
    team = Team(members=(Member(name="Agent One", login="one"), Member(name="Agent Two")))
    assert names_of("one", {"web": team}) == ("one", "Agent One")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0s"), (59.9, "59s"), (3700, "1h1m"), (100_000, "1d3h")]
)
def test_time_is_told_in_few_signs(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
