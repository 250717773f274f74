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
from agent.check_ups import CheckUps, NoSuchDesk
from agent.clock import Clock, SystemClock
from agent.control import ControlServer, Refused
from agent.deadman import TURN as PINGING
from agent.deadman import DeadMan
from agent.delivery import BEAT, Delivery
from agent.desk.asked import Asked, CannotDo, Refusal
from agent.desk.rooms import VERBS
from agent.desk_metrics import DeskMetrics
from agent.door import Door
from agent.guard import ASKING, Guard
from agent.hearing import REFRESH, Hearing
from agent.holds import PLANNING, Holds
from agent.hooks import Hooks
from agent.inbound import InboundDoor
from agent.known_issues import TURN, KnownIssues
from agent.lock import StateLock
from agent.markers import CannotMark, Markers
from agent.metrics import Metrics
from agent.outbox import CannotDo as CannotFollow
from agent.outbox import Word
from agent.pipeline import Pipeline
from agent.precedents import Precedents
from agent.rechecks import Rechecks
from agent.reconcile import TURN as COMPARING
from agent.reconcile import Reconciler
from agent.reload import WATCH, Origin, Reloads, document
from agent.rulebook import Rulebook, fingerprint
from agent.runner import Runner
from agent.scheduler import TICK, Scheduler
from agent.self_checks import watching_itself, with_own_kind
from agent.store.dialect import FILE_NAME
from agent.store.migrate import StoreTooNew
from agent.store.planning import COMMANDS, CannotPlan
from agent.store.writer import Writer
from agent.tracing import ATTACHING, Tracing
from agent.trial import NoSuchRoute, tested
from agent.upkeep import Upkeep
from agent.vitals import Vitals
from agent.web.server import WebServer
from alerting.connectors.registry import all_connectors
from alerting.desk.ticket import IllegalMove
from alerting.incidents.change import as_json
from alerting.state import look_in, wants_retry
from checks.registry import all_kinds
from config.errors import ConfigError
from config.models import Check, Config

log = structlog.get_logger()
CHECKPOINT = 5.0
_STEP_WATCH = 0.75
_UPKEEP = 600.0
_JUDGING = 60.0
_STALLED = 30.0
_COMMIT_PATIENCE = 5.0
_RELOAD_PATIENCE = 25.0


