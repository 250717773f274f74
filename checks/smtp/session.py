"""SMTP: one session with a server, from its greeting to the mail that it takes (RFC 5321, 3207, 4954)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping

from checks.base import ErrorKind
from checks.connection import Fault
from checks.line_server import Talk
from checks.smtp.replies import Reply, reply
from config.masks import remember

_READY, _GOES_ON, _LOGGED_IN = 220, 334, 235
_SEND_IT = 354


class Session:
    """Speaks SMTP on an open connection. Every method raises Fault."""

    def __init__(self, talk: Talk, helo: str | None) -> None:
        self._talk = talk
        self._dialogue = talk.dialogue
        self._helo = helo or _own_address(talk)
        self._can: Mapping[str, str] = {}

    async def begin(self) -> None:
        """Greeting, capabilities, TLS, login: all that the options ask for."""
        since = asyncio.get_running_loop().time()
        greeting = await reply(self._dialogue, "greeting")
        self._talk.heard(" ".join(greeting.lines), since)
        if greeting.code != _READY:
            raise self._dialogue.refused("service", str(greeting))
        await self._hello()
        if self._talk.spec.starttls:
            await self._starttls()
        await self._talk.logged_in(self._login)

    @property
    def max_size(self) -> int | None:
        """The largest mail that the server takes, in bytes; None when it does not say, or sets no limit."""
        size = self._can.get("SIZE", "").strip()
        return int(size) or None if size.isascii() and size.isdigit() and len(size) < 16 else None

    async def asked(self, command: str, awaited: str) -> Reply:
        """One command and its answer, whatever that is."""
        await self._dialogue.say(command)
        return await reply(self._dialogue, awaited)

    async def would_take(self, sender: str, recipient: str) -> int:
        """The code that the server gives to this recipient; no mail is sent."""
        taken = await self.asked(f"MAIL FROM:<{sender}>", "answer to MAIL FROM")
        if not taken.is_good:
            raise self._dialogue.refused(f"the sender {sender}", str(taken))
        return (await self.asked(f"RCPT TO:<{recipient}>", "answer to RCPT TO")).code

    async def offer(self, sender: str, recipient: str) -> None:
        """Ask the server for leave to send a mail."""
        steps = (
            (f"MAIL FROM:<{sender}>", f"the sender {sender}"),
            (f"RCPT TO:<{recipient}>", f"the recipient {recipient}"),
        )
        for command, what in steps:
            answer = await self.asked(command, f"answer to {command.partition(':')[0]}")
            if not answer.is_good:
                raise self.refused(what, answer)
        ready = await self.asked("DATA", "answer to DATA")
        if ready.code != _SEND_IT:
            raise self.refused("to take a mail", ready)

    async def hand_over(self, mail: bytes) -> Reply:
        """The server's word on the mail, whose lines end in CR LF and none of which is a dot alone.

        A Fault leaves open whether the server has taken it.
        """
        await self._dialogue.send(mail + b".\r\n")
        return await reply(self._dialogue, "answer to a mail")

    def refused(self, what: str, answer: Reply) -> Fault:
        return self._dialogue.refused(what, str(answer))

    async def _hello(self) -> None:
        """Who are you, and what can you do? Servers that know no EHLO can do nothing."""
        answer = await self.asked(f"EHLO {self._helo}", "answer to EHLO")
        if answer.code in (421, 554) or answer.is_temporary:
            raise self._dialogue.refused("EHLO", str(answer))
        offered = list(answer.lines[1:]) if answer.is_good else []
        if not answer.is_good:
            answer = await self.asked(f"HELO {self._helo}", "answer to HELO")
            if not answer.is_good:
                raise self._dialogue.refused("EHLO and HELO", str(answer))
        words = (line.replace("AUTH=", "AUTH ", 1).partition(" ") for line in offered)
        self._can = {word.upper(): rest for word, _, rest in reversed(list(words))}
        self._talk.capable(offered)

    async def _starttls(self) -> None:
        if "STARTTLS" not in self._can:
            raise self._talk.not_offered("STARTTLS", list(self._can))
        answer = await self.asked("STARTTLS", "answer to STARTTLS")
        if answer.code != _READY:
            raise self._dialogue.refused("STARTTLS", str(answer), ErrorKind.TLS)
        await self._talk.turn_to_tls()
        await self._hello()

    async def _login(self, user: str, password: str) -> None:
        ways = self._can.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            words = _hidden(f"\0{user}\0{password}")
            answer = await self._given(f"AUTH PLAIN {words}")
        elif "LOGIN" in ways:
            answer = await self._in_steps(user, password)
        else:
            offers = f"only {', '.join(ways)}" if ways else "no login at all here"
            text = f"{self._dialogue.where} offers {offers}, and not AUTH PLAIN or LOGIN"
            raise Fault(text, ErrorKind.AUTH)
        if answer.code != _LOGGED_IN:
            kind = ErrorKind.STATUS if answer.is_temporary else ErrorKind.AUTH
            raise self._dialogue.refused(f"the login of {user}", str(answer), kind)

    async def _in_steps(self, user: str, password: str) -> Reply:
        answer = await self._given("AUTH LOGIN")
        for word in (user, password):
            if answer.code != _GOES_ON:
                break
            answer = await self._given(_hidden(word))
        return answer

    async def _given(self, words: str) -> Reply:
        return await self.asked(words, "answer to the login")


def _hidden(text: str) -> str:
    """Base64, which is no disguise: it is masked like the secret in it."""
    coded = base64.b64encode(text.encode()).decode()
    remember(coded)
    return coded


def _own_address(talk: Talk) -> str:
    """How a client without a name says who it is (RFC 5321, 4.1.3)."""
    own = talk.dialogue.link.writer.get_extra_info("sockname")
    address = str(own[0]).partition("%")[0] if own else "127.0.0.1"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
