"""DNS: the name servers to ask, as the operator or the system names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from checks.base import ErrorKind
from checks.connection import Fault
from checks.dns.names import is_mistyped_address
from checks.hosts import Host
from checks.resolver import literal
from checks.text import visible

RESOLV_CONF = Path("/etc/resolv.conf")
_PORTS = {"udp": 53, "tcp": 53, "dot": 853, "doh": 443}
_MOST_OF_THE_SYSTEM = 3  # as the C library takes them
_MOST_READ = 64 * 1024
_FORM = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?")
_HOST: TypeAdapter[str] = TypeAdapter(Host)


@dataclass(frozen=True, slots=True)
class Server:
    """Whom to ask: a host and port, or for DNS over HTTPS the web address. `system`: named by resolv.conf."""

    host: str
    port: int
    url: str = ""
    system: bool = False

    def __str__(self) -> str:
        """For people: without what may be secret in a web address."""
        if self.url:
            from checks.http.address import without_secrets

            return visible(without_secrets(self.url), 100)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return visible(f"{host}:{self.port}", 100)


def named_server(text: str) -> str:
    """The option as written, if it names a server. Raises ValueError with the remedy."""
    text = text.strip().removesuffix("{?dns}")  # the form of RFC 8484
    scheme, apart, rest = text.partition("://")
    if apart and scheme.lower() not in ("http", "https"):
        raise ValueError(
            f"{visible(scheme, 20)}:// does not go here (write server: {visible(rest, 60)} and transport:)"
        )
    if apart:
        from checks.http.address import target

        target(text)
        return text
    _apart(text)
    return text


def given(servers: tuple[str, ...], port: int | None, transport: str) -> tuple[Server, ...]:
    """The servers of the option."""
    return tuple(_server(text, port, transport) for text in servers)


def of_the_system(port: int | None, transport: str, path: Path = RESOLV_CONF) -> tuple[Server, ...]:
    """Those of resolv.conf, in their order. Raises Fault when it names none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_MOST_READ).splitlines()
    except OSError as error:
        raise Fault(f"cannot read {path}: {error.strerror}: set `server`", ErrorKind.LOCAL) from None
    words = (line.split() for line in lines)
    hosts = [each[1] for each in words if len(each) > 1 and each[0] == "nameserver" and literal(each[1])]
    if not hosts:
        raise Fault(f"no name server in {path}: set `server`", ErrorKind.LOCAL)
    at = port or _PORTS[transport]
    return tuple(Server(host, at, system=True) for host in hosts[:_MOST_OF_THE_SYSTEM])


def _server(text: str, port: int | None, transport: str) -> Server:
    if "://" in text:
        return Server("", 0, text)
    host, own = _apart(text)
    at = own or port or _PORTS[transport]
    if transport != "doh":
        return Server(host, at)
    shown = f"[{host}]" if ":" in host else host
    return Server(host, at, f"https://{shown}:{at}/dns-query")


def _apart(text: str) -> tuple[str, int | None]:
    """Host and port; an IPv6 address may stand without brackets. Raises ValueError."""
    if literal(text) is not None:
        return text.strip("[]"), None
    found = _FORM.fullmatch(text)
    wrong = (
        f'expected a server like 192.0.2.53, ns.example.org or [2001:db8::53]:5353, got "{visible(text, 60)}"'
    )
    if found is None or (found[1] and literal(found[1]) is None) or not 0 < int(found[3] or 53) <= 65535:
        raise ValueError(wrong)
    if found[2] and literal(found[2]) is None and is_mistyped_address(found[2]):
        raise ValueError(wrong)
    try:
        host = _HOST.validate_python(found[1] or found[2])
    except ValidationError:
        raise ValueError(wrong) from None
    return host, int(found[3]) if found[3] else None
