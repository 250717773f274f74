"""A name server on loopback that says what a test wants, by UDP and TCP on one port; and looks at it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.message import Message

from checks.base import Context, Observation
from checks.dns.kind import probe
from checks.dns.spec import DnsSpec
from checks.network import Network

NOW = time.time()
# What is sent back for a question: nothing, a message, bytes as they are, or several of these.
Said = Message | bytes | Iterable[bytes] | None
Says = Callable[[Message], Said]


@dataclass(slots=True)
class Answering:
    """Where it listens, and what it was asked: the transport and the question; `senders` are those of datagrams."""

    port: int
    asked: list[tuple[str, Message]] = field(default_factory=list)
    senders: list[Any] = field(default_factory=list)

    @property
    def transports(self) -> list[str]:
        return [transport for transport, _ in self.asked]


@contextlib.asynccontextmanager
async def answering(
    says: Says,
    *,
    hosts: tuple[str, ...] = ("127.0.0.1",),
    tcp: Says | None = None,
    proof: SSLContext | None = None,
    at: int = 0,
) -> AsyncIterator[Answering]:
    """Listens until the test is done, on any port or the one given by `at`.

    `tcp` says something else over TCP; with `proof` that speaks TLS.
    """
    loop = asyncio.get_running_loop()
    found, pairs = Answering(0), _pairs(hosts, at)
    found.port = pairs[0][0].getsockname()[1]

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                question = dns.message.from_wire(await reader.readexactly(length))
                found.asked.append(("tcp", question))
                for wire in _wires((tcp or says)(question)):
                    writer.write(len(wire).to_bytes(2, "big") + wire)
                await writer.drain()
        writer.transport.abort()

    async with contextlib.AsyncExitStack() as stack:
        for datagrams, stream in pairs:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(says, found), sock=datagrams
            )
            stack.callback(transport.close)
            server = await asyncio.start_server(one, sock=stream, ssl=proof)
            stack.callback(server.close)
        yield found


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, says: Says, found: Answering) -> None:
        self._says, self._found = says, found

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        question = dns.message.from_wire(data)
        self._found.asked.append(("udp", question))
        self._found.senders.append(addr)
        for wire in _wires(self._says(question)):
            self._transport.sendto(wire, addr)


def _wires(said: Said) -> list[bytes]:
    if said is None:
        return []
    if isinstance(said, Message):
        return [said.to_wire()]
    return [said] if isinstance(said, bytes) else list(said)


def _pairs(hosts: tuple[str, ...], at: int) -> list[tuple[socket.socket, socket.socket]]:
    """A UDP and a TCP socket for each host, all on the same port."""
    while True:
        port, taken = at, list[socket.socket]()
        try:
            for host in hosts:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
                    taken.append(sock)
                    sock.setblocking(False)
                    sock.bind((host, port))
                    port = sock.getsockname()[1]
            return list(zip(taken[::2], taken[1::2], strict=True))
        except OSError as error:
            for sock in taken:
                sock.close()
            if port == at:
                raise RuntimeError(f"no loopback address to bind: {error}") from None


def records(
    *answer: str,
    authority: Iterable[str] = (),
    additional: Iterable[str] = (),
    rcode: str = "NOERROR",
    flags: str = "",
) -> Says:
    """Says the same records, in zone file form, to every question."""

    def says(question: Message) -> Message:
        return with_records(
            question, answer, authority=authority, additional=additional, rcode=rcode, flags=flags
        )

    return says


def with_records(
    question: Message,
    answer: Iterable[str] = (),
    *,
    authority: Iterable[str] = (),
    additional: Iterable[str] = (),
    rcode: str = "NOERROR",
    flags: str = "",
) -> Message:
    """The answer to a question."""
    reply = dns.message.make_response(question, recursion_available=True)
    reply.set_rcode(dns.rcode.from_text(rcode))
    reply.flags |= dns.flags.from_text(flags)
    for section, lines in (
        (reply.answer, answer),
        (reply.authority, authority),
        (reply.additional, additional),
    ):
        for line in lines:
            name, ttl, klass, kind, data = line.split(maxsplit=4)
            section.append(dns.rrset.from_text(name, int(ttl), klass, kind, data))
    return reply


async def look(
    port: int,
    *,
    timeout: float = 5,
    asked: frozenset[str] = frozenset(),
    network: Network | None = None,
    **options: Any,
) -> Observation:
    """One run of the probe against a port of loopback. A `network` given is left open."""
    spec = DnsSpec.model_validate({"name": "example.com", "server": "127.0.0.1", "port": port, **options})
    way_out = network or Network()
    try:
        return await probe(spec, Context(timeout=timeout, network=way_out, now=NOW, asked=asked))
    finally:
        if network is None:
            await way_out.aclose()


def against(says: Says, *, tcp: Says | None = None, **options: Any) -> Observation:
    """One run against a server that says so."""

    async def run() -> Observation:
        async with answering(says, tcp=tcp) as server:
            return await look(server.port, **options)

    return asyncio.run(run())
