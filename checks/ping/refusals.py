"""What routers and this host said of requests that did not arrive, from the error queue of the socket.

Types and codes: RFC 792 and RFC 1812 for ICMP, RFC 4443 for ICMPv6. The queue: ip(7), IP_RECVERR.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from checks.base import ErrorKind
from checks.ping.door import IP_RECVERR, IPV6_RECVERR
from checks.ping.packet import Version
from checks.text import visible

Ancillary = Iterable[tuple[int, int, bytes]]

_EXTENDED = struct.Struct("=IBBBBII")
_LOCAL, _ICMP, _ICMP6 = 1, 2, 3
_UNREACHABLE_V4 = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    5: "source route failed",
    6: "network unknown",
    7: "host unknown",
    8: "host isolated",
    9: "network administratively prohibited",
    10: "host administratively prohibited",
    11: "network unreachable for this type of service",
    12: "host unreachable for this type of service",
    13: "administratively prohibited",
    14: "host precedence violated",
    15: "precedence too low",
}
_UNREACHABLE_V6 = {
    0: "no route",
    1: "administratively prohibited",
    2: "beyond the scope of the source address",
    3: "host unreachable",
    4: "port unreachable",
    5: "source address refused by policy",
    6: "route rejected",
    7: "error in the source routing header",
}
_TIME_EXCEEDED = {4: 11, 6: 3}
_EXCEEDED = {0: "TTL exceeded on the way", 1: "fragments not all arrived in time"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one request got no answer, in a few words."""

    text: str
    kind: ErrorKind


@dataclass(frozen=True, slots=True)
class Told:
    """One message of the error queue. `said_by` is who sent it, empty for what this host itself found out.

    `expired`: the request used up its TTL there, so that it says nothing of the target.
    """

    refusal: Refusal
    said_by: str
    expired: bool


def refusal(ancillary: Ancillary, version: Version, here: str) -> Refusal | None:
    """What a message of the error queue says; None when it is none that is known. `here` is our own address."""
    found = told(ancillary, version, here)
    return found.refusal if found is not None else None


def told(ancillary: Ancillary, version: Version, here: str) -> Told | None:
    """The same, with who says it."""
    for level, kind, data in ancillary:
        queued = (level, kind) in (
            (socket.IPPROTO_IP, IP_RECVERR),
            (socket.IPPROTO_IPV6, IPV6_RECVERR),
        )
        if queued and len(data) >= _EXTENDED.size:
            number, origin, type_, code, _, info, _ = _EXTENDED.unpack_from(data)
            if origin in (_ICMP, _ICMP6):
                who = _address(data[_EXTENDED.size :])
                expired = (type_, code) == (_TIME_EXCEEDED[version], 0)
                return Told(_said(_words(version, type_, code, info), who, here), who, expired)
            if origin == _LOCAL:
                return Told(_own(number, info), "", False)
    return None


def too_big(size: int, mtu: int) -> Refusal:
    """A packet of `size` bytes that would have to be cut up."""
    most = f"the path takes at most {mtu} bytes" if mtu else "the path takes less"
    return Refusal(f"a packet of {size} bytes is too big: {most}", ErrorKind.UNREACHABLE)


def _own(number: int, info: int) -> Refusal:
    if number == errno.EMSGSIZE:
        return Refusal(f"packet too big: the path takes at most {info} bytes", ErrorKind.UNREACHABLE)
    return Refusal(visible(os.strerror(number).lower()), ErrorKind.UNREACHABLE)


def _words(version: Version, kind: int, code: int, info: int) -> str:
    unreachable, too_big_at, exceeded, problem = (1, (2, 0), 3, 4) if version == 6 else (3, (3, 4), 11, 12)
    if (kind, code) == too_big_at:
        return f"packet too big: the path takes at most {info} bytes"
    if kind == unreachable:
        return (_UNREACHABLE_V6 if version == 6 else _UNREACHABLE_V4).get(code, f"unreachable, code {code}")
    if kind == exceeded:
        return _EXCEEDED.get(code, f"time exceeded, code {code}")
    if kind == problem:
        return f"request not understood, code {code}"
    return f"ICMP type {kind}, code {code}"


def _said(words: str, who: str, here: str) -> Refusal:
    if who == here:
        words = f"{words}, says this host ({who})"
    elif who:
        words = f"{words}, says {who}"
    return Refusal(words, ErrorKind.UNREACHABLE)


def _address(sockaddr: bytes) -> str:
    """The address in a struct sockaddr_in or sockaddr_in6; nothing when there is none."""
    family = struct.unpack_from("=H", sockaddr)[0] if len(sockaddr) >= 2 else 0
    if family == socket.AF_INET and len(sockaddr) >= 8:
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
    if family == socket.AF_INET6 and len(sockaddr) >= 24:
        return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24])
    return ""
