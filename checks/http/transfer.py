"""HTTP: one transfer on libcurl: how it is set up."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import pycurl

from checks.http.answer import Answer
from checks.http.request import Request
from checks.http.route import Proxy, Route, bracketed, lead, tls_towards
from checks.http.spec import HttpSpec, Tls
from checks.trust import expect_files

_HTTP_VERSIONS = {
    "auto": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.0": pycurl.CURL_HTTP_VERSION_1_0,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2_0,
    "h2c": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
}
_HTTP_3_ONLY = 31  # older pycurl has no name for it
_PACKINGS = {"auto": "", "none": "identity"}
_WEB_ONLY = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_FAMILIES = {"4": pycurl.IPRESOLVE_V4, "6": pycurl.IPRESOLVE_V6}
_WITH_CONTENT = {"POST", "PUT", "PATCH"}
# libcurl's numbers of options that pycurl has no names for.
_SUPPRESS_CONNECT_HEADERS, _HTTP_0_9, _CA_CACHE_TIMEOUT = 265, 285, 321
_CA_CACHE_SECONDS = 60
_LARGEST_LONG = 2**31 - 1


def prepare(curl: pycurl.Curl, spec: HttpSpec, request: Request, route: Route) -> None:
    """Set up one transfer, all but its deadline and where its answer goes."""
    setopt = curl.setopt
    setopt(pycurl.NOSIGNAL, 1)
    setopt(pycurl.PROTOCOLS, _WEB_ONLY)
    setopt(pycurl.HTTP_VERSION, _version(spec, request))
    setopt(pycurl.ACCEPT_ENCODING, _PACKINGS.get(spec.compression, spec.compression))
    setopt(pycurl.HTTP_CONTENT_DECODING, int(request.unpack))
    # Empty, not unset: libcurl would look into the environment.
    setopt(pycurl.PROXY, route.proxy.url if route.proxy else "")
    setopt(pycurl.NOPROXY, "")
    if route.proxy:
        _through(curl, route.proxy)
    if spec.ip != "auto":
        setopt(pycurl.IPRESOLVE, _FAMILIES[spec.ip])
    if not spec.keep_alive:
        setopt(pycurl.FRESH_CONNECT, 1)
        setopt(pycurl.FORBID_REUSE, 1)
    if request.user is not None:
        _identify(curl, request.user, request)
    _content(curl, request)
    url, headers = request.target.url, request.headers
    if request.target.scheme == "https":
        tls = tls_towards(request.target, spec)
        _tls(curl, tls)
        if tls.server_name:
            url, headers = _renamed(request, tls.server_name)
    setopt(pycurl.URL, url)
    if request.cookies:
        headers = _with_cookies(headers, request.cookies)
    setopt(pycurl.HTTPHEADER, _header_lines(headers))
    lead(curl, request.target, route, url)


def can_speak_http_3() -> bool:
    """Whether the libcurl in use was built for it."""
    return bool(pycurl.version_info()[4] & getattr(pycurl, "VERSION_HTTP3", 1 << 24))


def bound(curl: pycurl.Curl, answer: Answer, timeout: float) -> None:
    """Bound the transfer: `timeout` seconds for all of it, the answer's limits for what it brings."""
    curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout * 1000)))
    curl.setopt(pycurl.HEADERFUNCTION, answer.header)
    curl.setopt(pycurl.WRITEFUNCTION, answer.chunk)
    curl.setopt(_HTTP_0_9, 1)  # which nobody speaks: so that what is no HTTP at all can be shown
    if answer.limit:  # over the wire, too: packed content can be endless and unpack to nothing
        curl.setopt(pycurl.MAXFILESIZE, min(answer.limit, _LARGEST_LONG))


def _identify(curl: pycurl.Curl, user: str, request: Request) -> None:
    curl.setopt(pycurl.USERNAME, user.encode())
    curl.setopt(pycurl.PASSWORD, request.password.encode())
    if request.digest:
        curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST)


def _version(spec: HttpSpec, request: Request) -> Any:
    """QUIC knows no plain connections: where a redirect leads to one, it is spoken to as it can be."""
    if spec.http_version == "3":
        return _HTTP_3_ONLY if request.target.scheme == "https" else _HTTP_VERSIONS["auto"]
    return _HTTP_VERSIONS[spec.http_version]


def _with_cookies(headers: tuple[tuple[str, str], ...], cookies: str) -> tuple[tuple[str, str], ...]:
    """All cookies are one header: the operator's own first."""
    own = [value for name, value in headers if name.lower() == "cookie"]
    rest = tuple(each for each in headers if each[0].lower() != "cookie")
    return (*rest, ("Cookie", "; ".join([*own, cookies])))


def _header_lines(headers: tuple[tuple[str, str], ...]) -> list[bytes]:
    """As libcurl wants them: `name;` sends an empty one, `name:` keeps its own from being sent."""
    if len(headers) == 1 and headers[0][0] == "User-Agent":  # most checks send no other
        return (
            [f"User-Agent: {headers[0][1]}".encode(), b"Expect:"]
            if headers[0][1]
            else [b"User-Agent;", b"Expect:"]
        )
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
    shown = bracketed(server_name)
    return f"https://{shown}:{where.port}{slash}{path}", headers


def _through(curl: pycurl.Curl, proxy: Proxy) -> None:
    curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    authorities = trusted_authorities()
    if authorities:
        curl.setopt(pycurl.PROXY_CAINFO, authorities)
    if proxy.user is not None:
        curl.setopt(pycurl.PROXYUSERNAME, proxy.user.encode())
        curl.setopt(pycurl.PROXYPASSWORD, proxy.password.encode())


def _tls(curl: pycurl.Curl, tls: Tls) -> None:
    expect_files(tls.ca, tls.cert, tls.key)  # libcurl opens them on the loop, and would wait for a pipe
    curl.setopt(pycurl.OPT_CERTINFO, 1)
    curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)  # a session that is taken up again shows no certificate
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


def trusted_authorities() -> str | None:
    """The system's file of trusted authorities, where there is one."""
    paths = ssl.get_default_verify_paths()
    for path in (os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt", paths.cafile):
        if path and Path(path).is_file():
            return path
    return None
