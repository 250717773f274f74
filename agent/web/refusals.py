"""What no address of ours ever takes, whoever asks: decided from the request's head alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

# Programs without a person: each proves itself by a key, a signature or nothing but being there, never by a cookie.
PROGRAMS = re.compile(
    r"/api/v1/(heartbeat/.*|inbound/[^/]+|helpdesks/[^/]+/hook)|/-/(healthy|ready)", re.DOTALL
)
HEARTBEATS = "/api/v1/heartbeat/"
# Pages of one-time links say no-referrer, so that browsers hide their origin; the link itself is the proof.
_ONE_TIME = ("/t/", "/a/")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_HIDDEN_SLASH = re.compile(rb"%(2f|5c)", re.IGNORECASE)
_DOTS = frozenset({".", "..", "%2e", "%2e%2e", ".%2e", "%2e."})
_LONGEST_PATH = 8192


@dataclass(frozen=True, slots=True)
class Refusal:
    """The words are for the person in front, or behind the program."""

    status: int
    words: str
    headers: dict[str, str] = field(default_factory=dict)


def of_path(scope: Scope) -> Refusal | None:
    """Ways out of what is served, signs that nobody types, and endless ones."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(raw) + len(scope.get("query_string", b"")) > _LONGEST_PATH:
        return Refusal(414, f"the address is longer than {_LONGEST_PATH} bytes")
    path: str = scope["path"]
    if path.startswith(HEARTBEATS):  # a key that nobody knows is not found, whatever it looks like
        return None
    wrong = not path.startswith("/") or _CONTROL.search(path) or _HIDDEN_SLASH.search(raw)
    if wrong or not _DOTS.isdisjoint(path.lower().split("/")):
        return Refusal(400, "no address of ours looks like this")
    return None


def of_host(scope: Scope, known: Collection[str]) -> Refusal | None:
    """A name that is not ours: some page elsewhere may have had it point here (DNS rebinding)."""
    headers = Headers(scope=scope)
    if PROGRAMS.fullmatch(scope["path"]) or shows_token(headers):
        return None
    name = host_name(headers.get("host", ""))
    if name is None:
        return Refusal(400, "the Host header is not one that a browser sends")
    if name in known or name == (scope.get("server") or ("",))[0]:
        return None
    return Refusal(421, "this agent is not known by that name: an admin can add it to agent.web.hosts")


def of_origin(scope: Scope, also: Collection[str]) -> Refusal | None:
    """A change that another site's page asks for, or one with a session that does not say which page asks."""
    headers, path = Headers(scope=scope), scope["path"]
    if scope["method"] in _SAFE or PROGRAMS.fullmatch(path) or shows_token(headers):
        return None
    if path.startswith(_ONE_TIME):
        return None
    ours = _is_ours(scope, headers, also)
    if ours or (ours is None and not headers.get("cookie") and not scope.get("tocsin.user")):
        return None
    return Refusal(403, "this was not sent from a page of ours, so nothing was changed")


def of_body(scope: Scope, most: int) -> Refusal | None:
    """What ends in two ways, is packed, or says that it is too long; heartbeats keep the first bytes of anything."""
    headers = Headers(scope=scope)
    if (
        "transfer-encoding" in headers and "content-length" in headers
    ):  # RFC 9112, 6.1: smuggled past a proxy, perhaps
        return Refusal(400, "say how long it is in one way")
    if scope["path"].startswith(HEARTBEATS):
        return None
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        return Refusal(415, "send it as it is, not compressed", {"Accept-Encoding": "identity"})
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        return too_long(most)
    return None


def too_long(most: int) -> Refusal:
    return Refusal(413, f"at most {most} bytes are read")


def host_name(text: str) -> str | None:
    """The name without port and brackets; empty where none was sent; None where it cannot be one."""
    if not text:
        return ""
    found = _HOST.fullmatch(text)
    return None if found is None else found[1].strip("[]").lower().rstrip(".")


def shows_token(headers: Headers) -> bool:
    """Whether a token is shown: no page elsewhere knows one, and where it is shown no cookie counts."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def _is_ours(scope: Scope, headers: Headers, also: Collection[str]) -> bool | None:
    """Whether a page of ours asks; None where nothing says who does."""
    origin = headers.get("origin")
    if origin is not None and origin != "null":
        return origin in also or _same(origin, scope, headers)
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    if origin is None and (referrer := headers.get("referer")):
        return _same(referrer, scope, headers)
    return None if origin is None else False


def _same(address: str, scope: Scope, headers: Headers) -> bool:
    """Whether host and port are those that were asked; over TLS a page without it is another's."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    schemes = ("https",) if scope["scheme"] == "https" else ("http", "https")
    return parts.scheme in schemes and parts.netloc.lower() == headers.get("host", "").lower()
