"""The socket that pings go through: an unprivileged one where the kernel allows it, else a raw one."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from checks.base import ErrorKind
from checks.connection import Fault, reason
from checks.ping.packet import Version
from checks.ping.spec import PingSpec

# From linux/in.h, linux/in6.h, linux/icmp.h, linux/icmpv6.h and asm-generic/socket.h: Python does not know them all.
IP_RECVERR, IP_RECVTTL, _IP_MTU_DISCOVER, _IP_MTU = 11, 12, 10, 14
IPV6_RECVERR, _IPV6_MTU_DISCOVER, _IPV6_MTU = 25, 23, 24
SO_TIMESTAMPNS = 35
_NEVER_FRAGMENT = 2
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_ECHO_REPLY_V6 = 129

FORBIDDEN = (
    'this host lets the service send no pings: set sysctl net.ipv4.ping_group_range="0 2147483647" (it is for IPv6 '
    "too), or give it CAP_NET_RAW (AmbientCapabilities= and CapabilityBoundingSet= of the unit)"
)


@dataclass(frozen=True, slots=True)
class Door:
    """An open socket that hears of one address only. `here` is the address that requests leave from."""

    sock: socket.socket
    version: Version
    raw: bool
    ident: int
    peer: str
    here: str

    @property
    def mtu(self) -> int:
        """The largest packet that the path is known to take, in bytes; 0 when that is not known."""
        level, option = (
            (socket.IPPROTO_IPV6, _IPV6_MTU) if self.version == 6 else (socket.IPPROTO_IP, _IP_MTU)
        )
        with contextlib.suppress(OSError):
            return self.sock.getsockopt(level, option)
        return 0


@contextlib.contextmanager
def opened(address: str, spec: PingSpec) -> Iterator[Door]:
    """A socket to an address, closed with the block. Raises Fault."""
    target = _as_spoken(address)
    version: Version = 6 if ":" in target else 4
    try:
        sock, raw = _made(version)
    except OSError as error:
        raise reason(error, target) from None
    with sock:
        try:
            door = _aimed(sock, version, target, spec, raw=raw)
        except OSError as error:
            raise reason(error, target) from None
        yield door


def _as_spoken(address: str) -> str:
    """An IPv4 address in the dress of IPv6 is one of IPv4."""
    parsed = ip_address(address.partition("%")[0])
    inner = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(inner) if inner else address


def _made(version: Version) -> tuple[socket.socket, bool]:
    """The socket, and whether it is a raw one. Raises Fault where the kernel allows neither, else OSError."""
    family, protocol = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6) if version == 6 else (socket.AF_INET, socket.IPPROTO_ICMP)
    )
    try:
        return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, protocol), False
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            raise
    try:
        return socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol), True
    except PermissionError:
        raise Fault(FORBIDDEN, ErrorKind.LOCAL) from None


def _aimed(sock: socket.socket, version: Version, target: str, spec: PingSpec, *, raw: bool) -> Door:
    if version == 6:
        _set_up_v6(sock, spec, raw=raw)
    else:
        _set_up_v4(sock, spec, raw=raw)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    if not raw:
        sock.bind(("::" if version == 6 else "0.0.0.0", 0))
    # It is bound to its id, as others to a port; a raw one sees the answers to all, and takes an id by chance.
    ident = int.from_bytes(os.urandom(2)) if raw else int(sock.getsockname()[1])
    # ICMP has no ports; without one, though, the kernel does not tell whom the socket is connected to.
    sock.connect((target, 1))
    return Door(sock, version, raw, ident, sock.getpeername()[0], sock.getsockname()[0])


def _set_up_v4(sock: socket.socket, spec: PingSpec, *, raw: bool) -> None:
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    if spec.ttl is not None:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, spec.ttl)
    if spec.dont_fragment:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _NEVER_FRAGMENT)
    if raw:  # of all types, answers alone: the bits set are kept out
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFE))


def _set_up_v6(sock: socket.socket, spec: PingSpec, *, raw: bool) -> None:
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    if spec.ttl is not None:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, spec.ttl)
    if spec.dont_fragment:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _NEVER_FRAGMENT)
    if raw:
        kept_out = [0xFFFFFFFF] * 8
        kept_out[_ECHO_REPLY_V6 >> 5] &= ~(1 << (_ECHO_REPLY_V6 & 31))
        sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *kept_out))
