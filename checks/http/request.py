"""HTTP: the request a look begins with, and the one a redirect asks for."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import unquote_plus

from checks.http.address import Target, redirect_target, secure, target
from checks.http.content import content_of, holds_secrets, method_of
from checks.http.spec import HttpSpec
from config.masks import remember

Header = tuple[str, str]
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_TELLING = re.compile(r"key|token|secret|pass|auth|sig|session|credential", re.IGNORECASE)
_ENDS_A_LINE = str.maketrans("\r\n\0", "   ")


@dataclass(frozen=True, slots=True)
class Request:
    """One hop.

    `private` names the headers, in lower case, that stay with the origin they were meant for; `unpack` is
    False where the answer is to be taken as it comes. `digest`: the password is proved, not sent. `cookies` are
    those that earlier hops set, as one line. `guarded`: the body, too, stays with its origin.
    """

    target: Target
    method: str
    headers: tuple[Header, ...]
    body: bytes | None = None
    user: str | None = None
    password: str = ""
    private: frozenset[str] = _CREDENTIALS
    unpack: bool = True
    digest: bool = False
    cookies: str = ""
    guarded: bool = False


def first_request(spec: HttpSpec, token: str | None = None) -> Request:
    """What the operator asked for, with an access token if one was fetched. Raises SecretError."""
    where = secure(target(spec.url)) if spec.http_version == "3" else target(spec.url)
    if where.password or "?" in where.url:
        _remember_secrets(where)
    headers = [(name, secret.reveal().translate(_ENDS_A_LINE)) for name, secret in spec.headers.items()]
    if not headers or not any(name.lower() == "user-agent" for name, _ in headers):
        headers.append(("User-Agent", _user_agent()))
    body, sort = content_of(spec)
    if sort is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", sort))
    user, password = where.user, where.password or ""
    if spec.auth is not None:
        if spec.auth.bearer is not None:
            token = spec.auth.bearer.reveal().translate(_ENDS_A_LINE)
        user, password = spec.auth.user, spec.auth.password.reveal() if spec.auth.password else ""
    if token is not None:
        remember(token)
        headers.append(("Authorization", f"Bearer {token}"))
    if user is not None:
        remember(b64encode(f"{user}:{password}".encode()).decode())
    return Request(
        target=where,
        method=method_of(spec),
        headers=tuple(headers),
        body=body,
        user=user,
        password=password,
        private=_private(spec),
        digest=spec.auth is not None and spec.auth.scheme == "digest",
        guarded=body is not None and holds_secrets(spec),
    )


def redirected(request: Request, status: int, location: str) -> Request:
    """The request a browser would send next; credentials and secrets stay with their origin. Raises ValueError."""
    where = redirect_target(request.target.url, location)
    headers = request.headers
    user, password = request.user, request.password
    digest = request.digest
    if where.origin != request.target.origin:
        headers = tuple(each for each in headers if each[0].lower() not in request.private | {"host"})
        user, password, digest = where.user, where.password or "", False
    method, body = request.method, request.body
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), None
        headers = tuple(each for each in headers if not each[0].lower().startswith("content-"))
    if body is not None and request.guarded and where.origin != request.target.origin:
        raise ValueError(
            "it leads to another origin, and the body holds secrets (write that address in url:)"
        )
    kept = {"method": method, "headers": headers, "body": body}
    return replace(request, target=where, user=user, password=password, digest=digest, **kept)  # type: ignore[arg-type]  # each under its own name


def taken_as_it_comes(request: Request) -> Request | None:
    """The same again for an answer in no encoding known to us, as browsers show it; None if that is not safe."""
    safe = request.unpack and request.method in ("GET", "HEAD")
    return replace(request, unpack=False) if safe else None


def _private(spec: HttpSpec) -> frozenset[str]:
    """Credentials, and every header that the operator gave a secret or a telling name."""
    if not spec.headers:
        return _CREDENTIALS
    secret = {
        name.lower() for name, value in spec.headers.items() if not value.in_clear or _TELLING.search(name)
    }
    return _CREDENTIALS | secret


def _remember_secrets(where: Target) -> None:
    """What stands in the address itself is masked as well, wherever a server may repeat it."""
    if where.password:
        remember(where.password)
    for pair in where.url.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if _TELLING.search(name):
            remember(value)
            remember(unquote_plus(value))


@cache
def _user_agent() -> str:
    try:
        return f"tocsin/{version('tocsin')}"
    except PackageNotFoundError:
        return "tocsin"
