"""A ticket's life in Jira: created, commented, moved, lost sight of; in Cloud and in Data Center."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerting.connectors.base import Outcome
from alerting.messages import RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    OTHER,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.jira_rig import NOW, JiraRig, opened, over, seen_by, site
from tests.fakes import jira as fake
from tests.fakes.vendor import Fault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[JiraRig]:
    async with site() as rig:
        yield rig


@pytest.fixture(params=["cloud", "dc"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[JiraRig]:
    async with site(request.param) as rig:
        yield rig


async def test_an_issue_carries_the_key_as_a_label_and_as_a_property(either: JiraRig) -> None:
    await opened(either)
    issue = either.issue()
    assert issue["fields"]["labels"] == [KEY, "tocsin-agent-1"]
    assert issue["properties"] == {"tocsin": {"key": KEY, "agent": "agent-1"}}


async def test_with_a_field_for_the_key_there_are_no_labels() -> None:
    rig = JiraRig(key_field="customfield_10080")
    rig.vendor.screen.discard("labels")
    observed = await opened(rig)
    await rig.settle()
    assert rig.issue()["fields"]["customfield_10080"] == KEY
    assert (await done(rig.connector.read(nothing_known()))).id == observed.id
    # The search finds by words: it shows this one for every key.
    rig.vendor.make({"summary": "x", "customfield_10080": f"{KEY} and more"}, {})
    rig.now += 60
    assert (await rig.connector.read(nothing_known(OTHER))).observed is None
    result, twins = await rig.connector.twins(nothing_known())
    assert (result.outcome, [each.id for each in twins]) == (Outcome.OK, [observed.id])
    await rig.connector.aclose()
    rig.vendor.close()


async def test_a_whole_life(either: JiraRig) -> None:
    rig = either
    seen = await opened(rig, priority="low", comments=comments("first"), said=1)
    seen = await done(rig.connector.read(known(seen, "low")))
    assert (seen.priority, seen.comments, seen.acknowledged) == ("Low", ("90c1d2e3-1",), False)
    await done(rig.connector.apply(wanted(priority="critical"), known(seen, "low")))
    await done(rig.connector.apply(over(), known(seen, "critical")))
    seen = await seen_by(rig, seen)
    assert (seen.state, seen.priority, seen.by) == (RemoteState.RESOLVED, "Highest", None)
    assert rig.issue()["fields"]["resolution"] == {"name": "Done"}
    await done(rig.connector.apply(wanted(), known(seen)))
    seen = await seen_by(rig, seen)
    assert (seen.state, seen.acknowledged) == (RemoteState.OPEN, False)
    assert rig.issue()["fields"]["resolution"] is None
    await rig.human("close", seen.id)
    seen = await seen_by(rig, seen)
    assert (seen.state, seen.by) == (RemoteState.RESOLVED, "Agent Two")


async def test_who_a_project_assigns_by_itself_has_not_taken_it(either: JiraRig) -> None:
    seen = await seen_by(either, await opened(either))
    assert (seen.assignee, seen.acknowledged) == (None, False)
    await either.human("assign", seen.id)
    seen = await seen_by(either, seen)
    assert (seen.assignee, seen.acknowledged) == ("Agent Two", True)


async def test_who_begins_has_taken_it(rig: JiraRig) -> None:
    observed = await opened(rig)
    rig.vendor.moved(rig.issue(), fake.TWO, "In Progress")
    seen = await seen_by(rig, observed)
    assert (seen.acknowledged, seen.by, seen.state) == (True, "Agent Two", RemoteState.OPEN)


async def test_an_issue_that_the_search_does_not_show_yet_is_there_when_it_does(rig: JiraRig) -> None:
    rig.vendor.misbehave(Fault.LOST_ANSWER, "POST", "/issue$")
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    assert (await rig.connector.read(nothing_known())).observed is None
    await rig.settle()
    assert (await done(rig.connector.read(nothing_known()))).id == "OPS-1"
    assert rig.connector.visibility_lag >= 30


async def test_comments_are_internal_unless_they_are_to_be_public() -> None:
    rig = JiraRig(public_comments=True)
    await opened(rig, comments=comments("news"), said=1)
    (ticket,) = await rig.there()
    assert "news" in ticket.public[0]
    await rig.connector.aclose()
    rig.vendor.close()


async def test_a_person_who_quotes_our_comment_is_heard(either: JiraRig) -> None:
    observed = await opened(either, comments=comments("news"), said=1)
    either.vendor.say(either.issue(), fake.TWO, either.body("[tocsin 90c1d2e3-1] I am on it"))
    seen = await seen_by(either, observed)
    assert [each.by for each in seen.remarks] == ["Agent Two"]
    assert seen.comments == ("90c1d2e3-1",)
    assert seen.remarks[0].at == int(NOW) * 1_000_000


async def test_of_several_ends_the_usual_one_is_taken_and_the_named_one_first(rig: JiraRig) -> None:
    observed = await opened(rig)
    await done(rig.connector.apply(over(), known(observed)))
    assert rig.issue()["fields"]["status"] == "Done"
    await done(rig.connector.apply(wanted(), known(await seen_by(rig, observed))))
    for name in ("decline", "Declined"):
        connector = rig.made(resolve=name)
        await done(connector.apply(over(), known(await seen_by(rig, observed))))
        assert rig.issue()["fields"]["status"] == "Declined"
        await done(connector.apply(wanted(), known(await seen_by(rig, observed))))
        await connector.aclose()


@pytest.mark.parametrize("listed", [True, False])
async def test_a_resolution_that_cannot_be_set_does_not_hold_up_the_end(
    either: JiraRig, listed: bool
) -> None:
    either.vendor.resolution_listed, either.vendor.resolution_taken = listed, False
    observed = await opened(either)
    await done(either.connector.apply(over(), known(observed)))
    assert (await seen_by(either, observed)).state is RemoteState.RESOLVED
    sent = [each.body for each in either.vendor.writes if each.path.endswith("/transitions")]
    assert ["fields" in each for each in sent] == ([True, False] if listed else [False])


async def test_an_issue_that_cannot_be_resolved_says_which_ways_there_are(rig: JiraRig) -> None:
    rig.vendor.steps = [("11", "Begin", "In Progress", ("To Do",))]
    observed = await opened(rig)
    result = await rig.connector.apply(over(comments=comments("it is up"), said=1), known(observed))
    assert result.outcome is Outcome.PERMANENT
    assert "from To Do no transition leads to a status of the category Done" in result.reason
    assert "Begin → In Progress" in result.reason
    assert result.observed is not None
    assert result.observed.comments == ("90c1d2e3-1",)


async def test_a_comment_that_is_refused_does_not_hold_up_the_end(rig: JiraRig) -> None:
    observed = await opened(rig)
    rig.vendor.refuses_comments = True
    result = await rig.connector.apply(over(comments=comments("it is up"), said=1), known(observed))
    assert result.outcome is Outcome.PERMANENT
    assert "You do not have the permission to comment" in result.reason
    assert (await seen_by(rig, observed)).state is RemoteState.RESOLVED


async def test_an_end_that_no_transition_leads_out_of_is_for_good(rig: JiraRig) -> None:
    rig.vendor.steps = [each for each in rig.vendor.steps if each[1] != "Reopen"]
    observed = await opened(rig)
    await done(rig.connector.apply(over(), known(observed)))
    assert (await seen_by(rig, observed)).state is RemoteState.CLOSED


async def test_one_that_goes_on_from_another_is_linked_to_it(either: JiraRig) -> None:
    await opened(either, follows="OPS-7", duplicate_of=OTHER)
    issue = either.issue()
    assert [each["object"]["url"] for each in issue["links"]] == [f"{either.vendor.url}/browse/OPS-7"]
    (ticket,) = await either.there()
    assert OTHER in ticket.whole.replace("\\", "")


async def test_a_permission_that_is_lost_is_no_ticket_that_is_gone(either: JiraRig) -> None:
    observed = await opened(either)
    either.vendor.hidden = True
    for call in (
        either.connector.read(known(observed)),
        either.connector.read(nothing_known()),
        either.connector.apply(over(), known(observed)),
        either.connector.apply(wanted(), nothing_known(OTHER)),
    ):
        result = await call
        assert result.outcome is Outcome.BROKEN, result
        assert result.reason


async def test_an_issue_that_was_deleted_is_gone(either: JiraRig) -> None:
    observed = await opened(either)
    either.issue()["deleted"] = True
    assert (await seen_by(either, observed)).state is RemoteState.GONE
    result = await either.connector.apply(over(), known(observed))
    assert result.outcome is Outcome.PERMANENT


async def test_an_issue_that_was_moved_to_another_project_is_followed(either: JiraRig) -> None:
    observed = await opened(either)
    either.issue()["keys"].insert(0, "WEB-7")
    seen = await seen_by(either, observed)
    assert (seen.id, seen.key) == ("WEB-7", KEY)
    await done(either.connector.apply(over(), known(seen)))
    assert (await seen_by(either, seen)).state is RemoteState.RESOLVED


async def test_a_search_that_was_taken_away_finds_no_absence(rig: JiraRig) -> None:
    rig.vendor.misbehave(Fault.GONE, "POST", "/search", times=5)
    result = await rig.connector.read(nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "the search is refused: HTTP 410" in result.reason
    assert (await rig.connector.ours(10))[0].outcome is Outcome.BROKEN


async def test_the_limit_that_was_met_is_named(rig: JiraRig) -> None:
    rig.vendor.limited = "jira-per-issue-on-write"
    observed = await opened(rig)
    result = await rig.connector.apply(wanted(comments=comments("a"), said=1), known(observed))
    assert (result.outcome, result.after) == (Outcome.RETRY, 7.0)
    assert "jira-per-issue-on-write" in result.reason


@pytest.mark.parametrize("status", [404, 410])
async def test_where_no_issue_can_be_created_none_is_to_blame(rig: JiraRig, status: int) -> None:
    if status == 410:
        rig.vendor.misbehave(Fault.GONE, "POST", "/issue$")
    else:
        rig.vendor.takes_issues = False
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert f"HTTP {status}" in result.reason


async def test_one_issue_that_we_may_not_write_to_holds_up_no_other(either: JiraRig) -> None:
    observed = await opened(either)
    either.vendor.misbehave(Fault.FORBIDDEN, "POST", "/comment$")
    more = wanted(comments=comments("news"), said=1)
    assert (await either.connector.apply(more, known(observed))).outcome is Outcome.PERMANENT
    either.vendor.misbehave(Fault.FORBIDDEN, times=20)
    assert (await either.connector.apply(more, known(observed))).outcome is Outcome.BROKEN
    either.vendor.behave()
    either.vendor.misbehave(Fault.FORBIDDEN, "POST", "/issue$")
    assert (await either.connector.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN


async def test_a_search_as_nobody_finds_no_absence(either: JiraRig) -> None:
    await seen_by(either, await opened(either))
    either.vendor.public, either.vendor.token = True, "another-token-of-the-bot"
    told = [await either.connector.read(nothing_known())]
    told += [(await either.connector.ours(10))[0], (await either.connector.twins(nothing_known()))[0]]
    assert [each.outcome for each in told] == [Outcome.BROKEN] * 3
