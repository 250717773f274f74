"""A conversation in lines with a server: each answer bounded in length, number and time, each failure one line."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, Link, Secure, read_ahead, reason, secured, tls_reason
from checks.text import visible
from config.secrets import mask

MOST_LINE = 8 * 1024
MOST_LINES = 2000
MOST_READ = 1024 * 1024
_EXCERPT = 120
_GOODBYE = 0.5  # seconds
_AT_A_STRETCH = 20  # lines that may have come at once, before others have their turn


class Dialogue:
    """Lines to and from one server. Every method raises Fault, and nothing else, for what the world does."""

    def __init__(self, link: Link, deadline: Deadline) -> None:
        self.link = link
        self.deadline = deadline
        self._read = self._lines = 0

    @property
    def where(self) -> str:
        return self.link.where

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.link.ssl_object is not None

    async def line(self, awaited: str) -> str:
        """The next line without its end; bytes that are not UTF-8 come as `\\ufffd`. `awaited` names it."""
        return (await self.raw_line(awaited)).decode("utf-8", "replace")

    async def raw_line(self, awaited: str) -> bytes:
        """The next line without its end, LF or CR LF."""
        line = await self.until(b"\n", awaited)
        self._lines += 1
        if self._lines > MOST_LINES:
            raise self.too_much(f"more than {MOST_LINES:,} lines")
        if self._lines % _AT_A_STRETCH == 0:
            await asyncio.sleep(0)
        return line.removesuffix(b"\n").removesuffix(b"\r")

    async def until(self, end: bytes, awaited: str) -> bytes:
        """What comes up to `end`, and that; at most as much as a line may hold."""
        with self._faults():
            try:
                async with asyncio.timeout(self.deadline.left):
                    piece = await self.link.reader.readuntil(end)
            except TimeoutError:
                raise self._silent(awaited) from None
            except asyncio.LimitOverrunError:
                raise self.too_much(f"a line of more than {MOST_LINE // 1024}KiB") from None
            except asyncio.IncompleteReadError as cut:
                raise self._ended(awaited, cut.partial) from None
        if len(piece) > MOST_LINE:
            raise self.too_much(f"a line of more than {MOST_LINE // 1024}KiB")
        self._count(len(piece))
        return piece

    async def exactly(self, size: int, awaited: str) -> bytes:
        """As many bytes as were announced."""
        self._count(size)
        with self._faults():
            try:
                async with asyncio.timeout(self.deadline.left):
                    return await self.link.reader.readexactly(size)
            except TimeoutError:
                raise self._silent(awaited) from None
            except asyncio.IncompleteReadError as cut:
                raise self._ended(awaited, cut.partial) from None

    async def say(self, words: bytes | str) -> None:
        """One line to the server; its end is put to it."""
        await self.send((words.encode() if isinstance(words, str) else words) + b"\r\n")

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        with self._faults():
            try:
                async with asyncio.timeout(self.deadline.left):
                    self.link.writer.write(data)
                    await self.link.writer.drain()
            except TimeoutError:
                text = f"{self.where} took nothing more that was sent, within {self.deadline}"
                raise Fault(text, ErrorKind.TIMEOUT) from None

    async def upgrade(self, secure: Secure) -> None:
        """TLS from here on. What the server had sent before it is refused: it may be another's words."""
        self.link = await secured(self.link, secure, self.deadline)

    async def farewell(self, words: str) -> None:
        """The last line, as good manners have it. What comes of it matters to nobody, and is waited for shortly."""
        with suppress(Fault, TimeoutError, OSError):
            await self.say(words)
            async with asyncio.timeout(min(_GOODBYE, self.deadline.left)):
                await self.link.reader.read(MOST_LINE)

    def too_much(self, what: str) -> Fault:
        return Fault(f"{self.where} sent {what}", ErrorKind.PROTOCOL)

    def garbage(self, awaited: str, got: str) -> Fault:
        """The server says what does not belong here."""
        shown = f"got: {_shown(got)}" if got.strip() else "got an empty line"
        return Fault(f"no {awaited} from {self.where}, {shown}", ErrorKind.PROTOCOL)

    def refused(self, what: str, answer: str, kind: ErrorKind = ErrorKind.STATUS) -> Fault:
        """The server says no, in its own words."""
        return Fault(f"{self.where} refused {what}: {_shown(answer)}", kind)

    def _silent(self, awaited: str) -> Fault:
        begun = read_ahead(self.link).decode("utf-8", "replace").strip()
        only = f", only: {_shown(begun)}" if begun else ""
        return Fault(f"no {awaited} from {self.where} within {self.deadline}{only}", ErrorKind.TIMEOUT)

    def _ended(self, awaited: str, partial: bytes) -> Fault:
        said = partial.decode("utf-8", "replace").strip()
        after = f", after: {_shown(said)}" if said else ""
        text = f"{self.where} closed the connection instead of giving the {awaited}{after}"
        return Fault(text, ErrorKind.PROTOCOL)

    def _count(self, size: int) -> None:
        self._read += size
        if self._read > MOST_READ:
            raise self.too_much(f"more than {MOST_READ // 1024**2}MiB")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLError as error:
            raise tls_reason(error, self.where) from None
        except OSError as error:
            raise reason(error, self.where) from None


def _shown(said: str) -> str:
    """Words of the server; one that repeats a secret does so in vain, even where they are cut."""
    return visible(mask(said).strip(), _EXCERPT)
