"""IMAP: one session with a server, from its greeting to the mails of a mailbox (RFC 9051, 3501)."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Sequence
from itertools import count

from checks.base import ErrorKind
from checks.connection import Fault
from checks.imap.responses import Response, response
from checks.imap.words import mailbox_name, quoted
from checks.line_server import Talk
from config.masks import remember

_NUMBER = re.compile(r"[0-9]{1,10}")  # they have 32 bits
_OUR_FAULT = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"})


class Session:
    """Speaks IMAP on an open connection. Every method raises Fault."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._dialogue = talk.dialogue
        self._tags = (f"t{number}" for number in count(1))
        self._capabilities: list[str] = []

    async def begin(self) -> None:
        """Greeting, capabilities, TLS, login: all that the options ask for."""
        since = asyncio.get_running_loop().time()
        greeting = await response(self._dialogue, "greeting")
        self._talk.heard(greeting.said, since)
        if greeting.tag != "*" or greeting.state not in {"OK", "PREAUTH", "BYE"}:
            raise self._dialogue.garbage("greeting", f"{greeting.tag} {greeting.text}")
        if greeting.state == "BYE":
            raise self._dialogue.refused("service", greeting.said)
        await self._learn(greeting)
        if self._talk.spec.starttls:
            if greeting.state == "PREAUTH":
                raise self._dialogue.refused("TLS: it had logged us in before", greeting.said, ErrorKind.TLS)
            await self._starttls()
        if greeting.state == "PREAUTH" and self._talk.spec.auth is not None:
            self._talk.look.notes.append("the server asks for no login (PREAUTH)")
        else:
            await self._talk.logged_in(self._login)

    def can(self, capability: str) -> bool:
        return capability in self._capabilities

    async def command(self, *words: str | bytes, what: str) -> list[Response]:
        """The responses to one command; Fault when it is not done. Bytes are sent as a literal."""
        answers = await self._asked(words, f"answer to {what}")
        done = answers[-1]
        if done.state != "OK":
            raise self._dialogue.refused(what, done.said)
        return answers[:-1]

    async def status(self, mailbox: str) -> dict[str, int]:
        """How many messages a mailbox holds: MESSAGES, UNSEEN and what else the server tells."""
        words = ("STATUS", _word(mailbox_name(mailbox)), "(MESSAGES UNSEEN)")
        for answer in await self.command(*words, what=f"to look into the mailbox {mailbox}"):
            numbers = _numbers((answer.data("STATUS") or "").rpartition("(")[2].rstrip(" )"))
            if "MESSAGES" in numbers:
                return numbers
        raise self._dialogue.garbage("STATUS of the mailbox", "OK without it")

    async def select(self, mailbox: str) -> None:
        """Open a mailbox to work in it."""
        words = ("SELECT", _word(mailbox_name(mailbox)))
        await self.command(*words, what=f"to open the mailbox {mailbox}")
        if not self.can("UIDPLUS"):  # there are servers that tell the whole only to those they know
            self._remember(_capabilities(await self.command("CAPABILITY", what="CAPABILITY")))

    async def _asked(self, words: Sequence[str | bytes], awaited: str) -> list[Response]:
        tag = next(self._tags)
        return await self._sent(tag, words, awaited)

    async def _sent(self, tag: str, words: Sequence[str | bytes], awaited: str) -> list[Response]:
        """Send word after word; each literal waits until the server asks for it."""
        line, answers = tag, list[Response]()
        for word in words:
            if isinstance(word, str):
                line += f" {word}"
                continue
            await self._dialogue.say(f"{line} {{{len(word)}}}")
            answers += await self._until(tag, awaited, goes_on=True)
            if answers[-1].tag == tag:  # the server does not want it
                return answers
            line = ""
            await self._dialogue.send(word)
        await self._dialogue.say(line)
        return answers + await self._until(tag, awaited)

    async def _until(self, tag: str, awaited: str, *, goes_on: bool = False) -> list[Response]:
        """What comes until our command is done, or the server asks for more where it may."""
        answers: list[Response] = []
        while True:
            try:
                answer = await response(self._dialogue, awaited, tag)
            except Fault:
                goodbye = next((each for each in answers if each.state == "BYE"), None)
                if goodbye is not None:
                    raise self._dialogue.refused("service", goodbye.said) from None
                raise
            answers.append(answer)
            if answer.tag == tag or (goes_on and answer.tag == "+"):
                return answers
            if answer.tag == "+":
                raise self._dialogue.garbage(awaited, f"+ {answer.text}")

    async def _learn(self, *answers: Response) -> None:
        """Capabilities, from an answer that holds them or by asking."""
        told = _capabilities(answers)
        if told is None:
            told = _capabilities(await self.command("CAPABILITY", what="CAPABILITY"))
        if told is None:
            raise self._dialogue.garbage("capabilities", "OK without them")
        self._remember(told)
        self._talk.capable(told)

    def _remember(self, told: Sequence[str] | None) -> None:
        if told is not None:
            self._capabilities = [each.upper() for each in told]

    async def _starttls(self) -> None:
        if not self.can("STARTTLS"):
            raise self._talk.not_offered("STARTTLS", self._capabilities)
        done = (await self._asked(("STARTTLS",), "answer to STARTTLS"))[-1]
        if done.state != "OK":
            raise self._dialogue.refused("STARTTLS", done.said, ErrorKind.TLS)
        await self._talk.turn_to_tls()
        await self._learn()  # what was said before is not to be believed

    async def _login(self, user: str, password: str) -> None:
        if self.can("AUTH=PLAIN"):
            answers = await self._plain(user, password)
        elif self.can("LOGINDISABLED"):
            text = f"{self._dialogue.where} takes no logins on this connection (LOGINDISABLED)"
            raise Fault(text, ErrorKind.AUTH)
        else:
            words = ("LOGIN", _word(user), _hidden(password))
            answers = await self._asked(words, "answer to the login")
        done = answers[-1]
        if done.state != "OK":
            kind = ErrorKind.STATUS if done.code[0] in _OUR_FAULT else ErrorKind.AUTH
            raise self._dialogue.refused(f"the login of {user}", done.said, kind)
        self._remember(_capabilities(answers))

    async def _plain(self, user: str, password: str) -> list[Response]:
        """AUTHENTICATE PLAIN, in one line where the server takes that (RFC 4959)."""
        coded = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        remember(coded)
        if self.can("SASL-IR"):
            return await self._asked(("AUTHENTICATE PLAIN", coded), "answer to the login")
        tag = next(self._tags)
        await self._dialogue.say(f"{tag} AUTHENTICATE PLAIN")
        answers = await self._until(tag, "answer to the login", goes_on=True)
        if answers[-1].tag == "+":
            await self._dialogue.say(coded)
            answers = await self._until(tag, "answer to the login")
        return answers


def _word(text: str) -> str | bytes:
    """As a quoted string, or as a literal where that cannot hold it."""
    return quoted(text) or text.encode()


def _hidden(password: str) -> str | bytes:
    """The same; what quoting makes of it is masked like itself."""
    word = _word(password)
    if isinstance(word, str):
        remember(word[1:-1])
    return word


def _capabilities(answers: Sequence[Response]) -> list[str] | None:
    for answer in reversed(answers):
        name, rest = answer.code
        told = rest if name == "CAPABILITY" else answer.data("CAPABILITY")
        if told is not None:
            return told.split()
    return None


def _numbers(text: str) -> dict[str, int]:
    words = text.upper().split()
    pairs = zip(words[::2], words[1::2], strict=False)
    return {name: int(number) for name, number in pairs if _NUMBER.fullmatch(number)}
