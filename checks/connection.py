"""One TCP connection for a probe: each address in turn, TLS if asked for, every failure said in one line."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

from checks.base import Certificate, ErrorKind
from checks.text import visible
from checks.tls_alerts import alert_number, alert_words, plain_words
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


# What OpenSSL says where plain words come instead of TLS.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"})


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
    """An open connection. `where` names it for people, `phases` holds seconds of `connect` and `tls`.

    `address` is the one that accepted, known also when the peer has already reset the connection.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    where: str
    address: str
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
    sock, address, took = await _first(addresses, port, deadline)
    where, phases, before = place(address, port), {"connect": took}, perf_counter()
    reader, writer = await _stream(sock, where, deadline, secure)
    if secure is not None:
        phases["tls"] = perf_counter() - before
    try:
        yield Link(reader, writer, where, address, phases)
    finally:
        writer.transport.abort()  # closing politely would wait for the peer


class Distrusted(Fault):
    """There is no TLS with the peer, mostly for its certificate; checks/distrusted.py can say more than the message.

    `chain` is what the peer showed, where that is known.
    """

    chain: tuple[Certificate, ...] = ()


async def secured(link: Link, secure: Secure, deadline: Deadline) -> Link:
    """The same connection, from here on with TLS: after STARTTLS. Raises Fault.

    What the peer sent ahead of the handshake is refused: anybody on the way can have put it in, and read later
    it would pass for the peer's own, protected words (CVE-2011-0411).
    """
    before = perf_counter()
    refuse_read_ahead(link)
    with _handshake_faults(link.where, deadline):
        async with asyncio.timeout(deadline.left):
            await link.writer.start_tls(
                secure.context, server_hostname=secure.name, ssl_handshake_timeout=deadline.whole + 1
            )
    return replace(link, phases={**link.phases, "tls": perf_counter() - before})


def refuse_read_ahead(link: Link) -> None:
    """Raises Fault when more has been read than was asked for. From here to the handshake nothing may await."""
    if found := read_ahead(link):
        said = visible(found.decode("utf-8", "replace").strip(), 60)
        text = f'{link.where} sent more in plain text before TLS began, which is not to be trusted: "{said}"'
        raise Fault(text, ErrorKind.PROTOCOL)


def read_ahead(link: Link) -> bytes:
    """What has come and was not asked for yet; it is taken out."""
    waiting = link.reader.read(_READ_AHEAD)
    try:
        waiting.send(None)
    except StopIteration as found:
        return bytes(found.value)
    except OSError:
        return b""
    waiting.close()
    return b""


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
        return Distrusted(f"certificate of {where} not accepted: {why}", ErrorKind.TLS)
    if isinstance(error, ssl.SSLError) and (said := error.reason or _reason_in(error)):
        return Distrusted(f"TLS with {where} failed: {_tls_words(said)}", ErrorKind.TLS)
    # asyncio calls an end of the stream in the handshake a reset, too, but one without a number.
    did = "reset" if isinstance(error, OSError) and error.errno == errno.ECONNRESET else "closed"
    return Fault(f"{where} {did} the connection during the TLS handshake", ErrorKind.TLS)


def _reason_in(error: ssl.SSLError) -> str:
    """The `ASN1 lib` of `[SSL] ASN1 lib (_ssl.c:1006)`, where it is given in no other way."""
    found = re.fullmatch(r"\[\w+\] (.+?)(?: \(_ssl\.c:\d+\))?", error.strerror or "")
    return found[1] if found and error.errno == ssl.SSL_ERROR_SSL else ""


def _tls_words(said: str) -> str:
    """OpenSSL's `TLSV1_ALERT_PROTOCOL_VERSION` and `WRONG_VERSION_NUMBER` in words."""
    number = alert_number(said)
    if number is not None:
        return alert_words(number)
    words = plain_words(said)
    return f"the answer is not TLS ({words})" if said in _NOT_TLS else words


async def _first(
    addresses: tuple[str, ...], port: int, deadline: Deadline
) -> tuple[socket.socket, str, float]:
    """A connected socket, the address that accepted, and the seconds this one connection took."""
    faults: list[Fault] = []
    for tried, address in enumerate(addresses):
        where, begun = place(address, port), perf_counter()
        patience = share(deadline.left, len(addresses) - tried)
        try:
            async with asyncio.timeout(patience):
                return await _connect(address, port), address, perf_counter() - begun
        except TimeoutError:
            faults.append(
                Fault(f"no connection to {where} within {show_duration(patience)}", ErrorKind.TIMEOUT)
            )
        except OSError as error:
            faults.append(reason(error, where))
        if deadline.left == 0:
            break
    raise together(faults)


def share(left: float, addresses: int) -> float:
    """Seconds for the next address: a dead one must not use up the time of those after it."""
    return min(left, max(left / addresses, _SHORTEST_TRY))


def together(faults: list[Fault]) -> Fault:
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


def place(address: str, port: int) -> str:
    """An address and its port, for people."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
