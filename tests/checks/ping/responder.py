"""Answers echo requests on loopback as a test says: well, late, twice, for another, or with an ICMP error."""

from __future__ import annotations

import heapq
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from checks.ping.packet import checksum, without_ip_header
from tests.checks.ping.namespace import kernel

_REQUEST = {4: 8, 6: 128}
_ANSWER = {4: 0, 6: 129}
_ICMP = {4: (socket.AF_INET, socket.IPPROTO_ICMP), 6: (socket.AF_INET6, socket.IPPROTO_ICMPV6)}


@dataclass(frozen=True, slots=True)
class Asked:
    """The `number`th request that came here, and its parts. `packet` has the IP header as well."""

    version: int
    number: int
    source: str
    target: str
    ident: int
    sequence: int
    payload: bytes
    packet: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An ICMP message from an address, sent so many seconds after the request came."""

    message: bytes
    source: str
    after: float = 0.0


Behaviour = Callable[[Asked], Iterable[Answer]]


def echo(asked: Asked, **changed: int | bytes | str | float) -> Answer:
    """The right answer, but for what is changed: ident, sequence, payload, source, after."""
    parts = {"ident": asked.ident, "sequence": asked.sequence, "payload": asked.payload, **changed}
    header = struct.pack("!BBHHH", _ANSWER[asked.version], 0, 0, parts["ident"], parts["sequence"])
    message = header + parts["payload"]  # type: ignore[operator]  # bytes, as said above
    return Answer(_sealed(message), str(changed.get("source", asked.target)), float(changed.get("after", 0)))


def error(asked: Asked, kind: int, code: int, source: str, *, info: int = 0, quoted: int = 1000) -> Answer:
    """An ICMP error about the request that quotes so many bytes of it."""
    message = struct.pack("!BBHI", kind, code, 0, info) + asked.packet[:quoted]
    return Answer(_sealed(message), source)


def _sealed(message: bytes) -> bytes:
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


@contextmanager
def answering(version: int, behaviour: Behaviour) -> Iterator[None]:
    """As long as the block lasts the kernel keeps silent here, and the behaviour answers."""
    kernel("ipv4/icmp_echo_ignore_all" if version == 4 else "ipv6/icmp/echo_ignore_all", "1")
    kernel("ipv4/icmp_ratelimit" if version == 4 else "ipv6/icmp/ratelimit", "0")
    family, protocol = _ICMP[version]
    ending = threading.Event()
    with socket.socket(family, socket.SOCK_RAW, protocol) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        if version == 6:
            ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        thread = threading.Thread(target=_serve, args=(version, ear, behaviour, ending))
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()


def _serve(version: int, ear: socket.socket, behaviour: Behaviour, ending: threading.Event) -> None:
    waiting: list[tuple[float, int, Answer, str]] = []
    number = queued = 0
    while not ending.is_set():
        if select.select([ear], [], [], 0.002)[0]:
            asked = _heard(version, ear, number)
            if asked is not None:
                number += 1
                for answer in behaviour(asked):
                    queued += 1
                    heapq.heappush(waiting, (time.monotonic() + answer.after, queued, answer, asked.source))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, answer, to = heapq.heappop(waiting)
            _say(version, answer, to)


def _say(version: int, answer: Answer, to: str) -> None:
    family, protocol = _ICMP[version]
    with socket.socket(family, socket.SOCK_RAW, protocol) as mouth:
        mouth.bind((answer.source, 0))
        mouth.sendto(answer.message, (to, 0))


def _heard(version: int, ear: socket.socket, number: int) -> Asked | None:
    packet, ancillary, _, (source, *_) = ear.recvmsg(65535, 512)
    message = without_ip_header(packet) if version == 4 else packet
    kind, _, _, ident, sequence = struct.unpack_from("!BBHHH", message)
    if kind != _REQUEST[version]:
        return None
    if version == 4:
        target = socket.inet_ntoa(packet[16:20])
    else:
        target = socket.inet_ntop(socket.AF_INET6, ancillary[0][2][:16])
        packet = _v6_header(source, target, len(message)) + message
    return Asked(version, number, source, target, ident, sequence, message[8:], packet)


def _v6_header(source: str, target: str, size: int) -> bytes:
    ends = (socket.inet_pton(socket.AF_INET6, each) for each in (source, target))
    return struct.pack("!IHBB", 6 << 28, size, socket.IPPROTO_ICMPV6, 64) + b"".join(ends)
