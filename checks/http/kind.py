"""HTTP: the probe. Redirects are followed here, hop by hop, so that each one passes the same rules."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pycurl

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.connection import Fault
from checks.http.address import target, without_secrets
from checks.http.answer import Answer
from checks.http.faults import addresses_shown, fault, is_unknown_encoding, late
from checks.http.request import Request, first_request, redirected, taken_as_it_comes
from checks.http.spec import HttpSpec
from checks.http.transfer import Proxy, Route, bound, cert_days, phases_of, prepare, spoken_version
from checks.network import AddressRefused, LookupFailed
from checks.text import visible
from config.masks import remember
from config.references import SecretError

_REDIRECTS = {301, 302, 303, 307, 308}
_EXCERPT_BYTES = 4096

VALUES = (
    Value("status", "", "status code of the last answer", least=100, most=999, whole=True),
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
    """One look over all its hops: what is asked for, and what has been gathered so far."""

    spec: HttpSpec
    context: Context
    began: float = field(default_factory=time.perf_counter)
    proxy: Proxy | None = None
    host: str = ""
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    redirects: int = 0

    @property
    def left(self) -> float:
        """Seconds to the deadline, never quite none."""
        return max(0.001, self.began + self.context.timeout - time.perf_counter())

    def add(self, phases: dict[str, float]) -> None:
        for name, seconds in phases.items():
            self.phases[name] = self.phases.get(name, 0.0) + seconds

    def failed(self, error: Fault, answer: Answer | None = None) -> Observation:
        """The end of a look that got no whole answer."""
        if error.blind:
            return self.observation(blind=error.message, error_kind=error.kind)
        headers = answer.headers() if answer and answer.begun else None
        return self.observation(failure=error.message, error_kind=error.kind, headers=headers)

    def observation(self, **found: object) -> Observation:
        """The end of the look: measured values, and what else was found."""
        rounded = {name: round(seconds, 6) for name, seconds in self.phases.items()}
        latency = round(time.perf_counter() - self.began, 6)
        values = {**rounded, "latency": latency, "redirects": self.redirects, **self.values}
        return Observation(values=values, phases=rounded, **found)  # type: ignore[arg-type]  # keywords are checked by callers


async def probe(spec: HttpSpec, context: Context) -> Observation:
    """Ask, follow redirects, and say what was seen. Never raises for anything the world does."""
    look = _Look(spec, context)
    try:
        request, look.proxy = first_request(spec), _proxy(spec)
    except SecretError as error:
        return look.failed(Fault(str(error), ErrorKind.LOCAL))
    look.host = request.target.host
    try:
        while True:
            outcome = await _hop(request, look)
            if isinstance(outcome, Observation):
                return outcome
            request = outcome
    except LookupFailed as error:
        return look.failed(Fault(str(error), ErrorKind.LOCAL if error.local else ErrorKind.DNS))
    except AddressRefused as error:
        return look.failed(Fault(str(error), ErrorKind.POLICY))


async def _hop(request: Request, look: _Look) -> Observation | Request:
    """One request: the end of the look, or the next request of a redirect."""
    route = await _route(request, look)
    context = look.context
    answer = Answer(keep=max(context.keep_body, _EXCERPT_BYTES), limit=int(look.spec.max_body))
    with context.network.handle() as curl:
        prepare(curl, look.spec, request, route, look.proxy)
        bound(curl, answer, look.left)
        try:
            await context.network.perform(curl)
        except pycurl.error as error:
            _measure(curl, look, answer)
            if is_unknown_encoding(error) and (again := taken_as_it_comes(request)):
                return again
            tried = addresses_shown(route.addresses, route.port)
            if error.args[0] == pycurl.E_OPERATION_TIMEDOUT:
                return look.failed(late(curl, answer, context.timeout, tried), answer)
            return look.failed(fault(curl, error, answer, tried), answer)
        _measure(curl, look, answer)
    if not answer.ended:  # libcurl is content with half the headers
        return look.failed(
            Fault("the connection was closed in the middle of the headers", ErrorKind.RESET), answer
        )
    return _conclude(request, look, answer)


def _measure(curl: pycurl.Curl, look: _Look, answer: Answer) -> None:
    look.add(phases_of(curl))
    status = curl.getinfo(pycurl.RESPONSE_CODE)
    if status:
        look.values["status"] = status
        look.values["size"] = answer.size
        look.values["http_version"] = spoken_version(curl)
    if address := curl.getinfo(pycurl.PRIMARY_IP):
        look.values["ip"] = address
    days = cert_days(curl, look.context.now) if "tls" in look.phases else None
    if days is not None:
        look.values["cert_days"] = round(days, 3)


def _conclude(request: Request, look: _Look, answer: Answer) -> Observation | Request:
    headers = answer.headers()
    status, location = look.values.get("status"), _first(headers, "location")
    if look.spec.follow_redirects and status in _REDIRECTS and location:
        if look.redirects >= look.spec.max_redirects:
            shown = visible(without_secrets(location), 80)
            reason = f"more than {look.spec.max_redirects} redirects, the last to {shown}"
            return look.failed(Fault(reason, ErrorKind.PROTOCOL), answer)
        look.redirects += 1
        try:
            return redirected(request, int(status), location)
        except ValueError as error:
            return look.failed(Fault(f"redirect refused: {_plain(error)}", ErrorKind.PROTOCOL), answer)
    text = answer.text(_first(headers, "content-type"))
    return look.observation(headers=headers, body=text, whole=len(answer.body) == answer.size)


async def _route(request: Request, look: _Look) -> Route:
    """Whom to connect to: the proxy, the address that `resolve` gives for the URL's host, or the host."""
    where, spec = request.target, look.spec
    if look.proxy:
        host, port = look.proxy.host, look.proxy.port
    else:
        host, port = where.host, where.port
        if spec.resolve and host == look.host:
            host = spec.resolve
    started = time.perf_counter()
    addresses = await look.context.network.resolve(host, family=spec.ip, timeout=look.left)
    look.add({"resolve": time.perf_counter() - started})
    return Route(host, port, addresses, direct=look.proxy is None)


def _proxy(spec: HttpSpec) -> Proxy | None:
    if spec.proxy is None:
        return None
    where = target(spec.proxy)
    remember(where.password or "")
    return Proxy(where.url, where.host, where.port, where.user, where.password or "")


def _plain(error: ValueError) -> str:
    """Why an address cannot be used, as a phrase of its own; a file's complaint says it of the option."""
    return visible(str(error).removeprefix("is "))


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    """The first header of that name, written in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)


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
