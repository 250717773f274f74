"""The process around the app: signals, systemd, reload, and an end in good order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

import structlog
import uvloop

from agent import logs
from agent.app import CHECKPOINT, App, build
from agent.systemd import Notifier
from checks.base import Kind
from config.loader import examine
from config.models import Config

log = structlog.get_logger()


def run_daemon(config: Config, path: Path, kinds: Mapping[str, Kind]) -> int:
    """Run until SIGTERM or SIGINT; the exit code. Raises ConfigError or StateLocked when it cannot start."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload before we listen for it must not end the process
    logs.set_up()
    if config.agent.sentry_dsn is not None:
        logs.report_to_sentry(config.agent.sentry_dsn.reveal())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Daemon(config, path, kinds).main())


class _Daemon:
    def __init__(self, config: Config, path: Path, kinds: Mapping[str, Kind]) -> None:
        self._path, self._kinds = path, kinds
        self._systemd = Notifier()
        self._ending, self._reload = asyncio.Event(), asyncio.Event()
        self._app: App = build(config)

    async def main(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        await self._app.start()
        self._systemd.send("READY=1", f"STATUS=watching {len(self._app.config.checks())} checks")
        helpers = [asyncio.create_task(self._reloads()), asyncio.create_task(self._feed_watchdog())]
        await self._ending.wait()
        self._systemd.send("STOPPING=1")
        for helper in helpers:
            helper.cancel()
        await self._app.stop()
        return 0

    async def _reloads(self) -> None:
        """One reload after another; however many signals came meanwhile, they ask for one more."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._systemd.send("RELOADING=1")
            await self._reload_once()
            self._systemd.send("READY=1", f"STATUS=watching {len(self._app.config.checks())} checks")

    async def _reload_once(self) -> None:
        loaded = await asyncio.to_thread(examine, self._path, self._kinds)
        if loaded.config is None:
            self._app.reload_failed([str(problem) for problem in loaded.errors])
            return
        for problem in loaded.warnings:
            log.warning("config.warning", reason=str(problem))
        await self._app.reload(loaded.config)

    async def _feed_watchdog(self) -> None:
        """Fed only while the loop, the scheduler and the store really work."""
        if self._systemd.watchdog is None:
            return
        while True:
            await asyncio.sleep(min(CHECKPOINT, self._systemd.watchdog / 3))
            if not self._app.stuck():
                self._systemd.send("WATCHDOG=1")
