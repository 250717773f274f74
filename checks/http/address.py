"""HTTP: web addresses as operators and servers write them, brought into the one form libcurl is given."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_PORTS = {"http": 80, "https": 443}
_PROXY_PORTS = _PORTS | {"socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_SCHEME_HINTS = {"tcp": "write type: tcp, with host: and port:"}
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_HOST = re.compile(r"[a-z0-9_.-]+")
_NUMERIC = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?")
# Everything that may stand in a path or query as it is, the percent sign of earlier encoding included.
_AS_IT_IS = "%/:=&?~#+!$,;'@()*[]|^`{}\"<>\\"


@dataclass(frozen=True, slots=True)
class Target:
    """One web address taken apart. `url` carries no user, password or fragment; `host` no brackets."""

    url: str
    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def with_scheme(text: str) -> str:
    """`example.org` alone means http."""
    return text if "://" in text else f"http://{text}"


@lru_cache(maxsize=4096)
def target(text: str) -> Target:
    """The address taken apart and normalised. Raises ValueError with the remedy; it never repeats a password."""
    return _target(text, _PORTS, "only http and https are looked at")


@lru_cache(maxsize=256)
def proxy_target(text: str) -> Target:
    """The same of a proxy, which may speak SOCKS."""
    return _target(text, _PROXY_PORTS, f"a proxy speaks {', '.join(_PROXY_PORTS)}")


def secure(where: Target) -> Target:
    """The same place by https."""
    if where.scheme == "https":
        return where
    authority, slash, rest = where.url.partition("://")[2].partition("/")
    port = _PORTS["https"] if where.port == _PORTS["http"] and not authority.endswith(":80") else where.port
    return replace(where, url=f"https://{authority}{slash}{rest}", scheme="https", port=port)


def _target(text: str, ports: Mapping[str, int], allowed: str) -> Target:
    if _SPACE_OR_CONTROL.search(text):
        raise ValueError("is no web address: it has a space or control character (write a space as %20)")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is no web address: {_reason(error)}") from None
    scheme = parts.scheme.lower()
    if scheme not in ports:
        written = text.partition("://")[0]
        hint = _SCHEME_HINTS.get(scheme) or ("did you mean https?" if "ht" in written.lower() else "")
        shown = f'{allowed}, got "{written[:20]}"'
        raise ValueError(f"{shown} ({hint})" if hint else shown)
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    host = _host(parts.hostname or "")
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{shown}{f':{port}' if port else ''}{_rest(parts)}"
    user, password = (
        unquote(part) if part is not None else None for part in (parts.username, parts.password)
    )
    return Target(url, scheme, host, port or ports[scheme], user, password)


def redirect_target(base: str, location: str) -> Target:
    """Where a Location header, read as Latin-1, leads to from `base`. Raises ValueError."""
    try:
        joined = urljoin(base, quote(location.strip().encode("latin-1", "replace"), safe=_AS_IT_IS))
    except ValueError as error:
        raise ValueError(f"is no web address: {_reason(error)}") from None
    return target(joined)


def without_secrets(location: str) -> str:
    """An address that may be shown: without query, fragment, user and password."""
    plain = re.split(r"[?#]", location, maxsplit=1)[0]
    return re.sub(r"//[^/]*@", "//", plain)


def _rest(parts: SplitResult) -> str:
    """Path and query as they go over the wire: UTF-8 beyond ASCII is percent-encoded."""
    path = _encoded(parts.path) or "/"
    return f"{path}?{_encoded(parts.query)}" if parts.query else path


def _encoded(text: str) -> str:
    # All of ASCII but spaces and control characters, which were refused, stays as it is.
    return text if text.isascii() else quote(text, safe=_AS_IT_IS)


def _host(name: str) -> str:
    """The host in lower case, in ASCII, and an IPv4 address in its usual form whatever way it is written."""
    if ":" in name:
        return name.lower()
    host = (name if name.isascii() else _punycode(name)).lower()
    if not _HOST.fullmatch(host) or not host.strip("."):
        raise ValueError(
            "is no web address: it names no host" if not host else "is no web address: bad host name"
        )
    return _dotted(host) if _NUMERIC.fullmatch(host) else host


def _punycode(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("is no web address: bad host name") from None


def _dotted(host: str) -> str:
    """`127.1`, `0x7f.1` and `2130706433` are addresses too: left alone, they would slip by the address policy."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except OSError:
        raise ValueError(f"is no web address: {host[:40]} is no IPv4 address") from None


def _reason(error: ValueError) -> str:
    """The library's words, but none that repeat a part of the address."""
    text = str(error)
    if "Port" in text or "port" in text:
        return "the port is no number from 1 to 65535"
    return "bad IPv6 address" if "IPv6" in text or "IPv4" in text else "it cannot be read"
