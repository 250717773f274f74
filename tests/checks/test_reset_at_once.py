"""A peer that accepts and resets before we come to look at the connection: no look at it fails in itself."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from typing import Any

import pytest

from checks.base import ErrorKind
from tests.checks.looks import look_at

RESET = struct.pack("ii", 1, 0)


class Late(asyncio.SelectorEventLoop):
    """A loop that comes back to a new connection only when its peer has reset it."""

    listener: socket.socket

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await super().sock_connect(sock, address)
        accepted, _ = self.listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        accepted.close()
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        assert poll.poll(5000)
        with pytest.raises(OSError, match="not connected"):
            sock.getpeername()


@pytest.mark.parametrize("kind", ["tcp", "tls", "smtp", "imap", "pop3", "ftp", "ssh"])
def test_connection_that_is_gone_at_once_has_a_reason_and_the_address_that_answered(kind: str) -> None:
    options = {"expect": "x"} if kind == "tcp" else {}
    with socket.create_server(("127.0.0.1", 0)) as listener, asyncio.Runner(loop_factory=Late) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Late)
        loop.listener = listener
        port = listener.getsockname()[1]
        seen = runner.run(look_at(kind, {"port": port, **options}, timeout=5, closely=True))
    assert (seen.blind, seen.error_kind) in ((None, ErrorKind.RESET), (None, ErrorKind.TLS)), seen
    assert "reset" in (seen.failure or "")
    assert seen.traces is not None
    assert "127.0.0.1" in (seen.traces.answered, seen.values.get("ip"))
