"""TCP: can a connection be opened in time, and does the right thing answer?

The addresses of the host are tried in turn within the check's `timeout`. With neither `send` nor `expect`
the check only connects. `send` is sent as soon as the connection (and TLS) stands; then the answer is read
until `expect` is found in it, at most 64 KiB.

`expect` is an RE2 pattern searched anywhere in the answer; `^` and `$` match at each line, and a line may
end with CR LF or LF.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Value
from checks.connection import Deadline, Fault, Link, connected, reason, tls_reason
from checks.hosts import Host, addresses_of
from checks.text import visible
from checks.trust import days_left, securely
from config.conditions.patterns import Pattern, regex
from config.secrets import Secret, SecretError

MOST_READ = 64 * 1024
# A peer that sends single bytes must not make us search as often.
_BETWEEN_SEARCHES = 0.01
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


def _unescaped(value: object) -> object:
    return unescape(value) if isinstance(value, str) else value


def _searchable(text: str) -> str:
    _pattern(text)
    return text


def unescape(text: str) -> str:
    """The text with `\\r \\n \\t \\\\` read as what they stand for; ValueError on any other escape."""

    def mark(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise ValueError(
                f'unknown escape "{visible(found[0])}": use \\r, \\n, \\t or, for a backslash, \\\\'
            )
        return _ESCAPES[found[1]]

    return _ESCAPE.sub(mark, text)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Pattern:
    regex(text)  # for a mistake, with the reason about the text as it was written
    return regex(f"(?m){text}")


class TcpSpec(Spec):
    """What to connect to, what to say and what to hear."""

    host: Host = Field(description="name or address to connect to", examples=["db.example.org"])
    port: int = Field(ge=1, le=65535, description="port to connect to", examples=[5432])
    tls: bool = Field(False, description="speak TLS, with a certificate that is valid for `host`")
    ca: str | None = Field(
        None,
        description="file of the CAs to trust (PEM); default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
    send: Annotated[Secret, BeforeValidator(_unescaped)] | None = Field(
        None,
        description="text to send once connected, with `\\r`, `\\n`, `\\t`, `\\\\`; it may refer to secrets",
        examples=["PING\\r\\n"],
    )
    expect: Annotated[str, AfterValidator(_searchable)] | None = Field(
        None, description="RE2 pattern that must be found in the answer", examples=["^220 "]
    )


async def probe(spec: TcpSpec, context: Context) -> Observation:
    """Connect, speak if asked to, close."""
    values: dict[str, Scalar] = {"latency": None, "banner": None, "cert_days": None}
    phases: dict[str, float] = {}
    try:
        await _look(spec, context, values, phases)
    except Fault as fault:
        return Observation(
            values=values,
            failure=None if fault.blind else fault.message,
            blind=fault.message if fault.blind else None,
            error_kind=fault.kind,
            phases=phases,
        )
    return Observation(values=values, phases=phases)


async def _look(spec: TcpSpec, context: Context, values: dict[str, Scalar], phases: dict[str, float]) -> None:
    """Fills in what is seen as it is seen, so that a failure keeps what came before it."""
    deadline = Deadline.after(context.timeout)
    words = _words(spec)
    secure = securely(spec.host, spec.ca) if spec.tls else None
    addresses = await addresses_of(spec.host, context, deadline)
    phases["resolve"] = round(context.timeout - deadline.left, 6)
    async with connected(addresses, spec.port, deadline, secure) as link:
        phases.update(link.phases)
        values["latency"] = round(sum(link.phases.values()), 6)
        values["cert_days"] = days_left(link.ssl_object, context.now)
        heard = bytearray()
        try:
            async with asyncio.timeout(deadline.left):
                await _converse(link, words, spec.expect, heard)
        except TimeoutError:
            raise _too_late(spec, deadline, heard) from None
        finally:
            values["banner"] = visible(_text(heard).strip()) if heard else None


def _words(spec: TcpSpec) -> bytes:
    try:
        return spec.send.reveal().encode() if spec.send is not None else b""
    except SecretError as error:
        raise Fault(str(error), ErrorKind.LOCAL) from None


async def _converse(link: Link, words: bytes, expect: str | None, heard: bytearray) -> None:
    try:
        link.writer.write(words)
        await link.writer.drain()
        if expect is not None:
            await _hear(_pattern(expect), link, heard)
    except ssl.SSLError as error:
        raise tls_reason(error, link.where) from None
    except TimeoutError:
        raise  # an OSError too, but the deadline's
    except OSError as error:
        raise reason(error, link.where) from None


async def _hear(pattern: Pattern, link: Link, heard: bytearray) -> None:
    """Reads into `heard` until the pattern is found. Raises Fault when it cannot be any more."""
    while len(heard) < MOST_READ:
        chunk = await link.reader.read(MOST_READ - len(heard))
        heard += chunk
        if chunk and _found(pattern, heard):
            return
        if not chunk:
            raise _ended(link.where, heard)
        await asyncio.sleep(_BETWEEN_SEARCHES)
    read = f"{MOST_READ // 1024}KiB"
    raise Fault(f"`expect` not found in the first {read} from {link.where}", ErrorKind.CONTENT)


def _found(pattern: Pattern, heard: bytearray) -> bool:
    text = _text(heard)
    return pattern.found_in(text.encode()) or pattern.found_in(text.replace("\r\n", "\n").encode())


def _text(heard: bytearray) -> str:
    return heard.decode("utf-8", "replace")


def _ended(where: str, heard: bytearray) -> Fault:
    if not heard:
        return Fault(f"{where} closed the connection without a word", ErrorKind.PROTOCOL)
    return Fault(f"`expect` not found, {where} closed after: {_excerpt(heard)}", ErrorKind.CONTENT)


def _too_late(spec: TcpSpec, deadline: Deadline, heard: bytearray) -> Fault:
    if heard:
        return Fault(f"`expect` not found within {deadline}, got: {_excerpt(heard)}", ErrorKind.CONTENT)
    if spec.expect is None:
        return Fault(f"could not send all of `send` within {deadline}", ErrorKind.TIMEOUT)
    return Fault(f"no {'banner' if spec.send is None else 'answer'} within {deadline}", ErrorKind.TIMEOUT)


def _excerpt(heard: bytearray) -> str:
    return visible(_text(heard).strip(), 100)


KIND = Kind(
    name="tcp",
    summary="opens a TCP connection and judges its speed, the answer and the certificate",
    spec=TcpSpec,
    probe=probe,
    values=(
        Value("latency", "seconds", "time to open the connection, TLS included, name lookup not"),
        Value(
            "banner",
            "",
            "what the target sent, as one line of at most 200 characters; with `expect`",
            text=True,
        ),
        Value("cert_days", "days", "days until the target's certificate ends; only with `tls`"),
    ),
    counts_for_uptime=True,
    degraded="cert_days < 14",
    example="type: tcp\nhost: mail.example.org\nport: 25\nexpect: ^220 .*ESMTP\ndegraded: latency > 500ms\n",
)
