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
from config.secrets import Secret

Criticality = Literal["critical", "high", "medium", "low"]
Severity = Literal["critical", "high", "medium", "low"]
Environment = Literal["live", "staging", "test"]
ID_RULE = "lower-case letters, digits, - and _, at most 63 characters"
ID_FORM = r"^[a-z0-9][a-z0-9_-]{0,62}$"
_ID = re.compile(ID_FORM)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_LONGEST_TEXT = 512
_WEB_ADDRESS = re.compile(r"https?://[^/?#\s]+[^\s]*\Z", re.IGNORECASE)
_PUBLIC_ADDRESS = re.compile(r"https?://([^/?#\s\"'<>]+)(/[^?#\s\"'<>]*)?", re.IGNORECASE)
_PORT = re.compile(r"[0-9]{1,5}")
_MAIL_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f]{1,64}@[^\s<>@,;\"()\\\x00-\x1f\x7f]{1,253}")
_YES_OR_NO = frozenset({"yes", "no", "true", "false", "on", "off"})


def is_id(text: str) -> bool:
    """Whether the text can name a service, check, team, helpdesk or channel."""
    return _ID.fullmatch(text) is not None


def as_id(text: str) -> str:
    """What the text would be as an id; empty when nothing of it could stand in one."""
    return re.sub(r"[^a-z0-9_-]+", "-", text[:63].lower())[:63].strip("-_")


def id_hint(text: str) -> str:
    """The rule for ids, and what this text would be as one."""
    near = as_id(text)
    return f"{ID_RULE}; such as {near}" if near else ID_RULE


def host_id() -> str:
    """This host's name as an agent id."""
    return as_id(socket.gethostname().split(".")[0]) or "agent"


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError(f"{shown(text)} is no id (write {id_hint(text)})")
    return text


def is_zone(text: str) -> bool:
    """Whether a time zone is called that."""
    try:
        return _ZONE.fullmatch(text) is not None and bool(ZoneInfo(text))
    except (ValueError, OSError, KeyError):
        return False


def _zone(text: str) -> str:
    if not is_zone(text):
        # Etc/GMT+2 lies two hours west of Greenwich: nobody who writes GMT+2 means that.
        zones = {zone for zone in available_timezones() if not zone.startswith("Etc/")}
        ends = [zone for zone in zones if zone.rpartition("/")[2].lower() == text.lower().replace(" ", "_")]
        hint = (
            f"did you mean {ends[0]}?"
            if ends
            else nearest(text, zones) or "write it like Africa/Johannesburg"
        )
        raise ValueError(f"unknown time zone {shown(text)} ({hint})") from None
    return text


def is_mail_address(text: str) -> bool:
    """Whether mail can be sent to it: one address, in ASCII, and no name beside it."""
    return text.isascii() and _MAIL_ADDRESS.fullmatch(text) is not None


def _mail_address(text: str) -> str:
    if not is_mail_address(text):
        raise ValueError(
            f"expected a mail address like one@example.org, without a name beside it, got {shown(text)}"
        )
    return text


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) > 65535 or any(char <= " " for char in host):
        near = f" (did you mean {text}:9809?)" if re.fullmatch(r"[a-z][a-z0-9.-]*|[0-9.]{7,15}", text) else ""
        near = f" (did you mean 127.0.0.1:{text}?)" if _PORT.fullmatch(text) else near
        raise ValueError(f"expected an address like 127.0.0.1:9809, got {shown(text)}{near}")
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


def _ping_address(secret: Secret) -> Secret:
    """What is behind a reference is not looked at here; nothing of the address is shown, for it may be the secret."""
    if not secret.refers and not _WEB_ADDRESS.match(secret.words()):
        raise ValueError("expected a web address like https://hc.example.org/ping/...")
    return secret


def _public_address(text: str) -> str:
    """What paths are added to: no query, no name and password, no slash at its end."""
    found = _PUBLIC_ADDRESS.fullmatch(text)
    if found is None or not text.isascii():
        raise ValueError(f"expected a web address like https://help.example.org, got {shown(text)}")
    if "@" in found[1]:
        raise ValueError("expected an address without a name or password in it")
    return text.rstrip("/")


def _folder(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("expected a directory like /var/lib/tocsin")
    if text.startswith("~"):  # it would be made, by this very name, beside the file
        raise ValueError(
            f"expected a directory like /var/lib/tocsin, got {shown(text)} (write the whole path)"
        )
    return text


def _reason(text: str) -> str:
    """`disabled: no` would else disable, for the reason "no"."""
    if text.strip().lower() in _YES_OR_NO or not text.strip():
        raise ValueError(
            f"expected a reason for people, got {shown(text)} (write why, or leave the line out)"
        )
    return text


def _title(text: str) -> str:
    """It goes into tickets, tables and pages."""
    if not text.isprintable():
        raise ValueError("expected a line of text: it holds a control character or the end of a line")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"is longer than {_LONGEST_TEXT} characters")
    return text


def _labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Prometheus' rule for names, since labels go to metrics."""
    for name, value in labels.items():
        if not _LABEL.fullmatch(name):
            raise ValueError(f"{shown(name)} is no label name: letters, digits and _, and no digit first")
        if not value.isprintable() or len(value) > _LONGEST_TEXT:
            raise ValueError(f"the label {name} wants one line of at most {_LONGEST_TEXT} characters")
    return labels


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(_id)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Network = Annotated[str, AfterValidator(_network)]
PingAddress = Annotated[Secret, AfterValidator(_ping_address)]
PublicAddress = Annotated[str, AfterValidator(_public_address)]
Folder = Annotated[str, AfterValidator(_folder)]
Reason = Annotated[str, AfterValidator(_reason)]
# One text stands for a list of one.
TextOrList = BeforeValidator(_as_list, json_schema_input_type=str | list[str])
Names = Annotated[tuple[str, ...], TextOrList]
Severities = Annotated[
    tuple[Severity, ...], BeforeValidator(_as_list, json_schema_input_type=Severity | list[Severity])
]
Criticalities = Annotated[
    tuple[Criticality, ...], BeforeValidator(_as_list, json_schema_input_type=Criticality | list[Criticality])
]
Environments = Annotated[
    tuple[Environment, ...], BeforeValidator(_as_list, json_schema_input_type=Environment | list[Environment])
]
Labels = Annotated[Mapping[str, str], AfterValidator(_labels)]
Title = Annotated[str, AfterValidator(_title)]
