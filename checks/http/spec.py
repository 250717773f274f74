"""HTTP: the options an operator may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from config.secrets import Secret
from config.units import Size

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def web_address(text: str) -> str:
    """A target as libcurl is to get it; `example.org` alone means http. Raises ValueError with the remedy."""
    address = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is no web address: {error}") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise ValueError(f'only http and https are looked at, got "{parts.scheme[:20]}"')
    if not parts.hostname or any(char <= " " or char == "\x7f" for char in text):
        raise ValueError(f'is no web address: "{text[:60]}"')
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    return address


def _status_ranges(value: Any) -> Any:
    """`200`, `200..299`, `[200, 204, 300..399]` -> ((200, 200), …)."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    return tuple(item if isinstance(item, tuple) else _status_range(str(item)) for item in listed)


def _status_range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{3})\s*(?:\.\.\s*(\d{3})\s*)?", text)
    if not found:
        raise ValueError(f'expected a status like 200 or a range like 200..299, got "{text[:40]}"')
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last:
        raise ValueError(f"the range {first}..{last} is empty")
    return first, last


def _header_names(headers: Mapping[str, Secret]) -> Mapping[str, Secret]:
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f'"{name[:40]}" is no header name')
    return headers


def _existing_file(path: str) -> str:
    if not Path(path).is_file():
        raise ValueError(f"no such file: {path}")
    return path


File = Annotated[str, AfterValidator(_existing_file)]
StatusRanges = Annotated[
    tuple[tuple[int, int], ...], BeforeValidator(_status_ranges, json_schema_input_type=str | list[str])
]


class Auth(Spec):
    """Who we say we are: a user with a password, or a bearer token."""

    user: str | None = Field(None, description="user name for basic authentication")
    password: Secret | None = Field(None, description="password for basic authentication")
    bearer: Secret | None = Field(None, description="bearer token")

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        if (self.bearer is None) == (self.user is None):
            raise ValueError("wants either user: and password:, or bearer:")
        return self


class Tls(Spec):
    """How the other side proves itself, and we ourselves."""

    verify: bool = Field(True, description="check the certificate and the name in it")
    ca: File | None = Field(None, description="file of trusted authorities, PEM; default: the system's")
    cert: File | None = Field(None, description="our client certificate, PEM")
    key: File | None = Field(None, description="the key of our client certificate, PEM")
    server_name: str | None = Field(None, description="name to ask for and to expect instead of the URL's")


class HttpSpec(Spec):
    """HTTP and HTTPS requests."""

    url: Annotated[str, AfterValidator(web_address)] = Field(
        description="what to ask for; http or https", examples=["https://example.org/health"]
    )
    method: Annotated[str, Field(pattern=r"^[A-Za-z]{1,20}$")] = Field(
        "GET", description="the request method"
    )
    headers: Annotated[Mapping[str, Secret], AfterValidator(_header_names)] = Field(
        {}, description="request headers; values may refer to secrets"
    )
    body: Secret | None = Field(None, description="request body")
    auth: Auth | None = Field(None, description="basic authentication or a bearer token")
    follow_redirects: bool = Field(
        True, description="follow redirects; credentials are dropped on another origin"
    )
    max_redirects: Annotated[int, Field(ge=0, le=50)] = Field(
        10, description="how many redirects are followed"
    )
    accept_status: StatusRanges | None = Field(
        None, description="statuses that are right, beside any down: of your own", examples=["200..299"]
    )
    tls: Tls = Field(Tls(), description="certificates and names")
    proxy: str | None = Field(
        None, description="send requests through this HTTP proxy; none is taken from the environment"
    )
    ip: Literal["auto", "4", "6"] = Field("auto", description="IP version to use")
    http_version: Literal["auto", "1.0", "1.1", "2"] = Field("auto", description="HTTP version to speak")
    max_body: Size = Field(
        10 * 1024.0 * 1024.0, description="larger answers are down; counted as unpacked", examples=["1MiB"]
    )
    keep_alive: bool = Field(False, description="keep the connection from one look to the next")
    resolve: str | None = Field(
        None, description="connect to this address instead of asking DNS", examples=["192.0.2.7"]
    )
