"""One look of any kind at a server on loopback, and servers that speak line by line as a script says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import trustme

from checks.base import Context, Observation
from checks.network import Network
from checks.registry import KINDS
from tests.checks.listeners import NOW, Serve, listening

AUTHORITY = trustme.CA()
AUTH = {"user": "joe", "password": "open sesame"}


async def look_at(
    kind: str,
    options: Mapping[str, Any],
    *,
    timeout: float = 10,
    now: float = NOW,
    memo: Any = None,
    asked: Sequence[str] = (),
    closely: bool = False,
) -> Observation:
    """What one look sees; its memo has been through JSON, as it would be in the store."""
    network, found = Network(), KINDS[kind]
    spec = found.spec.model_validate({"host": "127.0.0.1", **options})
    context = Context(
        timeout=timeout, network=network, now=now, memo=memo, asked=frozenset(asked), closely=closely
    )
    try:
        probe: Callable[..., Coroutine[Any, Any, Observation]] = found.probe  # type: ignore[assignment]
        seen = await probe(spec, context)
    finally:
        await network.aclose()
    assert json.loads(json.dumps(seen.memo)) == seen.memo
    return seen


def seen_at(kind: str, port: int, **options: Any) -> Observation:
    """One look at a port of loopback."""
    return asyncio.run(look_at(kind, {"port": port, **options}))


def against(kind: str, serve: Serve, *, proof: SSLContext | None = None, **options: Any) -> Observation:
    """One look at a listener that serves so."""

    async def run() -> Observation:
        timeout = options.pop("timeout", 5)
        async with listening(serve, proof) as port:
            return await look_at(kind, {"port": port, **options}, timeout=timeout)

    return asyncio.run(run())


def certificate(*names: str) -> SSLContext:
    """What a server shows: a certificate of the test's own authority."""
    context = SSLContext(PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    return context


def ca_file(directory: Path) -> str:
    """The file of the authority that vouches for the servers here."""
    AUTHORITY.cert_pem.write_to_path(str(directory / "ca.pem"))
    return str(directory / "ca.pem")


TLS = object()


def script(greeting: bytes, *answers: tuple[bytes, Any], heard: list[bytes] | None = None) -> Serve:
    """A server that greets and then answers the line that begins so, each as often as it comes.

    An answer is bytes, or TLS: bytes first, then the handshake, as `(b"OK\\r\\n", TLS)`. A line that is not
    in the script ends the conversation. `heard` collects the lines.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            if heard is not None:
                heard.append(line.strip())
            answer = next((words for start, words in answers if line.startswith(start)), None)
            if answer is None:
                return
            words, *then = answer if isinstance(answer, tuple) else (answer,)
            writer.write(words)
            await writer.drain()
            if then:
                await writer.start_tls(certificate())

    return serve
