"""Budgets that burn too fast: real app, real site, real store, moving time. One cause has one ticket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from agent.store.history import take_in
from agent.store.reader import reading
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.incident import Incident
from alerting.slo.events import Event
from alerting.slo.lines import Recorded
from alerting.slo.spans import Klass
from checks.registry import all_kinds
from config.loader import load
from tests.moving_clock import SECOND, START, Driven, MovingClock
from tests.site import Site

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
# START is Friday 2027-01-15 08:00 UTC.
FORECAST = re.compile(
    r"At this rate the month is lost on the 1[5-9]th \((Fri|Satur|Sun|Mon|Tues)day \d\d:\d\d UTC\)"
)


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def web(site: Site, **options: object) -> dict[str, object]:
    """One look a minute, believed at once: what is seen at the end of a stride is what was in it."""
    look = {"type": "http", "url": site.url, "every": "60s", "timeout": "2s", "confirm": 1, "recover": 1}
    return {"web": {"title": "The site", "checks": {"home": look}, **options}}


async def minutes(driven: Driven, count: int) -> None:
    for _ in range(count):
        for job in driven.clock.move(60):
            await job()
        await driven.settled()


async def flapping(driven: Driven, site: Site, times: int) -> None:
    """Three minutes down and one up, over and over."""
    for _ in range(times):
        site.status = 503
        await minutes(driven, 3)
        site.status = 200
        await minutes(driven, 1)


def stored(driven: Driven) -> tuple[dict[str, Incident], list[Ticket]]:
    with reading(driven.directory / "state", "test") as store:
        return {incident.rule: incident for incident in store.incidents()}, store.tickets()


def timeline(driven: Driven, number: int) -> list[TicketEvent]:
    with reading(driven.directory / "state", "test") as store:
        return store.timeline(number)


def burns(driven: Driven) -> dict[str, float]:
    lines = re.findall(
        r'^tocsin_burn_rate\{service="web",window="(\w+)"\} (\S+)$', driven.app.metrics.page().decode(), re.M
    )
    return {window: float(value) for window, value in lines}


@run
async def test_a_flapping_service_gets_one_budget_ticket_that_ends_when_nothing_fires(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await minutes(driven, 2)
            await flapping(driven, site, 4)
            incidents, tickets = stored(driven)
            assert set(incidents) == {"home", "budget"}
            assert len(tickets) == 2
            budget = incidents["budget"]
            assert (budget.state, budget.severity, budget.occurrence) == ("open", "medium", 1)
            ticket = next(each for each in tickets if each.number == budget.ticket)
            assert (ticket.state, ticket.check, ticket.severity) == ("new", "", "medium")
            assert ticket.title == "The site: the error budget is used up too fast"
            for said in (ticket.description, budget.reason, timeline(driven, ticket.number)[0].text):
                assert FORECAST.search(said), said
            assert (
                "Page: burn rate 69.23 over 1h and 80 over 5m, at 14.4 this is a page." in ticket.description
            )
            # Of a month that began with the first look, on the 15th.
            assert "Budget of January 2027: 3h59m, 3h50m left." in ticket.description
            home = incidents["home"]
            assert f"incident {home.id}, T-{home.ticket}: " in ticket.description
            await minutes(driven, 30)
            incidents, tickets = stored(driven)
            assert (incidents["budget"].state, incidents["budget"].occurrence) == ("resolved", 1)
            assert {each.state for each in tickets} == {"closed"}
            told = [event.what for event in timeline(driven, ticket.number)]
            assert told == ["opened", "recovered", "watch_ended"]


@run
async def test_what_comes_back_while_it_is_watched_opens_the_same_ticket_again(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await minutes(driven, 2)
            await flapping(driven, site, 3)
            await minutes(driven, 5)
            assert stored(driven)[0]["budget"].state == "watching"
            await flapping(driven, site, 1)
            incidents, tickets = stored(driven)
            assert (incidents["budget"].state, incidents["budget"].reopened) == ("open", 1)
            assert len(tickets) == 2


@run
async def test_one_outage_has_one_ticket_in_which_the_burn_rate_stands_once(tmp_path: Path) -> None:
    clock = MovingClock()
    with Site() as site:
        async with Driven(tmp_path, web(site), clock) as driven:
            await minutes(driven, 2)
            site.status = 503
            await minutes(driven, 9)
            assert "burn_page" not in [event.what for event in timeline(driven, 1)]  # 8 min 38.4 s it takes
            await minutes(driven, 1)
            assert [event.what for event in timeline(driven, 1)] == ["opened", "burn_page"]
        async with Driven(tmp_path, web(site), MovingClock(clock.now())) as driven:
            await minutes(driven, 15)
            site.status = 200
            await minutes(driven, 2)
            incidents, tickets = stored(driven)
            assert (set(incidents), len(tickets)) == ({"home"}, 1)
            told = timeline(driven, 1)
            assert [event.what for event in told] == ["opened", "burn_page", "recovered"]
            assert told[1].by == "tocsin"
            assert "burn rate 81.81 over 1h and 100 over 5m, at 14.4 this is a page. " in told[1].text
            assert FORECAST.search(told[1].text), told[1].text


@run
async def test_an_outage_that_two_checks_share_has_no_third_ticket(tmp_path: Path) -> None:
    """One fails a minute before the other, and is well again a minute before it: neither incident has all of it."""
    with Site() as first, Site() as second:
        checks = {
            name: {**web(site)["web"]["checks"]["home"], "url": site.url}  # type: ignore[index]
            for name, site in (("first", first), ("second", second))
        }
        async with Driven(tmp_path, {"web": {"checks": checks}}) as driven:
            await minutes(driven, 2)
            for status in (503, 200):
                first.status = status
                await minutes(driven, 1)
                second.status = status
                await minutes(driven, 70 if status == 503 else 10)
            incidents, _ = stored(driven)
            assert set(incidents) == {"first", "second"}
            of_the_desk = {"foretold", "breached"}  # nobody took them for more than an hour
            told = [event.what for event in timeline(driven, incidents["first"].ticket)]
            assert [what for what in told if what not in of_the_desk] == ["opened", "burn_page", "recovered"]
            told = [event.what for event in timeline(driven, incidents["second"].ticket)]
            assert [what for what in told if what not in of_the_desk] == ["opened", "recovered"]


@run
async def test_an_outage_that_opens_its_ticket_again_has_its_own_line_there(tmp_path: Path) -> None:
    rules = [{"factor": "14.4", "long": "1h", "short": "5m", "level": "page"}]
    with Site() as site:
        async with Driven(tmp_path, web(site, uptime={"burn_rules": rules})) as driven:
            await minutes(driven, 2)
            for _ in range(2):
                site.status = 503
                await minutes(driven, 10)
                site.status = 200
                await minutes(driven, 65)
            incidents, tickets = stored(driven)
            assert (set(incidents), len(tickets)) == ({"home"}, 1)
            assert [event.what for event in timeline(driven, 1)] == [
                "opened", "burn_page", "recovered", "watch_ended",
                "reopened", "burn_page", "recovered", "watch_ended", "root_cause",
            ]  # fmt: skip


@run
async def test_a_restart_opens_nothing_a_second_time(tmp_path: Path) -> None:
    clock = MovingClock()
    with Site() as site:
        async with Driven(tmp_path, web(site), clock) as driven:
            await minutes(driven, 2)
            await flapping(driven, site, 4)
        async with Driven(tmp_path, web(site), MovingClock(clock.now())) as driven:
            site.status = 503
            await minutes(driven, 3)
            incidents, tickets = stored(driven)
            assert (incidents["budget"].state, incidents["budget"].reopened, len(tickets)) == ("open", 0, 2)
            assert [event.what for event in timeline(driven, incidents["budget"].ticket)] == ["opened"]


@run
async def test_without_data_nothing_fires_and_the_ticket_says_so(tmp_path: Path) -> None:
    clock = MovingClock()
    with Site() as site:
        async with Driven(tmp_path, web(site), clock) as driven:
            await minutes(driven, 2)
            await flapping(driven, site, 4)
            number = stored(driven)[0]["budget"].ticket
        async with Driven(tmp_path, web(site), MovingClock(clock.now() + 10 * MINUTE)) as driven:
            await driven.app.budget.judge()
            assert stored(driven)[0]["budget"].state == "watching"
            last = timeline(driven, number)[-1]
            assert (last.what, last.text.rpartition(": ")[2]) == ("recovered", "no data over 5m")
            assert "5m" not in burns(driven)
            assert burns(driven)["1h"] > 14.4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "resolved because the service is no longer in the configuration"),
        ({"disabled": "moved away"}, "resolved because the service is disabled: moved away"),
        ({"uptime": {"burn": False}}, "resolved because the service is without burn-rate rules"),
        ({"environment": "staging"}, "resolved because the service is without burn-rate rules"),
        ({"labels": {"site": "jhb"}}, ""),
    ],
)
def test_a_budget_ends_with_its_service_and_with_its_rules_alone(
    tmp_path: Path, change: dict[str, object] | None, said: str
) -> None:
    async def scene() -> None:
        with Site() as site:
            async with Driven(tmp_path, web(site)) as driven:
                await minutes(driven, 2)
                await flapping(driven, site, 3)
                number = stored(driven)[0]["budget"].ticket
                other = {"other": {"checks": {"load": {"type": "load"}}}}
                driven.write({**(web(site, **change) if change is not None else {}), **other})
                await driven.app.reload(load(driven.file, all_kinds()))
                last = timeline(driven, number)[-1]
                assert (last.text if last.what == "removed" else "") == said
                assert stored(driven)[0]["budget"].state == ("resolved" if said else "open")
                await minutes(driven, 1)
                assert len(stored(driven)[1]) == 2

    asyncio.run(scene())


async def told_before(driven: Driven, states: Mapping[int, Klass]) -> None:
    """What another monitor saw of the service, by microseconds before START."""
    lines = [Recorded("web", Event(START - before, klass, None)) for before, klass in states.items()]

    def write(connection: Connection) -> None:
        take_in(connection, "test", lines)

    await driven.app.pipeline.change(lambda _draft: None)
    await driven.app.upkeep._writer.write(write)


@run
async def test_bad_time_without_an_incident_has_a_budget_ticket_of_its_own_that_worsens(
    tmp_path: Path,
) -> None:
    """44 minutes down, five hours ago: 3.05 % of a day, but nothing in the last two hours; 1.01 % of three days."""
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            end = 4 * HOUR + 46 * MINUTE
            await told_before(driven, {90 * HOUR: Klass.UP, end + 44 * MINUTE: Klass.DOWN, end: Klass.UP})
            await minutes(driven, 1)
            incidents, (ticket,) = stored(driven)
            assert (incidents["budget"].level, ticket.severity, ticket.priority) == ("degraded", "low", "low")
            assert ticket.description.count("Ticket: ") == 1
            assert "at 1 this is a ticket" in ticket.description
            assert (
                "2027-01-15 02:30:00 UTC to 2027-01-15 03:14:00 UTC (44m)  no incident" in ticket.description
            )
            await flapping(driven, site, 3)
            incidents, tickets = stored(driven)
            assert (incidents["budget"].level, incidents["budget"].severity) == ("down", "medium")
            what = [event.what for event in timeline(driven, ticket.number)]
            assert what == ["opened", "worsened"]
            assert len(tickets) == 2


@run
async def test_the_rates_of_all_windows_are_gauges_where_anything_was_counted(tmp_path: Path) -> None:
    with Site() as site:
        services = {**web(site), "idle": {"checks": {"load": {"type": "load"}}}}
        services["stage"] = {"environment": "staging", "checks": web(site)["web"]["checks"]}  # type: ignore[index]
        async with Driven(tmp_path, services) as driven:
            assert burns(driven) == {}
            await minutes(driven, 3)
            assert burns(driven) == dict.fromkeys(("5m", "30m", "1h", "2h", "6h", "1d", "3d"), 0.0)
            site.status = 503
            await minutes(driven, 3)
            # Judged before the look of its minute: two minutes bad of five that were seen.
            assert set(burns(driven).values()) == {40.0}
            page = driven.app.metrics.page().decode()
            assert 'service="idle",window' not in page.partition("tocsin_burn_rate")[2]
            assert 'service="stage",window' not in page.partition("tocsin_burn_rate")[2]


@run
async def test_whoever_asks_before_the_first_judgement_is_told_the_rates_as_well(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await told_before(driven, {90 * HOUR: Klass.UP, 30 * MINUTE: Klass.DOWN})
            assert burns(driven)["30m"] == 100.0
            assert stored(driven) == ({}, [])


@run
async def test_what_the_agreement_leaves_out_of_the_figures_burns_nothing(tmp_path: Path) -> None:
    """The shop's outage is the network's."""
    with Site() as site:
        services = web(site)
        services["shop"] = {**web(site)["web"], "uptime": {"exclude_when": ["web"]}}  # type: ignore[dict-item]
        async with Driven(tmp_path, services) as driven:
            await minutes(driven, 2)
            site.status = 503
            await minutes(driven, 12)
            page = driven.app.metrics.page().decode()
            assert burns(driven)["5m"] == 100.0
            assert 'tocsin_burn_rate{service="shop",window="5m"}' not in page
            assert 'tocsin_burn_rate{service="shop",window="1h"} 0.0' in page
            told = [[event.what for event in timeline(driven, ticket.number)] for ticket in stored(driven)[1]]
            assert sorted(told) == [["opened"], ["opened", "burn_page"]]


@run
async def test_rules_of_ones_own_are_taken_as_they_are(tmp_path: Path) -> None:
    rules = [{"factor": "50", "long": "10m", "short": "1m", "level": "ticket"}]
    with Site() as site:
        async with Driven(tmp_path, web(site, uptime={"burn_rules": rules})) as driven:
            await minutes(driven, 1)
            await flapping(driven, site, 3)
            assert set(burns(driven)) == {"1m", "10m"}
            incident = stored(driven)[0]["budget"]
            assert incident.level == "degraded"
            assert "at 50 this is a ticket" in incident.reason
