"""What this host knows of its own ways out: the gateway, the networks it is in, its addresses, its links.

The tables are Linux' own, of the network namespace of this thread: proc(5) for /proc/net/route, and
net/ipv6/route.c of the kernel for /proc/net/ipv6_route. What cannot be read is not there.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from checks.resolver import literal

_ROUTES_V4, _ROUTES_V6 = Path("/proc/thread-self/net/route"), Path("/proc/thread-self/net/ipv6_route")
_MOST_READ = 256 * 1024
_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
# From linux/sockios.h and net/if.h.
_SIOCGIFFLAGS, _IFF_LOOPBACK, _IFF_RUNNING = 0x8913, 0x8, 0x40
_DISCARD = 9


@dataclass(frozen=True, slots=True)
class Route:
    """One route that is up. `gateway` is empty where the network is on the link itself."""

    network: IPv4Network | IPv6Network
    gateway: str
    metric: int


def routes() -> tuple[Route, ...]:
    """All that lead out of this host."""
    found: list[Route] = []
    for path, read in ((_ROUTES_V4, _route_v4), (_ROUTES_V6, _route_v6)):
        for line in _lines(path):
            with suppress(ValueError, IndexError):
                route = read(line.split())
                found += [route] if route is not None else []
    return tuple(found)


def gateway(known: tuple[Route, ...]) -> str | None:
    """The gateway of the default route, of IPv4 before IPv6; None where there is none."""
    default = [each for each in known if each.gateway and each.network.prefixlen == 0]
    best = min(default, key=lambda each: (each.network.version, each.metric), default=None)
    return best.gateway if best else None


def is_near(address: str, known: tuple[Route, ...]) -> bool:
    """Whether the address is reached without a gateway."""
    target = _parsed(address)
    if target is None:
        return False
    leading = [each for each in known if each.network.version == target.version and target in each.network]
    best = max(leading, key=lambda each: (each.network.prefixlen, -each.metric), default=None)
    return best is not None and not best.gateway


def is_here(host: str) -> bool:
    """Whether a name or address, as an operator writes it, is this host: loopback, its own name, its addresses."""
    address = literal(host)
    if address is None:
        name = host.rstrip(".").lower()
        return name == "localhost" or name.endswith(".localhost") or name == socket.gethostname().lower()
    parsed = _parsed(address)
    return parsed is not None and (parsed.is_loopback or parsed.is_unspecified or _is_own(address))


def linked() -> bool:
    """Whether any network interface but loopback is up and has a carrier."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return any(_runs(asked, name) for _, name in socket.if_nameindex())


def _runs(asked: socket.socket, name: str) -> bool:
    try:
        answer = fcntl.ioctl(asked, _SIOCGIFFLAGS, struct.pack("16sH14x", name.encode()[:15], 0))
    except OSError:
        return False
    flags: int = struct.unpack_from("H", answer, 16)[0]
    return bool(flags & _IFF_RUNNING) and not flags & _IFF_LOOPBACK


def _is_own(address: str) -> bool:
    """Whatever is sent to an own address has it as its source, too; nothing is sent by this."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, _DISCARD))
            return _parsed(sock.getsockname()[0]) == _parsed(address)
    except OSError:
        return False


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            return file.read(_MOST_READ).splitlines()
    except OSError:
        return []


def _route_v4(words: list[str]) -> Route | None:
    """`eth0 00000000 010200C0 0003 0 0 100 00000000 …`: addresses as the machine keeps them in memory."""
    target, via, flags, metric, mask = words[1], words[2], int(words[3], 16), int(words[6]), words[7]
    if not flags & _UP or flags & _REJECT:
        return None
    network = IPv4Network((_address_v4(target), int(mask, 16).bit_count()))
    return Route(network, str(_address_v4(via)) if flags & _GATEWAY else "", metric)


def _address_v4(word: str) -> IPv4Address:
    return IPv4Address(struct.pack("=I", int(word, 16)))


def _route_v6(words: list[str]) -> Route | None:
    """Target, its length, source, its length, next hop, metric, two counts, flags, interface: all hexadecimal."""
    flags, name = int(words[8], 16), words[9]
    if not flags & _UP or flags & _REJECT or name == "lo":
        return None
    network = IPv6Network((int(words[0], 16), int(words[1], 16)))
    via = IPv6Address(int(words[4], 16))
    zone = f"%{name}" if via.is_link_local else ""
    return Route(network, f"{via}{zone}" if flags & _GATEWAY else "", int(words[5], 16))
