"""Root cause records: which tickets need one, and what people put into it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.desk.parts import Action, Earlier, RootCause
from alerting.desk.root_cause import (
    NEEDED,
    Said,
    action_of,
    lacks_root_cause,
    missing_from,
    open_actions,
    recorded,
)
from alerting.desk.ticket import Ticket, TicketState
from config.policies import DEFAULT_POLICY, Policy, RootCauseRules, Term
from config.units import DAY

SECOND = 1_000_000
DAYS = round(DAY) * SECOND
WHOLE = Said(cause="full disk", factors=("no alert",), fix="cleared", prevention="alert at 80 %")
PLAIN = Ticket(7, "shop", "", TicketState.RESOLVED, "medium", "medium", "Slow", "", 100 * DAYS, {})


_TERM = Term(90 * DAY)


def policy(*severity: str, recurring: Term | None = _TERM) -> Policy:
    return replace(DEFAULT_POLICY, root_cause=RootCauseRules(severity, recurring))


@pytest.mark.parametrize(
    ("ticket", "why"),
    [
        (replace(PLAIN, severity="critical"), "is critical"),
        (replace(PLAIN, reopened=2, came_back=True), "came back after it was closed"),
        (replace(PLAIN, reopened=9), None),  # it came and went before it was over
        (replace(PLAIN, earlier=Earlier(3, 11 * DAYS)), "came back after T-3"),
        (replace(PLAIN, earlier=Earlier(3, 10 * DAYS)), "came back after T-3"),  # on the last day of the term
        (replace(PLAIN, earlier=Earlier(3, 10 * DAYS - 1)), None),
        (PLAIN, None),
        (replace(PLAIN, severity="high"), None),
        (replace(PLAIN, severity="critical", test=True), None),
        (replace(PLAIN, severity="critical", merged_into=2), None),
    ],
)
def test_critical_and_recurring_tickets_need_a_record(ticket: Ticket, why: str | None) -> None:
    reason = lacks_root_cause(ticket, policy("critical"))
    if why is None:
        assert reason is None
    else:
        assert reason is not None
        assert why in reason
        assert "cause, factors, fix, prevention missing" in reason
    assert (
        lacks_root_cause(replace(ticket, root_cause=recorded(None, WHOLE, "one", 5)), policy("critical"))
        is None
    )


def test_what_comes_back_needs_none_where_the_policy_says_so() -> None:
    again = replace(PLAIN, came_back=True, earlier=Earlier(3, 99 * DAYS))
    assert lacks_root_cause(again, policy(recurring=None)) is None


@given(st.sets(st.sampled_from(NEEDED)))
def test_a_record_lacks_exactly_what_nobody_said(left_out: set[str]) -> None:
    said = replace(WHOLE, **{name: type(getattr(WHOLE, name))() for name in left_out})
    record = recorded(None, said, "one", 5)
    assert set(missing_from(record)) == left_out
    reason = lacks_root_cause(replace(PLAIN, severity="critical", root_cause=record), policy("critical"))
    assert (reason is None) == (not left_out)


def test_texts_stand_instead_of_those_before_and_lists_grow() -> None:
    first = recorded(None, replace(WHOLE, actions=(Action("a", "One", "2026-12-24"),)), "one", 5)
    second = recorded(
        first,
        Said(fix="replaced", factors=("no alert", "old"), actions=(Action("a", "Two", "2027-01-01"),)),
        "two",
        6,
    )
    assert (second.cause, second.fix, second.by, second.at) == ("full disk", "replaced", "two", 6)
    assert second.factors == ("no alert", "old")
    assert second.actions == (Action("a", "Two", "2027-01-01"),)


def test_an_action_is_done_by_its_number() -> None:
    actions = (Action("a", "One", "2026-12-24"), Action("b", "Two", "2026-12-25"))
    record = recorded(RootCause(1, "one", "x", actions=actions), Said(done=2), "one", 5)
    assert [each.done for each in record.actions] == [False, True]
    assert list(open_actions(replace(PLAIN, root_cause=record))) == [(1, actions[0])]
    for wrong in (0, 3, -1):
        with pytest.raises(ValueError, match="no action"):
            recorded(record, Said(done=wrong), "one", 6)


@pytest.mark.parametrize(
    "text",
    ["", "x", "x;One", "x;One;tomorrow", "x;One;2026-02-30", ";One;2026-12-24", "x;;2026-12-24", "x;One;20261224",
     "x;One;0001-01-01", "x;One;2026-W52-4"],
)  # fmt: skip
def test_an_action_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        action_of(text)


def test_an_action_may_hold_semicolons() -> None:
    assert action_of(" first; then ;Agent One; 2026-12-24") == Action(
        "first; then", "Agent One", "2026-12-24"
    )


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        recorded(None, Said(kind="magic"), "one", 5)
