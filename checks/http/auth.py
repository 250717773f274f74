"""HTTP: who we say we are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from checks.base import Spec
from checks.http.address import target
from checks.http.option_types import WebAddress
from config.secrets import Secret

_ONE_WAY = "wants either user: and password:, or bearer:, or oauth2:"


class OAuth2(Spec):
    """Client credentials (RFC 6749, section 4.4): a token is fetched, kept for as long as it is good, and sent."""

    token_url: WebAddress = Field(
        description="where tokens are given out; asked by POST, under the same rules as the request itself",
        examples=["https://login.example.org/oauth2/token"],
    )
    client_id: str = Field(description="who we are to the token's giver", examples=["monitor"])
    client_secret: Secret = Field(description="our secret there", examples=["${credential:oauth}"])
    scope: str | None = Field(
        None, description="what the token shall allow; several are parted by spaces", examples=["status.read"]
    )
    audience: str | None = Field(
        None, description="for whom the token is meant, where its giver wants to know", examples=["shop-api"]
    )
    client_auth: Literal["auto", "basic", "body"] = Field(
        "auto",
        description="how id and secret are sent: as basic authentication, in the body, or `auto`: "
        "the first, and where that is refused the second",
    )

    @model_validator(mode="after")
    def _one_user(self) -> OAuth2:
        if target(self.token_url).user is not None:
            raise ValueError("token_url: holds a user; write client_id: and client_secret: instead")
        return self


class Auth(Spec):
    """A user with a password, a bearer token, or client credentials."""

    user: str | None = Field(None, description="user name", examples=["monitor"])
    password: Secret | None = Field(None, description="its password", examples=["${credential:shop}"])
    scheme: Literal["basic", "digest"] = Field(
        "basic",
        description="how user and password are sent; `digest` asks twice, and never sends the password",
    )
    bearer: Secret | None = Field(None, description="bearer token", examples=["${env:SHOP_TOKEN}"])
    oauth2: OAuth2 | None = Field(None, description="client credentials of OAuth 2, for a token of their own")

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        ways = (self.user, self.bearer, self.oauth2)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(_ONE_WAY)
        if self.user is not None and self.password is None:
            raise ValueError('user: wants its password: (write password: "" if it has none)')
        if self.user is None and self.password is not None:
            raise ValueError("password: goes with user:, not with bearer: or oauth2:")
        if self.user is None and self.scheme != "basic":
            raise ValueError("scheme: goes with user: and password:")
        if self.user is not None and ":" in self.user:
            raise ValueError("user: cannot hold a colon")
        return self
