"""HTTP: the options an operator may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from checks.http.address import target, with_scheme
from config.secrets import Secret
from config.units import Size

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MAX_BODY = 1024.0**3


def web_address(text: str) -> str:
    """The address with its scheme. Raises ValueError with the remedy."""
    if "://" not in text and "@" in text.partition("/")[0]:
        raise ValueError("is no web address: write the scheme (https://) before a user name")
    if found := re.match(r"(https?):/?(?!/)", text, re.IGNORECASE):
        rest = text[found.end() :].partition("/")[0]
        if not rest.isdigit():  # http:8080 is a host named http
            raise ValueError(f"is no web address (write {found[1].lower()}:// before the host)")
    address = with_scheme(text)
    target(address)
    return address


def _status_ranges(value: Any) -> Any:
    """`200`, `200..299`, `[200, 204, 300..399]` -> ((200, 200), …)."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    if not listed:
        raise ValueError("wants at least one status (leave it out for 200..299)")
    return tuple(item if isinstance(item, tuple) else _status_range(str(item)) for item in listed)


def _status_range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{3})\s*(?:\.\.\s*(\d{3})\s*)?", text)
    if not found:
        raise ValueError(f'expected a status like 200 or a range like 200..299, got "{text[:40]}"')
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last:
        raise ValueError(f"the range {first}..{last} is empty")
    return first, last


def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f'"{name[:40]}" is no header name')
    return name


def _existing_file(path: str) -> str:
    try:
        there = Path(path).is_file()
    except PermissionError:
        raise ValueError(
            f"{path} may not be looked at by this user (let it pass the directories above)"
        ) from None
    if not there:
        raise ValueError(f"no such file: {path}")
    return path


def _host(name: str) -> str:
    bare = name.strip("[]")
    return target(f"http://[{bare}]/" if ":" in bare else f"http://{bare}/").host


File = Annotated[str, AfterValidator(_existing_file)]
Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(web_address)]
StatusRanges = Annotated[
    tuple[tuple[int, int], ...], BeforeValidator(_status_ranges, json_schema_input_type=str | list[str])
]


class Auth(Spec):
    """Who we say we are: a user with a password, or a bearer token."""

    user: str | None = Field(None, description="user name for basic authentication", examples=["monitor"])
    password: Secret | None = Field(
        None, description="password for basic authentication", examples=["${credential:shop}"]
    )
    bearer: Secret | None = Field(None, description="bearer token", examples=["${env:SHOP_TOKEN}"])

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        if (self.bearer is None) == (self.user is None):
            raise ValueError("wants either user: and password:, or bearer:")
        if self.user is not None and self.password is None:
            raise ValueError('user: wants its password: (write password: "" if it has none)')
        if self.bearer is not None and self.password is not None:
            raise ValueError("password: goes with user:, not with bearer:")
        if self.user is not None and ":" in self.user:
            raise ValueError("user: cannot hold a colon in basic authentication")
        return self


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


class HttpSpec(Spec):
    """HTTP and HTTPS requests."""

    url: WebAddress = Field(
        description="what to ask for; http or https",
        examples=["https://example.org/health"],
    )
    method: Annotated[str, Field(pattern=r"^[A-Za-z]{1,20}$")] = Field(
        "GET", description="the request method", examples=["HEAD"]
    )
    headers: Mapping[Annotated[str, AfterValidator(_header_name)], Secret] = Field(
        {}, description="request headers; values may refer to secrets", examples=[{"Accept": "text/html"}]
    )
    body: Secret | None = Field(
        None,
        description="request body; sent as a form unless a Content-Type is among the headers",
        examples=["q=tocsin"],
    )
    auth: Auth | None = Field(None, description="basic authentication or a bearer token")
    follow_redirects: bool = Field(
        True, description="follow redirects; credentials and secrets are dropped on another origin"
    )
    max_redirects: Annotated[int, Field(ge=0, le=50)] = Field(
        10, description="how many redirects are followed"
    )
    accept_status: StatusRanges | None = Field(
        None, description="statuses that are right, beside any down: of your own", examples=["200..299"]
    )
    tls: Tls = Field(Tls(), description="certificates and names")
    proxy: WebAddress | None = Field(
        None,
        description="send requests through this HTTP proxy; none is taken from the environment",
        examples=["http://proxy.example.org:3128"],
    )
    ip: Literal["auto", "4", "6"] = Field("auto", description="IP version to use")
    http_version: Literal["auto", "1.0", "1.1", "2"] = Field("auto", description="HTTP version to speak")
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
        if self.resolve is not None and self.proxy is not None:
            raise ValueError("resolve: has no effect with proxy:, which does the connecting")
        return self
