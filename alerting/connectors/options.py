"""What connectors that speak HTTP have in common among their options, and what those for tickets add."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from alerting.connectors.base import Options
from alerting.messages import Desired
from alerting.slo.figures import rfc3339
from config.friendly import shown
from config.placeholders import FieldValue
from config.units import Duration

_SCHEMES, _PROXIES = ("http", "https"), ("http", "https")


def _address(text: str) -> str:
    """Raises ValueError; never repeats a password."""
    return _whole(text, _SCHEMES).rstrip("/")


def _proxy(text: str) -> str:
    return _whole(text, _PROXIES)


def _whole(text: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in schemes or not host or any(mark <= " " or mark == "\x7f" for mark in text):
        raise ValueError(f"expected an address like https://host.example.org, got {shown(text)}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries a user or password (they have options of their own)")
    if parts.query or parts.fragment:
        raise ValueError(f"expected an address without ? and #, got {shown(text)}")
    return text


WebAddress = Annotated[str, AfterValidator(_address)]


def is_here(address: str) -> bool:
    """Whether the address is of this host."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HttpOptions(Options):
    """How a helpdesk is reached by HTTP. A connector's options add `url:` and who we are."""

    ca: str | None = Field(
        None,
        description="file of the CAs to trust; default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
    proxy: Annotated[str, AfterValidator(_proxy)] | None = Field(
        None,
        description="send requests through this proxy; none is taken from the environment",
        examples=["http://proxy.example.org:3128"],
    )
    timeout: Annotated[Duration, Field(ge=1, le=600)] = Field(
        60.0,
        description="how long an answer is waited for: some helpdesks take a minute to create a ticket",
        examples=["60s"],
    )

    @property
    def address(self) -> str:
        """Where requests go; that of a type without `url:` is fixed."""
        return str(getattr(self, "url", ""))

    @property
    def unwise(self) -> str:
        if urlsplit(self.address).scheme == "http" and not is_here(self.address):
            return "url: is http: anybody on the way can read tickets and credentials, and change them"
        return ""


class TicketOptions(HttpOptions):
    """What the connectors of ticket systems have in common beyond that."""

    labels: tuple[str, ...] = Field(
        (), description="labels or tags that every ticket gets", examples=[["tocsin"]]
    )
    fields: Mapping[str, FieldValue] = Field(
        {},
        description="further fields of the ticket, by the names that they have over there; `${title}`, `${service}`, "
        "`${check}`, `${severity}`, `${priority}`, `${ticket}`, `${key}` and `${label.NAME}` are filled in",
        examples=[{"customfield_10050": "${service}"}],
    )
    priorities: Mapping[str, str] = Field(
        {},
        description="what our priorities are called over there; what is not named keeps its usual name",
        examples=[{"critical": "Highest"}],
    )

    def filled(self, desired: Desired) -> dict[str, Any]:
        """The fields for this ticket."""
        facts = facts_of(desired)
        return {name: value.filled(facts) for name, value in self.fields.items()}


def facts_of(desired: Desired) -> dict[str, str]:
    """What placeholders stand for."""
    own = {
        "key": desired.key,
        "ticket": desired.ticket,
        "title": desired.title,
        "description": desired.description,
        "service": desired.service,
        "check": desired.check,
        "severity": desired.severity,
        "priority": desired.priority,
        "state": desired.state,
        "opened_at": rfc3339(desired.opened_at),
    }
    return own | {f"label.{name}": value for name, value in desired.labels.items()}
