"""The references that tell whether our own network works, as an operator writes them."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from config.field_types import TextOrList
from config.friendly import nearest, shown

AUTO, NONE = "auto", "none"
MOST_RESOLVERS = 2
_WORDS = (AUTO, NONE)
_MOST_SITES = 16
_HOST_AND_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.%a-z]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


def _address(text: str) -> str:
    try:
        address = str(ipaddress.ip_address(text))
    except ValueError:
        remedy = nearest(text, _WORDS) or f"write an address like 192.0.2.1, {AUTO} or {NONE}"
        raise ValueError(f"expected the address of a host, got {shown(text)} ({remedy})") from None
    _elsewhere(address, text)
    return address


def _elsewhere(host: str, text: str) -> str:
    """The text, unless the host is this one."""
    try:
        address = ipaddress.ip_address(host)
        here = address.is_loopback or address.is_unspecified
    except ValueError:
        name = host.rstrip(".").lower()
        here = name == "localhost" or name.endswith(".localhost")
    if here:
        raise ValueError(f"{shown(text)} is this host, which answers even when it is cut off (name another)")
    return text


def _gateway(text: str) -> str:
    return text if text in _WORDS else _address(text)


def _resolvers(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(texts) == 1 and texts[0] in _WORDS:
        return texts
    if mixed := [text for text in texts if text in _WORDS]:
        raise ValueError(f"{shown(mixed[0])} stands alone (leave it out, or the addresses)")
    return tuple(dict.fromkeys(map(_resolver, texts)))


def _resolver(text: str) -> str:
    """An address, perhaps with a port: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", text)
    if found is None:
        return _address(text)
    host, port = _address(found[1] or found[2]), _port(found[3], text)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _site(text: str) -> str:
    """A web address, or a host and a port."""
    wrong = f"expected a site like https://example.org or ntp.example.org:443, got {shown(text)}"
    if "://" not in text:
        found = _HOST_AND_PORT.fullmatch(text)
        if found is None:
            near = f" (did you mean https://{text}?)" if re.fullmatch(r"[A-Za-z0-9._-]+", text) else ""
            raise ValueError(wrong + near)
        _port(found[1], text)
        return _elsewhere(text.rpartition(":")[0].strip("[]"), text)
    try:
        parts = urlsplit(text)
        fit = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fit = False
    if not fit or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError(f"{wrong} (http and https are asked)")
    if parts.username or parts.password:
        raise ValueError("a site is asked without user and password (leave them out)")
    return _elsewhere(parts.hostname or "", text)


def _port(text: str, whole: str) -> int:
    if not 0 < int(text) <= 65535:
        raise ValueError(f"{shown(whole)} has no such port (from 1 to 65535)")
    return int(text)


Gateway = Annotated[str, AfterValidator(_gateway)]
Resolvers = Annotated[tuple[str, ...], TextOrList, Field(min_length=1), AfterValidator(_resolvers)]
Sites = Annotated[
    tuple[Annotated[str, AfterValidator(_site)], ...], TextOrList, Field(max_length=_MOST_SITES)
]
