"""TCP: one thing sent, one answer waited for; and what streams raise, turned into reasons."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, Link, reason, tls_reason
from checks.spoken_text import encoded, excerpt, heard_in
from checks.tcp_dialog import BETWEEN_SEARCHES, MOST_READ
from checks.tcp_spec import TcpSpec
from checks.text import visible
from config.secrets import SecretError


async def ask_once(link: Link, spec: TcpSpec, deadline: Deadline, heard: bytearray) -> None:
    """Send what is to be sent, and read into `heard` until the answer is there. Raises Fault."""
    try:
        async with asyncio.timeout(deadline.left):
            with stream_faults(link):
                await _converse(link, words_of(spec), spec.expect, heard)
    except TimeoutError:
        raise _too_late(spec, deadline, heard) from None


def words_of(spec: TcpSpec) -> bytes:
    """What is to be sent. Raises Fault for a secret that is not there."""
    try:
        return encoded(spec.send.words()) if spec.send is not None else b""
    except SecretError as error:
        raise Fault(str(error), ErrorKind.LOCAL) from None


def shown(heard: bytearray) -> str | None:
    """All that was heard, in one line; None for nothing."""
    return visible(heard.decode("utf-8", "replace").strip()) if heard else None


@contextmanager
def stream_faults(link: Link) -> Iterator[None]:
    """Turns what streams raise into Faults; but for the TimeoutError of a deadline."""
    try:
        yield
    except ssl.SSLError as error:
        raise tls_reason(error, link.where) from None
    except TimeoutError:
        raise  # an OSError too, but the deadline's
    except OSError as error:
        raise reason(error, link.where) from None


async def _converse(link: Link, words: bytes, expect: str | None, heard: bytearray) -> None:
    link.writer.write(words)
    await link.writer.drain()
    if expect is not None:
        await _hear(expect, link, heard)


async def _hear(expect: str, link: Link, heard: bytearray) -> None:
    """Reads into `heard` until the pattern is found. Raises Fault when it cannot be any more."""
    while len(heard) < MOST_READ:
        chunk = await link.reader.read(MOST_READ - len(heard))
        heard += chunk
        if chunk and heard_in(heard, expect):
            return
        if not chunk:
            raise _ended(link.where, heard)
        await asyncio.sleep(BETWEEN_SEARCHES)
    read = f"{MOST_READ // 1024}KiB"
    raise Fault(f"`expect` not found in the first {read} from {link.where}", ErrorKind.CONTENT)


def _ended(where: str, heard: bytearray) -> Fault:
    if not heard:
        return Fault(f"{where} closed the connection without a word", ErrorKind.PROTOCOL)
    return Fault(f"`expect` not found, {where} closed after: {excerpt(heard)}", ErrorKind.CONTENT)


def _too_late(spec: TcpSpec, deadline: Deadline, heard: bytearray) -> Fault:
    if heard:
        return Fault(f"`expect` not found within {deadline}, got: {excerpt(heard)}", ErrorKind.CONTENT)
    if spec.expect is None:
        return Fault(f"could not send all of `send` within {deadline}", ErrorKind.TIMEOUT)
    return Fault(f"no {'banner' if spec.send is None else 'answer'} within {deadline}", ErrorKind.TIMEOUT)
