"""The plot: the site is good, breaks, heals; each turn waits until the daemon has understood the one before."""

from __future__ import annotations

import time
from collections.abc import Callable

from agent.demo.ending import show_figures, show_metrics
from agent.demo.process import Daemon
from agent.demo.site import Site
from agent.demo.voice import Voice
from agent.demo.watch import Watch
from config.models import Config

SERVICE, CHECK = "shop", "home"
_GOOD_FOR, _BROKEN_FOR = 5.0, 10.0
_GLANCE = 0.25
# How long one turn of the story may take to arrive before the demo says that it failed.
_TURN = 60.0


class Stopped(Exception):
    """The story ends here: the time is up, or someone asked for the end."""


class Stuck(Exception):
    """What had to come did not come; the text says what."""


class Story:
    """One run of the plot. `over` says when to stop."""

    def __init__(
        self, config: Config, site: Site, daemon: Daemon, voice: Voice, over: Callable[[], bool]
    ) -> None:
        self._config, self._site, self._daemon, self._voice, self._over = config, site, daemon, voice, over
        self._watch = Watch(config, voice)

    def tell(self) -> None:
        """The whole story. Raises Stopped, Stuck or DaemonGone when it cannot be told to its end."""
        self._begin()
        self._break()
        self._heal()
        show_figures(self._config, SERVICE, self._voice)
        broke, healed = (at[11:23] for _, at in self._site.turns)
        self._voice.say(f"the site's own log says: broken from {broke} to {healed}")
        show_metrics(self._daemon, SERVICE, self._voice)

    def linger(self) -> None:
        """Watch on until it is over, and go on saying what changes."""
        try:
            self._wait(lambda: False, "", patience=float("inf"))
        except Stopped:
            return

    def _begin(self) -> None:
        say, daemon = self._voice.say, self._daemon
        say(f"the site is up: {self._site.url}")
        say(f"the daemon starts (process {daemon.pid})")
        self._wait(lambda: daemon.ask("/-/ready") is not None, "the daemon is not ready", look=False)
        count = len(self._config.checks())
        say(f"it is ready: {count} checks, metrics on {daemon.url}/metrics")
        self._wait(lambda: self._watch.state(SERVICE, CHECK) == "ok", f"{SERVICE}.{CHECK} did not become ok")
        self._pause(_GOOD_FOR)

    def _break(self) -> None:
        self._site.break_down()
        self._voice.say("THE SITE BREAKS: it answers 503 from now on", "breaks")
        began = self._voice.elapsed
        self._wait(lambda: bool(self._watch.tickets(SERVICE)), "no ticket was opened")
        self._pause(began + _BROKEN_FOR - self._voice.elapsed)

    def _heal(self) -> None:
        self._site.heal()
        self._voice.say("THE SITE HEALS: it answers 200 again", "heals")
        self._wait(
            lambda: not any(ticket.is_open for ticket in self._watch.tickets(SERVICE)),
            "the ticket was not resolved",
        )

    def _pause(self, seconds: float) -> None:
        until = self._voice.elapsed + seconds
        self._wait(lambda: self._voice.elapsed >= until, "")

    def _wait(
        self, done: Callable[[], bool], missing: str, *, patience: float = _TURN, look: bool = True
    ) -> None:
        """Look at the store (unless it cannot be there yet) until `done`."""
        until = self._voice.elapsed + patience
        while True:
            self._daemon.must_live()
            if look:
                self._watch.look()
            if done():
                return
            if self._over():
                raise Stopped
            if self._voice.elapsed > until:
                raise Stuck(f"{missing} within {patience:.0f}s")
            time.sleep(_GLANCE)
