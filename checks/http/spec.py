"""HTTP: the options an operator may set."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from checks.base import Spec
from checks.http.address import target
from checks.http.auth import Auth, OAuth2
from checks.http.option_types import (
    File,
    HeaderName,
    Host,
    ProxyAddress,
    SocketPath,
    StatusRanges,
    WebAddress,
    look_at_packing,
)
from checks.http.schema import AnswerSchema
from config.json_value import JsonValue
from config.secrets import Secret
from config.units import Size

__all__ = ["Auth", "File", "Host", "HttpSpec", "OAuth2", "StatusRanges", "Tls", "WebAddress"]

_MAX_BODY = 1024.0**3
# The operator's words come first: pydantic's models still have methods of these names, long out of use.
warnings.filterwarnings("ignore", message='Field name "(json|schema)" in .* shadows', category=UserWarning)


class Tls(Spec):
    """How the other side proves itself, and we ourselves."""

    verify: bool = Field(True, description="check the certificate and the name in it")
    ca: File | None = Field(
        None,
        description="file of trusted authorities, PEM; default: the system's",
        examples=["/etc/tocsin/ca.pem"],
    )
    cert: File | None = Field(
        None, description="our client certificate, PEM", examples=["/etc/tocsin/client.pem"]
    )
    key: File | None = Field(
        None,
        description="the key of our client certificate, PEM, without a passphrase",
        examples=["/etc/tocsin/client.key"],
    )
    server_name: Host | None = Field(
        None, description="name to ask for and to expect instead of the URL's", examples=["www.example.org"]
    )

    @model_validator(mode="after")
    def _whole(self) -> Tls:
        if self.key is not None and self.cert is None:
            raise ValueError("key: is the key of cert:; give both")
        return self


class HttpSpec(Spec):
    """HTTP and HTTPS requests."""

    url: WebAddress = Field(
        description="what to ask for; http or https",
        examples=["https://example.org/health"],
    )
    method: Annotated[str, Field(pattern=r"^[A-Za-z]{1,20}$")] = Field(
        "GET",
        description="the request method; with form: or json: it is POST unless you name one",
        examples=["HEAD"],
    )
    headers: Mapping[HeaderName, Secret] = Field(
        {}, description="request headers; values may refer to secrets", examples=[{"Accept": "text/html"}]
    )
    body: Secret | None = Field(
        None,
        description="request body; sent as a form unless a Content-Type is among the headers",
        examples=["q=tocsin"],
    )
    form: Mapping[str, Secret] | None = Field(
        None,
        description="request body as the fields of a form, encoded here; values may refer to secrets",
        examples=[{"user": "monitor", "password": "${credential:shop}"}],
    )
    json: JsonValue | None = Field(  # type: ignore[assignment]  # a retired method of pydantic's
        None,
        description="request body as JSON, written as YAML: quotes make a text of what looks like a number; "
        "texts may refer to secrets",
        examples=[{"query": "{ health }"}],
    )
    auth: Auth | None = Field(
        None, description="basic or digest authentication, a bearer token, or client credentials of OAuth 2"
    )
    follow_redirects: bool = Field(
        True,
        description="follow redirects; credentials, secrets and the client certificate are dropped on another origin, "
        "a body that holds secrets is not sent there at all, and cookies that an answer sets are sent on to where "
        "they belong, for this one look",
    )
    max_redirects: Annotated[int, Field(ge=0, le=50)] = Field(
        10, description="how many redirects are followed"
    )
    accept_status: StatusRanges | None = Field(
        None, description="statuses that are right, beside any down: of your own", examples=["200..299"]
    )
    schema: AnswerSchema | None = Field(  # type: ignore[assignment]  # a retired method of pydantic's
        None,
        description="a JSON Schema that the answer must keep to, else it is down: written here, or the path of "
        "its file; its patterns are RE2, it refers to no other document, and answers beyond 1MiB are unknown",
        examples=["/etc/tocsin/health.schema.json"],
    )
    compression: Literal["auto", "none", "gzip", "deflate", "br"] = Field(
        "auto",
        description="what packing to ask for: `auto` for all that can be unpacked; whatever comes is unpacked",
    )
    tls: Tls = Field(Tls(), description="certificates and names")
    proxy: ProxyAddress | None = Field(
        None,
        description="send requests through this proxy: http, https, socks4, socks4a, socks5 or socks5h; the name "
        "in the URL is looked up here for socks4 and socks5, by the proxy for all others; none is taken from the "
        "environment",
        examples=["http://proxy.example.org:3128"],
    )
    unix_socket: SocketPath | None = Field(
        None,
        description="connect to this socket for the URL's host instead of a network address",
        examples=["/run/docker.sock"],
    )
    ip: Literal["auto", "4", "6"] = Field(
        "auto", description="IP version to use; `auto` tries all addresses in turn until one accepts"
    )
    http_version: Literal["auto", "1.0", "1.1", "2", "3", "h2c"] = Field(
        "auto",
        description="HTTP version to speak: `auto` is 2 or 1.1, as the server likes; 3 is QUIC and nothing else, "
        "always with TLS; h2c is 2 without TLS and without asking first",
    )
    max_body: Annotated[Size, Field(ge=0, le=_MAX_BODY)] = Field(
        10 * 1024.0 * 1024.0,
        description="larger answers are down; counted as unpacked; at most 1GiB",
        examples=["1MiB"],
    )
    keep_alive: bool = Field(False, description="keep the connection from one look to the next")
    resolve: Host | None = Field(
        None,
        description="connect to this address for the URL's host instead of asking DNS",
        examples=["192.0.2.7"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> HttpSpec:
        if self.auth is not None and target(self.url).user is not None:
            raise ValueError("the user stands in url: and in auth:; give it once")
        if self.auth is not None and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("Authorization stands in headers: and is made of auth:; give it once")
        for name, value in self.headers.items():
            if name.lower() == "accept-encoding" and value.in_clear:
                look_at_packing(value.reveal(), self.compression)
        contents = (("body", self.body), ("form", self.form), ("json", self.json))
        given = [f"{name}:" for name, content in contents if content is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both the request's body; give one")
        if self.schema is not None and self.method.upper() == "HEAD":
            raise ValueError("schema: is for the body, and HEAD asks for none (write method: GET)")
        if self.resolve is not None and self.proxy is not None:
            raise ValueError("resolve: has no effect with proxy:, which does the connecting")
        if self.unix_socket is not None and (self.resolve is not None or self.proxy is not None):
            raise ValueError("unix_socket: leaves nothing to resolve: and proxy:; give one of them")
        if self.http_version == "3" and (self.proxy is not None or self.unix_socket is not None):
            raise ValueError("http_version: 3 goes straight to the server, without proxy: or unix_socket:")
        if self.http_version == "h2c" and target(self.url).scheme == "https":
            raise ValueError("http_version: h2c is for http:// (write 2 for https)")
        return self
