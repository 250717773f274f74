"""HTTP: the way to the other side: an address, a proxy, or a socket of this host; each hop by the same policy."""

from __future__ import annotations

from dataclasses import dataclass

import pycurl

from checks.base import Context
from checks.http.address import Target, proxy_target, target
from checks.http.spec import HttpSpec, Tls
from checks.network import Family
from checks.resolver import literal
from config.masks import remember

_RESOLVED_HERE: dict[str, Family | None] = {"socks4": "4", "socks5": None}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Whom to send requests through, and as whom. `url` has no path: libcurl would take one for a socket."""

    url: str
    scheme: str
    host: str
    port: int
    user: str | None
    password: str


@dataclass(frozen=True, slots=True)
class Route:
    """Whom to connect to: host and port, and the addresses they have just been given.

    With a `proxy` it does the connecting, and `addresses` are empty where it looks up the name as well. A `socket`
    is a path on this host; nothing else is connected to.
    """

    host: str
    port: int
    addresses: tuple[str, ...]
    proxy: Proxy | None = None
    proxy_addresses: tuple[str, ...] = ()
    socket: str | None = None

    @property
    def tried(self) -> str:
        """What is connected to, for people: `192.0.2.7:443, 192.0.2.8:443 and 4 more`."""
        if self.socket is not None:
            return f"the socket {self.socket}"
        if self.proxy is not None:
            return f"the proxy {addresses_shown(self.proxy_addresses, self.proxy.port)}"
        return addresses_shown(self.addresses, self.port)


def proxy_of(spec: HttpSpec) -> Proxy | None:
    """The proxy that the options name."""
    if spec.proxy is None:
        return None
    where = proxy_target(spec.proxy)
    remember(where.password or "")
    url = f"{where.scheme}://{bracketed(where.host)}:{where.port}"
    return Proxy(url, where.scheme, where.host, where.port, where.user, where.password or "")


async def route_to(where: Target, spec: HttpSpec, context: Context, left: float, home: str) -> Route:
    """The way there, in `left` seconds; `home` is the host that `resolve` and `unix_socket` are for.

    Raises LookupFailed or AddressRefused.
    """
    resolve = context.network.resolve
    if where.host == home and spec.unix_socket is not None:
        return Route(where.host, where.port, (), socket=spec.unix_socket)
    proxy = proxy_of(spec)
    if proxy is not None:
        between = await resolve(proxy.host, family=spec.ip, timeout=left)
        return Route(where.host, where.port, await _behind(proxy, where, spec, context, left), proxy, between)
    host = spec.resolve if spec.resolve and where.host == home else where.host
    return Route(host, where.port, await resolve(host, family=spec.ip, timeout=left))


async def _behind(
    proxy: Proxy, where: Target, spec: HttpSpec, context: Context, left: float
) -> tuple[str, ...]:
    """The target's addresses where we look them up; of a name that the proxy looks up we cannot know them."""
    if proxy.scheme in _RESOLVED_HERE:
        family = _RESOLVED_HERE[proxy.scheme] or spec.ip
        return await context.network.resolve(where.host, family=family, timeout=left)
    address = literal(where.host)
    if address is not None:
        context.network.check(address)
    return ()


def tls_towards(where: Target, spec: HttpSpec) -> Tls:
    """The options of TLS as a hop may use them.

    The client certificate is for the URL's origin alone (of a URL without TLS: for its host), the server's other
    name for the URL's host.
    """
    home, tls = target(spec.url), spec.tls
    if not (tls.cert or tls.server_name) or where.origin == home.origin:
        return tls
    if where.host != home.host:
        return tls.model_copy(update={"cert": None, "key": None, "server_name": None})
    return tls.model_copy(update={"cert": None, "key": None}) if home.scheme == "https" else tls


def lead(curl: pycurl.Curl, where: Target, route: Route, url: str) -> None:
    """Hand over the addresses, so that libcurl asks no name server itself. `url` is the one libcurl is given."""
    if route.socket is not None:
        curl.setopt(pycurl.UNIX_SOCKET_PATH, route.socket.encode())
        return
    pinned = []
    if route.addresses and route.addresses != (route.host,):
        pinned.append(_pinned(route.host, route.port, route.addresses))
    proxy = route.proxy
    if proxy is not None and route.proxy_addresses != (proxy.host,):
        pinned.append(_pinned(proxy.host, proxy.port, route.proxy_addresses))
    if pinned:
        curl.setopt(pycurl.RESOLVE, pinned)
    if url != where.url or (proxy is None and route.host != where.host):
        # A kept connection is known by this, too: never taken for one that leads elsewhere.
        curl.setopt(pycurl.CONNECT_TO, [f"::{bracketed(route.host)}:{where.port}"])


def bracketed(host: str) -> str:
    """As a host stands in an address."""
    return f"[{host}]" if ":" in host else host


def addresses_shown(addresses: tuple[str, ...], port: int) -> str:
    """`192.0.2.7:443, 192.0.2.8:443 and 4 more`."""
    shown = ", ".join(f"{bracketed(each)}:{port}" for each in addresses[:3])
    return f"{shown} and {len(addresses) - 3} more" if len(addresses) > 3 else shown


def _pinned(host: str, port: int, addresses: tuple[str, ...]) -> str:
    return f"+{host}:{port}:{','.join(map(bracketed, addresses))}"
