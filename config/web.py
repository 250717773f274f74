"""How people and programs reach the pages and the API, as the operator sets it."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.field_types import Network, TextOrList
from config.friendly import shown
from config.model import Model
from config.oidc import OidcOptions, RoleName

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_EVERYBODY = "everybody would be believed (name the addresses of the proxy alone)"


def _host(text: str) -> str:
    """A name, or an address without brackets; how it is compared."""
    name = text.lower().strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if _HOST.fullmatch(name):
            return name
    raise ValueError(f"expected the name of a host, without port, got {shown(text)}")


def _proxies(networks: tuple[str, ...]) -> tuple[str, ...]:
    if any(ipaddress.ip_network(each).prefixlen == 0 for each in networks):
        raise ValueError(_EVERYBODY)
    return networks


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise ValueError(f"expected the name of a header such as X-Remote-User, got {shown(text)}")
    if text.lower() in ("authorization", "cookie", "host"):
        raise ValueError(f"{shown(text)} is the browser's own to send (have the proxy set another header)")
    return text.lower()


def _file(text: str) -> str:
    if not text.strip() or "\0" in text or text.startswith("~"):
        raise ValueError(f"expected a file like /etc/tocsin/cert.pem, got {shown(text)}")
    return text


File = Annotated[str, AfterValidator(_file)]


class TlsOptions(Model):
    """What `agent.listen` shows who it is with."""

    cert: File = Field(
        description="the certificate and those of its issuers, PEM", examples=["/etc/tocsin/cert.pem"]
    )
    key: File = Field(description="its key, PEM, without a password", examples=["/etc/tocsin/key.pem"])


class ProxyOptions(Model):
    """A proxy in front, which speaks TLS to everybody else, and may say who asks."""

    from_: Annotated[tuple[Network, ...], TextOrList, Field(min_length=1), AfterValidator(_proxies)] = Field(
        alias="from",
        description="its addresses: from there alone X-Forwarded-For, -Proto and -Host are believed",
        examples=[["192.0.2.10/32"]],
    )
    user_header: Annotated[str, AfterValidator(_header)] | None = Field(
        None,
        description="the header in which it names whom it has signed in; the proxy must take it from nobody else",
        examples=["X-Remote-User"],
    )
    role: RoleName | None = Field(
        None,
        description="what somebody is who is named there and is no user here; default: they are not let in",
        examples=["viewer"],
    )


class WebOptions(Model):
    """Who reaches the pages and the API, and over what."""

    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], TextOrList, Field(max_length=100)] = (
        Field(
            (),
            description="names that the pages are asked for by, beside this host's own addresses and that of desk.url",
            examples=[["tocsin.example.org"]],
        )
    )
    tls: TlsOptions | None = Field(
        None, description="serve over TLS; new files count from the next reload on, and need no restart"
    )
    proxy: ProxyOptions | None = Field(None, description="a proxy in front that is believed")
    oidc: OidcOptions | None = Field(None, description="a provider at which people sign in")
    exposed: Literal["without TLS"] | None = Field(
        None,
        description='"without TLS": listen on other addresses than this host\'s own even so; whoever is on the way '
        "reads passwords",
    )
