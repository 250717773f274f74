"""DNS: one question over HTTPS (RFC 8484), under all the rules of the kind `http`."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from checks.base import Context, ErrorKind, Observation
from checks.connection import Deadline, Fault
from checks.dns.exchange import Heard
from checks.dns.question import Question, Stray
from checks.dns.servers import Server
from checks.dns.spec import DnsSpec
from checks.text import visible

_TYPE = "application/dns-message"
_LARGEST = 0xFFFF


async def over_https(
    spec: DnsSpec, question: Question, server: Server, context: Context, deadline: Deadline
) -> Heard:
    """The answer of a web address. Raises Fault."""
    from checks.http.fetch import fetch

    separator = "&" if "?" in server.url else "?"
    url = f"{server.url}{separator}dns={urlsafe_b64encode(question.wire).decode().rstrip('=')}"
    within = replace(context, timeout=deadline.left)
    try:
        seen = await fetch(url, within, _LARGEST, _options(spec))
    except ValidationError as error:
        why = "; ".join(each["msg"] for each in error.errors())
        raise Fault(visible(why), ErrorKind.LOCAL) from None
    wire = _message_in(seen, server)
    try:
        async with asyncio.timeout(deadline.left):
            reply = await question.read(wire, str(server))
    except TimeoutError:
        raise Fault(f"the answer of {server} was not read within {deadline}", ErrorKind.TIMEOUT) from None
    except Stray as stray:
        raise Fault(f"{server} sent an answer {stray}", ErrorKind.PROTOCOL) from None
    days, address = seen.values.get("cert_days"), seen.values.get("ip")
    return Heard(
        reply,
        str(server),
        "doh",
        _phases(seen),
        address if isinstance(address, str) else "",
        cert_days=float(days) if isinstance(days, (int, float)) else None,
        chain=seen.traces.chain if seen.traces else (),
    )


def _options(spec: DnsSpec) -> Mapping[str, Any]:
    tls = {name: value for name in ("ca", "server_name") if (value := getattr(spec, name)) is not None}
    return {"headers": {"Accept": _TYPE}, "ip": spec.ip, "tls": tls}


def _message_in(seen: Observation, server: Server) -> bytes:
    """The body, if it is a DNS message at all. Raises Fault."""
    if seen.failure or seen.blind:
        raise Fault(seen.failure or seen.blind or "", seen.error_kind or ErrorKind.PROTOCOL)
    status = seen.values.get("status")
    if status != 200:
        raise Fault(f"{server} answered with HTTP status {status}, not 200", ErrorKind.STATUS)
    kind = next((text for name, text in seen.headers or () if name.lower() == "content-type"), "nothing")
    if not kind.lower().startswith(_TYPE):
        raise Fault(f"{server} answered with {visible(kind, 60)}, not {_TYPE}", ErrorKind.PROTOCOL)
    return (seen.body or "").encode("latin-1", "replace")


def _phases(seen: Observation) -> Mapping[str, float]:
    found = {name: seen.phases[name] for name in ("resolve", "connect", "tls") if name in seen.phases}
    return {**found, "request": seen.phases.get("first_byte", 0.0) + seen.phases.get("transfer", 0.0)}
