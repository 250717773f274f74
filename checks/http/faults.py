"""HTTP: why a transfer failed, in one line a sysadmin can act on."""

from __future__ import annotations

import errno
import os
import re

import pycurl

from checks.base import ErrorKind
from checks.connection import Fault, reason
from checks.http.answer import Answer
from checks.http.route import addresses_shown
from checks.text import visible
from config.units import show_duration

# libcurl's numbers; pycurl has no names for them
_TOO_LARGE, _CLIENT_CERT_WANTED, _HTTP2_STREAM, _QUIC = 100, 98, 92, 96
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
# How SOCKS proxies explain themselves: numbers of CURLINFO_PROXY_ERROR, which pycurl has no name for.
_PROXY, _PROXY_ERROR = 97, 0x200000 + 59
_REPLIES = {
    12: ("it wants a user and a password", ErrorKind.AUTH),
    18: ("it may not connect for others", ErrorKind.PROTOCOL),
    19: ("connection refused by the target", ErrorKind.REFUSED),
    20: ("it cannot connect to the target (general failure)", ErrorKind.UNREACHABLE),
    21: ("no route to the target host", ErrorKind.UNREACHABLE),
    22: ("no route to the network of the target", ErrorKind.UNREACHABLE),
    23: ("it does not allow this connection", ErrorKind.AUTH),
    24: ("the target did not answer", ErrorKind.TIMEOUT),
    26: ("it cannot connect to the target", ErrorKind.UNREACHABLE),
    33: ("user or password is wrong", ErrorKind.AUTH),
}
# The same of HTTP proxies that were asked to connect, by their status.
_TUNNEL = "CONNECT tunnel failed"
_WANTS_USER = 407
_NOT_CONNECTED = {403: 23, _WANTS_USER: 12, 502: 26, 503: 26, 504: 24}
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
    _QUIC: "the server does not go on with QUIC",
}
_UNCONNECTED = "Failed to connect to"
_SOCKETS = {
    errno.ENOENT: ("{where} is not there", ErrorKind.REFUSED),
    errno.EACCES: ("may not connect to {where} (let this user into its group)", ErrorKind.LOCAL),
    errno.EPERM: ("may not connect to {where} (let this user into its group)", ErrorKind.LOCAL),
}
_RESETS = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
# What OpenSSL and libcurl put around the one part that says something.
_WRAPPING = re.compile(
    r"error:[0-9A-Fa-f]{8}:[^:]*:[^:]*:|OpenSSL(?: SSL_\w+:|/[\d.]+:)|TLS connect error:|, errno 0$"
)


class CertificateRefused(Fault):
    """The server's certificate is not accepted, or there is no TLS: a handshake of our own may tell more."""


def fault(curl: pycurl.Curl, error: pycurl.error, answer: Answer, tried: str) -> Fault:
    """What the transfer's error means. `tried` names the addresses that were to be connected to."""
    code, text = error.args[0], str(error.args[1])
    where = _peer(curl) or tried
    if answer.too_large:
        return Fault(answer.too_large, ErrorKind.CONTENT)
    if answer.not_http is not None:
        return Fault(f'the answer is not HTTP but "{answer.not_http}"', ErrorKind.PROTOCOL)
    if code == pycurl.E_FILESIZE_EXCEEDED:
        return Fault(f"the answer is larger than max_body ({answer.limit} bytes)", ErrorKind.CONTENT)
    if text.startswith(_TUNNEL):
        return _not_tunnelled(curl, tried)
    if code == pycurl.E_COULDNT_CONNECT:
        return _unconnected(curl, text, where)
    if code in (pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR):
        return _broken_off(curl, text, where, begun=answer.begun)
    if code == pycurl.E_SSL_CONNECT_ERROR:
        return _without_tls(text, where)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        over_quic = text.startswith(_UNCONNECTED)  # which leaves the reason out
        return CertificateRefused(
            f"certificate of {where} not accepted" if over_quic else _tidy(text), ErrorKind.TLS
        )
    if code == _PROXY:
        return _by_proxy(curl, text, tried)
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


def _peer(curl: pycurl.Curl) -> str:
    address = curl.getinfo(pycurl.PRIMARY_IP)
    if not address or address.startswith("/"):  # of a socket libcurl gives the beginning of its path
        return ""
    return addresses_shown((address,), curl.getinfo(pycurl.PRIMARY_PORT))


def _unconnected(curl: pycurl.Curl, text: str, where: str) -> Fault:
    number = curl.getinfo(pycurl.OS_ERRNO)
    if number in _SOCKETS and where.startswith("the socket"):
        said, kind = _SOCKETS[number]
        return Fault(said.format(where=where), kind)
    return (
        reason(OSError(number, os.strerror(number)), where)
        if number
        else Fault(_tidy(text), ErrorKind.UNREACHABLE)
    )


def _by_proxy(curl: pycurl.Curl, text: str, where: str) -> Fault:
    """The handshake with a SOCKS proxy failed: by its own reply, where it gave one."""
    reply = curl.getinfo(_PROXY_ERROR)
    if reply in _REPLIES:
        said, kind = _REPLIES[reply]
        return Fault(f"{where} says: {said}", kind)
    return Fault(f"{where}: {_tidy(text)}", ErrorKind.PROTOCOL)


def _not_tunnelled(curl: pycurl.Curl, where: str) -> Fault:
    """An HTTP proxy answered, but not with a way through."""
    status = curl.getinfo(pycurl.HTTP_CONNECTCODE)
    if status not in _NOT_CONNECTED:
        return Fault(f"{where} does not connect: it answers {status}", ErrorKind.PROTOCOL)
    said, kind = _REPLIES[_NOT_CONNECTED[status]]
    remedy = ", right ones, in proxy:" if status == _WANTS_USER else ""
    return Fault(f"{where} says: {said}{remedy} (status {status})", kind)


def _broken_off(curl: pycurl.Curl, text: str, where: str, *, begun: bool) -> Fault:
    if text.startswith(_UNCONNECTED):
        return Fault(f"no QUIC at {where}: UDP does not get through, or nobody listens", ErrorKind.REFUSED)
    if "SSL" in text or "TLS" in text:
        return _without_tls(text, where)
    if curl.getinfo(pycurl.OS_ERRNO) in _RESETS or "reset" in text:
        # In TLS 1.3 a server misses our certificate only after the handshake, and may hang up before that is read.
        unsaid = not begun and curl.getinfo(pycurl.APPCONNECT_TIME) > 0
        return (CertificateRefused if unsaid else Fault)(f"connection reset by {where}", ErrorKind.RESET)
    return Fault(_tidy(text), ErrorKind.PROTOCOL)


def _without_tls(text: str, where: str) -> Fault:
    return CertificateRefused(f"TLS with {where} failed: {_tidy(text)}", ErrorKind.TLS)


def _tidy(text: str) -> str:
    return visible(re.sub(r"\s+", " ", _WRAPPING.sub("", text)).strip())
