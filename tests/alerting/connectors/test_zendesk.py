"""Zendesk against a fake: one ticket for a key, what is closed is final, merged tickets, few updates, signed calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerting.connectors.base import Outcome
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
from tests.alerting.connectors.zendesk_rig import OVER, ZendeskRig, opened, rigged
from tests.fakes import zendesk
from tests.fakes.vendor import Fault, Reply
from tests.fakes.zendesk import THREE, TWO

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[ZendeskRig]:
    async with rigged() as rig:
        yield rig


class TestContract(Conformance):
    def look_at_hostile(self, ticket: There) -> None:
        assert "@everyone" not in ticket.whole
        assert "<script>" in ticket.whole  # as text: in HTML it was escaped


async def test_text_of_others_is_no_markup(rig: ZendeskRig) -> None:
    await opened(rig, description=NASTY, comments=comments(NASTY), said=1)
    for request in rig.vendor.writes:
        said = request.body["ticket"]["comment"]
        assert "<script" not in said["html_body"]
        assert "@everyone" not in said["html_body"] + said["body"]


async def test_the_header_lasts_for_hours_and_the_key_for_ever(rig: ZendeskRig) -> None:
    first = await opened(rig)
    rig.now += 3 * 3600
    again = await opened(rig)
    assert again.id == first.id
    assert len(rig.vendor.tickets) == 1


async def test_an_answer_that_came_too_late_is_asked_for_again_with_the_same_bytes(rig: ZendeskRig) -> None:
    rig.vendor.misbehave(Fault.SLOW, "POST", r"/tickets$", seconds=60)
    slow = rig.made(timeout=1)
    assert (await slow.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    await opened(rig)
    assert len(rig.vendor.tickets) == 1


async def test_a_key_that_was_used_for_another_body_makes_nothing_new(rig: ZendeskRig) -> None:
    await opened(rig)
    rig.vendor.person("1", gone=True)  # not found any more, while the header is still remembered
    result = await rig.connector.apply(wanted(priority="low"), nothing_known())
    assert result.outcome is Outcome.IN_DOUBT
    assert rig.vendor.tickets == []


async def test_other_tickets_are_never_ours_when_the_filter_is_dropped(rig: ZendeskRig) -> None:
    rig.vendor.add()
    rig.vendor.add(external_id=OTHER)
    rig.vendor.drops_filters = True
    result = await rig.connector.read(nothing_known())
    assert (result.outcome, result.observed) == (Outcome.BROKEN, None)
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN
    assert rig.vendor.writes == []
    assert {each.what: each.ok for each in await rig.connector.check()}["key"] is False


async def test_of_several_the_oldest_is_ours_and_twins_are_ended_with_a_note(rig: ZendeskRig) -> None:
    first = await opened(rig)
    twin = rig.vendor.add(external_id=KEY, submitter_id=zendesk.BOT)
    rig.vendor.add(external_id=KEY)  # somebody else wrote it
    assert (await done(rig.connector.read(nothing_known()))).id == first.id
    result, twins = await rig.connector.twins(nothing_known())
    assert result.outcome is Outcome.OK
    assert [each.id for each in twins] == [first.id, twin]
    for _ in range(2):
        ended = await done(rig.connector.end_twin(twins[1], first))
        assert ended.state is RemoteState.RESOLVED
    notes = rig.vendor.find(twin)["comments"][1:]  # type: ignore[index]
    assert [each["public"] for each in notes] == [False]
    assert f"ticket {first.id} goes on" in notes[0]["body"]


async def test_what_is_deleted_is_gone(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, gone=True)
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    news = wanted(comments=comments("news"), said=1)
    assert (await rig.connector.apply(news, known(seen))).outcome is Outcome.PERMANENT


async def test_what_is_closed_is_final_and_followed_up(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, status="closed")
    refused = await rig.connector.apply(wanted(priority="critical"), known(seen))
    assert refused.outcome is Outcome.PERMANENT
    assert "closed prevents" in refused.reason
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.CLOSED
    after = await done(rig.connector.apply(wanted(key=OTHER, follows=seen.id), nothing_known(OTHER)))
    assert rig.vendor.find(after.id)["followup"] == int(seen.id)  # type: ignore[index]


async def test_what_cannot_be_followed_up_is_named_all_the_same(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.person(seen.id, gone=True)
    await done(rig.connector.apply(wanted(key=OTHER, follows=seen.id), nothing_known(OTHER)))
    (ticket,) = rig.vendor.tickets
    assert ticket["followup"] is None
    assert "Goes on from: 1" in " ".join(ticket["comments"][0]["body"].split())


async def test_news_of_a_merged_ticket_goes_once_to_the_one_that_is_left(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    first = wanted(comments=comments("first news"), said=1)
    rig.vendor.misbehave(Fault.LOST_ANSWER, "PUT")
    assert (await rig.connector.apply(first, known(seen))).outcome is Outcome.IN_DOUBT
    kept = rig.vendor.add()
    rig.vendor.person(kept, "older than ours", by=THREE)
    rig.now += 3600
    rig.vendor.merge(seen.id, kept)
    two = wanted(comments=comments("first news", "second news"), said=2)
    assert (await rig.connector.apply(two, known(seen))).outcome is Outcome.PERMANENT
    merged = await done(rig.connector.read(known(seen)))
    assert (merged.id, merged.state, merged.key) == (kept, RemoteState.MERGED, None)
    assert merged.comments == ("90c1d2e3-1",)
    worse = wanted(comments=two.comments, said=2, priority="critical", state="resolved")
    for _ in range(2):
        await done(rig.connector.apply(worse, known(merged)))
        merged = await done(rig.connector.read(known(merged)))
        assert (merged.id, merged.state) == (kept, RemoteState.MERGED)
    said = [each["body"] for each in rig.vendor.find(kept)["comments"] if "news" in each["body"]]  # type: ignore[index]
    assert ["second news" in text for text in said] == [True]
    assert rig.vendor.find(kept)["status"] == "new"  # type: ignore[index]


async def test_a_merged_ticket_is_found_by_its_key_and_ends_with_the_other(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    kept, last = rig.vendor.add(), rig.vendor.add()
    rig.vendor.merge(seen.id, kept)
    rig.vendor.merge(kept, last)
    found = await done(rig.connector.read(nothing_known()))
    assert (found.id, found.state, found.memo["former"]) == (last, RemoteState.MERGED, [seen.id, kept])
    rig.vendor.person(last, status="solved")
    assert (await done(rig.connector.read(known(found)))).state is RemoteState.RESOLVED


async def test_merged_into_what_is_not_for_us_to_see_is_closed(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    kept = rig.vendor.add()
    rig.vendor.merge(seen.id, kept)
    rig.vendor.misbehave(Fault.FORBIDDEN, "GET", f"/tickets/{kept}$", times=5)
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.CLOSED


async def test_a_field_that_solving_asks_for_is_named(rig: ZendeskRig) -> None:
    rig.vendor.required = {360077: "Root cause"}
    required = {"id": 360077, "type": "text", "title": "Root cause", "required": True, "active": True}
    rig.vendor.fields.append(required)
    findings = {each.what: each for each in await rig.connector.check()}
    assert findings["required to solve"].ok is False
    assert "360077 (Root cause)" in findings["required to solve"].text
    seen = await opened(rig)
    over = wanted(state="resolved", comments=comments("it is up"), said=1)
    result = await rig.connector.apply(over, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "Root cause" in result.reason
    assert "360077" in result.reason
    assert result.observed is not None
    assert result.observed.comments == ("90c1d2e3-1",)  # what was to be said was said
    filled = rig.made(fields={"360077": "see the ticket"})
    assert all(each.ok for each in await filled.check())


async def test_nobodys_ticket_is_solved_in_our_name(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    await done(rig.connector.apply(OVER, known(seen)))
    (ticket,) = rig.vendor.tickets
    assert (ticket["status"], ticket["assignee_id"]) == ("solved", zendesk.BOT)
    after = await done(rig.connector.read(known(seen)))
    assert (after.acknowledged, after.assignee) == (False, None)


async def test_a_person_who_was_quicker_is_not_overwritten(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    act = rig.vendor.answer

    def meanwhile(request: Any) -> Any:
        if request.method == "PUT":
            rig.vendor.person(seen.id, "wait, I am at it")
        return act(request)

    rig.vendor.answer = meanwhile  # type: ignore[method-assign]
    result = await rig.connector.apply(OVER, known(seen))
    assert result.outcome is Outcome.RETRY
    assert rig.vendor.find(seen.id)["status"] == "new"  # type: ignore[index]


async def test_a_change_whose_guard_is_refused_goes_without_it(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    answer = rig.vendor.answer

    def strict(request: Any) -> Any:
        if request.method == "PUT" and {"safe_update", "updated_stamp"} & request.body["ticket"].keys():
            return Reply(422, {"error": "RecordInvalid", "description": "unknown member"})
        return answer(request)

    rig.vendor.answer = strict  # type: ignore[method-assign]
    after = await done(rig.connector.apply(wanted(state="resolved"), known(seen)))
    assert after.state is RemoteState.RESOLVED


async def test_a_flapping_ticket_stays_within_thirty_updates_in_ten_minutes(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    for flap in range(20):
        state = "resolved" if flap % 2 else "open"
        news = tuple(comments(*(f"news {flap}.{n}" for n in range(3))))
        desired = wanted(state=state, comments=tuple(_renamed(news, flap)), said=3 * flap + 3)
        seen = await done(rig.connector.apply(desired, known(seen)))
        seen = await done(rig.connector.read(known(seen)))
        rig.now += rig.connector.limits.per_ticket
    assert len({mark for mark in seen.comments if mark.startswith("flap-")}) == 57


def _renamed(news: Any, flap: int) -> Any:
    """Comments with ids of their own."""
    from dataclasses import replace

    return () if flap == 0 else (replace(each, id=f"flap-{flap}-{n}") for n, each in enumerate(news))


async def test_a_priority_of_no_name_is_left_alone(rig: ZendeskRig) -> None:
    connector = rig.made(priorities={"low": "", "high": "urgent"})
    seen = await done(connector.apply(wanted(priority="low"), nothing_known()))
    assert [each["priority"] for each in rig.vendor.tickets] == [None]
    await done(connector.apply(wanted(priority="high"), known(seen, "low")))
    await done(connector.apply(wanted(priority="low"), known(seen, "high")))
    assert rig.vendor.tickets[0]["priority"] == "urgent"


async def test_what_a_trigger_gave_to_somebody_is_no_acknowledgement(rig: ZendeskRig) -> None:
    rig.vendor.given_to = THREE
    seen = await opened(rig)
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.acknowledged, seen.assignee) == (False, None)
    rig.vendor.person(seen.id, assignee_id=TWO)
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.acknowledged, seen.assignee) == (True, "Agent Two")


async def test_a_person_who_quotes_our_comment_says_something_of_their_own(rig: ZendeskRig) -> None:
    seen = await opened(rig, comments=comments("news"), said=1)
    rig.vendor.person(seen.id, "> news [tocsin 90c1d2e3-9] what is that?")
    seen = await done(rig.connector.read(known(seen)))
    assert seen.comments == ("90c1d2e3-1",)
    assert len(seen.remarks) == 1


async def test_comments_beyond_a_page_are_seen(rig: ZendeskRig) -> None:
    seen = await opened(rig, comments=comments("news"), said=1)
    for number in range(120):
        rig.vendor.person(seen.id, f"word {number}")
    seen = await done(rig.connector.read(known(seen)))
    assert seen.comments == ("90c1d2e3-1",)
    assert len(seen.remarks) == 100


async def test_our_open_tickets_are_listed_as_far_as_the_search_is(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.add(external_id=OTHER, tags=["tocsin_another"])
    assert (await rig.connector.ours(50))[1] == []
    rig.now += 3600
    for drops in (False, True):
        rig.vendor.drops_filters = drops
        result, ours = await rig.connector.ours(50)
        assert result.outcome is Outcome.OK
        assert [(each.id, each.key) for each in ours] == [(seen.id, KEY)]


@pytest.mark.parametrize("fault", [Fault.GONE, Fault.ERROR_PAGE])
async def test_a_search_that_is_gone_is_no_empty_one(rig: ZendeskRig, fault: Fault) -> None:
    rig.vendor.misbehave(fault, "GET", r"/tickets$", times=9)
    assert (await rig.connector.read(nothing_known())).outcome in (Outcome.BROKEN, Outcome.RETRY)
    rig.vendor.behave()
    seen = await opened(rig)
    rig.vendor.misbehave(Fault.REVOKED, times=9)  # at night
    assert (await rig.connector.read(known(seen))).outcome is Outcome.BROKEN
