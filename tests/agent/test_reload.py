"""A reload in the whole app: what did not change goes on undisturbed, what did is said by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from agent.changes import Changes
from agent.reload import document
from agent.rulebook import Rulebook
from agent.store.reader import reading
from checks.registry import all_kinds
from config.loader import load
from config.models import ITSELF
from tests.end_to_end.website import Site
from tests.moving_clock import SECOND, Driven
from tests.readings import reading as seen


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def web(site: Site, **options: object) -> dict[str, Any]:
    check = {"type": "http", "url": site.url, "every": "10s", "timeout": "2s", **options}
    return {"web": {"checks": {"home": check}}}


async def reloaded(driven: Driven, services: dict[str, object]) -> Changes:
    driven.write(services)
    return await driven.app.reload(load(driven.file, all_kinds()))


async def a_look_under_way(driven: Driven, site: Site) -> None:
    site.turn(good=True, hold_from=1)
    while not driven.app.scheduler.running:
        for job in driven.clock.move(0.25):
            await job()
    while not site.holding:
        await asyncio.sleep(0.01)


@run
async def test_a_look_under_way_ends_normally_and_counts_under_the_new_rules(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            last = driven.app.pipeline.memory(("web", "home")).state.last_at
            await a_look_under_way(driven, site)
            changes = await reloaded(driven, web(site, every="20s", confirm=1))
            assert changes.changed == {"web.home": ("every", "confirm")}
            site.release()
            await driven.settled()
            assert driven.app.pipeline.memory(("web", "home")).state.last_at > last


@run
async def test_the_look_of_a_removed_check_is_dropped(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            await a_look_under_way(driven, site)
            await reloaded(driven, {"other": {"checks": {"l": {"type": "load"}}}})
            assert not driven.app.scheduler.running
            site.release()
            await driven.settled()
            assert ("web", "home") not in driven.app.pipeline.world.checks


@run
async def test_what_a_look_saw_under_options_that_count_no_more_is_ignored(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            before = driven.app.pipeline.memory(("web", "home"))
            await a_look_under_way(driven, site)
            await reloaded(driven, web(site, max_body="1MiB"))
            site.release()
            await driven.settled()
            assert driven.app.pipeline.memory(("web", "home")) == before
            assert driven.app.pipeline.rules.fingerprints[("web", "home")] != before.memo_of


@run
async def test_a_look_that_begins_while_a_reload_is_stored_keeps_what_it_remembers(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            # The same options, read anew, as the scheduler has not been told yet.
            await driven.app.pipeline.reload(Rulebook.of(load(driven.file, all_kinds())))
            await driven.advance(30)
            made_under = driven.app.pipeline.rules.fingerprints[("web", "home")]
            assert driven.app.pipeline.memory(("web", "home")).memo_of == made_under


@run
async def test_a_disabled_check_ends_its_incident_with_its_reason(tmp_path: Path) -> None:
    with Site() as site:
        site.turn(good=False)
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            changes = await reloaded(driven, web(site, disabled="moved to web-02"))
            assert (changes.disabled, changes.removed) == ({"web.home": "moved to web-02"}, ())
            with reading(tmp_path / "state", "test") as store:
                (ticket,), (incident,) = store.tickets(), store.incidents()
                last = store.timeline(ticket.number)[-1]
            assert (ticket.state, incident.state) == ("resolved", "resolved")
            assert last.text == "resolved because the check is disabled: moved to web-02"


@run
async def test_a_disabled_service_disables_its_checks(tmp_path: Path) -> None:
    with Site() as site:
        site.turn(good=False)
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            services = web(site)
            services["web"]["disabled"] = "sold"
            changes = await reloaded(driven, services)
            assert changes.disabled == {"web.home": "sold"}
            with reading(tmp_path / "state", "test") as store:
                assert store.timeline(1)[-1].text == "resolved because the check is disabled: sold"


@run
async def test_a_reading_before_a_reload_is_judged_by_the_rules_before_it(tmp_path: Path) -> None:
    """Also when the store refuses a third entry of the same transaction, and each is decided anew."""

    def refused(draft: Any) -> None:
        draft.readings.append((("web", "\udcff"), "http", seen("o", 1)))

    with Site() as site:
        async with Driven(tmp_path, web(site, confirm=1)) as driven:
            driven.write({"other": {"checks": {"l": {"type": "load"}}}})
            rules = Rulebook.of(load(driven.file, all_kinds()))
            pipeline = driven.app.pipeline
            await asyncio.gather(
                pipeline.submit(("web", "home"), seen("d", driven.clock.now() / SECOND)),
                pipeline.reload(rules),
                pipeline.change(refused),
                return_exceptions=True,
            )
            assert pipeline.rules is rules
            with reading(tmp_path / "state", "test") as store:
                assert [ticket.state for ticket in store.tickets()] == ["resolved"]


@run
async def test_a_reload_that_fails_in_itself_leaves_the_rules_as_they_were(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            pipeline = driven.app.pipeline
            before = pipeline.rules
            nonsense: Any = object()
            results = await asyncio.gather(pipeline.reload(nonsense), return_exceptions=True)
            assert isinstance(results[0], AttributeError)
            assert pipeline.rules is before
            await driven.advance(30)
            assert pipeline.memory(("web", "home")).last is not None


@run
async def test_two_thousand_who_ask_at_once_get_one_reload_with_the_last_edit(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            begun: list[bool] = []
            driven.app.reloads.under_way = begun.append
            asked = [driven.app.reloads.ask() for _ in range(1000)]
            await asyncio.sleep(0)  # the first one begins
            driven.write(web(site, every="20s"))
            asked += [driven.app.reloads.ask() for _ in range(1000)]
            outcomes = await asyncio.gather(*asked)
            assert begun == [True, False, True, False]
            assert outcomes[-1].config.checks()[0].every == driven.app.config.checks()[0].every == 20


@run
async def test_a_refused_file_is_told_with_every_mistake_and_changes_nothing(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            before = driven.app.config
            driven.write(web(site, evry="20s", timeuot="1s"))
            outcome = await driven.app.reloads.ask()
            assert outcome.changes is None
            assert [problem.path for problem in outcome.errors] == [
                "services.web.checks.home.evry",
                "services.web.checks.home.timeuot",
            ]
            assert driven.app.config is before
            told = document(outcome, driven.file)
            assert (told["ok"], len(told["errors"]), told["checks"]) == (False, 2, 1)
            assert "tocsin_config_last_reload_successful 0.0" in driven.app.metrics.page().decode()
            driven.write(web(site))
            assert (await driven.app.reloads.ask()).changes is not None
            assert "tocsin_config_last_reload_successful 1.0" in driven.app.metrics.page().decode()


@run
async def test_what_counts_after_a_restart_only_is_named_until_then(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            text = driven.file.read_text()
            driven.file.write_text(text.replace("id: test", "id: other\n  stop_grace: 1s"))
            outcome = await driven.app.reloads.ask()
            assert outcome.changes is not None
            assert outcome.changes.restart == ("agent.id",)
            assert outcome.changes.changed == {"agent": ("id", "stop_grace")}
            again = await driven.app.reloads.ask()
            assert again.changes is not None
            assert (again.changes.restart, bool(again.changes)) == (("agent.id",), False)


def per_target(driven: Driven, *targets: str, every: str = "10s") -> None:
    """A configuration that makes a check per target of a file, and that file."""
    (driven.directory / "hosts.txt").write_text("".join(f"{target}\n" for target in targets))
    check = {
        "type": "tcp",
        "host": "127.0.0.1",
        "port": "${target}",
        "every": every,
        "targets_file": "hosts.txt",
    }
    driven.write({"ports": {"checks": {"p": check}}})


def checks_of(driven: Driven) -> set[str]:
    return {check.address for check in driven.app.config.checks() if check.service != ITSELF}


@run
async def test_a_targets_file_is_followed_without_a_reload_and_without_other_edits(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            per_target(driven, "1", "2")
            await driven.app.reloads.ask()
            assert checks_of(driven) == {"ports.p-1", "ports.p-2"}
            await driven.advance(30)
            state = driven.app.pipeline.memory(("ports", "p-2")).state
            per_target(driven, "2", "3", every="20s")  # nobody asked for the new interval
            await driven.advance(6)
            assert checks_of(driven) == {"ports.p-2", "ports.p-3"}
            assert {check.every for check in driven.app.config.checks() if check.service != ITSELF} == {10.0}
            assert driven.app.pipeline.memory(("ports", "p-2")).state.since == state.since
            with reading(tmp_path / "state", "test") as store:
                assert {each.rule for each in store.incidents() if each.state == "open"} <= {"p-2", "p-3"}
            await driven.app.reloads.ask()
            assert {check.every for check in driven.app.config.checks() if check.service != ITSELF} == {20.0}


@run
async def test_a_broken_targets_file_keeps_the_targets_and_is_said_once(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.txt"
    with Site() as site, capture_logs() as log:

        def refused() -> list[str]:
            return [line["reasons"][0] for line in log if line["event"] == "config.refused"]

        async with Driven(tmp_path, web(site)) as driven:
            per_target(driven, "1", "2")
            await driven.app.reloads.ask()
            hosts.write_text("- 1\n")
            await driven.advance(60)
            assert checks_of(driven) == {"ports.p-1", "ports.p-2"}
            assert len(refused()) == 1
            assert "hosts.txt:1:1" in refused()[0]
            assert "tocsin_config_last_reload_successful 0.0" in driven.app.metrics.page().decode()
            hosts.write_text("7\n")
            await driven.advance(6)
            assert checks_of(driven) == {"ports.p-7"}
            assert "tocsin_config_last_reload_successful 1.0" in driven.app.metrics.page().decode()
            hosts.unlink()
            await driven.advance(6)
            assert checks_of(driven) == {"ports.p-7"}
            assert len(refused()) == 2


@run
async def test_a_refused_file_stays_refused_when_files_of_targets_are_followed(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            per_target(driven, "1", "2")
            await driven.app.reloads.ask()
            text = driven.file.read_text()
            driven.file.write_text(text.replace("type: tcp", "type: tcpp"))
            assert (await driven.app.reloads.ask()).changes is None
            (tmp_path / "hosts.txt").write_text("7\n")
            await driven.advance(6)
            assert checks_of(driven) == {"ports.p-7"}
            assert "tocsin_config_last_reload_successful 0.0" in driven.app.metrics.page().decode()
            driven.file.write_text(text)
            await driven.app.reloads.ask()
            assert "tocsin_config_last_reload_successful 1.0" in driven.app.metrics.page().decode()


@run
async def test_a_shorter_interval_makes_nothing_unknown_that_was_seen(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, every="60s")) as driven:
            await driven.advance(120)
            last = driven.app.pipeline.memory(("web", "home")).state.last_at
            await driven.advance((last - driven.clock.at) / SECOND + 55)
            await reloaded(driven, web(site, every="10s"))
            await driven.advance(60)
            with reading(tmp_path / "state", "test") as store:
                assert [klass for *_, klass in store.ledger("web").spans] == ["up"]
