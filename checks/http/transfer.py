"""HTTP: one transfer on libcurl: how it is set up, and what is measured on it."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycurl

from checks.http.answer import Answer
from checks.http.request import Request
from checks.http.spec import HttpSpec, Tls

_HTTP_VERSIONS = {
    "auto": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.0": pycurl.CURL_HTTP_VERSION_1_0,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2_0,
}
_SPOKEN = {1: "1.0", 2: "1.1", 3: "2", 30: "3"}
_WEB_ONLY = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_FAMILIES = {"4": pycurl.IPRESOLVE_V4, "6": pycurl.IPRESOLVE_V6}
_WITH_CONTENT = {"POST", "PUT", "PATCH"}
# libcurl's numbers of options that pycurl has no names for.
_SUPPRESS_CONNECT_HEADERS, _CA_CACHE_TIMEOUT = 265, 321
_CA_CACHE_SECONDS = 60
_LARGEST_LONG = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Route:
    """The way to the other side: the host to connect to, its port, and the addresses it has just been given.

    `direct` is False where a proxy does the connecting.
    """

    host: str
    port: int
    addresses: tuple[str, ...]
    direct: bool = True


@dataclass(frozen=True, slots=True)
class Proxy:
    """Whom to send requests through, and as whom."""

    url: str
    host: str
    port: int
    user: str | None
    password: str


def prepare(curl: pycurl.Curl, spec: HttpSpec, request: Request, route: Route, proxy: Proxy | None) -> None:
    """Set up one transfer, all but its deadline and where its answer goes."""
    setopt = curl.setopt
    setopt(pycurl.NOSIGNAL, 1)
    setopt(pycurl.PROTOCOLS, _WEB_ONLY)
    setopt(pycurl.HTTP_VERSION, _HTTP_VERSIONS[spec.http_version])
    setopt(pycurl.ACCEPT_ENCODING, "")
    setopt(pycurl.HTTP_CONTENT_DECODING, int(request.unpack))
    # Empty, not unset: libcurl would look into the environment.
    setopt(pycurl.PROXY, proxy.url if proxy else "")
    setopt(pycurl.NOPROXY, "")
    if proxy:
        _through(curl, proxy)
    if spec.ip != "auto":
        setopt(pycurl.IPRESOLVE, _FAMILIES[spec.ip])
    if not spec.keep_alive:
        setopt(pycurl.FRESH_CONNECT, 1)
        setopt(pycurl.FORBID_REUSE, 1)
    if request.user is not None:
        setopt(pycurl.USERNAME, request.user.encode())
        setopt(pycurl.PASSWORD, request.password.encode())
    _content(curl, request)
    url, headers = request.target.url, request.headers
    if request.target.scheme == "https":
        _tls(curl, spec.tls)
        if spec.tls.server_name:
            url, headers = _renamed(request, spec.tls.server_name)
    setopt(pycurl.URL, url)
    setopt(pycurl.HTTPHEADER, _header_lines(headers))
    _lead(curl, request, route, url)


def bound(curl: pycurl.Curl, answer: Answer, timeout: float) -> None:
    """Bound the transfer: `timeout` seconds for all of it, the answer's limits for what it brings."""
    curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout * 1000)))
    curl.setopt(pycurl.HEADERFUNCTION, answer.header)
    curl.setopt(pycurl.WRITEFUNCTION, answer.chunk)
    if answer.limit:  # over the wire, too: packed content can be endless and unpack to nothing
        curl.setopt(pycurl.MAXFILESIZE, min(answer.limit, _LARGEST_LONG))


def spoken_version(curl: pycurl.Curl) -> str:
    """The HTTP version of the answer: `1.1`, `2`."""
    return _SPOKEN.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")


def phases_of(curl: pycurl.Curl) -> dict[str, float]:
    """Seconds spent connecting, in TLS, waiting for the first byte, and transferring."""
    getinfo = curl.getinfo
    connected, secured = getinfo(pycurl.CONNECT_TIME), getinfo(pycurl.APPCONNECT_TIME)
    first = getinfo(pycurl.STARTTRANSFER_TIME)
    phases = {"connect": max(0.0, connected - getinfo(pycurl.NAMELOOKUP_TIME))}
    if secured > 0:
        phases["tls"] = max(0.0, secured - connected)
    if first > 0:
        phases["first_byte"] = max(0.0, first - max(connected, secured))
        phases["transfer"] = max(0.0, getinfo(pycurl.TOTAL_TIME) - first)
    return phases