class App:
    """Everything that runs. `start` raises ConfigError or StateLocked and leaves nothing behind."""

    def __init__(self, config: Config, clock: Clock, origin: Origin) -> None:
        self.config, self.clock, self.kinds = watching_itself(config), clock, with_own_kind(origin.kinds)
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
        self._build_looking(writer)
        self.upkeep = Upkeep(self.directory, self.config, self.clock, writer)
        self.metrics = Metrics(self.config, self.kinds, lambda: self.pipeline.world, self._gauges)
        self.pipeline.heard = self.metrics.heard
        self._count_tickets()
        self.pipeline.wants = self._look_at_once
        addresses = [("agent.listen", agent.listen)]
        if agent.metrics.listen:
            addresses.append(("agent.metrics.listen", agent.metrics.listen))
        self.web = WebServer(self._site, addresses)
        cleanup.push_async_callback(self.web.stop)
        await self.holds.record(self.config)
        await self._start_deciding()
        cleanup.push_async_callback(self.reloads.stop)
        control = ControlServer(self.directory, self._answer)
        await control.start()
        cleanup.push_async_callback(control.stop)
        await self._plan()
        self.clock.start()
        self.vitals.loop.start()
        cleanup.callback(self.vitals.loop.stop)
        cleanup.push_async_callback(self.scheduler.stop, 0.0)
        cleanup.callback(self.clock.stop)
        await self.web.start()
        log.info(
            "daemon.started", agent=agent.id, checks=len(self.config.checks()), listen=self.web.addresses
        )

    def _count_tickets(self) -> None:
        self.desk_metrics = DeskMetrics(
            self.directory, self.config.agent.id, self.clock, self.metrics.registry
        )
        self.desk_metrics.world = lambda: self.pipeline.world
        self.desk_metrics.rules = lambda: self.pipeline.rules
        self.pipeline.turned = self.desk_metrics.turned

    def _build_looking(self, writer: Writer) -> None:
        self.runner = Runner(self.clock, self.kinds)
        self.runner.allow(self.config.agent.allow_link_local)
        self._cleanup.push_async_callback(self.runner.aclose)
        self.holds = Holds(self.pipeline, writer, self.clock)
        self.scheduler = Scheduler(self.clock, self._look, self.holds.paused_until)
        self.holds.wake = self.scheduler.soon
        self.hearing = Hearing(self.pipeline, self.runner, self.clock, self.scheduler.soon)
        self.precedents = Precedents(self.directory, self.clock, self.pipeline)
        self.pipeline.opened = self.precedents.opened
        self.markers = Markers(self.pipeline, self.clock, lambda: self.config.agent.changes_token)
        self.inbound = InboundDoor(self.pipeline, self.clock, lambda: self.config.inbound)
        self.vitals = Vitals(self.clock, self.pipeline, self.scheduler)
        self.runner.itself = self.vitals.of
        self.deadman = DeadMan(self.config.agent, self.clock, self.runner, self.vitals.standing_still)
        self.vitals.unanswered = lambda: self.deadman.unanswered

    async def _start_deciding(self) -> None:
        await self.pipeline.start()
        self._cleanup.push_async_callback(self.pipeline.stop)
        self.precedents.start()
        self._cleanup.push_async_callback(self.precedents.stop)
        self.delivery = Delivery(self.config, self.origin.connectors, self.clock, self.pipeline)
        self.vitals.waiting = lambda: self.delivery.stalled_for
        self.vitals.delivered = lambda: self.delivery.delivered
        self._cleanup.push_async_callback(self.delivery.aclose)
        await self.delivery.start()
        self.check_ups = CheckUps(lambda: self.delivery.desks, self.clock)
        self._cleanup.push_async_callback(self.check_ups.aclose)
        self.check_ups.begin()
        self.reconciler = Reconciler(
            self.delivery, self.pipeline, self.clock, lambda: self.config.agent.timezone
        )

    def _site(self) -> Any:
        from agent.web.answers import answer_routes
        from agent.web.hooks import hook_routes
        from agent.web.inbound import inbound_routes
        from agent.web.site import site
        from agent.web.tickets import ticket_routes

        return site(
            self.metrics.page,
            self.unready,
            self.config.agent.metrics.allow,
            self.hearing,
            self.markers,
            *inbound_routes(self.inbound),
            *hook_routes(Hooks(lambda: self.delivery.desks, self.delivery.look_soon, self.clock)),
            *answer_routes(self.pipeline.ask_desk, self.clock),
            *ticket_routes(
                Door("desk", self.clock, lambda: self.config.desk.token),
                self.pipeline.ask_desk,
                self.clock,
                lambda: self.config.desk.attachments,
            ),
        )

    async def _plan(self) -> None:
        await self._guard_the_way()
        self.budget = Budget(self.directory, self.config, self.clock, self.pipeline)
        await self.holds.begin()
        await self.hearing.use(self.config)
        self.scheduler.use(self.config.checks())
        self.clock.every(TICK, self.scheduler.tick, "tick")
        self.clock.every(BEAT, self.delivery.tick, "delivery")
        self.clock.every(COMPARING, self.reconciler.turn, "reconciler")
        self.clock.every(CHECKPOINT, self.pipeline.checkpoint, "checkpoint")
        self.clock.every(_STEP_WATCH, self.pipeline.watch_clock, "clock")
        self.clock.every(_UPKEEP, self.upkeep.run, "upkeep")
        self.clock.every(PLANNING, lambda: self.holds.plan(self.config), "planning")
        self.clock.every(_JUDGING, self.budget.judge, "budgets")
        self.clock.every(PINGING, self.deadman.turn, "deadman")
        self.clock.every(WATCH, self.reloads.watch, "targets")
        self.clock.every(REFRESH, lambda: self.hearing.use(self.config), "keys")
        self.clock.every(TURN, KnownIssues(self.directory, self.pipeline, self.clock).turn, "known issues")

    async def _guard_the_way(self) -> None:
        self.guard = Guard(self.directory, self.config, self.clock, self.pipeline, self.kinds)
        self._cleanup.push_async_callback(self.guard.aclose)
        self.tracing = Tracing(self.clock, self.pipeline, self.runner.network)
        self.tracing.wanted = self.config.agent.trace_routes
        self._cleanup.push_async_callback(self.tracing.aclose)
        self.clock.every(ASKING, self.guard.watch, "references")
        self.clock.every(ATTACHING, self.tracing.attach, "hops")
        await self.guard.begin()

    async def stop(self) -> None:
        """Take no new looks, let running ones end within the grace period, commit, close."""
        self.clock.stop()
        await self.scheduler.stop(self.config.agent.stop_grace)
        await asyncio.wait([asyncio.ensure_future(self.pipeline.checkpoint())], timeout=_COMMIT_PATIENCE)
        await self._cleanup.aclose()
        log.info("daemon.stopped")

    async def reload(self, config: Config) -> Changes:
        """Go on under a new configuration, in one step; what did not change keeps state, memo and appointment."""
        started, config = self._started_as, watching_itself(config)
        changes, rules = await asyncio.to_thread(
            lambda: (differences(self.config, config, started), Rulebook.of(config, self.pipeline.rules))
        )
        if changes:
            await asyncio.to_thread(self.metrics.prepare, config)
            await self.holds.plan(config)  # before anything opens by the new rules that new windows hold back
            await self.pipeline.reload(rules)
            await self.hearing.use(config)
            self.scheduler.use(config.checks(), changes.renamed)
            self.metrics.use(config)
            self.upkeep.use(config)
            self.delivery.use(config)
            self.check_ups.begin()
            self.budget.use(config)
            self.deadman.use(config.agent)
            await asyncio.to_thread(self.guard.use, config)
            self.tracing.wanted = config.agent.trace_routes
            self.runner.allow(config.agent.allow_link_local)
        self.config = config
        self._reload_ok, self._reloaded_at = True, self.clock.now()
        _tell(config, changes)
        if changes:
            await self.markers.reloaded(changes, config)
        return changes

    def reload_failed(self, reasons: list[str]) -> None:
        """Note that a new configuration was refused; the old one stays in force."""
        self._reload_ok = False
        log.error("config.refused", reasons=reasons[:20], kept="the configuration from before stays in force")

    def unready(self) -> list[str]:
        """Why the daemon does not do its work; nothing when it does."""
        return self.vitals.standing_still(_STALLED)

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
        spec, state = self.pipeline.rules.state_specs.get(address), self.pipeline.memory(address).state
        if spec is None:
            return False
        if (left := look_in(state, spec)) is not None:
            self.scheduler.soon(check.address, max(left, check.retry_every))
        problem = self.pipeline.world.problems.get(address)
        return wants_retry(state, spec) or (problem is not None and problem.left_behind)

    def _look_at_once(self, address: tuple[str, str]) -> None:
        name = ".".join(address)
        if name not in self.scheduler.running:  # its own look tells as much
            self.scheduler.soon(name, 0.0)

    async def _seen(self, check: Check) -> None:
        address = (check.service, check.name)
        rules = self.pipeline.rules
        # A reload that is being stored has its rules in force before the scheduler has its checks.
        same = rules.checks.get(address) is check
        made_under = rules.fingerprints[address] if same else fingerprint(check)
        reading = await self.guard.passed(check, await self.runner.look(check, self._memo(address)))
        if self.holds.paused_until(check, self.clock.now()) is not None:
            return  # it was paused while the look was under way
        before = self.pipeline.memory(address).state.level
        committed = self.pipeline.submit(address, reading, made_under)
        await _patiently(committed, min(check.every, _COMMIT_PATIENCE))
        if self.pipeline.memory(address).state.level > before and self.guard.leads_out(check):
            self.tracing.begin(check, reading)

    def _memo(self, address: tuple[str, str]) -> Any:
        """What the probe remembered, when it was made under the same options."""
        memory = self.pipeline.memory(address)
        return memory.memo if memory.memo_of == self.pipeline.rules.fingerprints.get(address) else None

    async def _answer(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        if command == "reload":
            return await self._reload_asked(who)
        if command in COMMANDS:
            return await self._hold_asked(command, arguments, who)
        if command == "recheck":
            return await self._recheck_asked(arguments.get("names"))
        if command == "changes.add":
            return await self._change_told(arguments.get("told"), who)
        if command == "outbox":
            return await self._outbox_asked(arguments, who)
        if command.startswith("connectors."):
            return await self._helpdesk_asked(command, arguments, who)
        if command == "tickets.test":
            return await self._test_asked(arguments, who)
        if command == "desk":
            return await asked_of_desk(self.pipeline, arguments, who, self.clock.now())
        if command == "tickets.verify":
            return await self._verify_asked(arguments, who)
        if command == "tickets.move":
            return await moved(self.pipeline, arguments, who, self.clock.now())
        raise Refused(f"unknown command {command[:40]}")

    async def _outbox_asked(self, arguments: dict[str, Any], who: str) -> Any:
        try:
            return {"entries": await self.delivery.follow(Word.read(arguments, who))}
        except CannotFollow as error:
            raise Refused(str(error)) from None

    async def _helpdesk_asked(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        names, name = arguments.get("names"), arguments.get("name")
        try:
            if command == "connectors.check" and isinstance(names, list):
                return await self.check_ups.ask(map(str, names))
            if command == "connectors.reconcile" and isinstance(name, str):
                return await self.reconciler.compare(name, by=who, fix=arguments.get("fix") is True)
        except NoSuchDesk as error:
            raise Refused(str(error)) from None
        raise Refused("expected a helpdesk to check or to reconcile")

    async def _change_told(self, told: Any, who: str) -> Any:
        try:
            return as_json(await self.markers.add(told if isinstance(told, dict) else {}, who))
        except CannotMark as error:
            raise Refused(str(error), usage=True) from None

    async def _hold_asked(self, command: str, arguments: dict[str, Any], who: str) -> Any:
        try:
            return await self.holds.ask(command, arguments, who)
        except CannotPlan as error:
            raise Refused(str(error), usage=error.usage) from None

    async def _recheck_asked(self, names: Any) -> Any:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Refused("expected names of checks")
        return await Rechecks(self.pipeline, self.scheduler, self.holds, self.clock).ask(names)

    async def _verify_asked(self, arguments: dict[str, Any], who: str) -> Any:
        """Look at the checks of a ticket now, and note on it what they said."""
        number = arguments.get("ticket")
        found = {"verb": "tickets.checks", "arguments": {"ticket": number}}
        names = await asked_of_desk(self.pipeline, found, who, self.clock.now())
        if not names:
            raise Refused(f"no check stands behind T-{number}: it can only be verified by hand")
        looked = await Rechecks(self.pipeline, self.scheduler, self.holds, self.clock).ask(names)
        statuses = {name: reading["status"] for name, reading in looked["readings"].items()}
        said = {**arguments, "statuses": statuses, "left_out": looked["left_out"]}
        noted = await asked_of_desk(
            self.pipeline, {"verb": "tickets.verified", "arguments": said}, who, self.clock.now()
        )
        return {**noted, **looked}

    async def _test_asked(self, arguments: dict[str, Any], who: str) -> Any:
        route, service = arguments.get("route"), arguments.get("service")
        try:
            return await self.pipeline.change(
                lambda draft: tested(draft, self.pipeline.rules, (route, service), who, self.clock.now())
            )
        except NoSuchRoute as error:
            raise Refused(str(error), usage=True) from None

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
        yield from self.delivery.gauges()
        yield from self.desk_metrics.gauges()
        yield from self.deadman.gauges()
        yield from self.guard.gauges()


def build(config: Config, clock: Clock | None = None, origin: Origin | None = None) -> App:
    """The daemon for a configuration; `clock` is the machine's unless a test brings its own."""
    origin = origin or Origin(Path(config.files[0]), all_kinds(), connectors=all_connectors())
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


async def moved(pipeline: Pipeline, arguments: dict[str, Any], who: str, now: int) -> Any:
    """A person's move on a ticket, as commands asked for it once. Raises Refused with the reason."""
    told = {"ticket": arguments.get("number"), "note": arguments.get("note") or None}
    return await asked_of_desk(
        pipeline, {"verb": f"tickets.{arguments.get('move')}", "arguments": told}, who, now
    )


async def asked_of_desk(pipeline: Pipeline, arguments: dict[str, Any], who: str, now: int) -> Any:
    """What a command asks of the desk: the verb and its arguments. Raises Refused with the reason."""
    verb, told = arguments.get("verb"), arguments.get("arguments")
    if not isinstance(verb, str) or verb not in VERBS or not isinstance(told, dict):
        raise Refused("expected a verb of the desk and its arguments")
    try:
        return await pipeline.ask_desk(verb, Asked(told, who, now))
    except (Refusal, IllegalMove) as error:
        raise Refused(str(error), usage=isinstance(error, CannotDo) and error.usage) from None


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
