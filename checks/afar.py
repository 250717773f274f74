"""Where a check looks: the hosts that its options name, read from the words that all kinds share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from checks.connection import Fault
from checks.dns.servers import of_the_system
from checks.dns.spec import DnsSpec

_MOST = 32


def hosts(spec: Any) -> tuple[str, ...]:
    """Names and addresses of whom a look goes to; none for what only looks at this host, or cannot be told.

    Kinds name their targets alike: `host`, `url`, `server`, `servers`; kinds of other people are read so, too.
    """
    if getattr(spec, "unix_socket", None):
        return ()
    if isinstance(spec, DnsSpec) and not spec.server:
        try:
            return tuple(server.host for server in of_the_system(None, "udp"))
        except Fault:
            return ()
    # A proxy stands between: who looks through one only ever reaches that.
    for option in ("proxy", "resolve", "host", "url", "server", "servers"):
        named = _texts(getattr(spec, option, None))
        if named:
            return tuple(filter(None, map(_host, named)))
    return ()


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str))[:_MOST] if isinstance(value, tuple) else ()


def _host(text: str) -> str | None:
    """The host of `https://example.org/x`, `192.0.2.53:5353`, `[2001:db8::1]` or a bare name."""
    bare = text if "://" in text else f"//[{text}]" if text.count(":") > 1 and text[0] != "[" else f"//{text}"
    try:
        return urlsplit(bare).hostname
    except ValueError:
        return None
