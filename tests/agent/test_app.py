"""The whole app in-process: a movable clock, a real web server, a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from agent.app import build
from agent.desk.asked import NoSuchTicket
from agent.desk.tickets import PersonsMove
from agent.lock import StateLocked
from agent.pipeline import Pipeline
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME
from agent.store.reader import reading
from agent.store.writer import Writer
from agent.uptime import figures
from alerting.desk.ticket import IllegalMove, Move, Ticket
from alerting.incidents.incident import Incident
from alerting.slo.periods import parse_period
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.moving_clock import SECOND, START, Driven, MovingClock
from tests.readings import reading as bad
from tests.site import Site


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def web(site: Site, **options: object) -> dict[str, object]:
    check = {"type": "http", "url": site.url, "every": "10s", "timeout": "2s", **options}
    return {"web": {"title": "The site", "criticality": "high", "checks": {"home": check}}}


def incidents(driven: Driven) -> list[Incident]:
    with reading(driven.directory / "state", "test") as store:
        return store.incidents()


def tickets(driven: Driven) -> list[Ticket]:
    with reading(driven.directory / "state", "test") as store:
        return store.tickets()


def uptime(driven: Driven, service: str = "web") -> dict[str, Any]:
    now = driven.clock.now()
    with reading(driven.directory / "state", "test") as store:
        ledger = store.ledger(service)
    return figures(driven.app.config.services[service], ledger, parse_period("30d", "UTC", now), now)


@run
async def test_an_outage_becomes_one_ticket_with_evidence_that_is_resolved_with_it(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            assert tickets(driven) == []
            site.status, site.body = 503, b"down for maintenance, write to ops@example.org"
            await driven.advance(40)
            (ticket,) = tickets(driven)
            assert (ticket.state, ticket.severity, ticket.priority, ticket.check) == (
                "new",
                "high",
                "high",
                "home",
            )
            assert "status not in 200..299" in ticket.description
            assert "503" in ticket.description
            assert "ops@example.org" not in ticket.description
            assert "down for maintenance" in ticket.description
            site.status = 200
            await driven.advance(40)
            (ticket,), (incident,) = tickets(driven), incidents(driven)
            assert (ticket.state, incident.state) == ("resolved", "watching")
            assert ticket.resolved_at == incident.resolved_at
            account = uptime(driven)
            (outage,) = account["outages"]
            assert outage["incident"] == incident.id
            down = (incident.resolved_at or 0) - incident.opened_at
            assert account["seconds"]["down"] == f"{down / SECOND:g}"
            assert account["seconds"]["unknown"] == "0"
            assert 30 * SECOND <= down <= 50 * SECOND


@run
async def test_a_recurrence_while_watched_reopens_the_ticket_and_the_watch_ends_by_itself(
    tmp_path: Path,
) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            for status in (503, 200, 503, 200):
                site.status = status
                await driven.advance(60)
            (incident,), (ticket,) = incidents(driven), tickets(driven)
            assert (incident.state, incident.reopened, ticket.state) == ("watching", 1, "resolved")
            await driven.advance(900)
            assert incidents(driven)[0].state == "resolved"
            with reading(tmp_path / "state", "test") as store:
                told = [event.what for event in store.timeline(ticket.number)]
            assert told == ["opened", "recovered", "reopened", "recovered", "watch_ended"]


@run
async def test_a_failing_look_that_is_not_confirmed_costs_nothing(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, retry_every="1s")) as driven:
            await driven.advance(30)
            site.close()
            before = driven.app.pipeline.memory(("web", "home")).last
            while driven.app.pipeline.memory(("web", "home")).last is before:
                await driven.advance(0.25)
            site.open()
            await driven.advance(60)
            assert tickets(driven) == []
            assert uptime(driven)["seconds"]["down"] == "0"


@run
async def test_a_daemon_that_was_off_knows_that_it_does_not_know(tmp_path: Path) -> None:
    with Site() as site:
        clock = MovingClock()
        async with Driven(tmp_path, web(site), clock) as driven:
            await driven.advance(100)
        off = clock.now()
        clock.at += 600 * SECOND
        async with Driven(tmp_path, web(site), MovingClock(clock.at)) as driven:
            await driven.advance(100)
            account = uptime(driven)
            unknown = float(account["seconds"]["unknown"])
            assert 600 <= unknown <= 600 + 10
            assert account["seconds"]["down"] == "0"
            assert account["uptime"] == "1/1"
            assert off - START == 100 * SECOND


@run
async def test_an_outage_over_a_restart_stays_one_incident(tmp_path: Path) -> None:
    with Site() as site:
        clock = MovingClock()
        async with Driven(tmp_path, web(site), clock) as driven:
            await driven.advance(30)
            site.status = 500
            await driven.advance(60)
        async with Driven(tmp_path, web(site), MovingClock(clock.at + 60 * SECOND)) as driven:
            await driven.advance(60)
            assert [incident.state for incident in incidents(driven)] == ["open"]
            site.status = 200
            await driven.advance(60)
            assert [(ticket.number, ticket.state) for ticket in tickets(driven)] == [(1, "resolved")]


@run
async def test_a_reload_keeps_unchanged_checks_and_ends_what_was_removed(tmp_path: Path) -> None:
    with Site() as site, Site() as other:
        services = {
            **web(site),
            "shop": {"checks": {"home": {"type": "http", "url": other.url, "every": "10s"}}},
        }
        async with Driven(tmp_path, services) as driven:
            site.status = other.status = 500
            await driven.advance(60)
            assert {ticket.service for ticket in tickets(driven) if ticket.is_open} == {"web", "shop"}
            state = driven.app.pipeline.memory(("web", "home")).state
            driven.write(web(site))
            await driven.app.reload(load(driven.file, all_kinds()))
            assert driven.app.pipeline.memory(("web", "home")).state == state
            by_service = {ticket.service: ticket for ticket in tickets(driven)}
            assert by_service["shop"].state == "resolved"
            assert by_service["web"].is_open
            with reading(tmp_path / "state", "test") as store:
                assert store.timeline(by_service["shop"].number)[-1].what == "removed"
                assert store.ledger("shop").spans[-1][1] is not None
            await driven.advance(60)
            assert len(tickets(driven)) == 2
            page = driven.app.metrics.page().decode()
            assert 'tocsin_check_duration_seconds_count{check="home",kind="http",service="web"}' in page
            assert 'service="shop"' not in page


@run
async def test_people_move_tickets_and_illegal_moves_are_refused(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            pipeline = driven.app.pipeline
            taken = await pipeline.move_ticket(1, PersonsMove(Move.ACK, "ann", "on it"))
            assert (taken.state, taken.assignee) == ("acknowledged", "ann")
            with pytest.raises(IllegalMove):
                await pipeline.move_ticket(1, PersonsMove(Move.REOPEN, "ann"))
            with pytest.raises(NoSuchTicket):
                await pipeline.move_ticket(9, PersonsMove(Move.ACK, "ann"))
            assert tickets(driven)[0] == taken


@run
async def test_a_second_daemon_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)):
            with pytest.raises(StateLocked):
                await Driven(tmp_path, web(site)).app.start()


@run
async def test_an_address_in_use_is_a_clear_configuration_error(tmp_path: Path) -> None:
    with Site() as site:
        driven = Driven(tmp_path, web(site))
        text = driven.file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{site.port}")
        driven.file.write_text(text)
        with pytest.raises(
            ConfigError, match=r"agent.listen: cannot listen on 127.0.0.1:\d+: address already in use"
        ):
            await build(load(driven.file, all_kinds()), MovingClock()).start()


@run
async def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with Site() as site:
        driven = Driven(tmp_path, web(site))
        (tmp_path / "state").mkdir()
        damaged = tmp_path / "state" / "tocsin.db"
        damaged.write_bytes(b"this is no database, but somebody may want it back" * 100)
        before = damaged.read_bytes()
        with pytest.raises(ConfigError, match="is no database"):
            await driven.app.start()
        assert damaged.read_bytes() == before


def spans(driven: Driven, service: str, check: str = "") -> list[tuple[float, float | None, str]]:
    """The ledger in seconds since the start."""
    with reading(driven.directory / "state", "test") as store:
        rows = store.ledger(service, check).spans
    return [
        ((a - START) / SECOND, (b - START) / SECOND if b is not None else None, k.value) for a, b, k in rows
    ]


async def reloaded(driven: Driven, services: dict[str, object]) -> None:
    driven.write(services)
    await driven.app.reload(load(driven.file, all_kinds()))


@run
async def test_a_move_made_while_the_daemon_is_off_is_no_sign_of_life(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        clock = MovingClock()
        async with Driven(tmp_path, web(site), clock) as driven:
            await driven.advance(60)
        off = (clock.now() - START) / SECOND
        clock.at += 7200 * SECOND
        offline = Driven(tmp_path, web(site), clock)
        writer = Writer(tmp_path / "state" / FILE_NAME)
        pipeline = Pipeline(writer, clock, "test", Rulebook.of(offline.app.config))
        await pipeline.start(catch_up=False)
        await pipeline.move_ticket(1, PersonsMove(Move.ACK, "ann"))
        await pipeline.stop()
        writer.close()
        async with Driven(tmp_path, web(site), MovingClock(clock.at + 600 * SECOND)) as driven:
            await driven.advance(30)
            (_, until, klass), (since, back, unseen), *_ = spans(driven, "web")
            assert (klass, until, since, unseen) == ("down", off, off, "unknown")
            assert back is not None
            assert back >= off + 7800


@run
async def test_a_service_removed_while_the_daemon_is_off_was_not_seen_meanwhile(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        clock = MovingClock()
        async with Driven(
            tmp_path, {**web(site), "other": {"checks": {"l": {"type": "load"}}}}, clock
        ) as driven:
            await driven.advance(60)
        off = (clock.now() - START) / SECOND
        other: dict[str, object] = {"other": {"checks": {"l": {"type": "load"}}}}
        async with Driven(tmp_path, other, MovingClock(clock.at + 36000 * SECOND)) as driven:
            for check in ("", "home"):
                assert [(a, b, k) for a, b, k in spans(driven, "web", check) if k == "down"][-1][1] == off
                assert spans(driven, "web", check)[-1][1:] == (off + 36000, "unknown")


@run
async def test_a_service_for_which_nothing_counts_any_more_ends_in_the_ledger(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            await reloaded(driven, web(site, counts_for_uptime=False))
            await driven.advance(60)
            assert spans(driven, "web")[-1][1] == 60.0


@run
async def test_a_check_that_begins_to_count_is_counted_from_then_on(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, counts_for_uptime=False)) as driven:
            await driven.advance(60)
            assert spans(driven, "web") == []
            await reloaded(driven, web(site))
            await driven.advance(60)
            assert spans(driven, "web") == [(60.0, None, "up")]


@run
async def test_time_without_a_reading_is_unknown_without_waiting_for_the_next_one(tmp_path: Path) -> None:
    """The host was suspended: the wall clock went on for hours, nothing was looked at."""
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            last = driven.app.pipeline.memory(("web", "home")).state.last_at
            driven.clock.at += 8 * 3600 * SECOND
            await driven.app.pipeline.checkpoint()
            believed = (last - START) / SECOND + 2 * 10 + 2
            assert spans(driven, "web")[-1] == (believed, None, "unknown")
            # Since the clock was last seen right nobody knows when it was: that is in no figure, believed or not.
            assert uptime(driven)["seconds"]["up"] == f"{60 - spans(driven, 'web')[0][0]:g}"


@run
async def test_what_a_probe_remembered_under_other_options_is_not_its_own(tmp_path: Path) -> None:
    def disk(path: str) -> dict[str, object]:
        return {"host": {"checks": {"d": {"type": "disk", "path": path, "every": "10s"}}}}

    async with Driven(tmp_path, disk("/")) as driven:
        await driven.advance(30)
        before = driven.app.pipeline.memory(("host", "d")).memo
        await reloaded(driven, disk("/dev/shm"))
        await driven.advance(10)
        after = driven.app.pipeline.memory(("host", "d")).memo
        assert before
        assert after
        assert not {tuple(sample) for sample in before} & {tuple(sample) for sample in after}


@run
async def test_a_check_removed_in_the_transaction_of_its_first_reading_leaves_no_open_ticket(
    tmp_path: Path,
) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, confirm=1)) as driven:
            driven.write({"other": {"checks": {"l": {"type": "load"}}}})
            rules = Rulebook.of(load(driven.file, all_kinds()))
            await asyncio.gather(
                driven.app.pipeline.submit(("web", "home"), bad("d", driven.clock.now() / SECOND)),
                driven.app.pipeline.reload(rules),
            )
            assert [ticket.state for ticket in tickets(driven)] == ["resolved"]
            assert [incident.state for incident in incidents(driven)] == ["resolved"]