def cert_days(curl: pycurl.Curl, now: float) -> float | None:
    """Days from `now` (seconds since 1970) until the server's certificate ends."""
    chain: list[Any] = curl.getinfo(pycurl.INFO_CERTINFO) or []
    leaf = dict(pair for pair in chain[0] if len(pair) == 2) if chain else {}
    ends = leaf.get("Expire date")
    try:
        return (ssl.cert_time_to_seconds(ends) - now) / 86400 if isinstance(ends, str) else None
    except ValueError:
        return None


def _header_lines(headers: tuple[tuple[str, str], ...]) -> list[bytes]:
    """As libcurl wants them: `name;` sends an empty one, `name:` keeps its own from being sent."""
    lines = [(f"{name}: {value}" if value else f"{name};").encode() for name, value in headers]
    if not any(name.lower() == "expect" for name, _ in headers):
        lines.append(b"Expect:")  # waiting for leave to send the body would be measured as the server's time
    return lines


def _content(curl: pycurl.Curl, request: Request) -> None:
    body = request.body
    if body is None and request.method in _WITH_CONTENT:
        body = b""  # some servers refuse these methods without a Content-Length
    if body is not None:
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDS, body)
    if request.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    elif request.method != ("GET" if body is None else "POST"):
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def _renamed(request: Request, server_name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """libcurl asks for the name in the URL: so that name goes there, and the real one into Host."""
    where = request.target
    _, _, rest = where.url.partition("://")
    authority, slash, path = rest.partition("/")
    headers = request.headers
    if not any(name.lower() == "host" for name, _ in headers):
        headers = (*headers, ("Host", authority))
    shown = f"[{server_name}]" if ":" in server_name else server_name
    return f"https://{shown}:{where.port}{slash}{path}", headers


def _lead(curl: pycurl.Curl, request: Request, route: Route, url: str) -> None:
    """Hand over the addresses, so that libcurl asks no name server itself."""
    where = request.target
    if route.addresses != (route.host,):
        listed = ",".join(_bracketed(each) for each in route.addresses)
        curl.setopt(pycurl.RESOLVE, [f"+{route.host}:{route.port}:{listed}"])
    if url != where.url or (route.direct and route.host != where.host):
        # A kept connection is known by this, too: never taken for one that leads elsewhere.
        host = route.host if route.direct else where.host
        curl.setopt(pycurl.CONNECT_TO, [f"::{_bracketed(host)}:{where.port}"])


def _through(curl: pycurl.Curl, proxy: Proxy) -> None:
    curl.setopt(pycurl.PROXYPORT, proxy.port)
    curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    authorities = trusted_authorities()
    if authorities:
        curl.setopt(pycurl.PROXY_CAINFO, authorities)
    if proxy.user is not None:
        curl.setopt(pycurl.PROXYUSERNAME, proxy.user.encode())
        curl.setopt(pycurl.PROXYPASSWORD, proxy.password.encode())


def _tls(curl: pycurl.Curl, tls: Tls) -> None:
    curl.setopt(pycurl.OPT_CERTINFO, 1)
    curl.setopt(pycurl.SSL_VERIFYPEER, int(tls.verify))
    curl.setopt(pycurl.SSL_VERIFYHOST, 2 if tls.verify else 0)
    curl.setopt(_CA_CACHE_TIMEOUT, _CA_CACHE_SECONDS)
    authorities = tls.ca or trusted_authorities()
    if authorities:
        curl.setopt(pycurl.CAINFO, authorities)
    curl.unsetopt(pycurl.CAPATH)  # what is named is trusted, and nothing beside it
    if tls.cert:
        curl.setopt(pycurl.SSLCERT, tls.cert)
        curl.setopt(pycurl.SSLKEY, tls.key or tls.cert)
        curl.setopt(pycurl.KEYPASSWD, "")  # else OpenSSL asks on the terminal


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def trusted_authorities() -> str | None:
    """The system's file of trusted authorities, where there is one."""
    paths = ssl.get_default_verify_paths()
    for path in (os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt", paths.cafile):
        if path and Path(path).is_file():
            return path
    return None
