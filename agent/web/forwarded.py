"""What a proxy in front says of a request: believed from its own addresses, and from nobody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

from config.web import ProxyOptions

Headers = list[tuple[bytes, bytes]]
# Where the name stands that the proxy signed in, in the scope of a request.
USER = "tocsin.user"
_SAID = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip")
_MOST_HOPS = 20
_LONGEST_NAME = 100


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, an IPv4 one in IPv6's clothes as itself; None for anything else."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_within(text: str, networks: Sequence[str]) -> bool:
    """Whether the address is in one of the networks."""
    found = address(text)
    return found is not None and any(
        found in network
        for network in map(ipaddress.ip_network, networks)
        if network.version == found.version
    )


def peer(scope: Scope) -> str:
    """Who is at the other end of the connection."""
    return scope["client"][0] if scope.get("client") else ""


def forwarded(scope: Scope, proxy: ProxyOptions | None) -> Scope:
    """The request as it was sent to the proxy, where one of its addresses hands it on; else as it came."""
    headers: Headers = scope["headers"]
    named = proxy.user_header.encode() if proxy is not None and proxy.user_header else b""
    if proxy is None or not is_within(peer(scope), proxy.from_):
        return scope
    kept = [(name, value) for name, value in headers if name not in (*_SAID, named)]
    found = {**scope, "headers": kept}
    if client := _client(headers, proxy.from_):
        found["client"] = (client, 0)
    if (scheme := _last(headers, b"x-forwarded-proto")) in ("http", "https"):
        found["scheme"] = scheme
    if host := _last(headers, b"x-forwarded-host"):
        found["headers"] = [*(each for each in kept if each[0] != b"host"), (b"host", host.encode("latin-1"))]
    if named and (name := _alone(headers, named)):
        found[USER] = name
    return found


def _client(headers: Headers, ours: Sequence[str]) -> str:
    """The last address that is none of our proxies: what stands before it anybody could have written."""
    hops = [each.strip() for each in ",".join(_all(headers, b"x-forwarded-for")).split(",")][-_MOST_HOPS:]
    for hop in reversed(hops):
        found = address(hop.strip("[]"))
        if found is None:
            return ""
        if not is_within(str(found), ours):
            return str(found)
    return ""


def _all(headers: Headers, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]


def _last(headers: Headers, wanted: bytes) -> str:
    """The last of a list: the one that our proxy added."""
    return ",".join(_all(headers, wanted)).rpartition(",")[2].strip()


def _alone(headers: Headers, wanted: bytes) -> str:
    """The only value; nothing where there are several, for one of them came through from outside."""
    found = _all(headers, wanted)
    return found[0].strip()[:_LONGEST_NAME] if len(found) == 1 else ""
