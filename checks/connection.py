"""One TCP connection for a probe: each address in turn, TLS if asked for, every failure said in one line."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from checks.base import ErrorKind
from checks.text import visible
from config.units import show_duration

_SHORTEST_TRY = 2.0
_READ_AHEAD = 16 * 1024

_LOCAL = {
    errno.EMFILE: "too many open files here: raise LimitNOFILE= of the service",
    errno.ENFILE: "too many open files on this host: raise fs.file-max",
    errno.ENOBUFS: "this host has no buffer space left for connections",
    errno.ENOMEM: "this host has no memory left for connections",
    errno.EADDRNOTAVAIL: "this host has no free local port or address for the connection",
    errno.EAFNOSUPPORT: "this host does not speak that address family",
    errno.EACCES: "this host does not allow the connection (a local firewall or security policy)",
    errno.EPERM: "this host does not allow the connection (a local firewall)",
}
_REMOTE = {
    errno.ECONNREFUSED: ("connection refused by {where}", ErrorKind.REFUSED),
    errno.ECONNRESET: ("connection reset by {where}", ErrorKind.RESET),
    errno.EPIPE: ("connection reset by {where}", ErrorKind.RESET),
    errno.ECONNABORTED: ("connection to {where} broken off", ErrorKind.RESET),
    errno.EHOSTUNREACH: ("no route to host {where}", ErrorKind.UNREACHABLE),
    errno.ENETUNREACH: ("no route to the network of {where}", ErrorKind.UNREACHABLE),
    errno.ETIMEDOUT: ("no answer from {where}", ErrorKind.TIMEOUT),
}


class Fault(Exception):
    """Why a probe ends early, in one line. `blind`: we could not look, which says nothing of the target."""

    def __init__(self, message: str, kind: ErrorKind) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind

    @property
    def blind(self) -> bool:
        return self.kind in {ErrorKind.LOCAL, ErrorKind.POLICY}


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the probe must have ended: `at` on the loop's clock, `whole` the seconds it was given."""

    at: float
    whole: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(asyncio.get_running_loop().time() + seconds, seconds)

    @property
    def left(self) -> float:
        return max(0.0, self.at - asyncio.get_running_loop().time())

    def __str__(self) -> str:
        return show_duration(self.whole)


@dataclass(frozen=True, slots=True)
class Link:
    """An open connection. `where` names it for people, `phases` holds seconds of `connect` and `tls`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    where: str
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def ssl_object(self) -> ssl.SSLObject | None:
        found = self.writer.get_extra_info("ssl_object")
        return found if isinstance(found, ssl.SSLObject) else None


@dataclass(frozen=True, slots=True)
class Secure:
    """Ask for TLS: by whom the peer must be vouched for, and for which name."""

    context: ssl.SSLContext
    name: str


@contextlib.asynccontextmanager
async def connected(
    addresses: tuple[str, ...], port: int, deadline: Deadline, secure: Secure | None = None
) -> AsyncIterator[Link]:
    """The first of the addresses that accepts, closed on the way out whatever happens. Raises Fault."""
    loop = asyncio.get_running_loop()
    sock, where, took = await _first(addresses, port, deadline)
    phases, before = {"connect": took}, loop.time()
    reader, writer = await _stream(sock, where, deadline, secure)
    if secure is not None:
        phases["tls"] = loop.time() - before
    try:
        yield Link(reader, writer, where, phases)
    finally:
        writer.transport.abort()  # closing politely would wait for the peer


async def secured(link: Link, secure: Secure, deadline: Deadline) -> Link:
    """The same connection, from here on with TLS: after STARTTLS. Raises Fault."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    with _handshake_faults(link.where, deadline):
        async with asyncio.timeout(deadline.left):
            await link.writer.start_tls(
                secure.context, server_hostname=secure.name, ssl_handshake_timeout=deadline.whole + 1
            )
    return replace(link, phases={**link.phases, "tls": loop.time() - before})


@contextlib.contextmanager
def _handshake_faults(where: str, deadline: Deadline) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise Fault(f"TLS handshake with {where} not finished within {deadline}", ErrorKind.TIMEOUT) from None
    except (ssl.SSLError, OSError) as error:
        raise tls_reason(error, where) from None


def reason(error: OSError, where: str) -> Fault:
    """The Fault that says what the system's error on this connection means."""
    number = error.errno or 0
    if number in _LOCAL:
        return Fault(_LOCAL[number], ErrorKind.LOCAL)
    if number in _REMOTE:
        text, kind = _REMOTE[number]
        return Fault(text.format(where=where), kind)
    if isinstance(error, ConnectionError):
        return Fault(f"connection reset by {where}", ErrorKind.RESET)
    why = visible(error.strerror or str(error))
    return Fault(f"connection to {where} failed: {why}", ErrorKind.UNREACHABLE)


def tls_reason(error: Exception, where: str) -> Fault:
    """The Fault for a TLS handshake or conversation that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = visible(error.verify_message).rstrip(".")
        return Fault(f"certificate of {where} not accepted: {why}", ErrorKind.TLS)
    if isinstance(error, ssl.SSLError) and error.reason:
        why = visible(error.reason.replace("_", " ").lower())
        return Fault(f"TLS with {where} failed: {why}", ErrorKind.TLS)
    return Fault(f"{where} closed the connection during the TLS handshake", ErrorKind.TLS)


async def _first(
    addresses: tuple[str, ...], port: int, deadline: Deadline
) -> tuple[socket.socket, str, float]:
    """A connected socket, its name for people, and the seconds this one connection took."""
    loop, faults = asyncio.get_running_loop(), list[Fault]()
    for tried, address in enumerate(addresses):
        where, begun = _where(address, port), loop.time()
        share = _share(deadline.left, len(addresses) - tried)
        try:
            async with asyncio.timeout(share):
                return await _connect(address, port), where, loop.time() - begun
        except TimeoutError:
            faults.append(Fault(f"no connection to {where} within {show_duration(share)}", ErrorKind.TIMEOUT))
        except OSError as error:
            faults.append(reason(error, where))
        if deadline.left == 0:
            break
    raise _together(faults)


def _share(left: float, addresses: int) -> float:
    """Seconds for the next address: a dead one must not use up the time of those after it."""
    return min(left, max(left / addresses, _SHORTEST_TRY))


def _together(faults: list[Fault]) -> Fault:
    """One reason for all addresses. What a target answered weighs more than what kept us from others."""
    if not faults:
        return Fault("the name has no address", ErrorKind.DNS)
    told = [fault for fault in faults if not fault.blind] or faults
    return Fault(visible("; ".join(dict.fromkeys(fault.message for fault in told))), told[0].kind)


async def _connect(address: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, (address, port))
    except BaseException:
        # Forgotten by the loop before its number can be given to another socket.
        loop.remove_writer(sock)
        sock.close()
        raise
    return sock


async def _stream(
    sock: socket.socket, where: str, deadline: Deadline, secure: Secure | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if secure is None:
        return await asyncio.open_connection(sock=sock, limit=_READ_AHEAD)
    with _handshake_faults(where, deadline):
        async with asyncio.timeout(deadline.left):
            return await asyncio.open_connection(
                sock=sock,
                limit=_READ_AHEAD,
                ssl=secure.context,
                server_hostname=secure.name,
                ssl_handshake_timeout=deadline.whole + 1,  # ours ends first, with the better reason
            )


def _where(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
