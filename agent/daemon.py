"""The process around the app: signals, systemd, reload, and an end in good order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence

import structlog
import uvloop

from agent import logs
from agent.app import CHECKPOINT, App, build
from agent.control import Refused
from agent.heap import keep_aside, set_aside
from agent.reload import Origin
from agent.systemd import Notifier, handed_over
from config.loader import Loaded
from config.models import Config

log = structlog.get_logger()
# Seconds for which a thread that makes a page may keep the interpreter from the loop, which begins the looks.
_AT_A_STRETCH = 0.001
# The exit code that asks for another start, and seconds for the emergency channel to be told before.
_AGAIN, _FAREWELL = 70, 10.0


def run_daemon(loaded: Loaded, origin: Origin, reload_asked: Sequence[int]) -> int:
    """Run a configuration without mistakes until SIGTERM or SIGINT; the exit code. Raises StateLocked.

    `reload_asked` has a SIGHUP that came since the configuration began to be read.
    """
    assert loaded.config is not None
    logs.set_up_apart()
    for problem in loaded.warnings:
        log.warning("config.warning", reason=str(problem))
    for reason in getattr(origin.kinds, "refused", ()):
        log.warning("kind.refused", reason=reason)
    if loaded.config.agent.sentry_dsn is not None:
        logs.report_to_sentry(loaded.config.agent.sentry_dsn.reveal())
    sys.setswitchinterval(_AT_A_STRETCH)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Daemon(loaded.config, origin).main(reload_asked=bool(reload_asked)))


class _Daemon:
    def __init__(self, config: Config, origin: Origin) -> None:
        self._systemd = Notifier()
        self._ending = asyncio.Event()
        self._app: App = build(config, origin=origin)
        self._app.sockets = handed_over()
        self._app.reloads.under_way = self._tell_of_reload
        self._reload_asked = self._is_up = False
        self._code = 0

    async def main(self, *, reload_asked: bool) -> int:
        """Start, run, stop. `reload_asked`: a signal came after the configuration was read."""
        self._reload_asked = reload_asked
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        if not await self._started():
            return 0
        self._say_ready()
        await self._welcome()
        self._app.pipeline.replaced = self._start_anew
        set_aside()
        self._is_up = True
        if self._reload_asked:
            self._app.reloads.ask()
        aside = (asyncio.create_task(self._feed_watchdog()), asyncio.create_task(keep_aside()))
        await self._ending.wait()
        self._systemd.send("STOPPING=1")
        for task in aside:
            task.cancel()
        await self._app.stop()
        return self._code

    async def _welcome(self) -> None:
        """While nobody can sign in: a link for the first admin, to the terminal or journal and not into the log."""
        try:
            link = await self._app.first_link()
        except Refused as error:
            log.warning("access.no_link", reason=str(error))
            return
        if link is not None:
            text = "Nobody can sign in yet. For the first admin, good once and for an hour"
            sys.stderr.write(f"{text}: {link}\n")

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

    def _start_anew(self) -> None:
        """Another file stands where the store was: the service manager starts us on that one, once it was told of."""
        self._code = _AGAIN
        log.error(
            "daemon.ends", reason="another file stands where the store was: to be started anew on that one"
        )
        asyncio.get_running_loop().call_later(_FAREWELL, self._ending.set)

    def _hung_up(self) -> None:
        """SIGHUP: reload, or as soon as there is something to reload."""
        if self._is_up:
            self._app.reloads.ask()
        self._reload_asked = True

    def _tell_of_reload(self, begins: bool) -> None:
        if begins:
            microseconds = int(self._app.clock.monotonic() * 1_000_000)
            self._systemd.send("RELOADING=1", f"MONOTONIC_USEC={microseconds}")
        else:
            self._say_ready()

    def _say_ready(self) -> None:
        self._systemd.send("READY=1", f"STATUS=watching {len(self._app.config.checks())} checks")

    async def _feed_watchdog(self) -> None:
        """Fed only while the loop, the scheduler and the store really work."""
        if self._systemd.watchdog is None:
            return
        while True:
            await asyncio.sleep(min(CHECKPOINT, self._systemd.watchdog / 3))
            if not self._app.stuck():
                self._systemd.send("WATCHDOG=1")
