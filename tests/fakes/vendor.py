"""A vendor's helpdesk over HTTP on loopback, as nasty as the real ones: base of the fakes, which know no connector.

    with Zendesk() as vendor:
        vendor.misbehave(Fault.LOST_ANSWER, "POST", "/tickets")
        ...
        assert vendor.wrong == []

Each request is held against the vendor's own schema; what that has against it is in `wrong`.
"""

from __future__ import annotations

import copy
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.contracts import are_here, contract
from tests.web_server import WebServer


class Fault(Enum):
    """What goes wrong with a request.

    `LOST_ANSWER`: done, and the connection is cut. `LOST_REQUEST`: cut before anything is done. `NO_EFFECT`: answered
    as if it had been done. `SLOW`: done, and answered after `seconds`. `RATE_SECONDS`, `RATE_DATE`: 429 with either
    form of Retry-After (`seconds`). `BUSY`: 503 without one. `LATE_502`: done, and a proxy says 502. `LOGIN_PAGE`:
    200 with HTML, nothing done. `ERROR_PAGE`: 500 with HTML, nothing done. `REVOKED`: 401. `FORBIDDEN`: 403.
    `GONE`: 410. `MOVED`: 302 to another host. `HUGE`: an endless body. `NOT_JSON`: 200 with half a document.
    """

    LOST_ANSWER = "lost answer"
    LOST_REQUEST = "lost request"
    NO_EFFECT = "no effect"
    SLOW = "slow"
    RATE_SECONDS = "rate in seconds"
    RATE_DATE = "rate as a date"
    BUSY = "busy"
    LATE_502 = "late 502"
    LOGIN_PAGE = "login page"
    ERROR_PAGE = "error page"
    REVOKED = "revoked"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    MOVED = "moved"
    HUGE = "huge"
    NOT_JSON = "not json"


@dataclass(frozen=True)
class Request:
    """One request as it came. `path` without the query; header names in small letters; `body` read from JSON."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    def first(self, name: str, otherwise: str = "") -> str:
        """The first value of a parameter of the query."""
        return self.query.get(name, [otherwise])[0]


@dataclass(frozen=True)
class Reply:
    """What is answered: `body` as JSON, or bytes as they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Trouble:
    fault: Fault
    method: str
    path: re.Pattern[str]
    times: int
    seconds: float


class Vendor:
    """Base of the fakes. A subclass keeps its whole state in `state` (which NO_EFFECT copies) and answers requests."""

    contract: ClassVar[str | None] = None  # the file of its schema
    under: ClassVar[str] = ""  # what stands before the schema's paths in ours

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.wrong: list[str] = []
        self.state: Any = {}
        self.now: Callable[[], float] = time.time
        self.lock = threading.RLock()
        self._troubles: list[_Trouble] = []
        self._server: _Server | None = None
        self._released = threading.Event()

    def answer(self, request: Request) -> Reply:
        """What the vendor answers; called under the lock."""
        raise NotImplementedError

    def misbehave(
        self, fault: Fault, method: str = "", path: str = "", *, times: int = 1, seconds: float = 30.0
    ) -> None:
        """The next so many requests of the method (any: empty), whose path holds the pattern, go wrong."""
        self._troubles.append(_Trouble(fault, method, re.compile(path), times, seconds))

    def behave(self) -> None:
        """No trouble any more."""
        self._troubles.clear()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def writes(self) -> list[Request]:
        """Requests that may have changed something."""
        return [each for each in self.requests if each.method in ("POST", "PUT", "PATCH", "DELETE")]

    def open(self, port: int = 0) -> None:
        vendor = self

        class Handler(_Handler):
            owner = vendor

        self._server = _Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def handle(self, request: Request) -> tuple[Reply | None, Fault | None]:
        """The answer, and what is wrong with it; None for none at all."""
        with self.lock:
            self.requests.append(request)
            self._verify(request)
            trouble = self._trouble(request)
            fault = trouble.fault if trouble else None
            seconds = trouble.seconds if trouble else 0.0
            if fault in _INSTEAD:
                return _INSTEAD[fault](self.now(), seconds), fault
            if fault is Fault.LOST_REQUEST:
                return None, fault
            before = copy.deepcopy(self.state) if fault is Fault.NO_EFFECT else None
            reply = self.answer(request)
            if fault is Fault.NO_EFFECT:
                self.state = before
        if fault is Fault.SLOW:
            self._released.wait(seconds)
        if fault is Fault.LATE_502:
            return Reply(502, _PAGE, {"Content-Type": "text/html"}), fault
        return (None if fault is Fault.LOST_ANSWER else reply), fault

    def _trouble(self, request: Request) -> _Trouble | None:
        for trouble in self._troubles:
            fits = trouble.method in ("", request.method) and trouble.path.search(request.path)
            if trouble.times > 0 and fits:
                trouble.times -= 1
                return trouble
        return None

    def _verify(self, request: Request) -> None:
        if self.contract is None or not are_here():
            return
        try:
            path = request.path.removeprefix(self.under)
            said = contract(self.contract).verify(request.method, path, dict(request.query), request.body)
        except ValueError as error:
            said = f"{request.method} {request.path}: no JSON: {error}"
        if said:
            self.wrong.append(said)


