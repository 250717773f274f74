"""The daemon: built from a configuration and a clock, started, reloaded, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import structlog
from prometheus_client.core import Metric
from sqlalchemy.exc import DatabaseError

from agent import ack_links, logs
from agent.ack_links import AckLinks, mailboxes
from agent.admitting import Admitting
from agent.backups import TURN as BACKUPS
from agent.backups import Backups
from agent.budget import Budget
from agent.changes import Changes, differences
from agent.check_ups import CheckUps
from agent.clock import Clock, SystemClock
from agent.commands import Commands
from agent.control import ControlServer
from agent.deadman import TURN as PINGING
from agent.deadman import DeadMan
from agent.delivery import BEAT, Delivery
from agent.desk_metrics import DeskMetrics
from agent.door import Door
from agent.emergency import TURN as EMERGENCY
from agent.emergency import Emergency
from agent.gauges import of_log, of_reload, of_work
from agent.guard import ASKING, Guard
from agent.hearing import REFRESH, Hearing
from agent.holds import PLANNING, Holds
from agent.hooks import Hooks
from agent.inbound import InboundDoor
from agent.keys import secret_in
from agent.known_issues import TURN, KnownIssues
from agent.lock import StateLock
from agent.looking import COMMIT_PATIENCE, Looking
from agent.markers import Markers
from agent.metrics import Metrics
from agent.pipeline import Pipeline
from agent.precedents import Precedents
from agent.reception import Reception
from agent.reconcile import TURN as COMPARING
from agent.reconcile import Reconciler
from agent.reload import WATCH, Origin, Reloads, log_changes
from agent.replays import Replays
from agent.rulebook import Rulebook
from agent.runner import Runner
from agent.saved_views import SavedViews
from agent.scheduler import TICK, Scheduler
from agent.self_checks import watching_itself, with_own_kind
from agent.store.dialect import FILE_NAME
from agent.store.opening import StoreUnusable, unopened
from agent.store.reader import Reader, reading
from agent.store.start import opened, put_aside
from agent.store.writer import Writer
from agent.tracing import ATTACHING, Tracing
from agent.upkeep import Upkeep
from agent.vitals import Vitals
from agent.web.figures import ROUND, Figures
from agent.web.live import EVERY, Live
from agent.web.server import Listener, WebServer, certified
from alerting.connectors.registry import all_connectors
from alerting.desk.ticket import TicketEvent
from checks.registry import all_kinds
from config.models import Config

log = structlog.get_logger()
CHECKPOINT = 5.0
_STEP_WATCH = 0.75
_UPKEEP = 600.0
_JUDGING = 60.0
_STALLED = 30.0


class App:
    """Everything that runs. `start` raises ConfigError or StateLocked and leaves nothing behind."""

    def __init__(self, config: Config, clock: Clock, origin: Origin) -> None:
        self.config, self.clock, self.kinds = watching_itself(config), clock, with_own_kind(origin.kinds)
        self.directory = Path(config.agent.state_dir)
        self.origin = origin
        self.reloads = Reloads(config, origin, self.reload, self.reload_failed)
        self._started_as = config.agent
        self.sockets: Collection[socket.socket] = ()
        self._cleanup = contextlib.AsyncExitStack()
        self._reloaded_at = clock.now()
        self._reload_ok = True

    async def start(self) -> None:
        try:
            await self._start()
        except DatabaseError as error:  # it was opened, and what is in it cannot be read
            await self._cleanup.aclose()
            unusable = unopened(error, self.directory / FILE_NAME)
            if not isinstance(unusable, StoreUnusable) or self.config.agent.unusable_store == "refuse":
                raise unusable from None
            put_aside(self.directory / FILE_NAME, str(unusable))
            await self._start()
        except BaseException:
            await self._cleanup.aclose()
            raise

    async def _start(self) -> None:
        agent, cleanup = self.config.agent, self._cleanup
        cleanup.callback(StateLock(self.directory).release)
        writer = opened(self.directory / FILE_NAME, agent.unusable_store, int(agent.ballast))
        cleanup.callback(writer.close)
        self.pipeline = Pipeline(writer, self.clock, agent.id, Rulebook.of(self.config))
        self.backups = Backups(self.directory, agent, self.clock)
        self._build_looking(writer)
        self.upkeep = Upkeep(self.directory, self.config, self.clock, writer)
        self.metrics = Metrics(self.config, self.kinds, lambda: self.pipeline.believed, self._gauges)
        self.pipeline.heard = self.metrics.heard
        self._count_tickets()
        await self._let_in(writer)
        self.pipeline.wants = self.looking.at_once
        self.web = WebServer(self._listeners(), self.sockets)
        cleanup.push_async_callback(self.web.stop)
        self.live = Live(lambda: self.config, lambda: self.pipeline.believed, self.clock.now)
        self.pipeline.entered = self.live.entered
        cleanup.callback(self.live.end)
        await self.holds.record(self.config)
        await self._start_deciding()
        cleanup.push_async_callback(self.reloads.stop)
        await self._listen_to_commands()
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

    async def _let_in(self, writer: Writer) -> None:
        await asyncio.to_thread(writer.ballast.take_in)
        agent = self.config.agent.id
        self.reception, self.replays = (
            Reception(writer, self.clock, agent),
            Replays(writer, self.clock, agent),
        )
        await self.reception.start()
        self.saved_views = SavedViews(writer, agent)
        await self.saved_views.start()

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
        self.looking = Looking(self.clock, self.kinds, self.pipeline, self.runner, self.holds)
        self.scheduler = Scheduler(self.clock, self.looking.look, self.holds.paused_until)
        self.holds.wake = self.scheduler.soon
        self.hearing = Hearing(self.pipeline, self.runner, self.clock, self.scheduler.soon)
        self.looking.scheduler, self.looking.hearing = self.scheduler, self.hearing
        self.precedents = Precedents(self.directory, self.clock, self.pipeline)
        self.pipeline.opened = self.precedents.opened
        self.markers = Markers(self.pipeline, self.clock, lambda: self.config.agent.changes_token)
        self.inbound = InboundDoor(self.pipeline, self.clock, lambda: self.config.inbound)
        self.vitals = Vitals(self.clock, self.pipeline, self.scheduler)
        self.runner.itself = self.vitals.of
        self.vitals.backup_age = self.backups.age
        self.deadman = DeadMan(self.config.agent, self.clock, self.runner, self.vitals.standing_still)
        self.vitals.unanswered = lambda: self.deadman.unanswered

    async def _start_deciding(self) -> None:
        agent = self.config.agent
        await self.pipeline.start()
        self.pipeline.world.looks_first = self.backups.was_restored()
        self.backups.since = lambda: self.pipeline.world.looking_since
        self._cleanup.push_async_callback(self.pipeline.stop)
        self.precedents.start()
        self._cleanup.push_async_callback(self.precedents.stop)
        self.delivery = Delivery(self.config, self.origin.connectors, self.clock, self.pipeline)
        secret = await asyncio.to_thread(secret_in, self.directory, ack_links.SECRET)
        self.ack_links = AckLinks(self.pipeline, self.clock, secret, lambda: mailboxes(self.config))
        self.delivery.postbox.under, self.delivery.below = self.ack_links.under, self.ack_links.below
        self.vitals.waiting = lambda: self.delivery.stalled_for
        self.vitals.delivered = lambda: self.delivery.delivered
        self._cleanup.push_async_callback(self.delivery.aclose)
        await self.delivery.start()
        self.check_ups = CheckUps(lambda: self.delivery.desks, self.clock)
        self._cleanup.push_async_callback(self.check_ups.aclose)
        self.check_ups.begin()
        self.emergency = Emergency(agent, self.pipeline, lambda: self.delivery.desks, self.clock)
        self.reconciler = Reconciler(
            self.delivery, self.pipeline, self.clock, lambda: self.config.agent.timezone
        )

    async def _listen_to_commands(self) -> None:
        self.commands = Commands(
            clock=self.clock,
            pipeline=self.pipeline,
            scheduler=self.scheduler,
            holds=self.holds,
            markers=self.markers,
            delivery=self.delivery,
            check_ups=self.check_ups,
            reconciler=self.reconciler,
            reloads=self.reloads,
            unready=self.unready,
            path=self.origin.path,
            admitting=Admitting(self.reception, self.clock.now, self._url),
            saved_views=self.saved_views,
        )
        control = ControlServer(self.directory, self.commands.answer)
        await control.start()
        self._cleanup.push_async_callback(control.stop)

    def _url(self) -> str:
        """Where people reach the pages."""
        named = self.config.agent.web.hosts or ("localhost",)
        return self.config.desk.url or re.sub(
            r"//(0\.0\.0\.0|\[::\]):", f"//{named[0]}:", self.web.addresses[0]
        )

    def _stored(self) -> AbstractContextManager[Reader]:
        return reading(self.directory, self.config.agent.id)

    def _timeline(self, number: int) -> list[TicketEvent]:
        with self._stored() as store:
            return store.timeline(number)

    async def first_link(self) -> str | None:
        """A one-time link for the first admin; None once there is somebody."""
        if self.reception.book.users:
            return None
        return str((await self.commands.answer("users.link", {}, "tocsin"))["link"])

    def _listeners(self) -> list[Listener]:
        """The pages and the rest, and perhaps an address for /metrics alone."""
        agent = self.config.agent
        self._tls = certified(agent.web.tls)
        found = [Listener("agent.listen", agent.listen, self._site, self._tls)]
        if agent.metrics.listen:
            found.append(Listener("agent.metrics.listen", agent.metrics.listen, self._metrics_site))
        return found

    def _shielded(self, app: Any) -> Any:
        from agent.web.shield import Shield

        return Shield(app, lambda: self.config, self.clock)

    def _metrics_routes(self) -> list[Any]:
        from agent.web.site import metrics_routes

        allow = self.config.agent.metrics.allow
        return [*metrics_routes(self.metrics.page, self.unready, allow, self.reception.by_token)]

    def _metrics_site(self) -> Any:
        from agent.web.site import metrics_site

        return self._shielded(metrics_site(self._metrics_routes()))

    def _site(self) -> Any:
        from agent.web.acknowledge import Acknowledge
        from agent.web.answers import answer_routes
        from agent.web.changes import change_routes
        from agent.web.hooks import hook_routes
        from agent.web.inbound import inbound_routes
        from agent.web.site import site
        from agent.web.tickets import ticket_routes

        pages, onward = self._rooms()
        made = site(
            self._metrics_routes(),
            self.hearing,
            *change_routes(self.markers, onward),
            *inbound_routes(self.inbound),
            *hook_routes(Hooks(lambda: self.delivery.desks, self.delivery.look_soon, self.clock)),
            *answer_routes(self.pipeline.ask_desk, self.clock),
            *Acknowledge(self.ack_links, self.pipeline.ask_desk, self.clock, self._timeline).routes(),
            *ticket_routes(
                Door("desk", self.clock, lambda: self.config.desk.token),
                self.pipeline.ask_desk,
                self.clock,
                lambda: self.config.desk.attachments,
                onward,
            ),
            *pages,
        )
        return self._shielded(made)

    def _rooms(self) -> tuple[list[Any], Any]:
        from agent.web.daemon import Daemon
        from agent.web.rate import CHANGES, CHANGES_PER_SECOND, Rate
        from agent.web.rooms import rooms
        from agent.web.signing import Signing

        pipeline, signing = self.pipeline, Signing(self.reception, lambda: self.config, self.clock)
        daemon = Daemon(
            config=lambda: self.config,
            rules=lambda: pipeline.rules,
            world=lambda: pipeline.believed,
            clock=self.clock,
            kinds=self.kinds,
            do=self.commands.answer,
            who=signing.who,
            reception=self.reception,
            figures=self.figures,
            live=self.live,
            saved_views=self.saved_views,
            replays=self.replays,
            pace=Rate(self.clock, CHANGES, CHANGES_PER_SECOND),
            unready=self.unready,
            trouble=lambda: pipeline.trouble,
        )
        pages, onward = rooms(daemon)
        return [*signing.routes(), *pages], onward

    async def _plan(self) -> None:
        await self._guard_the_way()
        self.budget = Budget(self.directory, self.config, self.clock, self.pipeline)
        await self.holds.begin()
        await self.hearing.use(self.config)
        self.scheduler.use(self.config.checks())
        self.clock.every(TICK, self.scheduler.tick, "tick")
        self.clock.every(BEAT, self.delivery.tick, "delivery")
        self.clock.every(EMERGENCY, self.emergency.turn, "emergency")
        self.clock.every(BACKUPS, self.backups.turn, "backups")
        self.clock.every(COMPARING, self.reconciler.turn, "reconciler")
        self.clock.every(CHECKPOINT, self.pipeline.checkpoint, "checkpoint")
        self.clock.every(_STEP_WATCH, self.pipeline.watch_clock, "clock")
        self.clock.every(_UPKEEP, self.upkeep.run, "upkeep")
        self.clock.every(PLANNING, lambda: self.holds.plan(self.config), "planning")
        self.clock.every(_JUDGING, self.budget.judge, "budgets")
        self.clock.every(PINGING, self.deadman.turn, "deadman")
        self.clock.every(WATCH, self.reloads.watch, "targets")
        self.clock.every(REFRESH, lambda: self.hearing.use(self.config), "keys")
        self.figures = Figures(lambda: self.config, self.clock, self._stored)
        self.clock.every(ROUND, self.figures.turn, "figures")
        self.clock.every(EVERY, self.live.turn, "live")
        self.clock.every(TURN, KnownIssues(self.directory, self.pipeline, self.clock).turn, "known issues")

    async def _guard_the_way(self) -> None:
        self.guard = Guard(self.directory, self.config, self.clock, self.pipeline, self.kinds)
        self._cleanup.push_async_callback(self.guard.aclose)
        self.tracing = Tracing(self.clock, self.pipeline, self.runner.network)
        self.tracing.wanted = self.config.agent.trace_routes
        self.looking.guard, self.looking.tracing = self.guard, self.tracing
        self._cleanup.push_async_callback(self.tracing.aclose)
        self.clock.every(ASKING, self.guard.watch, "references")
        self.clock.every(ATTACHING, self.tracing.attach, "hops")
        await self.guard.begin()

    async def stop(self) -> None:
        """Take no new looks, let running ones end within the grace period, commit, close."""
        self.clock.stop()
        await self.scheduler.stop(self.config.agent.stop_grace)
        await asyncio.wait([asyncio.ensure_future(self.pipeline.checkpoint())], timeout=COMMIT_PATIENCE)
        await self._cleanup.aclose()
        log.info("daemon.stopped")

    async def reload(self, config: Config) -> Changes:
        """Go on under a new configuration, in one step; what did not change keeps state, memo and appointment."""
        started, config = self._started_as, watching_itself(config)
        if self._tls is not None:
            await asyncio.to_thread(certified, config.agent.web.tls, self._tls)
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
            self.emergency.use(config.agent)
            self.backups.use(config.agent)
            await asyncio.to_thread(self.guard.use, config)
            self.tracing.wanted = config.agent.trace_routes
            self.runner.allow(config.agent.allow_link_local)
        self.config = config
        self._reload_ok, self._reloaded_at = True, self.clock.now()
        log_changes(config, changes)
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

    def _gauges(self) -> Iterable[Metric]:
        yield from of_work(self.scheduler, self.runner, self.pipeline)
        yield from of_reload(self._reloaded_at, accepted=self._reload_ok and not self.reloads.refused)
        yield from of_log(logs.lost())
        yield from self.upkeep.gauges()
        yield from self.budget.gauges()
        yield from self.delivery.gauges()
        yield from self.desk_metrics.gauges()
        yield from self.deadman.gauges()
        yield from self.emergency.gauges()
        yield from self.backups.gauges()
        yield from self.guard.gauges()


def build(config: Config, clock: Clock | None = None, origin: Origin | None = None) -> App:
    """The daemon for a configuration; `clock` is the machine's unless a test brings its own."""
    origin = origin or Origin(Path(config.files[0]), all_kinds(), connectors=all_connectors())
    return App(config, clock or SystemClock(), origin)
