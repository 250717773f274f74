"""DNS: asking one name server, each of its addresses in turn, or the system's servers one after the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import perf_counter

from checks.base import Context, ErrorKind
from checks.connection import Deadline, Fault, Secure, share, together
from checks.dns.exchange import Heard, over_tcp, over_udp
from checks.dns.over_https import over_https
from checks.dns.question import LONG, Question, question
from checks.dns.rules import wrong_in
from checks.dns.servers import Server
from checks.dns.spec import DnsSpec
from checks.hosts import addresses_of
from checks.trust import days_left, securely, sent_chain

# Of an address that was reached more is known: its fault is told first.
_NOT_REACHED = (ErrorKind.REFUSED, ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT)
# With these the C library asks the next server of the system.
_PASSED_ON = ("SERVFAIL", "NOTIMP", "REFUSED")


@dataclass(frozen=True, slots=True)
class Told:
    """What one server told: its answer and how it came, and why that is wrong; or only why there is none."""

    server: Server
    heard: Heard | None = None
    wrong: Fault | None = None
    addresses: tuple[str, ...] = ()


async def ask(server: Server, spec: DnsSpec, context: Context, deadline: Deadline) -> Told:
    """What this server says. Never raises for anything the world does."""
    try:
        heard, addresses = await _heard(server, spec, context, deadline)
    except Fault as fault:
        return Told(server, wrong=fault)
    where = heard.where if heard.where == str(server) else f"{server} ({heard.where})"
    judging = heard.reply, spec, where, context.asked
    wrong = await asyncio.to_thread(wrong_in, *judging) if heard.reply.size > LONG else wrong_in(*judging)
    return Told(server, heard, wrong, addresses)


async def ask_in_turn(
    servers: tuple[Server, ...], spec: DnsSpec, context: Context, deadline: Deadline
) -> Told:
    """What the first of the servers says that can answer, as any program of this host would hear it."""
    failed = list[Told]()
    for tried, server in enumerate(servers):
        told = await ask(server, spec, context, _part(deadline, len(servers) - tried))
        if told.wrong is None or (told.heard is not None and told.heard.reply.rcode not in _PASSED_ON):
            return told
        failed.append(told)
        if deadline.left == 0:
            break
    unable = next((each for each in failed if each.heard is not None), None)
    return unable or Told(servers[0], wrong=together([each.wrong for each in failed if each.wrong]))


async def _heard(
    server: Server, spec: DnsSpec, context: Context, deadline: Deadline
) -> tuple[Heard, tuple[str, ...]]:
    asked = question(spec, numbered=spec.transport != "doh")
    if spec.transport == "doh":
        heard = await over_https(spec, asked, server, context, deadline)
        return heard, (heard.address,)
    name, is_dot = spec.server_name or server.host, spec.transport == "dot"
    secure = await asyncio.to_thread(securely, name, spec.ca) if is_dot else None
    before = perf_counter()
    addresses = await _addresses(server, spec, context, deadline)
    resolved = perf_counter() - before
    heard = await _first(addresses, server, asked, (deadline, secure, spec.transport))
    heard = replace(heard, phases={"resolve": resolved, **heard.phases})
    if heard.peer is not None:
        chain = sent_chain(heard.peer) if context.closely else ()
        heard = replace(heard, cert_days=days_left(heard.peer, context.now), chain=chain)
    return heard, addresses


async def _addresses(server: Server, spec: DnsSpec, context: Context, deadline: Deadline) -> tuple[str, ...]:
    # This host sends all its questions to a server of its own already, link-local or not.
    if server.system and server.port in (53, 853):
        return (server.host,)
    try:
        return await addresses_of(server.host, context, deadline, spec.ip)
    except Fault as fault:
        if fault.kind is not ErrorKind.DNS:
            raise
        raise Fault(f"the name server's own name was not found: {fault}", fault.kind) from None


async def _first(
    addresses: tuple[str, ...], server: Server, asked: Question, way: tuple[Deadline, Secure | None, str]
) -> Heard:
    """The first address with an answer of any sort. Raises Fault."""
    deadline, secure, transport = way
    silent = list[Fault]()
    for tried, address in enumerate(addresses):
        within = _part(deadline, len(addresses) - tried)
        try:
            if transport == "udp":
                return await over_udp(asked, address, server.port, within)
            return await over_tcp(asked, address, server.port, within, secure)
        except Fault as fault:
            silent.append(fault)
        if deadline.left == 0:
            break
    raise together(sorted(silent, key=lambda fault: fault.kind in _NOT_REACHED))


def _part(deadline: Deadline, still: int) -> Deadline:
    """What the next of those that are still to be tried may take; the last one all that is left."""
    if still == 1:
        return deadline
    patience = share(deadline.left, still)
    return replace(Deadline.after(patience), whole=round(patience, 1) or patience)
