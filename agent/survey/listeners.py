"""The TCP ports and sockets in the file system that something listens on, from the kernel's own tables.

It needs no privilege. Format: proc_net_tcp(5); an address is in the byte order of the host, in groups of four bytes.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Iterable, Iterator

from agent.survey.found import Listener

MOST = 5000
_LISTENING = "0A"
_LOCAL = re.compile(r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) ")
# Of type stream, with the flag of a socket that accepts connections.
_SOCKET = re.compile(r"[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} 0001[0-9A-F]{4} 0001 [0-9A-F]{2} +\d+ (/.{1,107})")
_V4, _V6 = "127.0.0.1", "::1"
_EVERYWHERE = {"0.0.0.0", "::"}


def listeners(tables: Iterable[str]) -> tuple[Listener, ...]:
    """Those of the texts of /proc/net/tcp and tcp6, by port."""
    found = {each for table in tables for each in _of(table)}
    return tuple(sorted(found, key=lambda each: (each.port, each.address))[:MOST])


def sockets(table: str) -> tuple[str, ...]:
    """The paths in the text of /proc/net/unix; what they are called is another's choice."""
    found = filter(None, map(_SOCKET.fullmatch, table.split("\n")))
    return tuple(sorted({each[1] for each in found})[:MOST])


def _of(table: str) -> Iterator[Listener]:
    for line in table.split("\n"):
        columns = _LOCAL.match(line)
        if columns and columns[3] == _LISTENING:
            yield Listener(_address(columns[1]), int(columns[2], 16))


def _address(words: str) -> str:
    """`0100007F` is 127.0.0.1 on a little-endian host."""
    groups = (bytes.fromhex(words[start : start + 8]) for start in range(0, len(words), 8))
    packed = b"".join(group[::-1] if sys.byteorder == "little" else group for group in groups)
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def reachable_at(port: int, known: Iterable[Listener], *, ipv6: bool) -> str | None:
    """The address of this host at which the port answers, loopback before others; None when nothing listens.

    `ipv6`: whether this host has ::1. A port that is open on `::` alone mostly answers on IPv4 as well.
    """
    addresses = {each.address for each in known if each.port == port}
    if addresses & {"0.0.0.0", _V4}:
        return _V4
    if addresses & {"::", _V6}:
        return _V6 if ipv6 else _V4
    return min((each for each in addresses if not ipaddress.ip_address(each).is_link_local), default=None)
