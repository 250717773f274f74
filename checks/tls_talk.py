"""The bytes of one TLS handshake, between a link and OpenSSL's memory; and what breaks it off, in words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, Link
from checks.text import visible
from checks.tls_alerts import alert_words, plain_words
from checks.tls_witness import Noted

if TYPE_CHECKING:
    from OpenSSL import SSL

_CHUNK = 16 * 1024
_MOST_READ = 1024 * 1024
# A peer that wants a client certificate says so only after the handshake of TLS 1.3, and at once.
_AFTERTHOUGHT = 2.0
_EXCERPT = 60
_TLS_RECORDS = frozenset({20, 21, 22, 23})


class Talk:
    """One handshake, from the first byte to the last."""

    def __init__(self, link: Link, connection: SSL.Connection, noted: Noted) -> None:
        self._link = link
        self._connection = connection
        self._noted = noted
        self._first = b""
        self._heard = 0

    async def to_the_end(self, deadline: Deadline) -> Fault | None:
        """Why the handshake did not end well; None when it did."""
        try:
            async with asyncio.timeout(deadline.left):
                return await self._shake()
        except TimeoutError:
            where = self._link.where
            return Fault(f"TLS handshake with {where} not finished within {deadline}", ErrorKind.TIMEOUT)
        except OSError as error:
            return self._hung_up(error)

    async def afterthought(self, deadline: Deadline) -> Fault | None:
        """What the peer says of the client certificate that it asked for; silence is consent."""
        from OpenSSL import SSL

        try:
            async with asyncio.timeout(min(_AFTERTHOUGHT, deadline.left / 2)):
                if not await self._hear():
                    return self._hung_up()
            self._connection.recv(1)
        except (TimeoutError, SSL.WantReadError, SSL.ZeroReturnError):
            return None
        except SSL.Error as error:
            return self._failed(error)
        except OSError as error:
            return self._hung_up(error)
        return None

    async def _shake(self) -> Fault | None:
        from OpenSSL import SSL

        while True:
            try:
                await self._step()
                await self._send()
                return None
            except SSL.WantReadError:
                await self._send()
            except SSL.Error as error:
                return self._failed(error)
            if not await self._hear():
                return self._hung_up()

    async def _step(self) -> None:
        """As far as what came allows, beside the loop: large keys take their while to compute with.

        It is waited for even when the time is over, for OpenSSL's state must not be touched by two.
        """
        work = asyncio.ensure_future(asyncio.to_thread(self._connection.do_handshake))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})
            work.exception()  # heard, or it would be complained of
            raise

    async def _send(self) -> None:
        from OpenSSL import SSL

        try:
            while True:
                self._link.writer.write(self._connection.bio_read(_CHUNK))
        except SSL.WantReadError:
            await self._link.writer.drain()

    async def _hear(self) -> bool:
        """Whether the peer sent something more."""
        chunk = await self._link.reader.read(_CHUNK)
        self._heard += len(chunk)
        self._first = self._first or chunk[:_EXCERPT]
        if not chunk or self._heard > _MOST_READ:
            return False
        self._connection.bio_write(chunk)
        return True

    def _hung_up(self, error: OSError | None = None) -> Fault:
        where = self._link.where
        if self._heard > _MOST_READ:
            return Fault(f"TLS with {where} failed: the handshake is endless", ErrorKind.TLS)
        after = " after our client certificate" if self._noted.asked_for_proof else ""
        did = "reset" if isinstance(error, ConnectionResetError) else "closed"
        return Fault(f"{where} {did} the connection during the TLS handshake{after}", ErrorKind.TLS)

    def _failed(self, error: Exception) -> Fault:
        return Fault(f"TLS with {self._link.where} failed: {self._words(error)}", ErrorKind.TLS)

    def _words(self, error: Exception) -> str:
        if self._noted.alert is not None:
            return alert_words(self._noted.alert)
        if self._first and self._first[0] not in _TLS_RECORDS:
            return not_tls(self._first)
        queue = error.args[0] if error.args else None
        said = queue[-1][-1] if isinstance(queue, list) and queue else "OpenSSL gives no reason"
        return plain_words(str(said))


def not_tls(said: bytes) -> str:
    """`the answer is not TLS but "220 mail ESMTP"`."""
    shown = visible(said.decode("utf-8", "replace").strip(), _EXCERPT)
    return f'the answer is not TLS but "{shown}"'
