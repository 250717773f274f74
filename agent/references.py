"""Who can be asked whether our own network works: found, asked by the probes that checks use, and remembered.

A gateway or resolver that was once known stays so when routes and resolv.conf are emptied, as happens just when a
link goes; and who is known to answer is kept over a restart, in a file beside the store.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from agent.clock import Clock
from agent.runner import Runner
from alerting.incidents.isolation import LINK, Asked, quorum_of, was_answered
from checks.base import Kind
from checks.connection import Fault
from checks.dns.servers import of_the_system
from checks.http.address import without_secrets
from checks.network import Network
from checks.routes import Route, gateway, is_here, is_near, linked, routes
from config.models import ITSELF, Check
from config.options import ReferencesConfig
from config.own_network import AUTO, MOST_RESOLVERS, NONE

PATIENCE = 3.0
FILE_NAME = "references.json"
_PINGS = 3
_MOST_REMEMBERED = 64
_MOST_CACHED = 4096
# Seconds by which the kernel may tell late that a link is gone.
_LINK_TELLS = 1.1
# Our own gateway often has a link-local address, which nobody but the operator and the kernel can name.
_NEAR = tuple(ip_network(each) for each in ("169.254.0.0/16", "fe80::/10"))
# A resolver that can reach nobody else says SERVFAIL: it is as cut off as we are.
_ANSWERS = ("NOERROR", "NXDOMAIN", "REFUSED", "NOTIMP", "FORMERR")


@dataclass(frozen=True, slots=True)
class Reference:
    """One of them, as a check that can look at it so many times in a row."""

    name: str
    check: Check
    tries: int = 1


class References:
    """Those of one configuration. `answering` are the names of all that have answered, and `link` for any link."""

    def __init__(
        self, directory: Path, options: ReferencesConfig, clock: Clock, kinds: Mapping[str, Kind]
    ) -> None:
        self._file, self._options, self._clock, self._kinds = directory / FILE_NAME, options, clock, kinds
        self._runner = Runner(clock, kinds, Network(allowed=_NEAR))
        self._gateway: str | None = None
        self._resolvers: tuple[str, ...] = ()
        self.answering: frozenset[str] = frozenset()
        self._routes: tuple[Route, ...] = ()
        self._near: dict[str, bool] = {}
        self.all: tuple[Reference, ...] = ()
        self._recall()

    def use(self, options: ReferencesConfig) -> None:
        """Go on with what the operator names now; who answered stays known."""
        self._options = options

    async def refresh(self) -> None:
        """Look again at routes and resolv.conf."""
        self._routes, names = await asyncio.to_thread(lambda: (routes(), _system_resolvers()))
        self._near.clear()
        found = gateway(self._routes)
        self._gateway = found if found and not is_here(found) else self._gateway
        self._resolvers = names or self._resolvers
        self.all = tuple(self._made())

    async def ask(self, *, everybody: bool) -> Asked:
        """Ask all at once; unless `everybody` is to be heard, only until a quorum of those known has answered."""
        began, up = self._clock.monotonic(), await asyncio.to_thread(linked)
        if not up and LINK in self.answering:
            return Asked((), (), up, self._clock.monotonic() - began)  # nobody can answer
        asked = {asyncio.create_task(self._answers(each)): each.name for each in self.all}
        known = sum(name in self.answering for name in asked.values())
        enough = quorum_of(known, self._options.quorum) if known and not everybody else len(asked)
        answered: list[str] = []
        pending = set(asked)
        try:
            async with asyncio.timeout(PATIENCE + 1):
                while pending and len(answered) < enough:
                    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                    answered += [asked[task] for task in done if task.result()]
        except TimeoutError:
            pass
        finally:
            for task in pending:
                task.cancel()
        if up and not answered and not everybody and LINK in self.answering:
            await asyncio.sleep(_LINK_TELLS)
            up = await asyncio.to_thread(linked)
        # Who was not waited for is neither: there were enough without them.
        unheard = {asked[task] for task in pending} if len(answered) >= enough else set()
        silent = tuple(name for name in asked.values() if name not in answered and name not in unheard)
        return Asked(tuple(answered), silent, up, self._clock.monotonic() - began)

    async def trust(self, asked: Asked, distrusted: Iterable[str] = ()) -> None:
        """Note who has answered, and who proves nothing any more."""
        more = {*asked.answered, *([LINK] if asked.linked else [])}
        answering = (self.answering | more) - frozenset(distrusted)
        if answering != self.answering:
            self.answering = answering
            await asyncio.to_thread(self._remember)

    def is_near(self, address: str) -> bool:
        """Whether the address is reached without a gateway."""
        if address not in self._near:
            if len(self._near) >= _MOST_CACHED:
                self._near.clear()
            self._near[address] = is_near(address, self._routes)
        return self._near[address]

    async def aclose(self) -> None:
        await self._runner.aclose()

    async def _answers(self, reference: Reference) -> bool:
        for _ in range(reference.tries):
            if was_answered(await self._runner.look(reference.check)):
                return True
        return False

    def _made(self) -> Iterable[Reference]:
        options = self._options
        via = self._gateway if options.gateway == AUTO else options.gateway
        if via and via != NONE:
            yield self._reference(f"gateway {via}", "ping", _PINGS, {"host": via, "count": 1})
        for server in self._named_resolvers():
            asking = {"name": ".", "record": "NS", "server": (server,), "accept_rcodes": _ANSWERS}
            yield self._reference(f"resolver {server}", "dns", 1, asking)
        for site in options.sites:
            if "://" in site:
                page = {"url": site, "follow_redirects": False}
                yield self._reference(f"site {without_secrets(site)}", "http", 1, page)
            else:
                host, _, port = site.rpartition(":")
                yield self._reference(f"site {site}", "tcp", 1, {"host": host, "port": int(port)})

    def _named_resolvers(self) -> tuple[str, ...]:
        match self._options.resolvers:
            case ("auto",):
                return self._resolvers
            case ("none",):
                return ()
            case named:
                return named

    def _reference(self, name: str, kind: str, tries: int, options: Mapping[str, Any]) -> Reference:
        spec = self._kinds[kind].spec.model_validate(options)
        check = Check(
            service=ITSELF,
            name=name,
            kind=kind,
            spec=spec,
            every=PATIENCE,
            timeout=PATIENCE / tries,
            confirm=1,
            recover=1,
            retry_every=PATIENCE,
            down=(),
            degraded=(),
            counts_for_uptime=False,
        )
        return Reference(name, check, tries)

    def _recall(self) -> None:
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self.answering = frozenset(map(str, kept["answering"][:_MOST_REMEMBERED]))
            self._gateway = kept["gateway"] and str(kept["gateway"])
            self._resolvers = tuple(map(str, kept["resolvers"][:MOST_RESOLVERS]))

    def _remember(self) -> None:
        """On a thread. Nothing is lost but time when it cannot be written: who answers is learnt again."""
        names = {LINK, *(each.name for each in self.all)}
        kept = {
            "gateway": self._gateway,
            "resolvers": self._resolvers,
            "answering": sorted(self.answering & names),
        }
        with suppress(OSError):
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(kept), encoding="utf-8")
            new.replace(self._file)


def _system_resolvers() -> tuple[str, ...]:
    try:
        named = [server.host for server in of_the_system(None, "udp")]
    except Fault:
        return ()
    return tuple(host for host in named if not is_here(host))[:MOST_RESOLVERS]
