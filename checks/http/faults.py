"""HTTP: why a transfer failed, in one line a sysadmin can act on."""

from __future__ import annotations

import errno
import os
import re

import pycurl

from checks.base import ErrorKind
from checks.connection import Fault, reason
from checks.http.answer import Answer
from checks.text import visible
from config.units import show_duration

_TOO_LARGE, _CLIENT_CERT_WANTED, _HTTP2_STREAM = (
    100,
    98,
    92,
)  # libcurl's numbers; pycurl has no names for them
_KINDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: ErrorKind.DNS,
    pycurl.E_COULDNT_RESOLVE_PROXY: ErrorKind.DNS,
    pycurl.E_PEER_FAILED_VERIFICATION: ErrorKind.TLS,
    pycurl.E_SSL_CIPHER: ErrorKind.TLS,
    pycurl.E_SSL_ISSUER_ERROR: ErrorKind.TLS,
    pycurl.E_SSL_INVALIDCERTSTATUS: ErrorKind.TLS,
    _CLIENT_CERT_WANTED: ErrorKind.TLS,
    pycurl.E_GOT_NOTHING: ErrorKind.RESET,
    pycurl.E_PARTIAL_FILE: ErrorKind.RESET,
    pycurl.E_BAD_CONTENT_ENCODING: ErrorKind.CONTENT,
    pycurl.E_WRITE_ERROR: ErrorKind.CONTENT,
    pycurl.E_FILESIZE_EXCEEDED: ErrorKind.CONTENT,
    _TOO_LARGE: ErrorKind.CONTENT,
}
_OURS = {
    pycurl.E_FAILED_INIT, pycurl.E_OUT_OF_MEMORY, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_ENGINE_NOTFOUND, pycurl.E_SSL_ENGINE_INITFAILED, pycurl.E_BAD_FUNCTION_ARGUMENT,
}  # fmt: skip
_SAYINGS = {
    pycurl.E_GOT_NOTHING: "the connection was closed without an answer",
    pycurl.E_UNSUPPORTED_PROTOCOL: "the answer is not HTTP",
    pycurl.E_PARTIAL_FILE: "the connection was closed before the whole answer had come",
    pycurl.E_BAD_CONTENT_ENCODING: "the answer cannot be unpacked",
    _TOO_LARGE: "the headers are too large",
    _HTTP2_STREAM: "the server broke off the HTTP/2 stream",
}
_RESETS = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
# What OpenSSL and libcurl put around the one part that says something.
_WRAPPING = re.compile(
    r"error:[0-9A-Fa-f]{8}:[^:]*:[^:]*:|OpenSSL(?: SSL_\w+:|/[\d.]+:)|TLS connect error:|, errno 0$"
)


def fault(curl: pycurl.Curl, error: pycurl.error, answer: Answer, tried: str) -> Fault:
    """What the transfer's error means. `tried` names the addresses that were to be connected to."""
    code, text = error.args[0], str(error.args[1])
    where = _peer(curl) or tried
    if answer.too_large:
        return Fault(answer.too_large, ErrorKind.CONTENT)
    if code == pycurl.E_FILESIZE_EXCEEDED:
        return Fault(f"the answer is larger than max_body ({answer.limit} bytes)", ErrorKind.CONTENT)
    if code == pycurl.E_COULDNT_CONNECT:
        return _unconnected(curl, text, where)
    if code in (pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR):
        return _broken_off(curl, text, where)
    if code == pycurl.E_SSL_CONNECT_ERROR:
        return _without_tls(text, where)
    if code in _OURS:
        return Fault(_tidy(text), ErrorKind.LOCAL)
    return Fault(
        _SAYINGS.get(code) or _tidy(text) or f"libcurl error {code}", _KINDS.get(code, ErrorKind.PROTOCOL)
    )


def is_unknown_encoding(error: pycurl.error) -> bool:
    """Whether the answer names an encoding that libcurl has never heard of (`Content-Encoding: utf-8`)."""
    return error.args[0] == pycurl.E_BAD_CONTENT_ENCODING and "Unrecognized" in str(error.args[1])


def late(curl: pycurl.Curl, answer: Answer, timeout: float, tried: str) -> Fault:
    """The deadline of `timeout` seconds has passed: at which point?"""
    secure = curl.getinfo(pycurl.EFFECTIVE_URL).startswith("https:")
    if curl.getinfo(pycurl.CONNECT_TIME) <= 0:
        stage = f"while connecting to {tried}"
    elif secure and curl.getinfo(pycurl.APPCONNECT_TIME) <= 0:
        stage = f"in the TLS handshake with {_peer(curl) or tried}"
    elif not answer.begun:
        stage = "waiting for the answer"
    elif answer.size == 0:
        stage = "while reading the headers"
    else:
        stage = f"while reading the answer ({answer.size} bytes had come)"
    return Fault(f"no complete answer within {show_duration(timeout)}: timed out {stage}", ErrorKind.TIMEOUT)


def addresses_shown(addresses: tuple[str, ...], port: int) -> str:
    """`192.0.2.7:443, 192.0.2.8:443 and 4 more`."""
    shown = ", ".join(f"[{each}]:{port}" if ":" in each else f"{each}:{port}" for each in addresses[:3])
    return f"{shown} and {len(addresses) - 3} more" if len(addresses) > 3 else shown


def _peer(curl: pycurl.Curl) -> str:
    address = curl.getinfo(pycurl.PRIMARY_IP)
    return addresses_shown((address,), curl.getinfo(pycurl.PRIMARY_PORT)) if address else ""


def _unconnected(curl: pycurl.Curl, text: str, where: str) -> Fault:
    number = curl.getinfo(pycurl.OS_ERRNO)
    return (
        reason(OSError(number, os.strerror(number)), where)
        if number
        else Fault(_tidy(text), ErrorKind.UNREACHABLE)
    )


def _broken_off(curl: pycurl.Curl, text: str, where: str) -> Fault:
    if "SSL" in text or "TLS" in text:
        return _without_tls(text, where)
    if curl.getinfo(pycurl.OS_ERRNO) in _RESETS or "reset" in text:
        return Fault(f"connection reset by {where}", ErrorKind.RESET)
    return Fault(_tidy(text), ErrorKind.PROTOCOL)


def _without_tls(text: str, where: str) -> Fault:
    return Fault(f"TLS with {where} failed: {_tidy(text)}", ErrorKind.TLS)


def _tidy(text: str) -> str:
    return visible(re.sub(r"\s+", " ", _WRAPPING.sub("", text)).strip())
