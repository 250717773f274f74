"""What holds back, through the whole app with a moving clock: opening waits, closing never does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.store.planning import CannotPlan
from alerting.desk.ticket import Ticket
from alerting.incidents.incident import Incident
from alerting.slo.periods import moment
from checks.registry import all_kinds
from config.loader import load
from tests.agent.test_app import incidents, run, tickets, uptime, web
from tests.moving_clock import SECOND, START, Driven, MovingClock
from tests.site import Site

HOUR = 3600.0
WHY = {"reason": "known", "by": "ann"}


async def ask(driven: Driven, command: str, **arguments: object) -> Any:
    """As the command does, through the daemon's socket."""
    return await driven.app.commands.answer(command, arguments, "root")


def suppressed(driven: Driven) -> list[str]:
    return [each.id for each in driven.app.pipeline.world.suppressions]


def opened(driven: Driven) -> list[Incident]:
    return [each for each in incidents(driven) if each.service != "tocsin"]


def written(driven: Driven) -> list[Ticket]:
    return [each for each in tickets(driven) if each.service != "tocsin"]


def _in_our_words(window: dict[str, Any]) -> dict[str, Any]:
    ours = {"start": "start", "every": "days", "timezone": "zone"}
    told = {ours[key]: value for key, value in window.items() if key in ours}
    return {**told, "duration": f"{window['duration_s']}s"}


def _cases(shared: Path) -> list[dict[str, Any]]:
    cases = json.loads((shared / "real" / "cases_maintenance.json").read_text(encoding="utf-8"))
    return [case for case in cases if "now" in case]


@run
async def test_peers_windows_hold_back_exactly_while_they_run(tmp_path: Path, shared: Path) -> None:
    cases = _cases(shared)
    assert len(cases) == 8
    with Site() as site:
        site.status = 500
        for number, case in enumerate(cases):
            home = tmp_path / str(number)  # a socket's path is short
            home.mkdir()
            clock = MovingClock(moment(case["now"], "UTC"))
            sections = {"maintenance": {"w": _in_our_words(case["window"])}}
            async with Driven(home, web(site), clock, **sections) as driven:
                await driven.advance(60)
                held = case["expect"]["in_maintenance"]
                assert len(written(driven)) == (0 if held else 1), case["id"]
                assert bool(suppressed(driven)) == held, case["id"]
                assert driven.app.pipeline.memory(("web", "home")).state.state == "down"


