"""The way to an address: which routers answer on it. Needs no privilege, as tracepath needs none.

Datagrams leave with a rising TTL (IPv6: hop limit), to ports that hardly anybody listens on; routers that they die at
say so (ICMP time exceeded), and the target that the port is closed. The kernel hands that to whoever sent them:
ip(7), IP_RECVERR. All are on their way at once, so that the whole takes no longer than the slowest answer is waited
for. A firewall that keeps such datagrams out looks like a router that is silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from checks.connection import reason
from checks.ping.door import IP_RECVERR, IPV6_RECVERR
from checks.ping.packet import Version
from checks.ping.refusals import told

MOST = 12
PATIENCE = 3.0
_AGAIN = 1.0
_PORT = 33434  # where traceroute begins
_QUEUED, _ANCILLARY = 512, 512


@dataclass(slots=True)
class _Probe:
    """One datagram with one TTL; `line` is what came of it, `last` whether it got as far as anything gets."""

    ttl: int
    sock: socket.socket
    sent: float = 0.0
    line: str = ""
    last: bool = False


@dataclass(slots=True)
class _Walk:
    """All of them; `done` once nothing more can be learnt."""

    version: Version
    probes: tuple[_Probe, ...]
    done: asyncio.Event = field(default_factory=asyncio.Event)


async def hops(address: str) -> tuple[str, ...]:
    """Lines such as `1  10.0.0.1  0.4 ms` and `3  no answer`, in 3 seconds at most. Never raises for the world."""
    version: Version = 6 if ":" in address else 4
    with contextlib.ExitStack() as open_sockets:
        try:
            probes = tuple(_aimed(open_sockets, version, address, ttl) for ttl in range(1, MOST + 1))
        except OSError as error:
            return (f"no way out of this host: {reason(error, address).message}",)
        walk = _Walk(version, probes)
        with _heard(walk), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for patience in (_AGAIN, PATIENCE):
                    _send(walk)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(walk.done.wait(), patience)
                        break
    return _lines(probes)


def _aimed(open_sockets: contextlib.ExitStack, version: Version, address: str, ttl: int) -> _Probe:
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    sock = open_sockets.enter_context(socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK))
    if version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    sock.connect((address, _PORT + ttl))
    return _Probe(ttl, sock)


def _send(walk: _Walk) -> None:
    """Those that nothing came of yet."""
    for probe in walk.probes:
        if not probe.line:
            probe.sent = perf_counter()
            with contextlib.suppress(OSError):  # what an earlier one met with; the queue tells it in full
                probe.sock.send(b"tocsin")


@contextlib.contextmanager
def _heard(walk: _Walk) -> Iterator[None]:
    """Watch the sockets through an epoll of its own: uvloop stops watching those that have errors to tell."""
    loop = asyncio.get_running_loop()
    with select.epoll() as epoll:
        for probe in walk.probes:
            epoll.register(probe.sock, select.EPOLLIN)
        loop.add_reader(epoll.fileno(), _ready, walk)
        try:
            yield
            _ready(walk)
        finally:
            loop.remove_reader(epoll.fileno())


def _ready(walk: _Walk) -> None:
    for probe in walk.probes:
        _read(probe, walk.version)
    ending = next((probe.ttl for probe in walk.probes if probe.last), MOST)
    if all(probe.line for probe in walk.probes[:ending]):
        walk.done.set()


def _read(probe: _Probe, version: Version) -> None:
    with contextlib.suppress(OSError):
        probe.sock.recv(_QUEUED)  # somebody does listen there: the target answers
        _note(probe, probe.sock.getpeername()[0], last=True)
    with contextlib.suppress(OSError):
        here = probe.sock.getsockname()[0]
        _, ancillary, _, _ = probe.sock.recvmsg(_QUEUED, _ANCILLARY, socket.MSG_ERRQUEUE)
        found = told(ancillary, version, here)
        if found is None:
            return
        peer = probe.sock.getpeername()[0]
        if found.expired or found.said_by == peer:
            _note(probe, found.said_by, last=found.said_by == peer)
        else:
            _note(probe, found.refusal.text, last=True, timed=False)


def _note(probe: _Probe, said: str, *, last: bool, timed: bool = True) -> None:
    if not probe.line:
        took = f"  {(perf_counter() - probe.sent) * 1000:.1f} ms" if timed else ""
        probe.line, probe.last = f"{probe.ttl}  {said}{took}", last


def _lines(probes: tuple[_Probe, ...]) -> tuple[str, ...]:
    """As far as anything is known; a silent rest is one line."""
    ending = next((probe.ttl for probe in probes if probe.last), None)
    if ending is not None:
        return tuple(probe.line or f"{probe.ttl}  no answer" for probe in probes[:ending])
    known = max((probe.ttl for probe in probes if probe.line), default=0)
    told_of = tuple(probe.line or f"{probe.ttl}  no answer" for probe in probes[:known])
    rest = f"{known + 1}-{MOST}  no answer" if known + 1 < MOST else f"{MOST}  no answer"
    return (*told_of, *([rest] if known < MOST else []))
