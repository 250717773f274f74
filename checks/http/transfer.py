"""HTTP: one request and its answer on libcurl, bounded in time, headers and body."""

from __future__ import annotations

import errno
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycurl

from checks.base import ErrorKind
from checks.http.spec import HttpSpec, Tls
from checks.text import visible

_HTTP_VERSIONS = {
    "auto": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.0": pycurl.CURL_HTTP_VERSION_1_0,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2_0,
}
_SPOKEN = {1: "1.0", 2: "1.1", 3: "2", 30: "3"}
_MAX_HEADER_BYTES = 256 * 1024
_REFUSED = {errno.ECONNREFUSED}
_LOCAL_ERRNO = {
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.EACCES,
    errno.EPERM,
    errno.EADDRNOTAVAIL,
}
_KINDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: ErrorKind.DNS,
    pycurl.E_COULDNT_RESOLVE_PROXY: ErrorKind.DNS,
    pycurl.E_OPERATION_TIMEDOUT: ErrorKind.TIMEOUT,
    pycurl.E_SSL_CONNECT_ERROR: ErrorKind.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: ErrorKind.TLS,
    pycurl.E_SSL_CIPHER: ErrorKind.TLS,
    pycurl.E_USE_SSL_FAILED: ErrorKind.TLS,
    pycurl.E_GOT_NOTHING: ErrorKind.RESET,
    pycurl.E_RECV_ERROR: ErrorKind.RESET,
    pycurl.E_SEND_ERROR: ErrorKind.RESET,
    pycurl.E_BAD_CONTENT_ENCODING: ErrorKind.CONTENT,
}
_OURS = {
    pycurl.E_FAILED_INIT, pycurl.E_OUT_OF_MEMORY, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_ENGINE_NOTFOUND, pycurl.E_SSL_ENGINE_INITFAILED, pycurl.E_BAD_FUNCTION_ARGUMENT,
}  # fmt: skip
_SAYINGS = {
    pycurl.E_GOT_NOTHING: "the connection was closed without an answer",
    pycurl.E_UNSUPPORTED_PROTOCOL: "the answer is not HTTP",
    pycurl.E_PARTIAL_FILE: "the connection was closed before the whole answer had come",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One hop: where to, with what, connected to which addresses."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    userpwd: str | None
    route: str | None


@dataclass(slots=True)
class Answer:
    """What came back. `keep` bounds the stored body in bytes, `limit` the whole one."""

    keep: int
    limit: int
    status_line: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    size: int = 0
    header_bytes: int = 0
    too_large: str | None = None

    def header(self, raw: bytes) -> int | None:
        """libcurl's header callback, a line at a time; returning 0 ends the transfer."""
        self.header_bytes += len(raw)
        if self.header_bytes > _MAX_HEADER_BYTES:
            self.too_large = f"the headers are larger than {_MAX_HEADER_BYTES // 1024} KiB"
            return 0
        line = raw.decode("latin-1").strip()
        if line.startswith("HTTP/"):
            self.status_line = line
            self.headers.clear()
        elif ":" in line:
            name, _, value = line.partition(":")
            self.headers.append((name.strip(), value.strip()))
        return None

    def chunk(self, raw: bytes) -> int | None:
        """libcurl's body callback, already unpacked; returning 0 ends the transfer."""
        self.size += len(raw)
        if self.size > self.limit:
            self.too_large = f"the answer is larger than max_body ({self.limit} bytes)"
            return 0
        room = self.keep - len(self.body)
        if room > 0:
            self.body += raw[:room]
        return None

    def get(self, name: str) -> str | None:
        """The first header of that name."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


def prepare(curl: pycurl.Curl, spec: HttpSpec, request: Request, answer: Answer, timeout: float) -> None:
    """Set up one transfer; `timeout` seconds is the wall deadline of all of it."""
    set_option = curl.setopt
    set_option(pycurl.URL, request.url)
    set_option(pycurl.NOSIGNAL, 1)
    set_option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    set_option(pycurl.TIMEOUT_MS, max(1, int(timeout * 1000)))
    set_option(pycurl.HTTP_VERSION, _HTTP_VERSIONS[spec.http_version])
    set_option(pycurl.ACCEPT_ENCODING, "")
    set_option(
        pycurl.HTTPHEADER, [f"{name}: {value}" if value else f"{name};" for name, value in request.headers]
    )
    set_option(pycurl.HEADERFUNCTION, answer.header)
    set_option(pycurl.WRITEFUNCTION, answer.chunk)
    set_option(pycurl.PROXY, spec.proxy or "")
    if spec.proxy:
        set_option(pycurl.SUPPRESS_CONNECT_HEADERS, 1)
    if not spec.keep_alive:
        set_option(pycurl.FRESH_CONNECT, 1)
        set_option(pycurl.FORBID_REUSE, 1)
    if request.route:
        set_option(pycurl.RESOLVE, [request.route])
    if request.userpwd is not None:
        set_option(pycurl.USERPWD, request.userpwd)
    _method(curl, request)
    if request.url[:6].lower() == "https:":
        _tls(curl, spec.tls)


def spoken_version(curl: pycurl.Curl) -> str:
    """The HTTP version of the answer: `1.1`, `2`."""
    return _SPOKEN.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")


def phases_of(curl: pycurl.Curl) -> dict[str, float]:
    """Seconds spent connecting, in TLS, waiting for the first byte, and transferring."""
    connected = curl.getinfo(pycurl.CONNECT_TIME)
    secured = curl.getinfo(pycurl.APPCONNECT_TIME)
    began, first, total = (
        curl.getinfo(pycurl.PRETRANSFER_TIME),
        curl.getinfo(pycurl.STARTTRANSFER_TIME),
        curl.getinfo(pycurl.TOTAL_TIME),
    )
    phases = {"connect": max(0.0, connected - curl.getinfo(pycurl.NAMELOOKUP_TIME))}
    if secured > 0:
        phases["tls"] = max(0.0, secured - connected)
    if first > 0:
        phases["first_byte"] = max(0.0, first - max(began, secured, connected))
        phases["transfer"] = max(0.0, total - first)
    return phases


def cert_days(curl: pycurl.Curl, now: float) -> float | None:
    """Days from `now` (seconds since 1970) until the server's certificate ends."""
    chain: list[Any] = curl.getinfo(pycurl.INFO_CERTINFO) or []
    leaf = dict(pair for pair in chain[0] if len(pair) == 2) if chain else {}
    ends = leaf.get("Expire date")
    if not isinstance(ends, str):
        return None
    try:
        return (ssl.cert_time_to_seconds(ends) - now) / 86400
    except ValueError:
        return None


def fault(curl: pycurl.Curl, code: int, text: str, answer: Answer, timeout: float) -> tuple[str, ErrorKind]:
    """One line on why the transfer failed, and its kind; LOCAL means the fault is ours."""
    number = curl.getinfo(pycurl.OS_ERRNO)
    peer = curl.getinfo(pycurl.PRIMARY_IP) or ""
    if answer.too_large:
        return answer.too_large, ErrorKind.CONTENT
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return (
            f"no complete answer within {timeout:.3g}s: timed out {_where(curl, answer)}",
            ErrorKind.TIMEOUT,
        )
    if code == pycurl.E_COULDNT_CONNECT:
        return _unconnected(number, peer, text)
    if code in _OURS or (code in (pycurl.E_COULDNT_RESOLVE_HOST,) and number in _LOCAL_ERRNO):
        return visible(text), ErrorKind.LOCAL
    return visible(_SAYINGS.get(code) or text or f"libcurl error {code}"), _KINDS.get(
        code, ErrorKind.PROTOCOL
    )


def _unconnected(number: int, peer: str, text: str) -> tuple[str, ErrorKind]:
    target = f" by {peer}" if peer else ""
    if number in _REFUSED:
        return f"connection refused{target}", ErrorKind.REFUSED
    if number in _LOCAL_ERRNO:
        return f"cannot open a connection: {os.strerror(number).lower()}", ErrorKind.LOCAL
    if number:
        return (
            f"cannot connect{' to ' + peer if peer else ''}: {os.strerror(number).lower()}",
            ErrorKind.UNREACHABLE,
        )
    return visible(text), ErrorKind.UNREACHABLE


def _where(curl: pycurl.Curl, answer: Answer) -> str:
    if curl.getinfo(pycurl.CONNECT_TIME) <= 0:
        return "while connecting"
    if not answer.status_line:
        return "waiting for the answer"
    return f"while reading the answer ({answer.size} bytes had come)"


def _method(curl: pycurl.Curl, request: Request) -> None:
    if request.body is not None:
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDS, request.body)
    if request.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    elif request.body is not None or request.method != "GET":
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def _tls(curl: pycurl.Curl, tls: Tls) -> None:
    curl.setopt(pycurl.CERTINFO, 1)
    curl.setopt(pycurl.SSL_VERIFYPEER, int(tls.verify))
    curl.setopt(pycurl.SSL_VERIFYHOST, 2 if tls.verify else 0)
    authorities = tls.ca or trusted_authorities()
    if authorities:
        curl.setopt(pycurl.CAINFO, authorities)
    if tls.cert:
        curl.setopt(pycurl.SSLCERT, tls.cert)
        curl.setopt(pycurl.SSLKEY, tls.key or tls.cert)


def trusted_authorities() -> str | None:
    """The system's file of trusted authorities, where there is one."""
    paths = ssl.get_default_verify_paths()
    for path in (os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt", paths.cafile):
        if path and Path(path).is_file():
            return path
    return None
