"""One look: run a check's probe within its wall deadline and judge what it saw. Never raises, always a reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from typing import Any, cast

import structlog

from agent.clock import Clock
from agent.threads import ProbeThreads, StillHangs
from checks.base import BlockingProbe, Context, ErrorKind, Kind, Observation, Probe, Reading, Scalar
from checks.judge import Rules, judge
from checks.network import Network
from checks.programs import Programs
from config.models import Check

log = structlog.get_logger()
# At work at a time; and with those that hang, or wait for a device.
_THREADS, _MOST_THREADS = 8, 64
_GRACE = 0.5
_LITTLE = 64 * 1024


class Runner:
    """Runs probes: coroutines on the loop, blocking ones on a bounded pool of threads."""

    def __init__(self, clock: Clock, kinds: Mapping[str, Kind], network: Network | None = None) -> None:
        self._clock, self._kinds = clock, kinds
        self.network = network or Network()
        # How a part of the daemon has done, for its own checks; a command that looks once has none.
        self.itself: Callable[[str], Mapping[str, Scalar]] | None = None
        self._programs = Programs()
        self._threads = ProbeThreads(_THREADS, _MOST_THREADS)

    def allow(self, networks: Iterable[str]) -> None:
        """Which link-local networks may be looked at, from now on."""
        self.network.allowed = tuple(map(ip_network, networks))

    def kind(self, check: Check) -> Kind:
        """What sort of check this is."""
        return self._kinds[check.kind]

    async def look(
        self, check: Check, memo: Any = None, *, explain: bool = False, closely: bool = False
    ) -> Reading:
        """One reading; `at` is the moment the look began. To `explain`, a good one tells its conditions too.

        `closely` measures what costs extra as well, and gathers `traces`.
        """
        kind, at, began = self._kinds[check.kind], self._clock.now(), self._clock.monotonic()
        context = Context(
            timeout=check.timeout,
            network=self.network,
            now=at / 1_000_000,
            memo=memo,
            keep_body=_body_wanted(check),
            programs=self._programs,
            asked=_asked(check),
            closely=closely,
            itself=self.itself,
        )
        seen = await self._observed(kind, check, context)
        rules = Rules(kind, check.down, check.degraded, explain, closely)
        return judge(seen, rules, at, round(self._clock.monotonic() - began, 6))

    async def ask(self, url: str, seconds: float) -> Observation:
        """What a GET of an address gave, by all the rules of the kind `http`; for what is asked beside the checks."""
        from checks.http.fetch import fetch

        context = Context(timeout=seconds, network=self.network, now=self._clock.now() / 1_000_000)
        try:
            async with asyncio.timeout(seconds + _GRACE):
                return await fetch(url, context, _LITTLE)
        except TimeoutError:
            return Observation(blind=f"no end within {seconds:g}s", error_kind=ErrorKind.LOCAL)
        except ValueError:  # what is wrong with it may quote it, and it may be a secret
            return Observation(blind="it is no web address", error_kind=ErrorKind.LOCAL)

    def judged(self, check: Check, memo: Any, since: int) -> Reading:
        """One reading of a kind that is told, from what it was told; `since` is when we began to listen."""
        kind, at, began = self._kinds[check.kind], self._clock.now(), self._clock.monotonic()
        assert kind.judge is not None  # it is asked of no other
        try:
            seen = kind.judge(check.spec, memo, at / 1_000_000, since / 1_000_000)
        except Exception as error:
            log.exception("judge.failed", check=check.address)
            reason = f"the judging itself failed: {type(error).__name__}"
            seen = Observation(blind=reason, error_kind=ErrorKind.LOCAL, memo=memo)
        rules = Rules(kind, check.down, check.degraded)
        return judge(seen, rules, at, round(self._clock.monotonic() - began, 6))

    async def _observed(self, kind: Kind, check: Check, context: Context) -> Observation:
        """What the probe saw. A probe that outlives its own deadline, or fails in itself, saw nothing."""
        try:
            async with asyncio.timeout(check.timeout + _GRACE):
                if kind.blocking:
                    seen = await self._on_thread(kind, check, context)
                else:
                    seen = await cast(Probe, kind.probe)(check.spec, context)
            if not isinstance(seen, Observation):
                raise TypeError(f"{type(seen).__name__} is no Observation")
            return seen
        except TimeoutError:
            reason = self._too_late(kind, check)
        except (Exception, SystemExit) as error:  # a kind of other people may call what ends programs
            log.exception("probe.failed", check=check.address)
            reason = f"the probe itself failed: {type(error).__name__}"
        return Observation(blind=reason, error_kind=ErrorKind.LOCAL, memo=context.memo)

    async def _on_thread(self, kind: Kind, check: Check, context: Context) -> Observation:
        probe = cast(BlockingProbe, kind.probe)
        try:
            return await self._threads.run(check.address, lambda: probe(check.spec, context))
        except StillHangs:
            reason = "the look before this one still hangs in the operating system"
            return Observation(blind=reason, error_kind=ErrorKind.LOCAL, memo=context.memo)

    def _too_late(self, kind: Kind, check: Check) -> str:
        if kind.blocking and not self._threads.runs(check.address):
            hanging = self._threads.hanging
            return (
                f"no thread was free within {check.timeout:g}s: {hanging} looks hang in the operating system"
                if hanging
                else f"no thread was free within {check.timeout:g}s: others took that long"
            )
        self._threads.overdue(check.address)
        return f"the probe did not end within {check.timeout:g}s"

    @property
    def hanging(self) -> int:
        """How many looks have outlived their deadline in the operating system."""
        return self._threads.hanging

    async def aclose(self) -> None:
        """Free sockets and end programs; a thread that hangs is left behind."""
        self._programs.close()
        await self.network.aclose()


def _body_wanted(check: Check) -> int:
    wanted = any(condition.needs_body for condition in (*check.down, *check.degraded))
    return int(getattr(check.spec, "max_body", 0)) if wanted else 0


def _asked(check: Check) -> frozenset[str]:
    """The values that its own conditions ask for."""
    return frozenset().union(*(condition.names for condition in (*check.down, *check.degraded)))
