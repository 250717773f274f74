"""The daemon: built from a configuration and a clock, started, reloaded, stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.exc import DatabaseError

from agent.budget import Budget
from agent.changes import Changes, differences
from agent.clock import Clock, SystemClock
from agent.control import ControlServer, Refused
from agent.desk import NoSuchTicket, PersonsMove
from agent.hearing import REFRESH, Hearing
from agent.lock import StateLock
from agent.metrics import Metrics
from agent.pipeline import Pipeline
from agent.reload import WATCH, Origin, Reloads, document
from agent.rulebook import Rulebook, fingerprint
from agent.runner import Runner
from agent.scheduler import TICK, Scheduler
from agent.store.dialect import FILE_NAME
from agent.store.migrate import StoreTooNew
from agent.store.writer import Writer
from agent.upkeep import Upkeep
from agent.web.server import WebServer
from alerting.desk.ticket import IllegalMove, Move, Ticket
from alerting.state import wants_retry
from checks.registry import all_kinds
from checks.text import visible
from config.errors import ConfigError
from config.models import Check, Config

log = structlog.get_logger()
CHECKPOINT = 5.0
_STEP_WATCH = 0.75
_UPKEEP = 600.0
_PLANNING = 60.0
_JUDGING = 60.0
_STALLED = 30.0
_COMMIT_PATIENCE = 5.0
_LONGEST_NOTE = 2000
_RELOAD_PATIENCE = 25.0


class App:
    """Everything that runs. `start` raises ConfigError or StateLocked and leaves nothing behind."""

    def __init__(self, config: Config, clock: Clock, origin: Origin) -> None:
        self.config, self.clock, self.kinds = config, clock, origin.kinds
        self.directory = Path(config.agent.state_dir)
        self.origin = origin
        self.reloads = Reloads(config, origin, self.reload, self.reload_failed)
        self._started_as = config.agent
        self._cleanup = contextlib.AsyncExitStack()
        self._reloaded_at = clock.now()
        self._reload_ok = True

    async def start(self) -> None:
        try:
            await self._start()
        except BaseException:
            await self._cleanup.aclose()
            raise

    async def _start(self) -> None:
        agent, cleanup = self.config.agent, self._cleanup
        cleanup.callback(StateLock(self.directory).release)
        writer = opened(self.directory / FILE_NAME)
        cleanup.callback(writer.close)
        self.pipeline = Pipeline(writer, self.clock, agent.id, Rulebook.of(self.config))
        self.runner = Runner(self.clock, self.kinds)
        self.runner.allow(agent.allow_link_local)
        cleanup.push_async_callback(self.runner.aclose)
        self.scheduler = Scheduler(self.clock, self._look)
        self.hearing = Hearing(self.pipeline, self.runner, self.clock, self.scheduler.soon)
        self.upkeep = Upkeep(self.directory, self.config, self.clock, writer)
        self.metrics = Metrics(self.config, self.kinds, lambda: self.pipeline.world, self._gauges)
        self.pipeline.heard = self.metrics.heard
        addresses = [("agent.listen", agent.listen)]
        if agent.metrics.listen:
            addresses.append(("agent.metrics.listen", agent.metrics.listen))
        self.web = WebServer(self._site, addresses)
        cleanup.push_async_callback(self.web.stop)
        await self.pipeline.start()
        cleanup.push_async_callback(self.pipeline.stop)
        cleanup.push_async_callback(self.reloads.stop)
        control = ControlServer(self.directory, self._answer)
        await control.start()
        cleanup.push_async_callback(control.stop)
        await self._plan()
        self.clock.start()
        cleanup.push_async_callback(self.scheduler.stop, 0.0)
        cleanup.callback(self.clock.stop)
        await self.web.start()
        log.info(
            "daemon.started", agent=agent.id, checks=len(self.config.checks()), listen=self.web.addresses
        )

    def _site(self) -> Any:
        from agent.web.site import site

        return site(self.metrics.page, self.unready, self.config.agent.metrics.allow, self.hearing)

    async def _plan(self) -> None:
        self.budget = Budget(self.directory, self.config, self.clock, self.pipeline)
        await self.upkeep.plan()
        await self.hearing.use(self.config)
        self.scheduler.use(self.config.checks())
        self.clock.every(TICK, self.scheduler.tick, "tick")
        self.clock.every(CHECKPOINT, self.pipeline.checkpoint, "checkpoint")
        self.clock.every(_STEP_WATCH, self.pipeline.watch_clock, "clock")
        self.clock.every(_UPKEEP, self.upkeep.run, "upkeep")
        self.clock.every(_PLANNING, self.upkeep.plan, "planning")
        self.clock.every(_JUDGING, self.budget.judge, "budgets")
        self.clock.every(WATCH, self.reloads.watch, "targets")
        self.clock.every(REFRESH, lambda: self.hearing.use(self.config), "keys")

    async def stop(self) -> None:
        """Take no new looks, let running ones end within the grace period, commit, close."""
        self.clock.stop()
        await self.scheduler.stop(self.config.agent.stop_grace)
        await asyncio.wait([asyncio.ensure_future(self.pipeline.checkpoint())], timeout=_COMMIT_PATIENCE)
        await self._cleanup.aclose()
        log.info("daemon.stopped")

    async def reload(self, config: Config) -> Changes:
        """Go on under a new configuration, in one step; what did not change keeps state, memo and appointment."""
        started = self._started_as
        changes, rules = await asyncio.to_thread(
            lambda: (differences(self.config, config, started), Rulebook.of(config, self.pipeline.rules))
        )
        if changes:
            await asyncio.to_thread(self.metrics.prepare, config)
            await self.pipeline.reload(rules)
            await self.hearing.use(config)
            self.scheduler.use(config.checks(), changes.renamed)
            self.metrics.use(config)
            self.upkeep.use(config)
            self.budget.use(config)
            self.runner.allow(config.agent.allow_link_local)
            await self.upkeep.plan()
        self.config = config
        self._reload_ok, self._reloaded_at = True, self.clock.now()
        _tell(config, changes)
        return changes

    def reload_failed(self, reasons: list[str]) -> None:
        """Note that a new configuration was refused; the old one stays in force."""
        self._reload_ok = False
        log.error("config.refused", reasons=reasons[:20], kept="the configuration from before stays in force")

    def unready(self) -> list[str]:
        """Why the daemon does not do its work; nothing when it does."""
        reasons = []
        if self.pipeline.degraded:
            reasons.append("the store cannot write")
        if self.pipeline.stalled_for > _STALLED:
            reasons.append(f"nothing was stored for {self.pipeline.stalled_for:.0f}s")
        late = self.clock.monotonic() - self.scheduler.ticked_at
        if late > _STALLED:
            reasons.append(f"no check was started for {late:.0f}s")
        return reasons

    def stuck(self) -> bool:
        """Whether the loop that does the work stands still, so that only a restart can help."""
        return self.clock.monotonic() - self.scheduler.ticked_at > _STALLED or self.pipeline.ended

    async def _look(self, check: Check) -> bool:
        """One look, committed; True when the state machine wants a quick further one."""
        address = (check.service, check.name)
        if self.kinds[check.kind].judge is not None:
            await self.hearing.judge(check)
        else:
            await self._seen(check)
        spec = self.pipeline.rules.state_specs.get(address)
        return spec is not None and wants_retry(self.pipeline.memory(address).state, spec)

    async def _seen(self, check: Check) -> None:
        address = (check.service, check.name)
        rules = self.pipeline.rules
        # A reload that is being stored has its rules in force before the scheduler has its checks.
        same = rules.checks.get(address) is check
        made_under = rules.fingerprints[address] if same else fingerprint(check)
        reading = await self.runner.look(check, self._memo(address))
        committed = self.pipeline.submit(address, reading, made_under)
        await _patiently(committed, min(check.every, _COMMIT_PATIENCE))

    def _memo(self, address: tuple[str, str]) -> Any:
        """What the probe remembered, when it was made under the same options."""
        memory = self.pipeline.memory(address)
        return memory.memo if memory.memo_of == self.pipeline.rules.fingerprints.get(address) else None

    async def _answer(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        if command == "reload":
            return await self._reload_asked(who)
        if command == "tickets.move":
            return shown_move(await moved(self.pipeline, arguments, who))
        raise Refused(f"unknown command {command[:40]}")

    async def _reload_asked(self, who: str) -> Any:
        log.info("reload.asked", by=who)
        try:
            async with asyncio.timeout(_RELOAD_PATIENCE):
                outcome = await asyncio.shield(self.reloads.ask())
        except TimeoutError:
            reason = ", ".join(self.unready()) or "the host is busy"
            raise Refused(f"the reload has not ended yet ({reason}): its log will say how it ends") from None
        return document(outcome, self.origin.path)

    def _gauges(self) -> Iterable[Metric]:
        yield _gauge(
            "tocsin_scheduler_lag_seconds", "How late the latest looks began.", self.scheduler.lag.worst
        )
        skipped = "Looks that were skipped because the one before still ran."
        yield _gauge("tocsin_scheduler_skipped", skipped, float(self.scheduler.lag.skipped))
        hanging = "Looks that have outlived their deadline and hang in the operating system."
        yield _gauge("tocsin_probes_hanging", hanging, float(self.runner.hanging))
        yield _gauge(
            "tocsin_store_degraded", "1 while the store cannot write.", float(self.pipeline.degraded)
        )
        name = "tocsin_config_last_reload_success"
        accepted = self._reload_ok and not self.reloads.refused
        yield _gauge(f"{name}ful", "1 when the latest (re)load was accepted.", float(accepted))
        yield _gauge(f"{name}_timestamp_seconds", "When it last was.", self._reloaded_at / 1_000_000)
        yield from self.upkeep.gauges()
        yield from self.budget.gauges()


def build(config: Config, clock: Clock | None = None, origin: Origin | None = None) -> App:
    """The daemon for a configuration; `clock` is the machine's unless a test brings its own."""
    origin = origin or Origin(Path(config.files[0]), all_kinds())
    return App(config, clock or SystemClock(), origin)


