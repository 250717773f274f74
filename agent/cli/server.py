"""A daemon that is asked over HTTP: with a token, over TLS that is checked, and nowhere but where it was named."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

from agent.cli.setting import fail
from checks.text import visible

USAGE = 64
_PATIENCE = 30.0
_MOST = 64 * 1024 * 1024
_PAGE = 200
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NOW = (429, 502, 503, 504)
_LONGEST = 500


class Missing(Exception):
    """What was asked for is not there, or not to be seen with this token."""


@dataclass(frozen=True, slots=True)
class Answer:
    document: Any
    headers: Message


class Server:
    """`url` is where its pages are. What goes wrong ends the command, in words that hold no token."""

    def __init__(self, url: str, token: str, ca: Path | None) -> None:
        self._base, self._token = _base(url), token
        tls = urllib.request.HTTPSHandler(context=_context(ca))
        handlers: list[urllib.request.BaseHandler] = [tls, _NoDetours()]
        if self._base.startswith("http:"):  # nobody in between is to hear the token
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Raises Missing."""
        return self._asked(self._request(path, query)).document

    def all(self, path: str, query: Mapping[str, Any] | None = None) -> list[Any]:
        """A list with all its pages. Raises Missing."""
        return [each for page in self._pages(path, query) for each in page]

    def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, patience: float = _PATIENCE
    ) -> Any:
        """`patience` in seconds. Raises Missing."""
        request = self._request(path, None)
        request.data = json.dumps(body).encode()
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.add_header(name, value)
        return self._asked(request, patience).document

    def delete(self, path: str) -> Any:
        """Raises Missing."""
        request = self._request(path, None)
        request.method = "DELETE"
        return self._asked(request).document

    def no_tocsin(self, why: str) -> NoReturn:
        fail(f"{self._base} is no Tocsin with an API: {why}", 1)

    def _pages(self, path: str, query: Mapping[str, Any] | None) -> Iterator[list[Any]]:
        asked: Mapping[str, Any] | None = {**(query or {}), "limit": _PAGE}
        begun = set[str]()  # where pages began: one that leads back ends the list
        while asked is not None and asked.get("after", "") not in begun:
            begun.add(asked.get("after", ""))
            answer = self._asked(self._request(path, asked))
            if not isinstance(answer.document, list):
                self.no_tocsin("it has no list where one should be")
            yield answer.document
            asked = _next(answer.headers)

    def _request(self, path: str, query: Mapping[str, Any] | None) -> urllib.request.Request:
        said = {name: _said(each) for name, each in (query or {}).items() if each is not None}
        request = urllib.request.Request(f"{self._base}/api/v1{path}{'?' if said else ''}{urlencode(said)}")
        request.add_header("Accept", "application/json")
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return request

    def _asked(self, request: urllib.request.Request, patience: float = _PATIENCE) -> Answer:
        try:
            with self._opener.open(request, timeout=patience) as answer:
                return Answer(self._read(answer, answer.headers), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error, changing=request.get_method() != "GET")
        except urllib.error.URLError as error:
            self._unreachable(error.reason)
        except (OSError, http.client.HTTPException) as error:
            self._unreachable(error, sent=request.get_method() != "GET")

    def _read(self, stream: IO[bytes], headers: Message) -> Any:
        kind = headers.get_content_type()
        if kind != "application/json" and not kind.endswith("+json"):
            self.no_tocsin(f"it answers with {visible(kind, 60)}")
        text = stream.read(_MOST + 1)
        if len(text) > _MOST:
            self.no_tocsin("its answer has no end")
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            self.no_tocsin("its answer cannot be read")

    def _refused(self, error: urllib.error.HTTPError, *, changing: bool) -> NoReturn:
        if error.code in range(300, 400):
            to = visible(error.headers.get("Location", "elsewhere"), _LONGEST)
            fail(f"{self._base} leads to {to}: name the address itself, no token is sent on", 1)
        if error.code in _NOW and error.headers.get_content_type() != "application/problem+json":
            fail(f"{self._base} cannot answer now (HTTP {error.code}): try again later", 1)
        told = self._read(error, error.headers)
        if not isinstance(told, dict) or not isinstance(told.get("detail"), str):
            self.no_tocsin(f"it answers HTTP {error.code}")
        said = visible(told["detail"], _LONGEST)
        if error.code == 401:
            fail(f"{self._base} does not know the token, or it is over (there: tocsin token list)", 1)
        if error.code == 404:
            raise Missing(said)
        usage = error.code == 400 or (error.code == 422 and not changing)
        fail(f"{self._base} refuses: {said}" if error.code == 403 else said, USAGE if usage else 1)

    def _unreachable(self, reason: object, *, sent: bool = False) -> NoReturn:
        """`sent`: a change was asked for, and may have been made."""
        if isinstance(reason, ssl.SSLCertVerificationError):
            why = f"its certificate is not trusted: {reason.verify_message} (--ca FILE names who may sign it)"
        elif isinstance(reason, ssl.SSLError):
            why = f"TLS fails: {(reason.reason or str(reason)).lower().replace('_', ' ')}"
        elif isinstance(reason, TimeoutError):
            why = "it does not answer in time"
        elif isinstance(reason, http.client.HTTPException):
            why = "it breaks off, or speaks no HTTP"
        else:
            why = (getattr(reason, "strerror", None) or str(reason)).lower()
        look = "; whether the change was made is not known: look" if sent else ""
        fail(f"{self._base} cannot be asked: {visible(why, _LONGEST)}{look}", 1)


class _NoDetours(urllib.request.HTTPRedirectHandler):
    """Who leads elsewhere is not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _base(url: str) -> str:
    """The address without what follows its pages. Ends the command (64)."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        fail("--url: expected an address such as https://tocsin.example.org", USAGE)
    if parts.username is not None or parts.password is not None:
        fail("--url: names nobody: the token says who you are", USAGE)
    if parts.scheme == "http" and host not in _LOOPBACK:
        fail("--url: http:// lets others read the token: use https://", USAGE)
    name = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix("/api/v1")
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{path}"


def _context(ca: Path | None) -> ssl.SSLContext:
    """Whom TLS trusts: those of the file alone, else those of the system, or of SSL_CERT_FILE."""
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or "no certificates in it"
        fail(f"--ca: {ca}: cannot be used: {reason.lower()}", USAGE)


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _next(headers: Message) -> dict[str, str] | None:
    """What to ask for the rest of a list with; the path is that of the list."""
    link = headers.get("Link", "")
    target, _, rest = link.partition(">")
    if 'rel="next"' not in rest:
        return None
    return dict(parse_qsl(urlsplit(target.lstrip("< ")).query))
