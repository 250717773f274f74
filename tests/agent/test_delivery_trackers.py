"""Delivery through the connectors of ticket systems to their fakes: one ticket, whatever answers are lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agent.desk.tickets import PersonsMove
from alerting.connectors import freshdesk, github, jira, servicenow, zendesk
from alerting.connectors.base import ConnectorType
from alerting.connectors.github_desk import Github
from alerting.desk.ticket import Move
from alerting.messages import Observed
from alerting.outgoing import Standing
from tests.alerting.connectors.conformance import Rig, There
from tests.alerting.connectors.delivered import Life, life
from tests.alerting.connectors.freshdesk_rig import FreshdeskRig
from tests.alerting.connectors.github_rig import GithubRig
from tests.alerting.connectors.jira_rig import JiraRig
from tests.alerting.connectors.servicenow_rig import ServiceNowRig
from tests.alerting.connectors.zendesk_rig import ZendeskRig
from tests.fakes.github import REPO
from tests.fakes.vendor import Fault

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Tracker:
    """A ticket system: its type, a rig for its fake, its options, and which requests comment and end.

    `lags`: that its search can show less than there is.
    """

    kind: ConnectorType
    rig: Callable[[], Any]
    options: Callable[[Any], Mapping[str, object]]
    comment: tuple[str, str]
    end: tuple[str, str]
    lags: bool = False


def _jira(flavour: str) -> Tracker:
    def options(vendor: Any) -> Mapping[str, object]:
        user = {"user": vendor.user} if flavour == "cloud" else {}
        return {"flavour": flavour, "url": vendor.url, "project": "OPS", "token": vendor.token, **user}

    comment, end = ("POST", "/comment$"), ("POST", "/transitions$")
    return Tracker(jira.TYPE, lambda: JiraRig(flavour), options, comment, end, lags=True)


_AT_ONCE = replace(github.TYPE, connect=lambda options, setting: Github(options, setting, between_writes=0.0))
TRACKERS = {
    "jira-cloud": _jira("cloud"),
    "jira-dc": _jira("dc"),
    "github": Tracker(
        _AT_ONCE,
        GithubRig,
        lambda vendor: {"url": vendor.url, "repo": REPO, "token": vendor.token},
        ("POST", "/comments$"),
        ("PATCH", r"/issues/\d+$"),
    ),
    "zendesk": Tracker(
        zendesk.TYPE,
        ZendeskRig,
        lambda vendor: {"url": vendor.url, "user": vendor.user, "token": vendor.token},
        ("PUT", r"/tickets/\d+$"),
        ("PUT", r"/tickets/\d+$"),
    ),
    "freshdesk": Tracker(
        freshdesk.TYPE,
        FreshdeskRig,
        lambda vendor: {"url": vendor.url, "token": vendor.token, "requester": "monitoring@example.org"},
        ("POST", "/notes$"),
        ("PUT", r"/tickets/\d+$"),
    ),
    "servicenow": Tracker(
        servicenow.TYPE,
        ServiceNowRig,
        lambda vendor: {"url": vendor.url, "user": vendor.user, "password": vendor.password},
        ("PATCH", "/incident/"),
        ("PATCH", "/incident/"),
    ),
}


class Case:
    """A site that breaks and heals, and what its helpdesk makes of it."""

    def __init__(self, lived: Life, rig: Rig, vendor: Any) -> None:
        self.life, self.rig, self.vendor = lived, rig, vendor

    async def only(self) -> There:
        (ticket,) = await self.rig.there()
        return ticket

    async def says(self, text: str) -> None:
        """One of ours takes our ticket, and says something."""
        await self.life.driven.app.pipeline.move_ticket(1, PersonsMove(Move.ACK, "jo", text))

    @property
    def seen(self) -> Observed:
        observed = self.life.entry.observed
        assert observed is not None
        return observed

    @property
    def ours(self) -> str:
        return str(self.life.driven.app.pipeline.world.tickets[1].state.value)


@asynccontextmanager
async def delivered_to(tracker: Tracker, path: Path, **options: object) -> AsyncIterator[Case]:
    rig = tracker.rig()
    try:
        written = {**tracker.options(rig.vendor), "poll_every": "1m", **options}
        async with life(path, tracker.kind, "helpdesks", **written) as lived:
            rig.vendor.now = lived.now
            yield Case(lived, rig, rig.vendor)
    finally:
        await rig.connector.aclose()
        rig.vendor.close()
    assert rig.vendor.wrong == []
    assert [each for each in rig.vendor._troubles if each.times] == []  # what was to go wrong did


@pytest.mark.parametrize("name", TRACKERS)
async def test_a_whole_life_is_one_ticket_whatever_answer_is_lost(tmp_path: Path, name: str) -> None:
    tracker = TRACKERS[name]
    async with delivered_to(tracker, tmp_path, on_remote_close="reopen") as case:
        case.vendor.misbehave(Fault.LOST_ANSWER, *case.rig.create)
        await case.life.breaks(200)
        assert (case.life.entry.state, (await case.only()).ended) == (Standing.DONE, False)
        assert case.seen.id == (await case.only()).id

        case.vendor.misbehave(Fault.LOST_ANSWER, *tracker.comment)
        await case.says("on my way")
        await case.life.passes(120)
        assert [said.count("on my way") for said in (await case.only()).comments] == [1]

        await case.rig.human("comment", (await case.only()).id)
        before = len(case.vendor.writes)
        await case.life.passes(180)
        assert [each.text for each in case.seen.remarks] == ["hello from Agent Two"]
        assert len(case.vendor.writes) == before  # nobody is told what they said themselves

        case.vendor.misbehave(Fault.LOST_ANSWER, *tracker.end)
        await case.life.heals(180)
        assert ((await case.only()).ended, case.ours) == (True, "resolved")
        await case.life.breaks(120)
        assert ((await case.only()).ended, case.life.entry.state) == (False, Standing.DONE)

        await case.rig.human("close", (await case.only()).id)
        await case.life.passes(180)
        assert (await case.only()).ended is False
        await case.life.heals(120)
        assert ((await case.only()).ended, case.ours, case.life.entry.state) == (
            True,
            "resolved",
            Standing.DONE,
        )


@pytest.mark.parametrize("name", [name for name, tracker in TRACKERS.items() if tracker.lags])
async def test_a_search_that_lags_for_longer_than_ever_leaves_one_ticket_open(
    tmp_path: Path, name: str
) -> None:
    async with delivered_to(TRACKERS[name], tmp_path) as case:
        case.vendor.lag = 150.0
        case.vendor.misbehave(Fault.LOST_ANSWER, *case.rig.create)
        await case.life.breaks(120)
        assert len(await case.rig.there()) == 2
        await case.life.passes(900)
        both = await case.rig.there()
        assert sorted(each.ended for each in both) == [False, True]
        (ended,) = [each for each in both if each.ended]
        assert ended.id != case.seen.id
        assert case.seen.id in ended.comments[0].replace("\\", "")
        await case.life.heals(60)
        assert all(each.ended for each in await case.rig.there())
