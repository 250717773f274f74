"""A web server that speaks HTTP/3 and nothing else, on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trustme
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

Headers = Mapping[str, str]


class _Web(QuicConnectionProtocol):
    """One connection: every request is answered with 200 and its own path."""

    _http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        if self._http is not None:
            for each in self._http.handle_event(event):
                self._take(each)

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            self._path = dict(event.headers)[b":path"]
        if isinstance(event, (HeadersReceived, DataReceived)) and event.stream_ended:
            assert self._http is not None
            headers = [(b":status", b"200"), (b"content-type", b"text/plain")]
            self._http.send_headers(event.stream_id, headers)
            self._http.send_data(event.stream_id, b"h3 " + self._path, end_stream=True)
            self.transmit()


@asynccontextmanager
async def quic_serving(issued: trustme.LeafCert, directory: Path) -> AsyncIterator[int]:
    """The server's port, for as long as the block lasts."""
    chain, key = directory / "quic.pem", directory / "quic.key"
    chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain(chain, key)
    server: Any = await serve("127.0.0.1", 0, configuration=configuration, create_protocol=_Web)
    try:
        yield server._transport.get_extra_info("sockname")[1]
    finally:
        server.close()
