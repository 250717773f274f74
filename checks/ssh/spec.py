"""SSH: the options an operator may set."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from checks.hosts import Host
from checks.line_server import Line
from checks.paths import absolute
from checks.tls_options import FamilyOption, ResolverAddress
from config.secrets import Secret

_DIGEST = 32


def _fingerprint(text: str) -> str:
    """`SHA256:` and 43 letters, as `ssh-keygen -l` shows it."""
    sort, _, digest = text.strip().partition(":")
    digest = digest.rstrip("=")
    try:
        raw = base64.b64decode(f"{digest}=", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if sort.upper() != "SHA256" or len(raw) != _DIGEST:
        raise ValueError("expected a fingerprint like SHA256:… of 43 letters, as `ssh-keygen -l` shows it")
    return f"SHA256:{digest}"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
Fingerprints = Annotated[
    tuple[Fingerprint, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])
]


class SshLogin(Spec):
    """Who we say we are: a user with a password or with a key."""

    user: Line = Field(description="user name to log in with", examples=["probe"])
    password: Secret | None = Field(
        None, description="password of the user", examples=["${credential:ssh-probe}"]
    )
    key: Annotated[str, AfterValidator(absolute)] | None = Field(
        None, description="file of the user's private key", examples=["/etc/tocsin/ssh-probe.key"]
    )
    passphrase: Secret | None = Field(
        None, description="passphrase of `key`", examples=["${credential:ssh-probe-key}"]
    )

    @model_validator(mode="after")
    def _one_way(self) -> SshLogin:
        if (self.password is None) == (self.key is None):
            raise ValueError("auth: wants either password: or key:")
        if self.passphrase is not None and self.key is None:
            raise ValueError("passphrase: goes with key:")
        return self


class SshSpec(Spec):
    """Which server, who it must be, and who we are."""

    host: Host = Field(description="name or address of the server", examples=["host.example.org"])
    port: int = Field(22, ge=1, le=65535, description="port of the server")
    ip: FamilyOption = Field("auto", description="IP version to use")
    resolver: ResolverAddress | None = Field(
        None, description="name server to ask instead of the system's", examples=["192.0.2.53"]
    )
    host_key: Fingerprints | None = Field(
        None,
        min_length=1,
        description="fingerprint of the server's key, or several, of which one is enough; any other key is down",
        examples=["SHA256:uNiVztksCsDhcc0u9e8BrVZXvY3L4SGOyrLDSnpJ7gk"],
    )
    auth: SshLogin | None = Field(None, description="log in with these; nothing is run")
