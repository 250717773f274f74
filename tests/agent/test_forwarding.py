"""Routes at work: several helpdesks, delays, reminders, fallbacks and doubt, over restarts, said in the timeline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.desk.tickets import PersonsMove
from agent.forwarding import Forwarding, due_by_time
from agent.memory import Draft, World
from agent.outbox import Word
from agent.store.tickets import timeline
from alerting.desk.routing import Taken
from alerting.desk.ticket import Move, TicketState
from alerting.desk.ticket import Ticket as OurTicket
from alerting.messages import Desired, Observed, RemoteState
from alerting.outgoing import Outgoing, Standing
from config.models import Route
from tests.agent.test_delivery import Delivering
from tests.fakes.helpdesk import ANY, Helpdesk, Ticket
from tests.moving_clock import MovingClock
from tests.site import Site

pytestmark = pytest.mark.anyio
OURS = {"forwarded", "delivered", "undelivered", "reminded"}
OFFICE = {"office": {"hours": "mon-fri 08:00-17:00"}, "lunch": {"hours": "mon-fri 12:00-13:00"}}
NOT_ITSELF = {"match": {"service": "web"}}


@pytest.fixture
def other() -> Iterator[Helpdesk]:
    with Helpdesk() as other:
        yield other


class Case:
    """A web site, the daemon that watches it, and two helpdesks; `routes` are those of the configuration."""

    def __init__(self, path: Path, site: Site, desks: tuple[Helpdesk, Helpdesk]) -> None:
        self.path, self.site, self.desks, self.clock = path, site, desks, MovingClock()
        for each in desks:
            each.clock = self.clock.monotonic

    def written(self, *routes: dict[str, Any], **options: Any) -> tuple[dict[str, object], dict[str, Any]]:
        """The services, and what else is configured."""
        home = {"type": "http", "url": self.site.url, "every": "10s", "down": "status >= 500"}
        web = {"checks": {"home": {**home, "degraded": "status == 429"}}, "criticality": "critical"}
        helpdesks = {
            name: {"type": "fakedesk", "url": each.url, "token": each.token, "poll_every": "1m", **options}
            for name, each in zip(("desk", "other"), self.desks, strict=True)
        }
        services: dict[str, object] = {"web": {**web, "uptime": {"burn": False}}}
        return services, {"helpdesks": helpdesks, "routes": list(routes), "calendars": OFFICE}

    @asynccontextmanager
    async def runs(self, *routes: dict[str, Any], **options: Any) -> AsyncIterator[None]:
        """From a start to a stop; the state stays for the next one."""
        services, sections = self.written(*routes, **options)
        async with Delivering(self.path, services, self.clock, **sections) as driven:
            self.driven = driven
            await driven.advance(20)
            yield

    async def reloads(self, *routes: dict[str, Any]) -> None:
        services, sections = self.written(*routes)
        self.driven.write(services, **sections)
        assert (await self.driven.app.reloads.ask()).changes is not None

    def due(self) -> set[int]:
        """The tickets that are looked at, though nothing happened to them."""
        pipeline = self.driven.app.pipeline
        return due_by_time(Draft(pipeline.world), pipeline.rules, self.clock.now())

    async def breaks(self, seconds: float = 20, status: int = 500) -> None:
        self.site.status = status
        await self.driven.advance(seconds)

    async def heals(self, seconds: float = 20) -> None:
        await self.breaks(seconds, 200)

    async def passes(self, seconds: float) -> None:
        await self.driven.advance(seconds)

    def there(self) -> tuple[int, int]:
        return len(self.desks[0].tickets), len(self.desks[1].tickets)

    async def notes(self, ticket: int = 1) -> list[str]:
        lines = await self.driven.app.pipeline.stored(lambda store: timeline(store, "test", ticket))
        return [line.text for line in lines if line.what in OURS]

    def state(self, helpdesk: str) -> Standing:
        (found,) = (
            e.state
            for e in self.driven.app.pipeline.world.outbox.values()
            if (e.helpdesk, e.ticket) == (helpdesk, 1)
        )
        return found


@pytest.fixture
def case(tmp_path: Path, site: Site, desk: Helpdesk, other: Helpdesk) -> Case:
    return Case(tmp_path, site, (desk, other))


def only(desk: Helpdesk) -> Ticket:
    (ticket,) = desk.tickets.values()
    return ticket


def said(desk: Helpdesk) -> list[str]:
    return [comment["text"] for comment in only(desk)["comments"]]


def life(desk: Helpdesk) -> None:
    desk.expect("create")
    desk.expect("comment", times=ANY)
    desk.expect("resolve")


async def test_a_ticket_goes_where_each_route_leads_and_says_why(
    case: Case, desk: Helpdesk, other: Helpdesk
) -> None:
    life(desk)
    life(other)
    first = {"match": {"severity": "critical"}, "send_to": "desk", "continue": True}
    async with case.runs(first, {"send_to": "other"}):
        await case.breaks()
        assert sorted(await case.notes()) == [
            "delivered to desk as 1 (/tickets/1)",
            "delivered to other as 1 (/tickets/1)",
            "to desk: route 1 (severity critical)",
            "to other: route 2 (everything)",
        ]
        await case.passes(150)  # they are looked at again and again, and nothing comes of our own notes
        assert (len(await case.notes()), said(desk), said(other)) == (4, [], [])
        await case.heals()
        assert [only(each)["state"] for each in case.desks] == ["resolved", "resolved"]
        assert [line[:9] for line in said(desk)] == ["recovered"]


async def test_what_becomes_worse_goes_where_that_goes_as_well(
    case: Case, desk: Helpdesk, other: Helpdesk
) -> None:
    life(desk)
    life(other)
    async with case.runs({"match": {"severity": "critical"}, "send_to": "other"}, {"send_to": "desk"}):
        await case.breaks(status=429)
        assert case.there() == (1, 0)
        await case.breaks(40)
        assert (case.there(), await case.notes()) == (
            (1, 1),
            [
                "to desk: route 2 (everything)",
                "delivered to desk as 1 (/tickets/1)",
                "to other: route 1 (severity critical)",
                "delivered to other as 1 (/tickets/1)",
            ],
        )
        await case.heals()
        assert [only(each)["state"] for each in case.desks] == ["resolved", "resolved"]


async def test_a_new_route_holds_for_what_is_open_already(
    case: Case, desk: Helpdesk, other: Helpdesk
) -> None:
    desk.expect("create")
    other.expect("create")
    async with case.runs({"send_to": "desk"}):
        await case.breaks()
        assert case.there() == (1, 0)
    async with case.runs({"send_to": "desk", "continue": True}, {"send_to": "other"}):
        assert (case.there(), case.state("desk")) == ((1, 1), Standing.DONE)


HOURS = [({"active": "office"}, (1, 0)), ({"active": "lunch"}, (0, 1)), ({"not_active": "lunch"}, (1, 0))]


@pytest.mark.parametrize(("match", "there"), HOURS)
async def test_outside_its_hours_a_route_leaves_tickets_to_the_next(
    case: Case, desk: Helpdesk, other: Helpdesk, match: dict[str, str], there: tuple[int, int]
) -> None:
    desk.expect("create", times=ANY) if there[0] else other.expect("create", times=ANY)
    async with case.runs({"match": match, "send_to": "desk"}, {"send_to": "other"}):  # it is Friday, 08:00
        await case.breaks()
        assert case.there() == there


async def test_a_delayed_route_is_taken_once_the_ticket_is_that_old_also_after_a_restart(
    case: Case, desk: Helpdesk, other: Helpdesk
) -> None:
    desk.expect("create")
    other.expect("create")
    routes = {"send_to": "desk", "continue": True}, {"send_to": "other", "delay": "5m"}
    async with case.runs(*routes):
        await case.breaks(200)
        assert case.there() == (1, 0)
    async with case.runs(*routes):
        await case.passes(60)
        assert case.there() == (1, 0)
        await case.passes(60)
        assert case.there() == (1, 1)


async def test_what_is_over_before_the_delay_is_not_sent(case: Case, desk: Helpdesk, other: Helpdesk) -> None:
    async with case.runs({"send_to": "desk", "delay": "5m"}):
        await case.breaks(120)
        await case.heals(400)
        assert (case.there(), await case.notes()) == ((0, 0), [])
        desk.expect("create")
        await case.breaks(200)  # opened again, and as long as it was open before does not count
        assert case.there() == (0, 0)
        await case.passes(140)
        assert case.there() == (1, 0)


async def test_reminders_come_until_somebody_acknowledges_each_once(case: Case, desk: Helpdesk) -> None:
    desk.expect("create")
    desk.expect("comment", times=3)
    route = {"send_to": "desk", "repeat": "5m"}
    async with case.runs(route):
        await case.breaks(320)
        assert said(desk) == ["still open, and not acknowledged for 5m"]
    async with case.runs(route):
        await case.passes(100)
        assert len(said(desk)) == 1
        await case.passes(200)
        assert said(desk)[1:] == ["still open, and not acknowledged for 10m"]
        assert [line for line in await case.notes() if "again" in line] == [
            f"desk hears again: {line}" for line in said(desk)
        ]
        await case.driven.app.pipeline.move_ticket(1, PersonsMove(Move.ACK, "jo", "mine"))
        await case.passes(660)
        assert (said(desk)[2:], len({each["id"] for each in only(desk)["comments"]})) == (["jo: mine"], 3)


async def test_a_helpdesk_that_was_away_hears_of_the_latest_reminder_only(case: Case, desk: Helpdesk) -> None:
    desk.expect("create")
    desk.expect("comment", times=ANY)
    async with case.runs({**NOT_ITSELF, "send_to": "desk", "repeat": "5m"}):
        desk.close()
        await case.breaks(1000)
        desk.open()
        await case.passes(880)
        waited = [line.rpartition(" ")[2] for line in said(desk)]
        assert waited[-1] == "30m"
        assert not {"5m", "10m", "15m"} & set(waited)


WANTED = Desired("toc-1", "T-1", "down", "why", "high", "high", "open", "web", "home", 0)
THERE = Outgoing(
    "desk", "toc-1", 1, WANTED, Standing.DONE, 0, 0, observed=Observed("7", RemoteState.OPEN, key="toc-1")
)
NEW = OurTicket(1, "web", "home", TicketState.NEW, "high", "high", "down", "", 0, {})
TEN_MINUTES = Route.model_validate({"send_to": "desk", "repeat": "10m"})


@pytest.mark.parametrize(
    ("minutes", "change", "steps"),
    [
        (9, {}, []),
        (10, {}, ["repeat:desk:0:1"]),
        (39, {}, ["repeat:desk:0:3"]),
        (300, {}, ["repeat:desk:0:30"]),
        (310, {}, []),
        (10, {"steps": {"repeat:desk:0:1": 1}}, []),
        (20, {"steps": {"repeat:desk:0:1": 1}}, ["repeat:desk:0:2"]),
        (10, {"acknowledged_at": 1}, []),
        (10, {"state": TicketState.PENDING}, []),
        (10, {"state": TicketState.RESOLVED}, []),
        (19, {"reopened": 1, "reopened_at": 600_000_000}, []),
        (20, {"reopened": 1, "reopened_at": 600_000_000}, ["repeat:desk:1:1"]),
    ],
)
def test_each_reminder_has_its_moment_and_there_is_an_end(
    minutes: int, change: dict[str, Any], steps: list[str]
) -> None:
    ticket, now = replace(NEW, **change), minutes * 60_000_000
    assert [
        *Forwarding(ticket, (Taken(1, TEN_MINUTES),), {"desk": THERE}, now).reminders(["desk"]).values()
    ] == steps


@pytest.mark.parametrize("state", [each for each in Standing if each is not Standing.DONE])
def test_what_is_not_there_yet_is_not_said_again(state: Standing) -> None:
    placed = {"desk": replace(THERE, state=state)}
    assert Forwarding(NEW, (Taken(1, TEN_MINUTES),), placed, 600_000_000).reminders(["desk"]) == {}


@pytest.mark.parametrize("how", ["refused", "away"])
async def test_what_is_stuck_goes_to_the_fallback_once_and_is_delivered_all_the_same(
    case: Case, desk: Helpdesk, other: Helpdesk, how: str
) -> None:
    life(desk)
    life(other)
    if how == "refused":
        desk.expect("create")
        desk.fault("create", "refused")
    else:
        desk.close()
    route = {**NOT_ITSELF, "send_to": "desk", "fallback": "other", "fallback_after": "2m"}
    async with case.runs(route):
        await case.breaks(60)
        assert case.there() == ((0, 1) if how == "refused" else (0, 0))
        await case.passes(100)
        assert case.there() == (0, 1)
        (reason,) = [line for line in await case.notes() if line.startswith("to other")]
        assert reason.startswith("to other: fallback of route 1 (service web), since desk has not taken it: ")
    desk.open() if how == "away" else None
    async with case.runs(route):
        await case.driven.app.delivery.follow(Word("jo", None))
        await case.passes(60)
        assert case.there() == (1, 1)
        assert "delivered to desk as 1 (/tickets/1)" in await case.notes()
        await case.heals(30)
        assert [only(each)["state"] for each in case.desks] == ["resolved", "resolved"]


@pytest.mark.parametrize("policy", ["ask", "resend"])
async def test_in_doubt_a_person_is_asked_or_it_is_sent_again_and_says_so(
    case: Case, desk: Helpdesk, policy: str
) -> None:
    desk.expect("create", times=2 if policy == "resend" else 1)
    desk.fault("create", "html_done")
    async with case.runs({**NOT_ITSELF, "send_to": "desk", "in_doubt": policy}, without=["find"]):
        await case.breaks(60)
        told = await case.notes()
        if policy == "ask":
            assert (len(desk.tickets), case.state("desk")) == (1, Standing.DOUBT)
            assert told[1].startswith("waits for a person, desk does not take it: HTTP 500: look there")
            return
        assert (len(desk.tickets), case.state("desk")) == (2, Standing.DONE)
        assert desk.tickets[2]["description"].startswith("Sent again, since nobody could see")
        assert told[1:] == [
            "sent to desk again: it may be there twice",
            "delivered to desk as 2 (/tickets/2)",
        ]


async def test_sending_again_ends_and_leaves_it_to_a_person(case: Case, desk: Helpdesk) -> None:
    desk.expect("create", times=ANY)
    desk.fault("create", "html", times=ANY)
    async with case.runs({**NOT_ITSELF, "send_to": "desk", "in_doubt": "resend"}, without=["find"]):
        await case.breaks(600)
        await case.passes(600)
        assert (desk.count("create"), case.state("desk")) == (6, Standing.DOUBT)


async def test_that_something_is_stuck_is_told_by_another_way(
    case: Case, desk: Helpdesk, other: Helpdesk
) -> None:
    desk.expect("create", times=ANY)
    desk.fault("create", "refused", times=ANY)
    other.expect("create", service="tocsin", check="outbox")
    async with case.runs({"match": {"severity": "low"}, "send_to": "other"}, {"send_to": "desk"}):
        await case.breaks(200)
        assert only(other)["check"] == "outbox"
        notes = await case.notes(2)
        assert "to desk: route 2 (everything)" in notes
        assert "to other: it tells of desk, which takes nothing" in notes
        desk.heal()
        other.expect("comment", times=ANY)
        other.expect("resolve")
        desk.expect("resolve")
        desk.expect("comment", times=ANY)
        await case.driven.app.delivery.follow(Word("jo", None))
        await case.passes(200)
        assert only(other)["state"] == "resolved"


async def test_what_a_reload_says_of_routes_holds_for_what_is_open(
    case: Case, desk: Helpdesk, other: Helpdesk
) -> None:
    desk.expect("create")
    other.expect("create")
    first = {**NOT_ITSELF, "send_to": "desk", "continue": True}
    async with case.runs(first):
        await case.breaks(60)
        await case.reloads(first, {**NOT_ITSELF, "send_to": "other", "delay": "5m"})
        await case.passes(200)
        assert case.there() == (1, 0)
        await case.passes(60)
        assert case.there() == (1, 1)


async def test_only_what_time_may_bring_elsewhere_is_looked_at(case: Case, desk: Helpdesk) -> None:
    desk.expect("create")
    desk.expect("comment", times=ANY)
    async with case.runs({**NOT_ITSELF, "send_to": "desk", "repeat": "5m"}):
        await case.breaks(60)
        assert case.due() == set()
        await case.passes(300)
        assert (len(said(desk)), case.due()) == (1, set())
        case.clock.at += 5 * 60_000_000
        assert case.due() == {1}


SECOND_ROUTE = {"send_to": "other", "delay": "5m", "repeat": "7m", "fallback": "desk", "fallback_after": "2m"}
WAITING = replace(THERE, helpdesk="other", state=Standing.WAITING, observed=None, changed_at=300_000_000)


@pytest.mark.parametrize("placed", [{}, {"desk": THERE}, {"desk": THERE, "other": WAITING}])
def test_nothing_comes_between_the_moments_that_are_foretold(placed: dict[str, Outgoing]) -> None:
    routes = TEN_MINUTES, Route.model_validate(SECOND_ROUTE)
    rules: Any = SimpleNamespace(helpdesks={"desk": None, "other": None})
    draft = Draft(World())

    def on_its_way(now: int) -> Forwarding:
        return Forwarding(NEW, tuple(Taken(n, each) for n, each in enumerate(routes, 1)), placed, now)

    def comes(now: int) -> set[tuple[str, str]]:
        found = on_its_way(now)
        return {*found.leads(draft, rules).items(), *found.reminders(rules.helpdesks).items()}

    moments, after = {0}, on_its_way(0).next_at
    while after is not None:
        moments.add(after)
        after = on_its_way(after).next_at
    every = 10_000_000
    new = [at for at in range(every, 400 * 60_000_000, every) if comes(at) - comes(at - every)]
    assert len(new) >= (30 if placed else 1)
    assert set(new) <= moments
