"""Signing in at an OpenID provider, as the operator sets it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from config.field_types import PublicAddress, Title
from config.friendly import shown
from config.model import Model
from config.secrets import Secret

RoleName = Literal["viewer", "agent", "manager", "admin"]


def is_loopback(host: str) -> bool:
    """Whether nobody but this host itself is behind that address or name."""
    name = host.strip("[]").lower().rstrip(".")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _secure(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme.lower() != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{shown(address)} is not https: anybody on the way could sign in as anybody")
    return address


class OidcOptions(Model):
    """A provider that tells who somebody is: code flow with PKCE; `/sign-in/oidc/back` is where it sends them back."""

    issuer: Annotated[PublicAddress, AfterValidator(_secure)] = Field(
        description="the provider; /.well-known/openid-configuration below it says the rest",
        examples=["https://id.example.org/realms/staff"],
    )
    client_id: str = Field(description="who this agent is over there", examples=["tocsin"])
    client_secret: Secret | None = Field(
        None, description="by which it proves so; not for public clients", examples=["${credential:oidc}"]
    )
    title: Title = Field("the company account", description="what the button says after `Sign in with`")
    scope: str = Field("openid profile email", description="what is asked for")
    name_claim: str = Field(
        "email",
        description="the claim that is their name here; it must be theirs alone and not theirs to choose",
        examples=["preferred_username"],
    )
    role_claim: str = Field("groups", description="the claim by which roles are given", examples=["roles"])
    roles: Annotated[Mapping[str, RoleName], Field(min_length=1)] = Field(
        description="roles by values of that claim; the highest counts, and without any nobody is let in",
        examples=[{"it-helpdesk": "agent", "it-leads": "manager"}],
    )
    teams_claim: str | None = Field(
        None, description="the claim with the teams that they see; default: all", examples=["teams"]
    )
    ca: str | None = Field(
        None,
        description="file of the CAs to trust; default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
