"""HTTP: the probe. Redirects are followed here, hop by hop, so that each one passes the same rules."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import SplitResult, urljoin, urlsplit

import pycurl

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.http.spec import HttpSpec, web_address
from checks.http.transfer import Answer, Request, cert_days, fault, phases_of, prepare, spoken_version
from checks.network import AddressRefused, LookupFailed
from checks.text import visible
from config.secrets import SecretError

_REDIRECTS = {301, 302, 303, 307, 308}
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization"}
_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_EXCERPT_BYTES = 4096

VALUES = (
    Value("status", "", "status code of the last answer"),
    Value("latency", "seconds", "time from the first lookup to the last byte, all redirects included"),
    Value("resolve", "seconds", "time spent asking DNS"),
    Value("connect", "seconds", "time spent connecting"),
    Value("tls", "seconds", "time spent in the TLS handshake"),
    Value("first_byte", "seconds", "time from the request to the first byte of the answer"),
    Value("transfer", "seconds", "time from the first byte to the last"),
    Value("size", "bytes", "size of the body, unpacked"),
    Value("redirects", "", "how many redirects were followed"),
    Value("cert_days", "days", "days until the server's certificate ends"),
    Value("http_version", "", "version of the answer: 1.0, 1.1, 2", text=True),
    Value("ip", "", "address that answered", text=True),
)


@dataclass(slots=True)
class _Look:
    """What one look has gathered so far, over all hops."""

    began: float
    deadline: float
    now: float
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    redirects: int = 0

    @property
    def left(self) -> float:
        return self.deadline - time.perf_counter()

    def add(self, phases: dict[str, float]) -> None:
        for name, seconds in phases.items():
            self.phases[name] = self.phases.get(name, 0.0) + seconds

    def observation(self, **found: object) -> Observation:
        """The end of the look: measured values, and what else was found."""
        rounded = {name: round(seconds, 6) for name, seconds in self.phases.items()}
        latency = round(time.perf_counter() - self.began, 6)
        values = {**rounded, "latency": latency, "redirects": self.redirects, **self.values}
        return Observation(values=values, phases=rounded, **found)  # type: ignore[arg-type]  # keywords are checked by callers


async def probe(spec: HttpSpec, context: Context) -> Observation:
    """Ask, follow redirects, and say what was seen. Never raises for anything the world does."""
    began = time.perf_counter()
    look = _Look(began, began + context.timeout, context.now)
    try:
        request = _first_request(spec)
    except SecretError as error:
        return Observation(blind=str(error), error_kind=ErrorKind.LOCAL)
    while True:
        outcome = await _hop(spec, request, look, context)
        if isinstance(outcome, Observation):
            return outcome
        request = outcome


async def _hop(spec: HttpSpec, request: Request, look: _Look, context: Context) -> Observation | Request:
    """One request: the end of the look, or the next request of a redirect."""
    try:
        routed = await _routed(spec, request, look, context)
    except LookupFailed as error:
        if error.local:
            return look.observation(blind=str(error), error_kind=ErrorKind.LOCAL)
        return look.observation(failure=str(error), error_kind=ErrorKind.DNS)
    except AddressRefused as error:
        return look.observation(blind=str(error), error_kind=ErrorKind.POLICY)
    answer = Answer(keep=max(context.keep_body, _EXCERPT_BYTES), limit=int(spec.max_body))
    async with context.network.handle() as curl:
        prepare(curl, spec, routed, answer, max(0.001, look.left))
        try:
            await context.network.perform(curl)
        except pycurl.error as error:
            _measure(curl, look, answer)
            reason, kind = fault(curl, error.args[0], str(error.args[1]), answer, context.timeout)
            if kind is ErrorKind.LOCAL:
                return look.observation(blind=reason, error_kind=kind)
            return look.observation(failure=reason, error_kind=kind, headers=tuple(answer.headers) or None)
        _measure(curl, look, answer)
    return _conclude(spec, request, look, answer)


def _measure(curl: pycurl.Curl, look: _Look, answer: Answer) -> None:
    look.add(phases_of(curl))
    status = curl.getinfo(pycurl.RESPONSE_CODE)
    if status:
        look.values["status"] = status
        look.values["size"] = answer.size
        look.values["http_version"] = spoken_version(curl)
    if address := curl.getinfo(pycurl.PRIMARY_IP):
        look.values["ip"] = address
    days = cert_days(curl, look.now)
    if days is not None:
        look.values["cert_days"] = round(days, 3)


def _conclude(spec: HttpSpec, request: Request, look: _Look, answer: Answer) -> Observation | Request:
    status, location = look.values.get("status"), answer.get("location")
    if spec.follow_redirects and status in _REDIRECTS and location:
        if look.redirects >= spec.max_redirects:
            reason = f"more than {spec.max_redirects} redirects, the last to {visible(_shown(location), 80)}"
            return look.observation(failure=reason, error_kind=ErrorKind.PROTOCOL)
        look.redirects += 1
        try:
            return _redirected(request, int(status), location)
        except ValueError as error:
            return look.observation(
                failure=f"redirect refused: {visible(str(error))}", error_kind=ErrorKind.PROTOCOL
            )
    return look.observation(
        headers=tuple(answer.headers), body=_text(answer), whole=len(answer.body) == answer.size
    )


def _first_request(spec: HttpSpec) -> Request:
    headers = [(name, secret.reveal()) for name, secret in spec.headers.items()]
    named = {name.lower() for name, _ in headers}
    if "user-agent" not in named:
        headers.append(("User-Agent", _user_agent()))
    userpwd = None
    if spec.auth and spec.auth.bearer:
        headers = [pair for pair in headers if pair[0].lower() != "authorization"]
        headers.append(("Authorization", f"Bearer {spec.auth.bearer.reveal()}"))
    elif spec.auth:
        headers = [pair for pair in headers if pair[0].lower() != "authorization"]
        userpwd = f"{spec.auth.user}:{spec.auth.password.reveal() if spec.auth.password else ''}"
    clean = tuple((name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers)
    body = spec.body.reveal().encode() if spec.body else None
    return Request(spec.url, spec.method.upper(), clean, body, userpwd, None)


def _redirected(request: Request, status: int, location: str) -> Request:
    """The request a browser would send next; credentials stay with the origin they were meant for."""
    url = web_address(urljoin(request.url, location))
    method, body = request.method, request.body
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), None
    headers, userpwd = request.headers, request.userpwd
    if _origin(urlsplit(url)) != _origin(urlsplit(request.url)):
        userpwd = None
        headers = tuple(pair for pair in headers if pair[0].lower() not in _CREDENTIALS | {"host"})
    return Request(url, method, headers, body, userpwd, None)


async def _routed(spec: HttpSpec, request: Request, look: _Look, context: Context) -> Request:
    """The request with the addresses that its host (or the proxy) has just been resolved to."""
    parts = urlsplit(
        spec.proxy
        if spec.proxy and "://" in spec.proxy
        else f"http://{spec.proxy}"
        if spec.proxy
        else request.url
    )
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    started = time.perf_counter()
    wanted = spec.resolve if spec.resolve and not spec.proxy else host
    addresses = await context.network.resolve(wanted, family=spec.ip, timeout=max(0.001, look.left))
    look.add({"resolve": time.perf_counter() - started})
    route = f"{host}:{port}:{','.join(f'[{a}]' if ':' in a else a for a in addresses)}"
    return Request(request.url, request.method, request.headers, request.body, request.userpwd, route)


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, parts.port or (443 if scheme == "https" else 80)


def _text(answer: Answer) -> str:
    found = _CHARSET.search(answer.get("content-type") or "")
    try:
        return answer.body.decode(found[1] if found else "utf-8", "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def _shown(url: str) -> str:
    """An address without its query, which may hold secrets."""
    return url.partition("?")[0]


@cache
def _user_agent() -> str:
    try:
        return f"tocsin/{version('tocsin')}"
    except PackageNotFoundError:
        return "tocsin"


def accepted(spec: HttpSpec) -> str | None:
    """`accept_status` as a condition."""
    if spec.accept_status is None:
        return None
    return " and ".join(f"status not in {first}..{last}" for first, last in spec.accept_status)


KIND = Kind(
    name="http",
    summary="asks a web server and judges status, speed, headers, body and certificate",
    spec=HttpSpec,
    probe=probe,
    values=VALUES,
    counts_for_uptime=True,
    down="status not in 200..299",
    degraded="cert_days < 14",
    always_down=accepted,
    example="type: http\nurl: https://example.org/\ndown: status not in 200..299\ndegraded: latency > 2s for 5m\n",
)
