"""DNS: name servers that answer, and every configured name of a host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from agent.doctor.finding import Finding, State, finding
from agent.doctor.ground import Ground
from checks.afar import hosts
from checks.base import Context
from checks.connection import Fault
from checks.dns.servers import of_the_system
from checks.network import AddressRefused, LookupFailed, Network
from checks.resolver import literal

_PATIENCE = 4.0
_MOST_NAMES, _AT_ONCE, _MOST_TOLD = 200, 40, 20
_ANY_ANSWER = ("NOERROR", "NXDOMAIN", "REFUSED", "NOTIMP", "FORMERR")


def servers(ground: Ground) -> Iterator[Finding]:
    """Those of resolv.conf, each asked for the root of all names."""
    try:
        found = of_the_system(None, "udp")
    except Fault as fault:
        yield finding("dns", "name servers", "warn", fault.message, "name one in /etc/resolv.conf")
        return
    yield from asyncio.run(_all_asked([server.host for server in found], ground))


async def _all_asked(found: list[str], ground: Ground) -> list[Finding]:
    return await asyncio.gather(*(_asked(host, ground) for host in found))


async def _asked(host: str, ground: Ground) -> Finding:
    kind = ground.kinds["dns"]
    spec = kind.spec.model_validate(
        {"name": ".", "record": "NS", "server": (host,), "accept_rcodes": _ANY_ANSWER}
    )
    network = Network(allowed=())
    context = Context(timeout=_PATIENCE, network=network, now=0.0)
    try:
        seen = await kind.probe(spec, context)  # type: ignore[misc]  # that of dns is a coroutine
    finally:
        await network.aclose()
    why = seen.failure or seen.blind
    if why:
        return finding(
            "dns", f"name server {host}", "fail", why, "mend it, or take it out of /etc/resolv.conf"
        )
    return finding("dns", f"name server {host}", "ok", "answers")


def names(ground: Ground) -> Iterator[Finding]:
    """All that checks look at by name, each once."""
    wanted: dict[str, str] = {}
    for check in ground.config.checks():
        for host in hosts(check.spec):
            if literal(host) is None:
                wanted.setdefault(host, check.address)
    asked = dict(list(wanted.items())[:_MOST_NAMES])
    bad = [each for each in asyncio.run(_all_resolved(asked)) if each is not None]
    yield from bad[:_MOST_TOLD]
    if asked:
        state: State = "fail" if bad else "ok"
        remedy = "mend the names, or the name server" if bad else ""
        text = f"{len(asked) - len(bad)} of {len(asked)} configured names resolve"
        yield finding("dns", "names", state, text, remedy)


async def _all_resolved(names: dict[str, str]) -> list[Finding | None]:
    network, gate = Network(), asyncio.Semaphore(_AT_ONCE)

    async def resolved(host: str, address: str) -> Finding | None:
        async with gate:
            try:
                await network.resolve(host, timeout=_PATIENCE)
            except LookupFailed as failed:
                remedy = f"see: getent hosts {host}; or mend the name in the check"
                return finding("dns", address, "fail", str(failed), remedy)
            except AddressRefused as refused:
                return finding(
                    "dns", address, "warn", str(refused), "name it in agent.allow_link_local if meant"
                )
        return None

    try:
        return await asyncio.gather(*(resolved(*each) for each in names.items()))
    finally:
        await network.aclose()
