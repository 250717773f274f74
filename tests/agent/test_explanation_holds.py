"""Explanations of what was held back, from what an app stored while time was moved: what they say at each moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.explanation.check import explain_check
from agent.store.reader import reading
from agent.views.explained_check import as_document
from checks.registry import all_kinds
from config.loader import load
from tests.agent.test_app import run, web
from tests.agent.test_holds import WHY, ask
from tests.moving_clock import SECOND, Driven
from tests.site import Site


def why(driven: Driven, at: int | None = None) -> dict[str, Any]:
    """Why web.home did or did not alert, by the present file; now, where no moment is given."""
    now, config = driven.clock.now(), load(driven.file, all_kinds())
    with reading(driven.directory / "state", "test") as store:
        return as_document(explain_check(store, config, ("web", "home"), now if at is None else at, now))


async def reloaded(driven: Driven, services: dict[str, object]) -> None:
    driven.write(services)
    await driven.app.reload(load(driven.file, all_kinds()))
    await driven.advance(60)


@run
async def test_what_was_held_back_and_is_gone_from_the_configuration_is_held_back_no_more(
    tmp_path: Path,
) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await ask(driven, "silence.add", names=["web"], lasts=7200, **WHY)
            site.status = 500
            await driven.advance(60)
            assert why(driven)["verdict"] == "held"
            await reloaded(driven, {"other": {"checks": {"load": {"type": "load"}}}})
            gone = why(driven)
            assert (gone["verdict"], gone["state"]) == ("not_looked_at", None)
            last = gone["decisions"][-1]
            assert (last["what"], last["by"], last["incident"]) == ("removed", "configuration", None)
            site.status = 200
            await reloaded(driven, web(site))
            assert (why(driven)["verdict"], why(driven)["state"]) == ("well", "ok")


@run
async def test_incident_that_may_not_get_worse_has_alerted_all_the_same(tmp_path: Path) -> None:
    services = {"degraded": "status == 404", "down": "status >= 500"}
    with Site() as site:
        async with Driven(tmp_path, web(site, **services)) as driven:
            site.status = 404
            await driven.advance(60)
            await ask(driven, "silence.add", names=["web"], lasts=7200, **WHY)
            site.status = 500
            await driven.advance(60)
            told = why(driven)
            assert (told["verdict"], told["state"], told["incident"]["id"]) == ("alerted", "down", 1)
            kept = told["decisions"][-1]
            assert (kept["what"], kept["by"], kept["incident"]) == ("held", "S-1", 1)


@run
async def test_silence_by_severity_is_for_the_severity_that_the_rules_give(tmp_path: Path) -> None:
    rules = [{"match": {"service": ["web"]}, "severity": "low"}]
    with Site() as site:
        async with Driven(tmp_path, web(site), severity=rules) as driven:
            await ask(driven, "silence.add", match={"severity": ["low"]}, lasts=7200, **WHY)
            site.status = 500
            await driven.advance(60)
            told = why(driven)
            assert (told["verdict"], told["decided"]["by"]) == ("held", "S-1")
            assert [each["id"] for each in told["in_force"]] == ["S-1"]


@run
async def test_end_of_planned_work_that_was_moved_is_told_as_it_is_now(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await ask(driven, "maintenance.add", names=["web"], lasts=600, reason="disks")
            site.status = 500
            await driven.advance(60)
            await ask(driven, "maintenance.end", id="M-1", end=driven.clock.now() + 3600 * SECOND)
            await driven.advance(60)
            told = why(driven)
            assert f"until {told['in_force'][0]['to']}" in told["text"]


@run
async def test_readings_that_would_be_enough_by_now_are_not_called_too_few(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, confirm=6)) as driven:
            await driven.advance(30)
            site.status = 500
            await driven.advance(14)
            then = driven.clock.now()
            assert "3 of 6 failing readings" in why(driven)["text"]
            site.status = 200
            await driven.advance(60)
            await reloaded(driven, web(site, confirm=2))
            assert "3 failing readings, as by now 2 would be enough" in why(driven, then)["text"]
