"""What options are made of: ids, zones, addresses, networks, lists of names, reasons."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator

from config.friendly import nearest, shown

Criticality = Literal["critical", "high", "medium", "low"]
Severity = Literal["critical", "high", "medium", "low"]
Environment = Literal["live", "staging", "test"]
ID_RULE = "lower-case letters, digits, - and _, at most 63 characters"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_PORT = re.compile(r"[0-9]{1,5}")
_YES_OR_NO = frozenset({"yes", "no", "true", "false", "on", "off"})


def is_id(text: str) -> bool:
    """Whether the text can name a service, check, team, helpdesk or channel."""
    return _ID.fullmatch(text) is not None


def id_hint(text: str) -> str:
    """The rule for ids, and what this text would be as one."""
    near = re.sub(r"[^a-z0-9_-]+", "-", text[:63].lower()).strip("-_")
    return f"{ID_RULE}; such as {near}" if near else ID_RULE


def host_id() -> str:
    """This host's name as an agent id."""
    name = re.sub(r"[^a-z0-9_-]+", "-", socket.gethostname().lower().split(".")[0]).strip("-_")
    return name[:63] or "agent"


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError(f"{shown(text)} is no id: {id_hint(text)}")
    return text


def _zone(text: str) -> str:
    try:
        if not _ZONE.fullmatch(text):
            raise ValueError(text)
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        zones = available_timezones()
        ends = [zone for zone in zones if zone.rpartition("/")[2].lower() == text.lower().replace(" ", "_")]
        hint = (
            f"did you mean {ends[0]}?"
            if ends
            else nearest(text, zones) or "write it like Africa/Johannesburg"
        )
        raise ValueError(f"unknown time zone {shown(text)} ({hint})") from None
    return text


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) > 65535 or any(char <= " " for char in host):
        raise ValueError(f"expected an address like 127.0.0.1:9809, got {shown(text)}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError(
            f"expected an address like [::1]:9809, got {shown(text)} (did you mean [{host}]:{port}?)"
        )
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        try:
            hint = f" (did you mean {ipaddress.ip_network(text, strict=False)}?)"
        except ValueError:
            hint = ""
        raise ValueError(f"expected a network like 10.0.0.0/8, got {shown(text)}{hint}") from None


def _folder(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("expected a directory like /var/lib/tocsin")
    return text


def _reason(text: str) -> str:
    """`disabled: no` would else disable, for the reason "no"."""
    if text.strip().lower() in _YES_OR_NO or not text.strip():
        raise ValueError(
            f"expected a reason for people, got {shown(text)} (write why, or leave the line out)"
        )
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(_id)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Folder = Annotated[str, AfterValidator(_folder)]
Reason = Annotated[str, AfterValidator(_reason)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
Severities = Annotated[
    tuple[Severity, ...], BeforeValidator(_as_list, json_schema_input_type=Severity | list[Severity])
]
Criticalities = Annotated[
    tuple[Criticality, ...], BeforeValidator(_as_list, json_schema_input_type=Criticality | list[Criticality])
]
Environments = Annotated[
    tuple[Environment, ...], BeforeValidator(_as_list, json_schema_input_type=Environment | list[Environment])
]
Labels = Mapping[str, str]
