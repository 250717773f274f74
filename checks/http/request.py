"""HTTP: the request a look begins with, and the one a redirect asks for."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import unquote_plus

from checks.http.address import Target, redirect_target, target
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
    False where the answer is to be taken as it comes.
    """

    target: Target
    method: str
    headers: tuple[Header, ...]
    body: bytes | None = None
    user: str | None = None
    password: str = ""
    private: frozenset[str] = _CREDENTIALS
    unpack: bool = True


def first_request(spec: HttpSpec) -> Request:
    """What the operator asked for. Raises SecretError."""
    where = target(spec.url)
    _remember_secrets(where)
    headers = [(name, secret.reveal().translate(_ENDS_A_LINE)) for name, secret in spec.headers.items()]
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers.append(("User-Agent", _user_agent()))
    user, password = where.user, where.password or ""
    if spec.auth is not None:
        if spec.auth.bearer is not None:
            headers.append(("Authorization", f"Bearer {spec.auth.bearer.reveal().translate(_ENDS_A_LINE)}"))
        user, password = spec.auth.user, spec.auth.password.reveal() if spec.auth.password else ""
    if user is not None:
        remember(b64encode(f"{user}:{password}".encode()).decode())
    return Request(
        target=where,
        method=spec.method.upper(),
        headers=tuple(headers),
        body=spec.body.reveal().encode() if spec.body is not None else None,
        user=user,
        password=password,
        private=_private(spec),
    )


def redirected(request: Request, status: int, location: str) -> Request:
    """The request a browser would send next; credentials and secrets stay with their origin. Raises ValueError."""
    where = redirect_target(request.target.url, location)
    headers = request.headers
    user, password = request.user, request.password
    if where.origin != request.target.origin:
        headers = tuple(each for each in headers if each[0].lower() not in request.private | {"host"})
        user, password = where.user, where.password or ""
    method, body = request.method, request.body
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), None
        headers = tuple(each for each in headers if not each[0].lower().startswith("content-"))
    return replace(
        request, target=where, method=method, headers=headers, body=body, user=user, password=password
    )


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