_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_INSTEAD: dict[Fault | None, Callable[[float, float], Reply]] = {
    Fault.RATE_SECONDS: lambda _now, seconds: Reply(429, {}, {"Retry-After": str(int(seconds))}),
    Fault.RATE_DATE: lambda now, seconds: Reply(
        429, {}, {"Retry-After": formatdate(now + seconds, usegmt=True)}
    ),
    Fault.BUSY: lambda _now, _seconds: Reply(503, _PAGE, _HTML),
    Fault.LOGIN_PAGE: lambda _now, _seconds: Reply(200, _PAGE, _HTML),
    Fault.ERROR_PAGE: lambda _now, _seconds: Reply(500, _PAGE, _HTML),
    Fault.REVOKED: lambda _now, _seconds: Reply(401, {"error": "invalid_token"}),
    Fault.FORBIDDEN: lambda _now, _seconds: Reply(403, {"error": "forbidden"}),
    Fault.GONE: lambda _now, _seconds: Reply(410, {"error": "gone"}),
    Fault.MOVED: lambda _now, _seconds: Reply(
        302, None, {"Location": "https://moved.example.org/secret-path"}
    ),
    Fault.NOT_JSON: lambda _now, _seconds: Reply(200, b'{"half": ', {"Content-Type": "application/json"}),
    Fault.HUGE: lambda _now, _seconds: Reply(200, b'"' + b"x" * (6 * 1024 * 1024) + b'"'),
}


class _Server(WebServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever called went away: that is theirs."""


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[Vendor]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two writes

    def _go(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        reply, _ = self.owner.handle(request)
        if reply is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else b""
        if not isinstance(reply.body, bytes) and reply.body is not None:
            body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        kind = {} if "Content-Type" in reply.headers or not body else {"Content-Type": "application/json"}
        for name, value in {**kind, **reply.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """By the vendor's own clock."""
        return formatdate(self.owner.now() if timestamp is None else timestamp, usegmt=True)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _go

    def log_message(self, format: str, *args: Any) -> None:
        pass


def run_alone(vendor: Vendor) -> None:
    """Serve on the port that the command line names (any free one: none), and print each request, until stopped."""
    vendor.open(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(f"{type(vendor).__name__} at {vendor.url}", flush=True)
    seen = 0
    try:
        while True:
            time.sleep(0.2)
            for request in vendor.requests[seen:]:
                print(
                    f"{request.method} {request.path} {request.raw[:500].decode('utf-8', 'replace')}",
                    flush=True,
                )
                seen += 1
    except KeyboardInterrupt:
        vendor.close()
