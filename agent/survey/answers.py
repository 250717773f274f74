"""What only a person knows of a first configuration: each answer is looked over before it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from alerting.connectors.email import EmailOptions
from checks.http.option_types import WebAddress
from config.field_types import Id, MailAddress, Zone

_HERE = ("localhost", "127.0.0.1", "[::1]")
_TLS_PORT = ":465"


class Unfit(ValueError):
    """The text is for the person who answered."""


@dataclass(frozen=True, slots=True)
class Answers:
    """All of them; what is empty is left as it was found, or out."""

    name: str = ""
    zone: str = ""
    address: str = ""
    mail: str = ""
    server: str = ""


def name(text: str) -> str:
    """Of the agent. Raises Unfit, as the others do."""
    return _taken(Id, text)


def zone(text: str) -> str:
    return _taken(Zone, text)


def address(text: str) -> str:
    """Of a page; without a scheme it is https."""
    if not text:
        return ""
    if "${" in text or not text.isprintable():
        raise Unfit("write a web address, such as https://shop.example/")
    return _taken(WebAddress, text if "://" in text else f"https://{text}")


def mail(text: str) -> str:
    return _taken(MailAddress, text) if text else ""


def server(text: str) -> str:
    """Host, perhaps with a port."""
    try:
        EmailOptions.model_validate({"from": "tocsin@example.org", "server": text, "tls": tls_of(text)})
    except ValidationError as error:
        raise _unfit(error) from None
    return text


def tls_of(server: str) -> str:
    """How a server is spoken to: one on this host as it is, the others protected."""
    if server in _HERE or server.rpartition(":")[0] in _HERE:
        return "none"
    return "tls" if server.endswith(_TLS_PORT) else "starttls"


def _taken(form: Any, value: str) -> str:
    try:
        taken: str = TypeAdapter(form).validate_python(value)
    except ValidationError as error:
        raise _unfit(error) from None
    return taken


def _unfit(error: ValidationError) -> Unfit:
    return Unfit(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, "))
