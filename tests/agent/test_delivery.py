"""Delivery against a real helpdesk over HTTP that misbehaves: exactly one ticket, closed in the end, people heeded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.desk.tickets import PersonsMove
from agent.outbox import Word
from alerting.connectors.base import ConnectorType
from alerting.desk.ticket import Move
from alerting.outgoing import Outgoing, Standing
from checks.registry import all_kinds
from config.loader import load
from tests.fakes.connector import TYPE
from tests.fakes.helpdesk import ANY, Helpdesk, Ticket
from tests.moving_clock import Driven
from tests.site import Site

pytestmark = pytest.mark.anyio
# What the daemon tells of itself stays in the built-in desk.
ROUTES: list[dict[str, object]] = [{"match": {"service": "web"}, "send_to": ["desk"]}]


class Delivering(Driven):
    """One that knows the fake helpdesk."""

    connectors: Mapping[str, ConnectorType] = {TYPE.name: TYPE}


class Case:
    """A web site, what watches it, and the helpdesk that its tickets go to."""

    def __init__(self, driven: Driven, site: Site, desk: Helpdesk) -> None:
        self.driven, self.site, self.desk = driven, site, desk

    async def breaks(self, seconds: float = 30) -> None:
        self.site.status = 500
        await self.driven.advance(seconds)

    async def heals(self, seconds: float = 30) -> None:
        self.site.status = 200
        await self.driven.advance(seconds)

    async def passes(self, seconds: float) -> None:
        await self.driven.advance(seconds)

    @property
    def entry(self) -> Outgoing:
        (entry,) = self.driven.app.pipeline.world.outbox.values()
        return entry

    @property
    def only(self) -> Ticket:
        (ticket,) = self.desk.tickets.values()
        return ticket

    @property
    def ours(self) -> str:
        return self.driven.app.pipeline.world.tickets[1].state.value


def services(site: Site, name: str = "home", **more: object) -> dict[str, object]:
    home = {
        "type": "http",
        "url": site.url,
        "every": "10s",
        "timeout": "2s",
        "confirm": 2,
        "recover": 2,
        **more,
    }
    return {"web": {"checks": {name: home}, "uptime": {"burn": False}, "labels": {"site": "jhb"}}}


@asynccontextmanager
async def running(path: Path, site: Site, desk: Helpdesk, **options: object) -> AsyncIterator[Case]:
    helpdesk = {"type": "fakedesk", "url": desk.url, "token": desk.token, "poll_every": "1m", **options}
    driven = Delivering(path, services(site), helpdesks={"desk": helpdesk}, routes=ROUTES)
    desk.clock = driven.clock.monotonic
    async with driven:
        await driven.advance(20)
        yield Case(driven, site, desk)
    desk.verify()


def life(desk: Helpdesk) -> None:
    """The calls of a problem from its beginning to its end."""
    desk.expect("create", service="web", check="home")
    desk.expect("comment", times=ANY)
    desk.expect("resolve")


async def test_a_problem_has_one_ticket_that_is_resolved_with_it(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        assert (case.only["state"], case.only["title"], case.only["labels"]) == (
            "open",
            case.driven.app.pipeline.world.tickets[1].title,
            {"site": "jhb"},
        )
        incident = case.driven.app.pipeline.world.incidents["web", "home"]
        assert case.only["key"] == incident.key == case.entry.key
        await case.heals()
        assert case.only["state"] == "resolved"
        assert [each["text"][:9] for each in case.only["comments"]] == ["recovered"]
        assert (case.entry.state, case.entry.attempts) == (Standing.DONE, 0)
        await case.passes(120)


async def test_unreachable_while_opening(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        desk.close()
        await case.breaks(200)
        assert (case.entry.state, case.entry.observed) == (Standing.WAITING, None)
        assert case.entry.attempts > 2
        assert case.driven.app.delivery.stalled_for > 150
        desk.open()
        await case.passes(200)
        assert case.only["state"] == "open"
        assert case.driven.app.delivery.stalled_for == 0
        await case.heals()
        assert case.only["state"] == "resolved"


async def test_unreachable_while_closing(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        desk.close()
        await case.heals(120)
        assert (case.ours, case.only["state"]) == ("resolved", "open")
        desk.open()
        await case.passes(120)
        assert case.only["state"] == "resolved"
        assert len(case.only["comments"]) == len({each["id"] for each in case.only["comments"]}) >= 1


@pytest.mark.parametrize("how", ["lose_reply", "html_done"])
@pytest.mark.parametrize("lag", [0, 60])
async def test_a_lost_reply_makes_no_second_ticket(
    tmp_path: Path, site: Site, desk: Helpdesk, how: str, lag: int
) -> None:
    life(desk)
    desk.lag = lag
    desk.fault("create", how)
    async with running(tmp_path, site, desk, lag=lag) as case:
        await case.breaks(120)
        assert desk.count("create") == 1
        assert (case.entry.state, case.entry.observed and case.entry.observed.id) == (Standing.DONE, "1")
        await case.heals(60)
        assert case.only["state"] == "resolved"


async def test_a_create_that_never_happened_is_made_after_looking(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "html")
    async with running(tmp_path, site, desk, lag=30) as case:
        await case.breaks(120)
        assert [call.what for call in desk.calls if call.what in ("create", "find")] == [
            "create",
            "find",
            "create",
        ]
        assert case.only["state"] == "open"


async def test_lost_replies_of_everything_say_nothing_twice(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    for what in ("create", "comment", "resolve"):
        desk.fault(what, "lose_reply")
    async with running(tmp_path, site, desk) as case:
        await case.breaks(60)
        await case.heals(120)
        assert case.only["state"] == "resolved"
        assert [each["id"] for each in case.only["comments"]] == sorted(
            {e["id"] for e in case.only["comments"]}
        )
        assert case.entry.state is Standing.DONE


async def test_a_helpdesk_that_cannot_be_searched_is_left_to_a_person(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "html")
    async with running(tmp_path, site, desk, without=["find"]) as case:
        await case.breaks(150)
        assert desk.count("create") == 1
        assert (case.entry.state, case.entry.next_at) == (Standing.DOUBT, None)
        assert "outbox retry" in (case.entry.last_error or "")
        await case.driven.app.delivery.follow(Word("jo", case.entry.key))
        await case.passes(5)
        assert case.only["state"] == "open"


async def test_a_person_closes_it_while_it_fails_and_is_heeded(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        desk.human("resolve", 1, by="jo")
        await case.passes(120)
        assert (case.ours, case.only["state"]) == ("resolved", "resolved")
        await case.heals(120)
        assert [call.what for call in desk.calls if call.what not in ("me", "read", "find")] == ["create"]
        desk.expect("comment", times=ANY)
        desk.expect("reopen")
        await case.breaks(60)
        assert (case.ours, case.only["state"]) == ("in_progress", "open")


async def test_on_remote_close_reopen(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    desk.expect("comment", times=ANY)
    desk.expect("reopen")
    async with running(tmp_path, site, desk, on_remote_close="reopen") as case:
        await case.breaks()
        desk.human("resolve", 1)
        await case.passes(120)
        assert (case.ours, case.only["state"]) == ("new", "open")
        assert "while the problem lasts" in case.only["comments"][0]["text"]


@pytest.mark.parametrize("policy", ["new", "reopen"])
async def test_what_is_closed_for_good_is_followed_by_a_new_one(
    tmp_path: Path, site: Site, desk: Helpdesk, policy: str
) -> None:
    desk.expect("create", times=2)
    desk.expect("comment", times=ANY)
    desk.expect("resolve")
    async with running(tmp_path, site, desk, on_remote_close=policy) as case:
        await case.breaks()
        desk.human("close", 1)
        await case.passes(120)
        first, second = desk.tickets[1], desk.tickets[2]
        assert (first["state"], second["state"], second["follows"]) == ("closed", "open", "1")
        assert first["key"] != second["key"]
        await case.heals(60)
        assert (desk.tickets[2]["state"], case.ours) == ("resolved", "resolved")


async def test_renaming_and_relabelling_are_left_alone(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        desk.human("rename", 1, title="Disk of web-3")
        desk.human("relabel", 1, labels={"ours": "yes"})
        await case.passes(120)
        await case.heals()
        assert (case.only["title"], case.only["labels"]) == ("Disk of web-3", {"ours": "yes"})
        assert case.only["state"] == "resolved"


async def test_a_check_renamed_keeps_its_ticket_there(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        key, helpdesk = case.entry.key, {"type": "fakedesk", "url": desk.url, "token": desk.token}
        case.driven.write(services(site, "front", was=["home"]), helpdesks={"desk": helpdesk}, routes=ROUTES)
        await case.driven.app.reload(load(case.driven.file, all_kinds(), {TYPE.name: TYPE}))
        await case.passes(30)
        await case.heals(60)
        assert (case.entry.key, case.only["key"], case.only["state"]) == (key, key, "resolved")


async def test_acknowledged_and_assigned_there_is_acknowledged_here(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        desk.human("acknowledge", 1, by="sipho")
        desk.human("comment", 1, by="sipho", text="on my way\x1b[31m")
        await case.passes(120)
        ticket = case.driven.app.pipeline.world.tickets[1]
        assert (ticket.state, ticket.assignee) == ("acknowledged", "sipho")
        await case.passes(300)  # nobody is told what they did themselves
        assert desk.count("comment") == 0


async def test_reopened_there_is_reopened_here(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        await case.heals(60)
        desk.human("reopen", 1)
        await case.passes(120)
        assert (case.ours, case.only["state"]) == ("in_progress", "open")


async def test_accepted_without_effect_is_not_believed(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", times=2)
    desk.expect("comment", times=ANY)
    desk.expect("resolve", times=3)
    desk.fault("create", "no_effect")
    desk.fault("resolve", "no_effect", times=2)
    async with running(tmp_path, site, desk) as case:
        await case.breaks(60)
        assert case.only["state"] == "open"
        await case.heals(120)
        assert (case.only["state"], case.entry.state) == ("resolved", Standing.DONE)


@pytest.mark.parametrize("how", ["busy", "busy_until"])
async def test_it_stays_away_for_as_long_as_it_is_asked_to(
    tmp_path: Path, site: Site, desk: Helpdesk, how: str
) -> None:
    desk.expect("create", times=2)
    desk.fault("create", how, after=300)
    async with running(tmp_path, site, desk) as case:
        await case.breaks(250)
        assert desk.count("create") == 1
        await case.passes(120)
        assert case.only["state"] == "open"


async def test_what_is_refused_is_parked_and_tried_again_when_asked(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "refused")
    async with running(tmp_path, site, desk) as case:
        await case.breaks(150)
        assert (case.entry.state, case.entry.last_error, desk.count("create")) == (
            Standing.PARKED,
            "HTTP 422",
            1,
        )
        assert await case.driven.app.delivery.follow(Word("jo", None)) == 1
        await case.passes(5)
        assert (case.only["state"], case.entry.state) == ("open", Standing.DONE)


async def test_refused_credentials_are_nobody_elses_fault(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", times=ANY)
    desk.fault("create", "denied", times=3)
    async with running(tmp_path, site, desk) as case:
        await case.breaks(30)
        assert case.driven.app.delivery.desks["desk"].paused == "HTTP 401"
        await case.passes(120)
        assert (case.only["state"], case.entry.state) == ("open", Standing.DONE)


async def test_dropped_entries_are_not_sent(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        assert await case.driven.app.delivery.follow(Word("jo", case.entry.key, "project closed")) == 1
        await case.heals(60)
        assert (case.entry.state, case.entry.last_error) == (
            Standing.DROPPED,
            "dropped by jo: project closed",
        )
        assert case.only["state"] == "open"


@pytest.mark.parametrize(("policy", "states"), [("informational", ["resolved"]), ("none", [])])
async def test_over_before_it_could_be_delivered(
    tmp_path: Path, site: Site, desk: Helpdesk, policy: str, states: list[str]
) -> None:
    for what in ("create", "resolve", "comment") if states else ():
        desk.expect(what, times=ANY)
    async with running(tmp_path, site, desk, deliver_resolved=policy) as case:
        desk.close()
        await case.breaks(60)
        await case.heals(60)
        desk.open()
        await case.passes(300)
        assert [ticket["state"] for ticket in desk.tickets.values()] == states
        assert case.entry.state is Standing.DONE


async def test_a_ticket_that_is_gone_is_told_and_closes_nothing(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        desk.human("delete", 1)
        await case.passes(120)
        assert (case.ours, case.entry.state) == ("new", Standing.PARKED)
        desk.expect("create")
        await case.driven.app.delivery.follow(Word("jo", None))
        await case.passes(5)
        assert case.only["state"] == "open"


async def test_our_own_moves_are_mirrored(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    desk.expect("comment", times=ANY)
    desk.expect("resolve")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        await case.driven.app.pipeline.move_ticket(1, PersonsMove(Move.ACK, "jo", "mine"))
        await case.passes(5)
        assert [each["text"] for each in case.only["comments"]] == ["jo: mine"]
        await case.driven.app.pipeline.move_ticket(1, PersonsMove(Move.CLOSE, "jo"))
        await case.passes(5)
        assert case.only["state"] == "resolved"


async def test_metrics_begin_at_zero(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    async with running(tmp_path, site, desk) as case:
        page = case.driven.app.metrics.page().decode()
        for line in (
            'tocsin_notifications_total{helpdesk="desk"} 0.0',
            'tocsin_notifications_failed_total{helpdesk="desk",reason="permanent"} 0.0',
            "tocsin_outbox_depth 0.0",
            "tocsin_outbox_oldest_seconds 0.0",
        ):
            assert line in page


async def test_a_call_that_never_ends_is_cut_off_and_in_doubt(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "slow", after=4)
    async with running(tmp_path, site, desk, deadline=2.0) as case:
        await case.breaks(30)
        assert [call.what for call in desk.calls if call.what in ("create", "find")] == [
            "create",
            "find",
            "create",
        ]
        assert case.only["state"] == "open"


async def test_calls_keep_within_the_limits(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    async with running(tmp_path, site, desk, per_minute=60) as case:
        remote = case.driven.app.delivery.desks["desk"]
        assert [remote.may_call("k") for _ in range(60)].count(True) == remote.limits.burst
        case.driven.clock.move(10)
        assert [remote.may_call("k") for _ in range(60)].count(True) == 10


async def test_a_rotated_token_is_used_after_a_reload(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", times=ANY)
    async with running(tmp_path, site, desk) as case:
        desk.token = "rotated"
        await case.breaks(30)
        assert (case.entry.state, case.entry.observed) == (Standing.WAITING, None)
        helpdesk = {"type": "fakedesk", "url": desk.url, "token": desk.token}
        case.driven.write(services(site), helpdesks={"desk": helpdesk}, routes=ROUTES)
        await case.driven.app.reload(load(case.driven.file, all_kinds(), case.driven.connectors))
        await case.passes(60)
        assert (case.only["state"], case.entry.state) == ("open", Standing.DONE)


async def test_an_old_ticket_that_a_person_opens_again_is_opened_there_too(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    desk.expect("reopen")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        await case.heals()
        world = case.driven.app.pipeline.world
        world.tickets.clear()  # as of one whose incident is no longer the latest of its check
        world.outbox.clear()
        await case.driven.app.pipeline.move_ticket(1, PersonsMove(Move.REOPEN, "jo", "still slow"))
        await case.passes(5)
        assert case.only["state"] == "open"


@pytest.mark.parametrize("policy", ["respect", "new"])
async def test_what_we_did_ourselves_in_doubt_is_no_persons_act(
    tmp_path: Path, site: Site, desk: Helpdesk, policy: str
) -> None:
    life(desk)
    desk.expect("reopen")
    async with running(tmp_path, site, desk, on_remote_close=policy) as case:
        await case.breaks(60)
        desk.fault("resolve", "lose_reply")
        desk.fault("read", "html", times=3)
        await case.heals(12)
        assert (case.only["state"], case.entry.state) == ("resolved", Standing.DOUBT)
        await case.breaks(90)
        assert (case.ours, case.only["state"], case.entry.state) == ("in_progress", "open", Standing.DONE)


async def test_a_helpdesk_that_is_configured_no_more_holds_nothing_up(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    async with running(tmp_path, site, desk) as case:
        desk.close()
        await case.breaks(60)
        assert case.driven.app.delivery.stalled_for > 10
        case.driven.write(services(site))
        await case.driven.app.reload(load(case.driven.file, all_kinds(), case.driven.connectors))
        await case.passes(60)
        assert case.entry.state is Standing.WAITING
        assert case.driven.app.delivery.stalled_for == 0
