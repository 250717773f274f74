"""ServiceNow against a fake: dropped queries, columns and rows that are not for us, rules, and what is closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerting.connectors.base import Outcome
from alerting.connectors.servicenow_records import journal
from alerting.messages import RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    OTHER,
    Conformance,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.servicenow_rig import OVER, ServiceNowRig, found, opened, rigged
from tests.fakes.vendor import Fault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[ServiceNowRig]:
    async with rigged() as rig:
        yield rig


class TestContract(Conformance):
    def look_at_hostile(self, ticket: There) -> None:
        assert "@everyone" not in ticket.whole + "".join(ticket.comments)


async def test_no_text_of_ours_is_drawn_as_html(rig: ServiceNowRig) -> None:
    nasty = "[code]<b>x</b>[/code] [CODE]<i>y</i>"
    seen = await opened(rig, description=nasty, comments=comments(nasty), said=1)
    (row,) = rig.vendor.incidents
    whole = row["description"] + rig.vendor.notes(seen.id)[0]["value"]
    assert "[code]" not in whole.lower()
    assert "<b>x</b>" in whole


@pytest.mark.parametrize("others", [{"correlation_id": OTHER}, {}])
async def test_a_dropped_query_makes_no_other_incident_ours(rig: ServiceNowRig, others: Any) -> None:
    for _ in range(12):
        rig.vendor.add(**others)
    rig.vendor.unreadable = {"correlation_id"}  # a query for what may not be read is dropped
    result = await rig.connector.read(nothing_known())
    assert (result.outcome, result.observed) == (Outcome.BROKEN, None)
    assert "correlation_id" in result.reason
    assert rig.vendor.writes == []


async def test_other_keys_are_not_ours_and_of_several_the_oldest_is(rig: ServiceNowRig) -> None:
    first = await opened(rig)
    rig.now += 60
    twin = rig.vendor.add(correlation_id=KEY, sys_created_by="tocsin")
    rig.vendor.add(correlation_id=KEY)
    rig.vendor.add(correlation_id=OTHER)
    assert (await done(rig.connector.read(nothing_known()))).id == first.id
    result, twins = await rig.connector.twins(nothing_known())
    assert result.outcome is Outcome.OK
    assert [each.id for each in twins] == [first.id, twin]
    for _ in range(2):
        assert (await done(rig.connector.end_twin(twins[1], first))).state is RemoteState.RESOLVED
    (note,) = rig.vendor.notes(twin)
    assert "INC0000001 goes on" in note["value"]
    assert note["element"] == "work_notes"


async def test_an_incident_is_only_gone_where_others_are_seen(rig: ServiceNowRig) -> None:
    seen = await opened(rig)
    other = rig.vendor.add()
    rig.vendor.hidden = True
    for call in (rig.connector.read(known(seen)), rig.connector.read(nothing_known())):
        result = await call
        assert result.outcome is Outcome.BROKEN
        assert "mend our roles" in result.reason
    news = wanted(comments=comments("news"), said=1)
    assert (await rig.connector.apply(news, known(seen))).outcome is Outcome.BROKEN
    assert (await found(rig))["table incident"].ok is False
    rig.vendor.hidden = False
    rig.vendor.forbidden = {"incident"}
    assert (await rig.connector.read(known(seen))).outcome is Outcome.BROKEN
    rig.vendor.forbidden = set()
    rig.vendor.delete(seen.id)
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    rig.vendor.delete(other)
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    assert (await rig.connector.apply(news, known(seen))).outcome is Outcome.PERMANENT


@pytest.mark.parametrize("silent", [True, False])
async def test_what_is_closed_is_final(rig: ServiceNowRig, silent: bool) -> None:
    seen = await opened(rig)
    rig.vendor.closed_is_silent = silent
    rig.vendor.person(seen.id, state="7")
    closed = await done(rig.connector.read(known(seen)))
    assert (closed.state, closed.by) == (RemoteState.CLOSED, "Agent Two")
    result = await rig.connector.apply(wanted(comments=comments("news"), said=1), known(seen))
    if silent:
        assert result.outcome is Outcome.OK
        assert (await done(rig.connector.read(known(seen)))).comments == ()
    else:
        assert result.outcome is Outcome.PERMANENT
        assert "closed for good" in result.reason
    after = await done(rig.connector.apply(wanted(key=OTHER, follows=seen.id), nothing_known(OTHER)))
    assert rig.vendor.state["incidents"][after.id]["parent_incident"] == seen.id


async def test_a_rule_is_about_one_incident_and_names_the_field(rig: ServiceNowRig) -> None:
    rig.vendor.mandatory = {"category": "Category"}
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.PERMANENT
    assert "mandatory: Category" in result.reason
    rig.vendor.mandatory = {}
    seen = await opened(rig)
    rig.vendor.mandatory = {"category": "Category"}
    over = wanted(state="resolved", comments=comments("it is up"), said=1)
    result = await rig.connector.apply(over, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert result.observed is not None
    assert result.observed.comments == ("90c1d2e3-1",)
    rig.vendor.misbehave(Fault.FORBIDDEN, "PATCH")
    assert (await rig.connector.apply(over, known(seen))).outcome is Outcome.BROKEN


async def test_it_is_resolved_with_a_code_and_notes_of_ours(rig: ServiceNowRig) -> None:
    connector = rig.made(close_code="Known error", close_notes="${check} is up", open_state="1")
    seen = await done(connector.apply(wanted(), nothing_known()))
    seen = await done(connector.apply(OVER, known(seen)))
    (row,) = rig.vendor.incidents
    assert (row["state"], row["close_code"], row["close_notes"]) == ("6", "Known error", "home is up")
    seen = await done(connector.read(known(seen)))
    assert seen.by is None
    await done(connector.apply(wanted(), known(seen)))
    assert rig.vendor.incidents[0]["state"] == "1"


async def test_that_we_opened_it_again_is_no_acknowledgement(rig: ServiceNowRig) -> None:
    rig.vendor.assigns_to = "agentthree"  # a rule of the instance
    seen = await opened(rig)
    for desired in (OVER, wanted()):
        seen = await done(rig.connector.apply(desired, known(seen)))
        seen = await done(rig.connector.read(known(seen)))
    assert (seen.state, seen.acknowledged, seen.assignee) == (RemoteState.OPEN, False, None)
    rig.vendor.person(seen.id, state="3", hold_reason="1")
    assert (await done(rig.connector.read(known(seen)))).acknowledged
    rig.vendor.person(seen.id, assigned_to="agenttwo")
    assert (await done(rig.connector.read(known(seen)))).assignee == "Agent Two"


async def test_notes_are_read_from_the_record_where_their_table_is_not_for_us(rig: ServiceNowRig) -> None:
    seen = await opened(rig, comments=comments("first news", "second news"), said=2)
    rig.vendor.person(seen.id, "hello from Agent Two\non two lines")
    both = []
    for forbidden in (set(), {"sys_journal_field"}):
        rig.vendor.forbidden = forbidden
        after = await done(rig.connector.read(known(seen)))
        assert sorted(after.comments) == ["90c1d2e3-1", "90c1d2e3-2"]
        both.append(after)
    assert [each.remarks[0].text for each in both] == ["hello from Agent Two\non two lines"] * 2
    assert [each.remarks[0].by for each in both] == ["agent.two", "Agent Two"]
    assert both[1] == await done(rig.connector.read(known(seen)))


async def test_a_person_who_quotes_our_note_says_something_of_their_own(rig: ServiceNowRig) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, "> [tocsin 90c1d2e3-9] what is that?")
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.comments, len(seen.remarks)) == ((), 1)


async def test_comments_may_be_for_the_caller(rig: ServiceNowRig) -> None:
    connector = rig.made(public_comments=True)
    seen = await done(connector.apply(wanted(comments=comments("news"), said=1), nothing_known()))
    assert [each["element"] for each in rig.vendor.notes(seen.id)] == ["comments"]


async def test_a_limit_tells_when_it_ends(rig: ServiceNowRig) -> None:
    rig.vendor.limited_until = rig.now + 900
    result = await rig.connector.apply(wanted(), nothing_known())
    assert (result.outcome, result.after) == (Outcome.RETRY, 900.0)
    assert "per hour" in result.reason


async def test_a_slow_creation_is_in_doubt_and_found(rig: ServiceNowRig) -> None:
    slow = rig.made(timeout=1)
    rig.vendor.misbehave(Fault.SLOW, "POST", seconds=60)
    assert (await slow.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    assert (await done(slow.read(nothing_known()))).key == KEY


@pytest.mark.parametrize("fault", [Fault.GONE, Fault.ERROR_PAGE, Fault.REVOKED])
async def test_a_table_that_cannot_be_asked_is_no_empty_one(rig: ServiceNowRig, fault: Fault) -> None:
    rig.vendor.misbehave(fault, "GET", times=9)
    assert (await rig.connector.read(nothing_known())).outcome in (Outcome.BROKEN, Outcome.RETRY)
    unknown = rig.made(table="u_nothing")
    rig.vendor.behave()
    assert (await unknown.read(nothing_known())).outcome is Outcome.BROKEN
    assert (await unknown.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN


async def test_our_open_incidents_are_listed_and_no_others(rig: ServiceNowRig) -> None:
    seen = await opened(rig)
    rig.vendor.add(correlation_id=OTHER, correlation_display="tocsin-another")
    rig.vendor.add(correlation_display="tocsin-agent-1")
    for unreadable in (set(), {"active"}):
        rig.vendor.unreadable = unreadable
        result, ours = await rig.connector.ours(50)
        assert result.outcome is Outcome.OK
        assert [(each.id, each.key) for each in ours] == [(seen.id, KEY)]


def test_our_notes_are_ours_however_our_name_is_written() -> None:
    row = {
        "sys_id": "1",
        "element": "work_notes",
        "element_id": "n",
        "value": "x",
        "sys_created_by": "tocsin",
    }
    (entry,) = journal([{**row, "sys_created_on": "2026-11-01 10:00:00"}], "n", "Tocsin")
    assert entry.ours


async def test_our_own_opening_again_is_nobodys_acknowledgement(rig: ServiceNowRig) -> None:
    seen = await done(rig.connector.apply(OVER, known(await opened(rig))))
    again = await done(rig.connector.apply(wanted(), known(seen)))
    assert (again.state, again.acknowledged) == (RemoteState.OPEN, False)


async def test_who_begins_after_it_was_opened_again_as_new_is_seen(rig: ServiceNowRig) -> None:
    connector = rig.made(open_state="1")
    seen = await done(connector.apply(OVER, known(await opened(rig))))
    seen = await done(connector.apply(wanted(), known(seen)))
    rig.vendor.person(seen.id, state="2")
    assert (await done(connector.read(known(seen)))).acknowledged


async def test_whom_the_instance_gave_a_record_is_no_person_after_a_lost_answer(rig: ServiceNowRig) -> None:
    rig.vendor.assigns_to = "agenttwo"
    await opened(rig)
    found_again = await done(rig.connector.read(nothing_known()))
    assert (found_again.acknowledged, found_again.assignee) == (False, None)
