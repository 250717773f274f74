"""What was found -> the services and checks that a first configuration proposes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import urlsplit

from agent.survey.found import Binding, Host, Listener, WebServer
from agent.survey.known_ports import SERVERS, SOCKETS, SSH, SSH_PORT, TLS_SERVERS, WEB_PORTS, Known
from agent.survey.listeners import reachable_at
from config.field_types import as_id

MOST_SITES, MOST_PORTS = 50, 20
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_OWN_PORT = 9809
# From here on the kernel gives ports to whoever asks for any: they differ after every start.
_FIRST_FLEETING = 32768

# As written in the file; a mapping within is an option of its own, such as tls.
Options: TypeAlias = Mapping[str, "str | Mapping[str, str]"]


@dataclass(frozen=True, slots=True)
class Proposed:
    """One service: its checks by id, each with its options as written; `remark` stands above it."""

    name: str
    title: str
    checks: Mapping[str, Options]
    remark: str = ""
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """A web site that answers on this host: what to ask for and where to connect."""

    url: str
    host: str
    port: int
    connect: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """All services, and what was left out: sites on which nothing listens, ports that nobody knows."""

    services: tuple[Proposed, ...]
    silent_sites: tuple[str, ...] = ()
    other_ports: tuple[Listener, ...] = ()


def proposal(host: Host, address: str = "") -> Proposal:
    """The services of a host, itself first; `address` is a page that is to be watched as well."""
    sites = {site.url: site for server in host.web_servers for site in _sites(server, host)}
    taken = {site.port for site in sites.values()}
    secure = {site.host for site in sites.values() if site.port == _DEFAULT_PORTS["https"]}
    # What answers on port 80 beside a site with TLS only leads there.
    listed = [
        site for site in sites.values() if site.port != _DEFAULT_PORTS["http"] or site.host not in secure
    ]
    services = [
        _host(host),
        *_named(address, {site.host for site in listed}),
        *map(_site, listed[:MOST_SITES]),
        *_bare_web_servers(host, taken),
        *_servers(host),
        *_on_sockets(host),
        *_tls_servers(host),
        *_units(host),
    ]
    used = {*taken, *WEB_PORTS, *SERVERS, *TLS_SERVERS, SSH_PORT, _OWN_PORT}
    others = {
        each.port: each for each in host.listeners if each.port not in used and each.port < _FIRST_FLEETING
    }
    return Proposal(
        services=tuple(_apart(services, host.access_logs)),
        silent_sites=tuple(dict.fromkeys(_silent(host)))[:MOST_SITES],
        other_ports=tuple(others.values())[:MOST_PORTS],
    )


def _host(host: Host) -> Proposed:
    checks: dict[str, Options] = {}
    at = reachable_at(SSH_PORT, host.listeners, ipv6=host.ipv6)
    if at:
        checks["ssh"] = _port(SSH, SSH_PORT, at)
    for each in host.file_systems:
        name = f"disk-{as_id(each.point)}" if as_id(each.point) else "disk"
        checks[_free(name[:50], checks)] = {"type": "disk", "path": each.point}
    for kind in ("cpu", "memory", "load"):
        checks[kind] = {"type": kind}
    return Proposed("host", "This host", checks | dict(_upkeep(host)))


def _upkeep(host: Host) -> Iterator[tuple[str, Options]]:
    """What is said of a host rather than measured: clock, updates, units that have failed."""
    if host.keeps_time:
        yield "clock", {"type": "time_sync"}
    if host.has_packages:
        yield "updates", {"type": "updates", "every": "6h", "timeout": "60s"}
    if host.systemd:
        yield "units", {"type": "systemd_unit", "unit": "all", "counts_for_uptime": "no"}


def _units(host: Host) -> Iterator[Proposed]:
    """The daemons that start with the host, as systemd sees them."""
    checks: dict[str, Options] = {}
    for unit in host.units:
        checks[_free(as_id(unit.removesuffix(".service")), checks)] = {"type": "systemd_unit", "unit": unit}
    if checks:
        yield Proposed("daemons", "Daemons of this host", checks)


def _tls_servers(host: Host) -> Iterator[Proposed]:
    for port, known in TLS_SERVERS.items():
        at = reachable_at(port, host.listeners, ipv6=host.ipv6)
        if at:
            options = {"type": "tls", "host": at, "port": str(port), "verify": "no"}
            yield Proposed(known.name, known.title, {"certificate": options}, remark=_NO_CERTIFIED_NAME)


def _servers(host: Host) -> Iterator[Proposed]:
    """Databases, mail and the like."""
    for port, known in SERVERS.items():
        at = reachable_at(port, host.listeners, ipv6=host.ipv6)
        if at:
            yield Proposed(known.name, known.title, {"port": _port(known, port, at)})


def _on_sockets(host: Host) -> Iterator[Proposed]:
    """Databases that listen in the file system alone: their processes are looked at."""
    ports = {each.port for each in host.listeners}
    for known in SOCKETS:
        path = next(filter(known.path.fullmatch, host.sockets), None)
        if path and known.port not in ports:
            server = SERVERS[known.port]
            remark = f"It listens on {path} alone. Whether it answers, a command check tells: {known.asks}"
            yield Proposed(
                server.name, server.title, {"process": {"type": "process", **known.process}}, remark
            )


def _port(known: Known, port: int, at: str) -> Options:
    options = {"type": "tcp", "host": at, "port": str(port)}
    spoken = {"send": known.send, "expect": known.expect}
    return options | {name: text for name, text in spoken.items() if text is not None}


def _sites(server: WebServer, host: Host) -> Iterator[Site]:
    """One for the first plain name of a virtual host: over TLS where it has that."""
    name = next(filter(_NAME.fullmatch, map(str.lower, server.names)), None)
    for binding in sorted(server.bindings, key=lambda each: not each.tls):
        at = _answers_at(binding, host)
        if name is not None and at is not None:
            scheme = "https" if binding.tls else "http"
            shown = "" if binding.port == _DEFAULT_PORTS[scheme] else f":{binding.port}"
            yield Site(f"{scheme}://{name}{shown}/", name, binding.port, at)
            return


def _answers_at(binding: Binding, host: Host) -> str | None:
    """The address that the virtual host is bound to; where it is bound to none, whichever answers."""
    at = reachable_at(binding.port, host.listeners, ipv6=host.ipv6)
    try:
        own = ipaddress.ip_address(binding.address)
    except ValueError:
        return at
    return at if at is None or own.is_unspecified or own.is_link_local else str(own)


def _silent(host: Host) -> Iterator[str]:
    """Sites of a configuration on whose ports nothing listens now."""
    open_ports = {each.port for each in host.listeners}
    for server in host.web_servers:
        names = [name for name in map(str.lower, server.names) if _NAME.fullmatch(name)]
        if names and not open_ports & {binding.port for binding in server.bindings}:
            yield names[0]


def _site(site: Site) -> Proposed:
    options = {"type": "http", "url": site.url, "resolve": site.connect}
    return Proposed(as_id(site.host), site.host, {"home": options})


def _named(address: str, known: Collection[str]) -> Iterator[Proposed]:
    """A page that a person has named; connected to as everybody does."""
    host = urlsplit(address).hostname if address else None
    if host and host not in known:
        yield Proposed(as_id(host) or "site", host, {"home": {"type": "http", "url": address}})


def _bare_web_servers(host: Host, taken: Collection[int]) -> Iterator[Proposed]:
    """Web ports for which no site is known: any answer but an error of the server's own is right."""
    for port, scheme in WEB_PORTS.items():
        at = reachable_at(port, host.listeners, ipv6=host.ipv6)
        if at is None or port in taken:
            continue
        shown = f"[{at}]" if ":" in at else at
        ending = "" if port == _DEFAULT_PORTS[scheme] else f":{port}"
        options: dict[str, str | Mapping[str, str]] = {"type": "http", "url": f"{scheme}://{shown}{ending}/"}
        if scheme == "https":
            options["tls"] = {"verify": "no"}
        options |= {"follow_redirects": "no", "down": "status >= 500"}
        yield Proposed(f"web-{port}", f"Web server on port {port}", {"answer": options}, remark=_NO_NAME)


_NO_CERTIFIED_NAME = "Only the days left are judged. Better: host: its name, without verify: no."
_NO_NAME = "No site is known here, so any answer below 500 will do. Better: the url of a page, with its name."


def _apart(services: list[Proposed], logs: tuple[str, ...]) -> Iterator[Proposed]:
    """Each with a name of its own; the logs stand with the first web server, or else with the host."""
    web = next((each for each in services if each.name != "host" and "http" in _types(each)), services[0])
    names: set[str] = set()
    for each in services:
        name = _free(each.name, names)
        names.add(name)
        yield replace(each, name=name, logs=logs if each is web else ())


def _types(service: Proposed) -> list[object]:
    return [options["type"] for options in service.checks.values()]


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number when there is one like it already."""
    number = 1
    while (found := name if number == 1 else f"{name[:55]}-{number}") in taken:
        number += 1
    return found
