"""Servers made from the descriptions of peers' HTTP cases: routes, required requests, encodings, certificates."""

from __future__ import annotations

import gzip
import re
import ssl
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import trustme

from tests.checks.http.web import Answer, Asked

Case = Mapping[str, Any]

# What Node's zlib makes of "hello world" ten times over: Python has no brotli of its own.
_BROTLI = {b"hello world" * 10: bytes.fromhex("1b6d00f88d946ede445586966c206f350b60154006c4dd01")}
_HOURS = re.compile(r"valid for (\d+) h")


def raw_deflate(content: bytes) -> bytes:
    """The bare stream, without the wrapping of zlib."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


_PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate-raw": raw_deflate,
    "br": _BROTLI.__getitem__,
}


def replies(routes: Sequence[Case], addresses: Mapping[str, str]) -> Answer:
    """The server's answers; `{addr_tls}` and the like in a redirect are taken from `addresses`."""

    def reply(asked: Asked) -> bytes:
        for route in routes:
            number = _number(route["path"], asked.path)
            if number is not None:
                return _answer(route, asked, number, addresses)
        return _lines("404 Not Found", [], b"")

    return reply


def certificate(authority: trustme.CA, kind: str) -> trustme.LeafCert:
    """The certificate that a case asks for, for localhost and 127.0.0.1."""
    now = datetime.now(UTC)
    hours = _HOURS.fullmatch(kind)
    ends = now + timedelta(hours=int(hours[1]) if hours else 2400)
    issuer = trustme.CA() if kind == "self-signed" else authority
    return issuer.issue_cert("localhost", "127.0.0.1", not_after=ends)


def proof(authority: trustme.CA, kind: str) -> ssl.SSLContext:
    """The same, for a server to show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate(authority, kind).configure_cert(context)
    return context


def _number(pattern: str, path: str) -> int | None:
    """Whether a path is that of the route: 0, or the number that stands for `{n}`; else None."""
    if pattern == "*":
        return 0
    found = re.fullmatch(re.escape(pattern).replace(re.escape("{n}"), r"(\d+)"), path.partition("?")[0])
    if found is None:
        return None
    return int(found[1]) if found.groups() else 0


def _answer(route: Case, asked: Asked, number: int, addresses: Mapping[str, str]) -> bytes:
    if not _meets(asked, route.get("require", {})):
        return _lines(str(route["else_status"]), [], b"")
    headers = [f"{name}: {value}" for name, value in route.get("headers", [])]
    bare = {name.lower() for name, _ in route.get("headers", [])} | {
        name.lower() for name in route.get("no_default_headers", [])
    }
    if "content-type" not in bare:
        headers.append("Content-Type: text/plain; charset=utf-8")
    if where := route.get("redirect_to"):
        where = where.replace("{n+1}", str(number + 1)).replace("{n}", str(number))
        headers.append(f"Location: {_filled(where, addresses)}")
    return _lines(str(route["status"]), headers, _body(route))


def _filled(text: str, addresses: Mapping[str, str]) -> str:
    for name, address in addresses.items():
        text = text.replace(f"{{{name}}}", address)
    return text


def _meets(asked: Asked, required: Case) -> bool:
    """Whether the request is the one that the route wants."""
    headers = required.get("header", {}).items()
    counts = required.get("header_count", {}).items()
    return (
        required.get("method", asked.method) == asked.method
        and required.get("body", asked.body.decode()) == asked.body.decode()
        and asked.body.decode().startswith(required.get("body_prefix", ""))
        and all(asked.all(name) == [value] for name, value in headers)
        and all(len(asked.all(name)) == count for name, count in counts)
    )


def _body(route: Case) -> bytes:
    made = route.get("body_gen")
    if made is None:
        return str(route.get("body", "")).encode()
    plain: bytes = made["text"].encode() * made["times"]
    return _PACKED[made["encode"]](plain) if "encode" in made else plain


def _lines(status: str, headers: Sequence[str], body: bytes) -> bytes:
    """One answer; those that may not carry a body get none."""
    if status.startswith(("1", "204", "304")):
        return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
