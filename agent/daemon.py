"""The process around the app: signals, systemd, reload, and an end in good order."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Mapping
from pathlib import Path

import structlog
import uvloop

from agent import logs
from agent.app import CHECKPOINT, App, build
from agent.systemd import Notifier
from checks.base import Kind
from config.errors import ConfigError
from config.loader import examine
from config.models import Config

log = structlog.get_logger()


def run_daemon(path: Path, kinds: Mapping[str, Kind]) -> int:
    """Run until SIGTERM or SIGINT; the exit code. Raises ConfigError or StateLocked when it cannot start."""
    asked: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _frame: asked.append(number))
    logs.set_up()
    config = _read(path, kinds)
    if config.agent.sentry_dsn is not None:
        logs.report_to_sentry(config.agent.sentry_dsn.reveal())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Daemon(config, path, kinds).main(reload_asked=bool(asked)))


def _read(path: Path, kinds: Mapping[str, Kind]) -> Config:
    """The configuration, its warnings logged. Raises ConfigError."""
    result = examine(path, kinds)
    if result.config is None:
        raise ConfigError(result.errors)
    for problem in result.warnings:
        log.warning("config.warning", reason=str(problem))
    return result.config


class _Daemon:
    def __init__(self, config: Config, path: Path, kinds: Mapping[str, Kind]) -> None:
        self._path, self._kinds = path, kinds
        self._systemd = Notifier()
        self._ending, self._reload = asyncio.Event(), asyncio.Event()
        self._app: App = build(config)

    async def main(self, *, reload_asked: bool) -> int:
        """Start, run, stop. `reload_asked`: a signal came after the configuration was read."""
        if reload_asked:
            self._reload.set()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        if not await self._started():
            return 0
        self._systemd.send("READY=1", f"STATUS=watching {len(self._app.config.checks())} checks")
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not go through it again and again
        helpers = [asyncio.create_task(self._reloads()), asyncio.create_task(self._feed_watchdog())]
        await self._ending.wait()
        self._systemd.send("STOPPING=1")
        for helper in helpers:
            helper.cancel()
        await self._app.stop()
        return 0

    async def _started(self) -> bool:
        """Whether the app has started; False when we were told to end before it had."""
        starting, ending = (
            asyncio.ensure_future(self._app.start()),
            asyncio.ensure_future(self._ending.wait()),
        )
        await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            ending.cancel()
            starting.result()
            return True
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return False

    async def _reloads(self) -> None:
        """One reload after another; however many signals came meanwhile, they ask for one more."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._systemd.send("RELOADING=1")
            try:
                await self._reload_once()
            except Exception as error:  # a fault of ours must neither pass in silence nor end all reloading
                log.exception("reload.failed")
                self._app.reload_failed([f"our own fault: {type(error).__name__}"])
            self._systemd.send("READY=1", f"STATUS=watching {len(self._app.config.checks())} checks")

    async def _reload_once(self) -> None:
        try:
            config = await asyncio.to_thread(_read, self._path, self._kinds)
        except ConfigError as error:
            self._app.reload_failed([str(problem) for problem in error.problems])
            return
        await self._app.reload(config)

    async def _feed_watchdog(self) -> None:
        """Fed only while the loop, the scheduler and the store really work."""
        if self._systemd.watchdog is None:
            return
        while True:
            await asyncio.sleep(min(CHECKPOINT, self._systemd.watchdog / 3))
            if not self._app.stuck():
                self._systemd.send("WATCHDOG=1")
