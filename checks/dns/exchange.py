"""DNS: one question to one address, over UDP, TCP or TLS, within a deadline of our own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter  # the loop's clock may tick in milliseconds

from checks.base import Certificate, ErrorKind
from checks.connection import Deadline, Fault, Link, Secure, connected, place, reason, tls_reason
from checks.dns.question import Question, Stray
from checks.dns.reply import Reply

# A lost datagram is no outage: the question is sent again while there is time.
_SENDINGS = 3
# Whoever floods us with other answers than ours ends the look; it does not keep the loop busy.
_MOST_STRAY = 1000
_LARGEST = 0xFFFF


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer and how it came: `phases` are seconds, `sent` how often the question was, `peer` the TLS session."""

    reply: Reply
    where: str
    transport: str
    phases: Mapping[str, float]
    address: str = ""
    sent: int = 1
    truncated: bool = False
    peer: ssl.SSLObject | None = None
    cert_days: float | None = None
    chain: tuple[Certificate, ...] = ()


async def over_udp(question: Question, address: str, port: int, deadline: Deadline) -> Heard:
    """By UDP, and again by TCP when the answer was cut. Raises Fault."""
    where = place(address, port)
    before = perf_counter()
    with _faults(where), _datagrams(address, port) as sock:
        connected_at = perf_counter()
        found, sent = await _asked(sock, question, where, deadline)
    phases = {"connect": connected_at - before, "request": perf_counter() - connected_at}
    if found is not None:
        return Heard(found, where, "udp", phases, address, sent)
    try:
        whole = await over_tcp(question, address, port, deadline)
    except Fault as fault:
        raise Fault(f"the answer by UDP was truncated, and by TCP: {fault}", fault.kind) from None
    together = {name: phases[name] + whole.phases[name] for name in phases}
    return Heard(whole.reply, where, "tcp", together, address, sent, truncated=True)


async def over_tcp(
    question: Question, address: str, port: int, deadline: Deadline, secure: Secure | None = None
) -> Heard:
    """By TCP, or by TLS where the peer must prove itself. Raises Fault."""
    async with connected((address,), port, deadline, secure) as link:
        before = perf_counter()
        try:
            async with asyncio.timeout(deadline.left):
                wire = await _conversed(link, question.wire)
                reply = await question.read(wire, link.where)
        except TimeoutError:
            raise Fault(f"no whole answer from {link.where} within {deadline}", ErrorKind.TIMEOUT) from None
        except Stray as stray:
            raise Fault(f"{link.where} sent an answer {stray}", ErrorKind.PROTOCOL) from None
        phases = {**link.phases, "request": perf_counter() - before}
        transport = "dot" if secure else "tcp"
        return Heard(reply, link.where, transport, phases, address, peer=link.ssl_object)


@contextmanager
def _datagrams(address: str, port: int) -> Iterator[socket.socket]:
    """A socket that hears this peer alone."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.connect((address, port))
        yield sock


@contextmanager
def _faults(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise reason(error, where) from None


async def _asked(
    sock: socket.socket, question: Question, where: str, deadline: Deadline
) -> tuple[Reply | None, int]:
    """The answer, None when it was cut to fit, and how often we asked. Raises Fault, OSError."""
    strays = Counter[str]()
    for sent in range(1, _SENDINGS + 1):
        sock.send(question.wire)
        try:
            async with asyncio.timeout(deadline.left / (_SENDINGS + 1 - sent)):
                return await _answered(sock, question, where, strays), sent
        except TimeoutError:
            continue
    if strays:
        raise _only_strays(where, strays, f"within {deadline}")
    raise Fault(f"no answer from {where} within {deadline}", ErrorKind.TIMEOUT)


async def _answered(
    sock: socket.socket, question: Question, where: str, strays: Counter[str]
) -> Reply | None:
    """Waits past messages that answer something else: anybody can send those in the server's name."""
    loop = asyncio.get_running_loop()
    while strays.total() < _MOST_STRAY:
        wire = await loop.sock_recv(sock, _LARGEST)
        try:
            return None if question.is_truncated(wire) else await question.read(wire, where)
        except Stray as stray:
            strays[str(stray)] += 1
    raise _only_strays(where, strays, "and nothing else")


def _only_strays(where: str, strays: Counter[str], when: str) -> Fault:
    seen = ", ".join(f"{count} {what}" for what, count in strays.most_common(3))
    return Fault(f"no answer to our question from {where} {when}; others: {seen}", ErrorKind.PROTOCOL)


async def _conversed(link: Link, wire: bytes) -> bytes:
    """One message each way, each after its length (RFC 1035, 4.2.2). Raises Fault."""
    try:
        link.writer.write(len(wire).to_bytes(2, "big") + wire)
        length = int.from_bytes(await _exactly(link, 2, "without an answer"), "big")
        return await _exactly(link, length, "in the middle of the answer")
    except ssl.SSLError as error:
        raise tls_reason(error, link.where) from None
    except TimeoutError:
        raise  # an OSError too, but the deadline's
    except OSError as error:
        raise reason(error, link.where) from None


async def _exactly(link: Link, size: int, when: str) -> bytes:
    try:
        return await link.reader.readexactly(size)
    except asyncio.IncompleteReadError:
        raise Fault(f"{link.where} closed the connection {when}", ErrorKind.PROTOCOL) from None
