"""Around the whole site: what is asked for in a wrong way goes no further, and no answer leaves without its headers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.clock import Clock
from agent.web.forwarded import USER, forwarded, is_within, peer
from agent.web.rate import Rate, network
from agent.web.refusals import (
    PROGRAMS,
    Refusal,
    host_name,
    of_body,
    of_host,
    of_origin,
    of_path,
    too_long,
)
from config.models import Config
from config.oidc import is_loopback

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# For what has none of its own.
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_ALWAYS_TLS = "max-age=31536000"
_MIB = 1024 * 1024
_OF_PROGRAMS = 128 * _MIB
_WITH_FILES = ("/tickets", "/api/v1/tickets")
_ANYWHERE = ("0.0.0.0", "::")
_BODY_PATIENCE = 60.0
_MOST_DRAINED, _DRAINING = 4 * _MIB, 2.0
_SECURE = "come over TLS, or through the proxy: this way others could read along"


class _Stop(Exception):
    """The body is not read on; what is answered instead is known."""


class Shield:
    """An ASGI app around another one. `config` is what is in force now."""

    def __init__(self, app: ASGIApp, config: Callable[[], Config], clock: Clock) -> None:
        self._app, self._config, self._rate = app, config, Rate(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        config = self._config()
        came = forwarded(scope, config.agent.web.proxy)
        dressed = _dressed(came, send)
        refused = self._refused(came, peer(scope), config)
        if refused is not None:
            await _drained(came, receive)
            await _answer(came, refused)(came, receive, dressed)
            return
        body = _Body(came, receive, _most(came, config))
        try:
            await self._app(came, body.receive, body.or_instead(dressed))
        except Exception:
            if body.wrong is None:
                raise

    def _refused(self, came: Scope, whence: str, config: Config) -> Refusal | None:
        """The first reason; `whence` is the other end of the connection."""
        url = urlsplit(config.desk.url or "")
        return (
            of_path(came)
            or self._of_rate(came)
            or of_host(came, _names(config))
            or _of_transport(came, whence, config)
            or of_origin(came, {f"{url.scheme}://{url.netloc}"} if url.netloc else ())
            or of_body(came, _most(came, config))
        )

    def _of_rate(self, came: Scope) -> Refusal | None:
        """Programs have limits of their own, by key."""
        whence = peer(came)
        if is_loopback(whence) or PROGRAMS.fullmatch(came["path"]) or self._rate.takes(network(whence)):
            return None
        return Refusal(429, "too many requests from this address: wait a few seconds", {"Retry-After": "5"})


def _of_transport(came: Scope, whence: str, config: Config) -> Refusal | None:
    """People come over TLS, through the proxy, or from this host, unless the operator said otherwise."""
    web, path = config.agent.web, came["path"]
    if came["scheme"] == "https" or web.exposed or is_loopback(whence):
        return None
    if web.proxy is not None and is_within(whence, web.proxy.from_):
        return None
    return None if PROGRAMS.fullmatch(path) or path == "/metrics" else Refusal(403, _SECURE)


def _names(config: Config) -> set[str]:
    """By which this agent may be asked for, beside the address that a connection arrived at."""
    listened = host_name(config.agent.listen) or ""
    url = host_name(urlsplit(config.desk.url or "").netloc) or ""
    return {"localhost", "127.0.0.1", "::1", listened, url, *config.agent.web.hosts} - {"", *_ANYWHERE}


def _most(came: Scope, config: Config) -> int:
    """Bytes of a body; the addresses themselves take less. Files come to those alone who show something."""
    path, names = came["path"], {name for name, _ in came["headers"]}
    if PROGRAMS.fullmatch(path):
        return _OF_PROGRAMS
    if path.startswith(_WITH_FILES) and (names & {b"authorization", b"cookie"} or USER in came):
        return _MIB + round(config.desk.attachments.max_size) * 4 // 3
    return _MIB


class _Body:
    """What is read of a request: `wrong` says why it was not read to its end."""

    def __init__(self, came: Scope, receive: Receive, most: int) -> None:
        self._came, self._receive, self._most, self._seen = came, receive, most, 0
        self._whole = False
        self._until = asyncio.get_running_loop().time() + _BODY_PATIENCE
        self.wrong: Refusal | None = None

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            self.wrong = Refusal(408, "it took too long to come")
            raise _Stop from None
        self._seen += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._seen > self._most:
            self.wrong = too_long(self._most)
            raise _Stop
        return message

    def or_instead(self, send: Send) -> Send:
        """Sends the answer, or in its place what was wrong with the body."""
        instead = False

        async def sent(message: Message) -> None:
            nonlocal instead
            begins = message["type"] == "http.response.start"
            if begins and self._seen and not self._whole:
                await _drained(self._came, self._receive)
            if begins and self.wrong is not None:
                instead = True
                await _answer(self._came, self.wrong)(self._came, self._receive, send)
            elif not instead:
                await send(message)

        return sent


def _dressed(came: Scope, send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if came["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", _ALWAYS_TLS)
        await send(message)

    return sent


async def _drained(came: Scope, receive: Receive) -> None:
    """A body that is not long is read and forgotten: who still sends while we hang up does not hear why."""
    length = Headers(scope=came).get("content-length", "0")
    left = _MOST_DRAINED if length.isdecimal() and int(length[:20]) <= _MOST_DRAINED else 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAINING):
            while left > 0:
                message = await receive()
                left = left - len(message.get("body", b"")) if message.get("more_body") else 0


def _answer(came: Scope, refused: Refusal) -> Response:
    """Programs are told as RFC 9457 has it, people in a line of text."""
    headers: dict[str, Any] = {**refused.headers, "Connection": "close"}
    if not came["path"].startswith("/api/"):
        return PlainTextResponse(f"{refused.words}\n", refused.status, headers)
    told = {"type": "about:blank", "title": "Refused", "status": refused.status, "detail": refused.words}
    return JSONResponse(told, refused.status, headers, media_type="application/problem+json")
