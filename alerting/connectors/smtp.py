"""SMTP as a client that submits mail: connect, TLS, login, hand over (RFC 5321, 3207, 4954, 8314)."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from alerting.connectors.base import Result
from config.masks import remember
from config.secrets import Secret, SecretError

TlsWay = Literal["starttls", "tls", "none"]
_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?\n")
_MOST_LINE, _MOST_LINES, _SHOWN = 2048, 100, 200
_GOODBYE = 1.0
_GOES_ON, _SEND_IT, _CLOSES = 334, 354, 421


@dataclass(frozen=True, slots=True)
class Place:
    """Where mail is submitted, and how we prove who we are. `patience`: seconds for each answer."""

    host: str
    port: int
    tls: TlsWay
    patience: float
    ca: str | None = None
    user: str | None = None
    password: Secret | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Stopped(Exception):
    """Nothing more can be said on this connection; the result is that of what was being done."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


@dataclass(frozen=True, slots=True)
class _Reply:
    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}"[:_SHOWN].rstrip()


class Session:
    """A connection that takes mail. After Stopped it takes none any more."""

    def __init__(self, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._place, self._reader, self._writer = place, reader, writer
        self._offers: dict[str, str] = {}

    async def hand_over(self, sender: str, to: str, mail: bytes) -> Result:
        """One mail for one recipient; `mail` has lines that end in CR LF. Raises Stopped."""
        steps = ((f"MAIL FROM:<{sender}>", f"the sender {sender}"), (f"RCPT TO:<{to}>", "the recipient"))
        for words, what in steps:
            answer = await self._asked(words)
            if answer.code >= 300:
                return await self._refused(what, answer)
        ready = await self._asked("DATA")
        if ready.code != _SEND_IT:
            return await self._refused("to take a mail", ready)
        return await self._sent(mail)

    async def begin(self, secure: ssl.SSLContext | None, login: tuple[str, str] | None) -> None:
        """All that comes before the first mail. Raises Stopped."""
        greeting = await self._reply()
        if greeting.code != 220:
            raise Stopped(Result.retry(f"{self._place} greets with {greeting}"))
        await self._hello()
        if secure is not None and self._place.tls == "starttls":
            await self._turn_to_tls(secure)
        if login is not None:
            await self._log_in(*login)

    async def end(self) -> None:
        """Part politely, within a second."""
        try:
            async with asyncio.timeout(_GOODBYE):
                self._writer.write(b"QUIT\r\n")
                await self._writer.drain()
                await self._reader.readline()
        except (OSError, ValueError, TimeoutError):
            pass

    async def _sent(self, mail: bytes) -> Result:
        """From the last dot on nobody knows whether it was taken, until the server says so."""
        stuffed = re.sub(rb"^\.", b"..", mail, flags=re.MULTILINE)
        try:
            await self._say(stuffed + b".\r\n")
            answer = await self._reply()
        except Stopped as stopped:
            raise Stopped(
                Result.in_doubt(f"{stopped.result.reason}, after the whole mail was sent")
            ) from None
        if answer.code < 300:
            return Result.ok()
        return await self._refused("the mail", answer, reset=False)

    async def _refused(self, what: str, answer: _Reply, *, reset: bool = True) -> Result:
        """What a refusal means: by its code for now or for good; the connection goes on where it can."""
        reason = f"{self._place} refuses {what}: {answer}"
        if answer.code == _CLOSES:
            raise Stopped(Result.retry(reason))
        if reset:
            await self._asked("RSET")
        if answer.code < 500:
            return Result.retry(reason)
        # Whoever may not send as this sender may not for any ticket.
        return Result.broken(reason) if what.startswith("the sender") else Result.permanent(reason)

    async def _hello(self) -> None:
        own = str((self._writer.get_extra_info("sockname") or ("127.0.0.1",))[0]).partition("%")[0]
        name = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
        answer = await self._asked(f"EHLO {name}")
        if answer.code >= 300:
            self._offers, answer = {}, await self._asked(f"HELO {name}")
            if answer.code >= 300:
                raise Stopped(Result.retry(f"{self._place} refuses to talk: {answer}"))
            return
        said = (line.upper().replace("AUTH=", "AUTH ").partition(" ") for line in answer.lines[1:])
        self._offers = {word: rest for word, _, rest in said}

    async def _turn_to_tls(self, secure: ssl.SSLContext) -> None:
        """Never on without it: who takes STARTTLS out of what is offered wants to read along."""
        if "STARTTLS" not in self._offers:
            text = f"{self._place} does not offer STARTTLS, or somebody on the way removes it"
            raise Stopped(Result.broken(text))
        answer = await self._asked("STARTTLS")
        if answer.code != 220:
            raise Stopped(Result.retry(f"{self._place} refuses STARTTLS: {answer}"))
        if _read_ahead(self._reader):
            # It would pass for the server's own protected words (CVE-2011-0411).
            raise Stopped(Result.broken(f"{self._place} sent more in plain text before TLS began"))
        try:
            async with asyncio.timeout(self._place.patience):
                await self._writer.start_tls(secure, server_hostname=self._place.host)
        except (OSError, TimeoutError) as error:
            raise _no_connection(self._place, error) from None
        await self._hello()

    async def _log_in(self, user: str, password: str) -> None:
        ways = self._offers.get("AUTH", "").split()
        if "PLAIN" in ways:
            answer = await self._asked(f"AUTH PLAIN {_coded(f'{chr(0)}{user}{chr(0)}{password}')}")
        elif "LOGIN" in ways:
            answer = await self._asked("AUTH LOGIN")
            for word in (user, password):
                if answer.code == _GOES_ON:
                    answer = await self._asked(_coded(word))
        else:
            raise Stopped(Result.broken(f"{self._place} offers no login by AUTH PLAIN or LOGIN"))
        if answer.code != 235:
            reason = f"{self._place} refuses the login of {user}: {answer}"
            raise Stopped(Result.retry(reason) if answer.code < 500 else Result.broken(reason))

    async def _asked(self, words: str) -> _Reply:
        await self._say(f"{words}\r\n".encode("ascii"))
        return await self._reply()

    async def _say(self, words: bytes) -> None:
        try:
            async with asyncio.timeout(self._place.patience):
                self._writer.write(words)
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise _no_connection(self._place, error) from None

    async def _reply(self) -> _Reply:
        """Raises Stopped when none comes, or one that is none."""
        lines: list[str] = []
        try:
            async with asyncio.timeout(self._place.patience):
                for _ in range(_MOST_LINES):
                    found = _REPLY.fullmatch(await self._reader.readline())
                    if found is None:
                        break
                    lines.append((found[3] or b"").decode("utf-8", "replace"))
                    if found[2] != b"-":
                        return _Reply(int(found[1]), tuple(lines))
        except (OSError, TimeoutError) as error:
            raise _no_connection(self._place, error) from None
        except ValueError:
            raise Stopped(Result.retry(f"{self._place} says a line too long for SMTP")) from None
        ended = self._reader.at_eof()
        raise Stopped(
            Result.retry(f"{self._place} {'closed the connection' if ended else 'does not speak SMTP'}")
        )


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Session]:
    """A session that is ready to take mail. Raises Stopped."""
    try:
        # Certificates and secrets are files: they are read aside.
        secure, login = await asyncio.to_thread(lambda: (_context(place), _login(place)))
    except (OSError, SecretError) as error:
        raise Stopped(Result.broken(f"{place}: {error}")) from None
    try:
        async with asyncio.timeout(place.patience):
            at_once = secure if place.tls == "tls" else None
            reader, writer = await asyncio.open_connection(
                place.host, place.port, limit=_MOST_LINE, ssl=at_once
            )
    except UnicodeError:  # such as two dots in a row
        raise Stopped(Result.broken(f"{place}: this is no name of a host; mend server:")) from None
    except (OSError, TimeoutError) as error:
        raise _no_connection(place, error) from None
    session = Session(place, reader, writer)
    try:
        await session.begin(secure, login)
        yield session
        await session.end()
    finally:
        writer.transport.abort()  # closing politely would wait for the other side


def _context(place: Place) -> ssl.SSLContext | None:
    return None if place.tls == "none" else ssl.create_default_context(cafile=place.ca)


def _login(place: Place) -> tuple[str, str] | None:
    if place.user is None or place.password is None:
        return None
    return place.user, place.password.reveal()


def _coded(text: str) -> str:
    """Base64, which is no disguise: it is masked like the secret in it."""
    coded = base64.b64encode(text.encode()).decode()
    remember(coded)
    return coded


def _read_ahead(reader: asyncio.StreamReader) -> bytes:
    """What has come and was not asked for."""
    waiting = reader.read(1)
    try:
        waiting.send(None)
    except StopIteration as found:
        return bytes(found.value)
    waiting.close()
    return b""


def _no_connection(place: Place, error: Exception) -> Stopped:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return Stopped(Result.broken(f"the certificate of {place} is not accepted: {why}"))
    if isinstance(error, ssl.SSLError):
        return Stopped(Result.broken(f"TLS with {place} failed: {error.reason or error}"))
    if isinstance(error, TimeoutError):
        return Stopped(Result.retry(f"no answer from {place} within {place.patience:g}s"))
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Stopped(Result.retry(f"no connection to {place}: {why}"))
