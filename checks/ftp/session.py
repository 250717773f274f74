"""FTP: one session with a server, from its greeting to a listing (RFC 959, 2228, 2389, 4217)."""

from __future__ import annotations

import asyncio
import ssl

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, Link, connected, reason, secured, tls_reason
from checks.ftp.replies import Reply, extended_port, passive_port, reply
from checks.line_server import Talk

MOST_LISTED = 1024 * 1024
_READY, _WANTS_PASSWORD, _FEATURES = 220, 331, 211
_LOGGED_IN = frozenset({230, 232})  # the latter by the client certificate
_TLS_AGREED = 234
_BEGINS = frozenset({125, 150})
# What some say of a directory that is empty.
_NO_ENTRY, _NO_FILES = frozenset({450, 550}), "no files found"
_NO_SERVICE = 421


class Session:
    """Speaks FTP on an open connection. Every method raises Fault."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._dialogue = talk.dialogue

    async def begin(self) -> None:
        """Greeting, features, TLS, login: all that the options ask for."""
        since = asyncio.get_running_loop().time()
        greeting = await reply(self._dialogue, "greeting")
        self._talk.heard(" ".join(greeting.lines), since)
        if greeting.code != _READY:
            raise self._dialogue.refused("service", str(greeting))
        if self._talk.spec.starttls:
            await self._auth_tls()
        told = await self._features()
        await self._talk.logged_in(self._login)
        if not told and self._talk.spec.auth is not None:
            await self._features()  # some tell them only to those they know

    async def listed(self, directory: str) -> int:
        """How many entries the directory has, read over a passive connection."""
        if self._dialogue.is_private:
            await self._done("PBSZ 0", "PBSZ")
            await self._done("PROT P", "to encrypt listings")
        await self._done("TYPE A", "TYPE A")
        port = await self._passive()
        async with connected((self._dialogue.link.address,), port, self._dialogue.deadline) as link:
            begun = await self._asked(f"NLST {directory}", "answer to NLST")
            if begun.code in _NO_ENTRY and _NO_FILES in str(begun).lower():
                return 0
            if begun.code not in _BEGINS:
                raise self._dialogue.refused(f"to list {directory}", str(begun))
            entries = await self._entries(link)
        ended = await reply(self._dialogue, "end of the listing")
        if not ended.is_good:
            raise self._dialogue.refused(f"to list {directory}", str(ended))
        return entries

    async def _entries(self, link: Link) -> int:
        if self._dialogue.is_private:
            link = await secured(link, self._talk.spec.secure, self._dialogue.deadline)
        listing = await _read(link, self._dialogue.deadline)
        return sum(bool(line.strip()) for line in listing.splitlines())

    async def _passive(self) -> int:
        """Where to fetch: the extended answer, or for old servers the other."""
        answer = await self._asked("EPSV", "answer to EPSV")
        if answer.is_good:
            port = extended_port(str(answer))
        else:
            if answer.code != _NO_SERVICE:
                answer = await self._asked("PASV", "answer to PASV")
            if not answer.is_good:
                raise self._dialogue.refused("passive mode", str(answer))
            port = passive_port(str(answer))
        if port is None:
            raise self._dialogue.garbage("port for the listing", str(answer))
        return port

    async def _features(self) -> bool:
        answer = await self._asked("FEAT", "answer to FEAT")
        if answer.code == _FEATURES:
            self._talk.capable([line.strip() for line in answer.lines[1:-1]])
        return answer.code == _FEATURES

    async def _auth_tls(self) -> None:
        answer = await self._asked("AUTH TLS", "answer to AUTH TLS")
        if answer.is_temporary:
            raise self._dialogue.refused("AUTH TLS", str(answer), ErrorKind.TLS)
        if answer.code != _TLS_AGREED:
            raise self._talk.not_offered("AUTH TLS", [str(answer)])
        await self._talk.turn_to_tls()

    async def _login(self, user: str, password: str) -> None:
        answer = await self._asked(f"USER {user}", "answer to USER")
        if answer.code == _WANTS_PASSWORD:
            answer = await self._asked(f"PASS {password}", "answer to the login")
        if answer.code not in _LOGGED_IN:
            kind = ErrorKind.STATUS if answer.is_temporary else ErrorKind.AUTH
            raise self._dialogue.refused(f"the login of {user}", str(answer), kind)

    async def _asked(self, command: str, awaited: str) -> Reply:
        await self._dialogue.say(command)
        return await reply(self._dialogue, awaited)

    async def _done(self, command: str, what: str) -> None:
        answer = await self._asked(command, f"answer to {command}")
        if not answer.is_good:
            raise self._dialogue.refused(what, str(answer))


async def _read(link: Link, deadline: Deadline) -> bytes:
    """All that the connection brings, up to a limit. Raises Fault."""
    heard = bytearray()
    try:
        async with asyncio.timeout(deadline.left):
            while chunk := await link.reader.read(MOST_LISTED):
                heard += chunk
                if len(heard) > MOST_LISTED:
                    text = f"{link.where} sent a listing of more than {MOST_LISTED // 1024**2}MiB"
                    raise Fault(text, ErrorKind.PROTOCOL)
    except TimeoutError:
        text = f"the listing from {link.where} did not end within {deadline}"
        raise Fault(text, ErrorKind.TIMEOUT) from None
    except ssl.SSLError as error:
        raise tls_reason(error, link.where) from None
    except OSError as error:
        raise reason(error, link.where) from None
    return bytes(heard)
