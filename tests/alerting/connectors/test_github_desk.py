"""A ticket's life in GitHub issues: created, commented, labelled, closed, lost sight of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerting.connectors.base import Outcome, Setting
from alerting.connectors.github import GithubOptions
from alerting.connectors.github_desk import Github
from alerting.messages import Known, RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    OTHER,
    SINCE,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.github_rig import NOW, GithubRig, opened, over, seen_by, site
from tests.fakes import github as fake
from tests.fakes.vendor import Fault

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[GithubRig]:
    async with site() as rig:
        yield rig


def labels(rig: GithubRig, number: int = 1) -> list[str]:
    return [each["name"] for each in rig.issue(number)["labels"]]


async def test_the_key_is_in_a_line_that_is_not_shown(rig: GithubRig) -> None:
    await opened(rig)
    assert rig.issue()["body"].endswith(f"\n\n<!-- [tocsin {KEY}] -->")
    assert labels(rig) == ["tocsin-agent-1", "priority-high"]


async def test_a_whole_life(rig: GithubRig) -> None:
    seen = await opened(rig, priority="low", comments=comments("first"), said=1)
    rig.issue()["labels"].append({"name": "bug"})
    await done(rig.connector.apply(wanted(priority="critical"), known(seen, "low")))
    assert labels(rig) == ["tocsin-agent-1", "bug", "priority-critical"]
    seen = await seen_by(rig, seen)
    assert (seen.priority, seen.comments, seen.remarks) == ("priority-critical", ("90c1d2e3-1",), ())
    await done(rig.connector.apply(over(), known(seen, "critical")))
    assert (rig.issue()["state"], rig.issue()["state_reason"]) == ("closed", "completed")
    seen = await seen_by(rig, seen)
    assert (seen.state, seen.by) == (RemoteState.RESOLVED, None)
    await done(rig.connector.apply(wanted(), known(seen, "high")))
    assert (rig.issue()["state"], rig.issue()["state_reason"]) == ("open", "reopened")
    await rig.human("assign", seen.id)
    seen = await seen_by(rig, seen)
    assert (seen.state, seen.acknowledged, seen.assignee) == (RemoteState.OPEN, True, "agent-two")
    await rig.human("close", seen.id)
    seen = await seen_by(rig, seen)
    assert (seen.state, seen.by) == (RemoteState.RESOLVED, "agent-two")
    assert seen.url == "https://github.example.org/example/operations/issues/1"


async def test_whom_the_configuration_assigns_has_not_taken_it() -> None:
    async with site(fields={"assignees": ["agent-one"]}) as rig:
        seen = await seen_by(rig, await opened(rig))
        assert rig.issue()["assignees"] == [{"login": "agent-one"}]
        assert (seen.acknowledged, seen.assignee) == (False, None)


async def test_whom_a_label_assigns_has_not_taken_it() -> None:
    async with site(fields={"assignees": ["${label.owner}"]}) as rig:
        observed = await opened(rig, labels={"owner": "agent-one"})
        assert rig.issue()["assignees"] == [{"login": "agent-one"}]
        seen = await seen_by(rig, observed)
        found = await done(rig.connector.read(nothing_known()))
        assert [seen.acknowledged, found.acknowledged] == [False, False]
        rig.issue()["assignees"].append({"login": fake.TWO})
        for each in (seen, found):
            later = await seen_by(rig, each)
            assert (later.acknowledged, later.assignee) == (True, fake.TWO)


async def test_labels_are_told_apart_as_github_does_it() -> None:
    async with site(priorities={"high": "p1", "critical": "p0"}) as rig:
        rig.vendor.state["labels"] += ["P1", "Tocsin-Agent-1"]
        seen = await seen_by(rig, await opened(rig))
        assert (labels(rig), seen.priority) == (["Tocsin-Agent-1", "P1"], "P1")
        await done(rig.connector.apply(wanted(priority="critical"), known(seen)))
        assert labels(rig) == ["Tocsin-Agent-1", "p0"]


async def test_very_long_comments_of_people_do_not_hide_the_issue(rig: GithubRig) -> None:
    observed = await opened(rig, comments=comments("news"), said=1)
    for number in range(120):
        rig.vendor.say(rig.issue(), fake.TWO, f"{number}" + "x" * 60_000)
    seen = await seen_by(rig, observed)
    assert seen.remarks[-1].text.startswith("119x")


async def test_a_pull_request_is_no_ticket(rig: GithubRig) -> None:
    text = f"fix\n\n<!-- [tocsin {KEY}] -->"
    rig.vendor.make(fake.BOT, title="x", body=text, labels=["tocsin-agent-1"])["pull_request"] = {"url": "x"}
    assert await rig.connector.read(nothing_known()) == type(await rig.connector.read(nothing_known())).ok(
        None
    )
    assert (await rig.connector.twins(nothing_known()))[1] == []
    assert (await rig.connector.ours(10))[1] == []


async def test_it_is_found_by_list_among_many_and_never_by_search(rig: GithubRig) -> None:
    for number in range(150):
        rig.vendor.make(fake.BOT, title="x", body=f"[tocsin toc-{number:032x}]", labels=["tocsin-agent-1"])
    observed = await opened(rig)
    assert (await done(rig.connector.read(nothing_known()))).id == observed.id == "151"
    assert not [each for each in rig.vendor.requests if "search" in each.path]


async def test_only_what_changed_since_it_was_asked_for_is_looked_through(rig: GithubRig) -> None:
    await rig.connector.read(Known(KEY, SINCE))
    (listing,) = [each for each in rig.vendor.requests if each.path.endswith("/issues")]
    assert listing.first("since") == "2026-09-21T14:08:20Z"
    assert listing.first("labels") == "tocsin-agent-1"
    assert listing.first("state") == "all"


async def test_more_issues_than_can_be_looked_through_are_no_absence(rig: GithubRig) -> None:
    for _ in range(2000):
        rig.vendor.make(fake.TWO, title="x", body="", labels=["tocsin-agent-1"])
    result = await rig.connector.read(nothing_known())
    assert result.outcome is Outcome.RETRY
    assert "more than 2000 issues" in result.reason


async def test_labels_that_are_dropped_are_told_loudly(rig: GithubRig) -> None:
    rig.vendor.may_label = False
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "the label tocsin-agent-1 was dropped" in result.reason
    assert result.observed is not None
    assert result.observed.id == "1"
    findings = await rig.connector.check()
    assert [(each.what, each.ok) for each in findings] == [
        ("login", True),
        ("repository example/operations", False),
    ]


async def test_a_locked_issue_is_closed_without_its_comment(rig: GithubRig) -> None:
    observed = await opened(rig)
    rig.issue()["locked"] = True
    result = await rig.connector.apply(over(comments=comments("it is up"), said=1), known(observed))
    assert result.outcome is Outcome.PERMANENT
    assert "issue is locked" in result.reason
    assert rig.issue()["state"] == "closed"


@pytest.mark.parametrize(
    ("limit", "after"),
    [
        (
            (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 90:.0f}"}, "API rate limit"),
            90.0,
        ),
        ((429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 90:.0f}"}, ""), 90.0),
        ((403, {"Retry-After": "75"}, "You have exceeded a secondary rate limit."), 75.0),
        ((403, {}, "You have exceeded a secondary rate limit."), 60.0),
        ((403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW - 9:.0f}"}, "limit"), 1.0),
    ],
)
async def test_limits_are_waited_out(rig: GithubRig, limit: Any, after: float) -> None:
    rig.vendor.limit = limit
    result = await rig.connector.apply(wanted(), nothing_known())
    assert (result.outcome, result.after) == (Outcome.RETRY, after)
    rig.vendor.limit = (403, {}, "Resource not accessible by personal access token")
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN


async def test_writes_are_one_at_a_time_and_apart(rig: GithubRig) -> None:
    options = GithubOptions.model_validate(dict(rig.connector._options))
    slow = Github(options, Setting("github", "agent-1", lambda: NOW), between_writes=0.05)
    clock = asyncio.get_running_loop().time
    began = clock()
    keys = [f"toc-{number:032x}" for number in range(3)]
    await asyncio.gather(*(done(slow.apply(wanted(key=key), nothing_known(key))) for key in keys))
    assert clock() - began >= 0.1
    await slow.aclose()


def test_the_limits_are_those_that_are_asked_for() -> None:
    options = GithubOptions.model_validate({"repo": fake.REPO, "token": "t", "timeout": "60s"})
    usual = Github(options, Setting("github", "agent-1", time.time))
    assert usual._api._between >= 1
    assert usual.limits.at_once == 1
    assert usual.limits.per_minute <= 80
    assert usual.limits.deadline >= 30 + 4 * 60


@pytest.mark.parametrize("what", ["hidden", "archived", "renamed", "has_issues"])
async def test_a_repository_that_takes_no_issues_has_no_verdict_on_one(rig: GithubRig, what: str) -> None:
    observed = await opened(rig)
    setattr(rig.vendor, what, what != "has_issues")
    calls = [
        rig.connector.apply(over(), known(observed)),
        rig.connector.apply(wanted(), nothing_known(OTHER)),
    ]
    if what != "archived":  # there issues can still be read
        calls += [rig.connector.read(known(observed)), rig.connector.read(nothing_known(OTHER))]
    for call in calls:
        result = await call
        assert result.outcome is Outcome.BROKEN, result
        assert result.reason
    findings = await rig.connector.check()
    assert [each.what for each in findings if each.ok is False] == ["repository example/operations"]


@pytest.mark.parametrize("how", ["deleted", "transferred"])
async def test_an_issue_that_was_taken_away_is_gone(rig: GithubRig, how: str) -> None:
    observed = await opened(rig)
    rig.issue()[how] = True
    assert (await seen_by(rig, observed)).state is RemoteState.GONE
    result = await rig.connector.apply(over(), known(observed))
    assert result.outcome is Outcome.PERMANENT


async def test_what_is_refused_is_named(rig: GithubRig) -> None:
    connector = rig.made(fields={"assignees": ["nobody"]})
    result = await connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.PERMANENT
    assert "Validation Failed; assignees invalid" in result.reason
    await connector.aclose()


async def test_a_list_that_is_taken_away_finds_no_absence(rig: GithubRig) -> None:
    rig.vendor.misbehave(Fault.GONE, "GET", "/issues$", times=5)
    assert (await rig.connector.read(nothing_known())).outcome is Outcome.BROKEN
    assert (await rig.connector.ours(5))[0].outcome is Outcome.BROKEN


async def test_one_that_goes_on_from_another_links_to_it(rig: GithubRig) -> None:
    await opened(rig, follows="12", duplicate_of=OTHER)
    body = rig.issue()["body"]
    assert body.startswith("Goes on from #12\n\n")
    assert OTHER in body.replace("\\", "")


async def test_a_person_who_quotes_our_comment_is_heard(rig: GithubRig) -> None:
    observed = await opened(rig, comments=comments("news"), said=1)
    rig.vendor.say(rig.issue(), fake.TWO, "> news\n<!-- [tocsin 90c1d2e3-1] -->\nI am on it")
    seen = await seen_by(rig, observed)
    assert [(each.by, each.at) for each in seen.remarks] == [("agent-two", int(NOW) * 1_000_000)]


async def test_the_latest_of_very_many_comments_are_read(rig: GithubRig) -> None:
    observed = await opened(rig)
    for number in range(250):
        rig.vendor.say(rig.issue(), fake.TWO, f"chat {number}")
    await done(rig.connector.apply(wanted(comments=comments("news"), said=1), known(observed)))
    seen = await seen_by(rig, observed)
    assert seen.comments == ("90c1d2e3-1",)
    assert seen.remarks[-1].text == "chat 249"


async def test_a_twin_is_found_and_closed_with_a_note(rig: GithubRig) -> None:
    kept = await opened(rig)
    twin = await opened(rig)
    rig.vendor.make(fake.TWO, title="copied", body=rig.issue()["body"], labels=["tocsin-agent-1"])
    result, twins = await rig.connector.twins(nothing_known())
    assert (result.outcome, [each.id for each in twins]) == (Outcome.OK, [kept.id, twin.id])
    for _ in range(2):
        await done(rig.connector.end_twin(twins[1], twins[0]))
    assert [each["state"] for each in rig.vendor.issues] == ["open", "closed", "open"]
    assert len(rig.issue(2)["said"]) == 1
    assert "issue 1 goes on" in rig.issue(2)["said"][0]["body"]
    assert [each.id for each in (await rig.connector.ours(10))[1]] == [kept.id]


async def test_open_issues_of_ours_are_listed(rig: GithubRig) -> None:
    keys = [f"toc-{number:032x}" for number in range(5)]
    for key in keys:
        await done(rig.connector.apply(wanted(key=key), nothing_known(key)))
    of_another = rig.made(agent="agent-2")
    await done(of_another.apply(wanted(), nothing_known()))
    rig.vendor.moved(rig.issue(4), fake.TWO, "closed")
    result, found = await rig.connector.ours(100)
    assert result.outcome is Outcome.OK
    assert [each.key for each in found] == [keys[4], keys[2], keys[1], keys[0]]
    assert len((await rig.connector.ours(2))[1]) == 2
    await of_another.aclose()


async def test_a_check_up_names_labels_that_are_not_there_yet(rig: GithubRig) -> None:
    findings = {each.what: each for each in await rig.connector.check()}
    assert findings["login"].text == "as tocsin-bot"
    assert findings["labels"].ok is True
    assert "priority-critical" in findings["labels"].text
    rig.vendor.state["labels"] = ["TOCSIN-agent-1", *(f"priority-{each}" for each in
                                  ("critical", "high", "medium", "low", "informational"))]  # fmt: skip
    findings = {each.what: each for each in await rig.connector.check()}
    assert findings["labels"].text == "all there"