def opened(path: Path) -> Writer:
    """The store at `path`. Raises ConfigError when it cannot be used; it is never replaced by a new one."""
    try:
        return Writer(path)
    except StoreTooNew as error:
        raise ConfigError(f"{path}: {error} (install the newer version again, or restore a backup)") from None
    except DatabaseError as error:
        raise ConfigError(
            f"{path} cannot be used: {error.orig} (restore a backup, or move it aside)"
        ) from None


async def _patiently(committed: asyncio.Future[Any], seconds: float) -> None:
    """Wait for a commit, but not for ever: a store that cannot write must not stop the looking.

    The reading waits in the pipeline; what the store refused was logged there.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _let_go, committed)
    try:
        with contextlib.suppress(Exception):
            await committed
    finally:
        timer.cancel()


def _let_go(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)


async def moved(pipeline: Pipeline, arguments: dict[str, Any], who: str) -> Ticket:
    """A person's move on a ticket, asked for by command. Raises Refused with the reason."""
    try:
        note = visible(str(arguments.get("note") or ""), _LONGEST_NOTE)
        asked = PersonsMove(Move(str(arguments.get("move"))), who, note)
        return await pipeline.move_ticket(int(arguments["number"]), asked)
    except (NoSuchTicket, IllegalMove) as error:
        raise Refused(str(error)) from None
    except (KeyError, ValueError):
        raise Refused("expected a ticket number and a move") from None


def shown_move(ticket: Ticket) -> dict[str, str]:
    """What a command prints of a moved ticket."""
    return {"id": ticket.id, "state": ticket.state.value}


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family


def _tell(config: Config, changes: Changes) -> None:
    told = changes.lines()
    restart = told.pop("restart", None)
    log.info("config.reloaded", checks=len(config.checks()), **{"added": [], "removed": [], **told})
    if restart:
        log.warning("config.restart_wanted", options=restart, reason="these count after a restart only")
