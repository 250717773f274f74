"""Options of TLS that kinds share: whom to trust, which name to expect, who we are, which resolver to ask."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from checks.hosts import Host
from checks.text import visible
from checks.trust import Proof

_RESOLVER = re.compile(
    r"(?:(?:udp|tcp)://)?(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::(\d{1,5}))?|([0-9a-fA-F:.]+:[0-9a-fA-F:.]*)"
)


def _resolver(text: str) -> str:
    if not _RESOLVER.fullmatch(text):
        shown = visible(text, 60)
        raise ValueError(f'expected the address of a name server, such as 192.0.2.53:53, got "{shown}"')
    return text


def _as_text(value: object) -> object:
    """YAML reads 1.2 as a number."""
    return str(value) if isinstance(value, float) else value


Port = Annotated[int, Field(ge=1, le=65535)]
Family = Literal["auto", "4", "6"]
ResolverAddress = Annotated[str, AfterValidator(_resolver)]
TlsVersion = Annotated[Literal["1.0", "1.1", "1.2", "1.3"], BeforeValidator(_as_text)]


def _family(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


FamilyOption = Annotated[Family, BeforeValidator(_family)]


class Tls(Spec):
    """How the other side proves itself, and we ourselves. Files are PEM."""

    verify: bool = Field(True, description="check the certificate and the name in it")
    ca: str | None = Field(
        None,
        description="file of the CAs to trust; default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
    cert: str | None = Field(None, description="our client certificate", examples=["/etc/tocsin/client.pem"])
    key: str | None = Field(
        None,
        description="the key of our client certificate, without a passphrase; default: it stands in `cert`",
        examples=["/etc/tocsin/client.key"],
    )
    server_name: Host | None = Field(
        None, description="name to ask for and to expect instead of `host`", examples=["db.example.org"]
    )

    @model_validator(mode="after")
    def _key_has_its_certificate(self) -> Tls:
        if self.key is not None and self.cert is None:
            raise ValueError("key: wants its cert:")
        return self

    @property
    def proof(self) -> Proof | None:
        return Proof(self.cert, self.key) if self.cert is not None else None