@run
async def test_what_breaks_in_planned_work_and_lasts_opens_once_when_it_is_over(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            await ask(driven, "maintenance.add", names=["web"], lasts=600, reason="disks")
            ends = driven.clock.now() + 600 * SECOND
            site.status = 500
            await driven.advance(590)
            assert opened(driven) == []
            await driven.advance(30)
            (incident,) = opened(driven)
            assert (incident.state, incident.opened_at) == ("open", ends)
            await driven.advance(300)
            assert len(opened(driven)) == len(written(driven)) == 1


@run
async def test_what_recovers_in_planned_work_is_resolved_at_once(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            site.status = 500
            await driven.advance(60)
            await ask(driven, "maintenance.add", lasts=3600, reason="disks")
            site.status = 200
            await driven.advance(60)
            (ticket,), (incident,) = written(driven), opened(driven)
            assert (ticket.state, incident.state) == ("resolved", "watching")


@run
async def test_the_same_trouble_before_and_after_is_one_incident(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            site.status = 500
            await driven.advance(60)
            before = opened(driven)
            await ask(driven, "silence.add", names=["web"], lasts=300, **WHY)
            await driven.advance(600)
            assert opened(driven) == before
            assert len(written(driven)) == 1


@run
async def test_a_silence_that_is_ended_lets_through_what_it_held_back(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        async with Driven(tmp_path, web(site)) as driven:
            await ask(driven, "silence.add", match={"severity": ["high"]}, lasts=HOUR, **WHY)
            await driven.advance(60)
            assert opened(driven) == []
            ended = await ask(driven, "silence.end", id="S-1", by="bert")
            assert [each["by"] for each in ended["history"]] == ["ann", "bert"]
            await driven.advance(6)
            assert len(opened(driven)) == 1


@run
async def test_what_is_silenced_survives_a_restart_and_ends_in_time(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        clock = MovingClock()
        async with Driven(tmp_path, web(site), clock) as driven:
            await ask(driven, "silence.add", names=["web"], lasts=HOUR, **WHY)
            await driven.advance(60)
        async with Driven(tmp_path, web(site), MovingClock(clock.at + 60 * SECOND)) as driven:
            assert suppressed(driven) == ["S-1"]
            await driven.advance(60)
            assert opened(driven) == []
            await driven.advance(HOUR)
            assert [each.rule for each in opened(driven)].count("home") == 1
            assert suppressed(driven) == []


@run
async def test_a_paused_check_is_not_looked_at_and_its_time_is_unknown_from_then_on(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(100)
            seen = site.seen
            await ask(driven, "pause", names=["web.home"], lasts=600, reason="moved")
            paused_at = driven.clock.now()
            site.status = 500
            await driven.advance(590)
            assert site.seen == seen
            assert opened(driven) == []
            unknown = float(uptime(driven)["seconds"]["unknown"])
            assert unknown == (driven.clock.now() - paused_at) / SECOND
            await driven.advance(60)
            assert site.seen > seen
            assert len(opened(driven)) == 1


@run
async def test_a_pause_outlasts_a_restart_and_a_check_that_is_resumed_looks_at_once(tmp_path: Path) -> None:
    with Site() as site:
        clock = MovingClock()
        slow = web(site, every="10m")
        async with Driven(tmp_path, slow, clock) as driven:
            await driven.advance(60)
            await ask(driven, "pause", names=["web"], lasts=HOUR, reason="moved")
        seen = site.seen
        async with Driven(tmp_path, slow, MovingClock(clock.at + 60 * SECOND)) as driven:
            await driven.advance(900)
            assert site.seen == seen
            await ask(driven, "resume", names=["web"])
            await driven.advance(2)
            assert site.seen == seen + 1


@run
async def test_an_incident_that_is_open_stays_open_while_nobody_looks(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            site.status = 500
            await driven.advance(60)
            await ask(driven, "pause", names=["web"], lasts=HOUR, reason="moved")
            site.status = 200
            await driven.advance(600)
            assert [each.state for each in opened(driven)] == ["open"]
            await ask(driven, "resume", names=["web"])
            await driven.advance(60)
            assert [each.state for each in opened(driven)] == ["watching"]


@run
async def test_checking_now_is_a_look_like_any_other_and_leaves_out_what_is_paused(tmp_path: Path) -> None:
    with Site() as site, Site() as other:
        services = {
            **web(site, every="1h"),
            "shop": {"checks": {"home": {"type": "http", "url": other.url, "every": "1h"}}},
        }
        async with Driven(tmp_path, services) as driven:
            await driven.advance(15)
            seen = site.seen, other.seen
            await ask(driven, "pause", names=["shop"], lasts=HOUR, reason="moved")
            site.status = 500
            told = await ask(driven, "recheck", names=["web.home", "shop.home", "gone.home"])
            assert {name: each["status"] for name, each in told["readings"].items()} == {"web.home": "down"}
            assert "is paused until" in told["left_out"]["shop.home"]
            assert "(P-1: moved)" in told["left_out"]["shop.home"]
            assert "reload" in told["left_out"]["gone.home"]
            assert (site.seen, other.seen) == (seen[0] + 1, seen[1])
            last = driven.app.pipeline.memory(("web", "home")).last
            assert last is not None
            assert last.status == "down"


@run
async def test_what_is_silenced_or_paused_stays_so_under_its_new_name(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            await ask(driven, "silence.add", names=["web.home"], lasts=HOUR, **WHY)
            await ask(driven, "pause", names=["web"], lasts=HOUR, reason="moved")
            front = {"type": "http", "url": site.url, "every": "10s", "timeout": "2s", "was": ["web.home"]}
            renamed: dict[str, object] = {"site": {"checks": {"front": front}}}
            driven.write(renamed)
            await driven.app.reload(load(driven.file, all_kinds()))
            names = {each.id: each.match.names for each in driven.app.pipeline.world.suppressions}
            assert names == {"S-1": ("site.front",), "P-1": ("site",)}
            seen = site.seen
            await driven.advance(60)
            assert site.seen == seen
        async with Driven(tmp_path, renamed, MovingClock(driven.clock.at)) as driven:
            assert {each.id: each.match.names for each in driven.app.pipeline.world.suppressions} == names


@run
async def test_a_window_that_a_reload_brings_holds_back_at_once(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 500
        window = {"maintenance": {"w": {"cron": "* * * * *", "duration": "1m"}}}
        async with Driven(tmp_path, web(site, confirm=3, retry_every="10s")) as driven:
            driven.write(web(site, confirm=3, retry_every="10s"), **window)
            await driven.app.reload(load(driven.file, all_kinds()))
            await driven.advance(120)
            assert opened(driven) == []
            driven.write(web(site, confirm=3, retry_every="10s"))
            await driven.app.reload(load(driven.file, all_kinds()))
            await driven.advance(10)
            assert len(opened(driven)) == 1


@run
async def test_what_is_asked_wrongly_changes_nothing(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            for command, arguments in (
                ("silence.add", {"names": ["web"], "reason": "known"}),
                ("silence.end", {"id": "S-1"}),
                ("silence.end", {"id": "nothing"}),
                ("pause", {"names": ["web", "shop"], "lasts": 60, "reason": "two"}),
                ("resume", {"names": []}),
                ("maintenance.cancel", {"id": "M-1"}),
            ):
                with pytest.raises(CannotPlan):
                    await driven.app.holds.ask(command, arguments, "root")
            assert suppressed(driven) == []


@run
async def test_a_clock_that_was_far_ahead_for_a_while_ends_nothing(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await ask(driven, "silence.add", names=["web"], lasts=HOUR, **WHY)
            driven.clock.at += 100 * 86_400 * SECOND
            await driven.advance(70)
            assert suppressed(driven) == []
            driven.clock.at -= 100 * 86_400 * SECOND
            await driven.advance(70)
            assert suppressed(driven) == ["S-1"]
            assert driven.clock.at > START
