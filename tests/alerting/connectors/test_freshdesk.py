"""Freshdesk against a fake: a search that lags and the list behind it, private notes, statuses, required fields."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerting.connectors.base import Outcome, Result
from alerting.messages import RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    NASTY,
    OTHER,
    Conformance,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.freshdesk_rig import OVER, FreshdeskRig, opened, rigged
from tests.fakes import freshdesk
from tests.fakes.freshdesk import THREE, TWO
from tests.fakes.vendor import Fault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[FreshdeskRig]:
    async with rigged() as rig:
        yield rig


class TestContract(Conformance):
    def look_at_hostile(self, ticket: There) -> None:
        assert "@everyone" not in ticket.whole + "".join(ticket.comments)
        assert "<script>" in ticket.whole  # as text: in HTML it was escaped


async def test_text_of_others_is_no_markup(rig: FreshdeskRig) -> None:
    await opened(rig, description=NASTY, comments=comments(NASTY), said=1)
    (ticket,) = rig.vendor.tickets
    whole = ticket["description"] + ticket["notes"][0]["body"]
    assert "<script" not in whole
    assert "@everyone" not in whole


async def test_what_the_search_does_not_show_yet_is_found_in_the_list(rig: FreshdeskRig) -> None:
    for number in range(130):
        rig.vendor.add(changed=rig.now + number)
    rig.vendor.misbehave(Fault.LOST_ANSWER, "POST")
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    for number in range(130):
        rig.vendor.add(changed=rig.now + number)
    found = await done(rig.connector.read(nothing_known()))
    assert (found.id, found.key) == ("131", KEY)


async def test_a_clock_of_ours_that_is_ahead_hides_nothing(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    there = rig.now
    rig.vendor.now = lambda: there + 60
    rig.now += 5 * 3600
    assert (await done(rig.connector.read(nothing_known()))).id == seen.id


async def test_what_is_too_old_for_the_list_is_found_by_the_search(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    rig.now += 86_400
    for _ in range(3):
        rig.vendor.add()
    assert (await done(rig.connector.read(nothing_known()))).id == seen.id
    rig.vendor.misbehave(Fault.GONE, "GET", "/search", times=2)
    assert (await rig.connector.read(nothing_known())).outcome is Outcome.BROKEN


async def test_other_tickets_are_never_ours_when_the_filter_is_dropped(rig: FreshdeskRig) -> None:
    rig.vendor.add()
    rig.vendor.add(OTHER)
    rig.now += 86_400
    rig.vendor.drops_filters = True
    assert await rig.connector.read(nothing_known()) == Result.ok(None)
    findings = {each.what: each for each in await rig.connector.check()}
    assert "it shows tickets" in findings["search"].text


async def test_more_new_tickets_than_can_be_looked_through_are_no_answer(rig: FreshdeskRig) -> None:
    for _ in range(1001):
        rig.vendor.add()
    result = await rig.connector.read(nothing_known())
    assert result.outcome is Outcome.RETRY
    assert "the search has to catch up" in result.reason


async def test_of_several_the_oldest_is_ours_and_twins_are_ended_with_a_note(rig: FreshdeskRig) -> None:
    first = await opened(rig)
    rig.now += 3600
    twin = rig.vendor.add(KEY, tags=["tocsin-agent-1"])
    rig.vendor.add(KEY)  # somebody else wrote it
    result, twins = await rig.connector.twins(nothing_known())
    assert result.outcome is Outcome.OK
    assert [each.id for each in twins] == [first.id, twin]
    assert (await done(rig.connector.read(nothing_known()))).id == first.id
    for _ in range(2):
        assert (await done(rig.connector.end_twin(twins[1], first))).state is RemoteState.RESOLVED
    (note,) = rig.vendor.find(twin)["notes"]
    assert note["private"] is True
    assert f"ticket {first.id} goes on" in note["body_text"]


@pytest.mark.parametrize("how", ["gone", "deleted"])
async def test_what_is_deleted_is_gone(rig: FreshdeskRig, how: str) -> None:
    seen = await opened(rig)
    rig.vendor.find(seen.id)[how] = True
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    assert (await rig.connector.apply(OVER, known(seen))).outcome is Outcome.PERMANENT
    assert await rig.connector.read(nothing_known()) == Result.ok(None)


async def test_names_are_of_agents_and_of_contacts(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, "one", by=TWO)
    rig.vendor.person(seen.id, "two", by=freshdesk.CONTACT)
    rig.vendor.person(seen.id, "> [tocsin 90c1d2e3-9] three", by=THREE)
    seen = await done(rig.connector.read(known(seen)))
    assert [each.by for each in seen.remarks] == ["Agent Two", "Reporter", "Agent Three"]
    assert seen.comments == ()


@pytest.mark.parametrize(
    ("status", "state", "acknowledged"),
    [
        (2, RemoteState.OPEN, False),
        (3, RemoteState.OPEN, True),
        (7, RemoteState.OPEN, True),
        (4, RemoteState.RESOLVED, False),
        (5, RemoteState.RESOLVED, False),
    ],
)
async def test_statuses(rig: FreshdeskRig, status: int, state: RemoteState, acknowledged: bool) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, status=status)
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.state, seen.acknowledged) == (state, acknowledged)


async def test_what_is_closed_can_be_opened_again(rig: FreshdeskRig) -> None:
    connector = rig.made(resolved_status=5)
    seen = await done(connector.apply(wanted(), nothing_known()))
    seen = await done(connector.apply(OVER, known(seen)))
    assert rig.vendor.find(seen.id)["status"] == 5
    seen = await done(connector.apply(wanted(), known(seen)))
    assert (seen.state, rig.vendor.find(seen.id)["status"]) == (RemoteState.OPEN, 2)


async def test_what_a_rule_gave_to_somebody_is_no_acknowledgement(rig: FreshdeskRig) -> None:
    rig.vendor.given_to = THREE
    seen = await opened(rig)
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.acknowledged, seen.assignee) == (False, None)


async def test_a_field_that_is_lacking_is_named(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.fields[2] |= {"required_for_closure": True, "required_for_agents": True}
    findings = {each.what: each for each in await rig.connector.check()}
    assert "cf_service (Service)" in findings["required to create"].text
    assert "cf_service (Service)" in findings["required to end"].text
    over = wanted(state="resolved", comments=comments("it is up"), said=1)
    ended = await rig.connector.apply(over, known(seen))
    created = await rig.connector.apply(wanted(), nothing_known())
    for result in (ended, created):
        assert result.outcome is Outcome.PERMANENT
        assert "cf_service: It should not be blank" in result.reason
    assert ended.observed is not None
    assert ended.observed.comments == ("90c1d2e3-1",)


async def test_comments_may_be_public(rig: FreshdeskRig) -> None:
    connector = rig.made(public_comments=True)
    await done(connector.apply(wanted(comments=comments("news"), said=1), nothing_known()))
    assert [each["private"] for each in rig.vendor.tickets[0]["notes"]] == [False]


async def test_notes_beyond_a_page_are_seen(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    for number in range(120):
        rig.vendor.person(seen.id, f"word {number}")
    await done(rig.connector.apply(wanted(comments=comments("news"), said=1), known(seen)))
    seen = await done(rig.connector.read(known(seen)))
    assert seen.comments == ("90c1d2e3-1",)
    assert seen.remarks[-1].text == "word 119"


async def test_a_priority_of_no_name_is_left_alone(rig: FreshdeskRig) -> None:
    connector = rig.made(priorities={"low": ""})
    seen = await done(connector.apply(wanted(priority="high"), nothing_known()))
    await done(connector.apply(wanted(priority="low"), known(seen, "high")))
    assert [each["priority"] for each in rig.vendor.tickets] == [3]


async def test_our_open_tickets_are_listed_as_far_as_the_search_is(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.add(OTHER)
    assert (await rig.connector.ours(50))[1] == []
    rig.now += 3600
    for drops in (False, True):
        rig.vendor.drops_filters = drops
        result, ours = await rig.connector.ours(50)
        assert result.outcome is Outcome.OK
        assert [(each.id, each.key) for each in ours] == [(seen.id, KEY)]


async def test_a_slow_creation_is_in_doubt_and_found(rig: FreshdeskRig) -> None:
    slow = rig.made(timeout=1)
    rig.vendor.misbehave(Fault.SLOW, "POST", seconds=60)
    assert (await slow.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    assert (await done(slow.read(nothing_known()))).key == KEY


async def test_what_a_person_closed_meanwhile_is_left_as_it_is(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, status=5)
    before = len(rig.vendor.writes)
    after = await done(rig.connector.apply(OVER, known(seen)))
    assert after.state is RemoteState.RESOLVED
    assert [each for each in rig.vendor.writes[before:] if each.method == "PUT"] == []
