"""Asking for TLS in a protocol's own words, on a connection that began in plain text.

Nothing but the request is said: no name, no password. Each way ends with the server's consent or raises a Fault
that says what it answered instead; a server that does not offer TLS, or from whose offer somebody on the way
has taken it out, looks the same from here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from xml.sax.saxutils import quoteattr

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, Link, refuse_read_ahead
from checks.dialogue import Dialogue
from checks.starttls_packets import ldap, mysql, postgres
from checks.text import visible

StartTls = Literal[
    "smtp", "lmtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql",
    "xmpp", "xmpp-server", "nntp", "sieve", "irc",
]  # fmt: skip

# Where each protocol begins in plain text, as registered with IANA.
PORTS: Mapping[StartTls, int] = {
    "smtp": 25,
    "lmtp": 24,
    "imap": 143,
    "pop3": 110,
    "ftp": 21,
    "ldap": 389,
    "postgres": 5432,
    "mysql": 3306,
    "xmpp": 5222,
    "xmpp-server": 5269,
    "nntp": 119,
    "sieve": 4190,
    "irc": 6667,
}
_MOST_LINES = 200
_MOST_TAGS = 500
_LONGEST_TAG = 512
_XMPP_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"


async def ask(protocol: StartTls, link: Link, name: str, deadline: Deadline) -> None:
    """Bring the server to where the handshake begins; it is asked for `name` where the protocol names hosts.

    Raises Fault. What the server sent ahead of the handshake is refused.
    """
    await _WAYS[protocol](Dialogue(link, deadline), name)
    refuse_read_ahead(link)


def _not_offered(dialogue: Dialogue, command: str, answer: str) -> Fault:
    said = visible(answer.strip(), 120)
    return Fault(f"{dialogue.where} does not offer TLS by {command}: {said}", ErrorKind.TLS)


async def _smtp(dialogue: Dialogue, _name: str) -> None:
    await _mail(dialogue, "EHLO")


async def _lmtp(dialogue: Dialogue, _name: str) -> None:
    await _mail(dialogue, "LHLO")


async def _mail(dialogue: Dialogue, hello: str) -> None:
    """RFC 3207; LMTP (RFC 2033) greets with LHLO."""
    await _wanted(dialogue, "220", "greeting")
    await dialogue.say(f"{hello} {_own_name(dialogue.link)}")
    offers = await _wanted(dialogue, "250", f"answer to {hello}")
    if not any(offer[4:].strip().upper().split(" ")[0] == "STARTTLS" for offer in offers[1:]):
        told = ", ".join(offer[4:].strip() for offer in offers[1:]) or "nothing"
        raise _not_offered(dialogue, "STARTTLS", f"it offers {told}")
    await dialogue.say("STARTTLS")
    await _consent(dialogue, "220", "STARTTLS")


def _own_name(link: Link) -> str:
    """Our address as a mail server wants it: a name of ours need not exist."""
    address = str(link.writer.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


async def _ftp(dialogue: Dialogue, _name: str) -> None:
    """RFC 4217."""
    await _wanted(dialogue, "220", "greeting")
    await dialogue.say("AUTH TLS")
    await _consent(dialogue, "234", "AUTH TLS")


async def _nntp(dialogue: Dialogue, _name: str) -> None:
    """RFC 4642."""
    greeting = await dialogue.line("greeting")
    if greeting[:3] not in ("200", "201"):
        raise dialogue.refused("the connection", greeting)
    await dialogue.say("STARTTLS")
    await _consent(dialogue, "382", "STARTTLS")


async def _imap(dialogue: Dialogue, _name: str) -> None:
    """RFC 3501, section 6.2.1."""
    greeting = await dialogue.line("greeting")
    if greeting.upper().startswith("* PREAUTH"):
        raise _not_offered(dialogue, "STARTTLS", f"the connection counts as logged in already ({greeting})")
    if not greeting.upper().startswith("* OK"):
        raise _unfit(dialogue, greeting, "* BYE", "IMAP greeting")
    await dialogue.say("a1 STARTTLS")
    for _ in range(_MOST_LINES):
        answer = await dialogue.line("answer to STARTTLS")
        if answer.upper().startswith("A1 OK"):
            return
        if not answer.startswith("* "):
            raise _not_offered(dialogue, "STARTTLS", answer)
    raise dialogue.too_much(f"more than {_MOST_LINES} lines")


async def _pop3(dialogue: Dialogue, _name: str) -> None:
    """RFC 2595."""
    greeting = await dialogue.line("greeting")
    if not greeting.startswith("+OK"):
        raise _unfit(dialogue, greeting, "-ERR", "POP3 greeting")
    await dialogue.say("STLS")
    answer = await dialogue.line("answer to STLS")
    if not answer.startswith("+OK"):
        raise _not_offered(dialogue, "STLS", answer)


async def _sieve(dialogue: Dialogue, _name: str) -> None:
    """RFC 5804: the server tells its capabilities first."""
    offers = await _until_ok(dialogue, "greeting")
    if not any(offer.upper().startswith('"STARTTLS"') for offer in offers):
        raise _not_offered(dialogue, "STARTTLS", f"it offers {', '.join(offers[:-1]) or 'nothing'}")
    await dialogue.say("STARTTLS")
    await _until_ok(dialogue, "answer to STARTTLS")


async def _until_ok(dialogue: Dialogue, awaited: str) -> list[str]:
    lines: list[str] = []
    while len(lines) < _MOST_LINES:
        lines.append(await dialogue.line(awaited))
        if re.match(r"OK\b", lines[-1], re.IGNORECASE):
            return lines
        if re.match(r"(NO|BYE)\b", lines[-1], re.IGNORECASE):
            raise _not_offered(dialogue, "STARTTLS", lines[-1])
        if not re.match(r'["{(]|$', lines[-1]):
            raise dialogue.garbage(awaited, lines[-1])
    raise dialogue.too_much(f"more than {_MOST_LINES} lines")


async def _irc(dialogue: Dialogue, _name: str) -> None:
    """https://ircv3.net/specs/extensions/tls: 670 is consent, 691 a failure, 421 an unknown command."""
    await dialogue.say("STARTTLS")
    for _ in range(_MOST_LINES):
        line = await dialogue.line("answer to STARTTLS")
        words = line.split(" ")
        command = words[1] if line.startswith(":") and len(words) > 1 else words[0]
        if command == "670":
            return
        if command in ("691", "421", "451", "ERROR", "ERROR:"):
            raise _not_offered(dialogue, "STARTTLS", line)
        if command == "PING":
            await dialogue.say("PONG " + " ".join(words[words.index("PING") + 1 :])[:400])
    raise dialogue.too_much(f"more than {_MOST_LINES} lines")


async def _xmpp(dialogue: Dialogue, name: str) -> None:
    await _stream(dialogue, name, "jabber:client")


async def _xmpp_server(dialogue: Dialogue, name: str) -> None:
    await _stream(dialogue, name, "jabber:server")


async def _stream(dialogue: Dialogue, name: str, namespace: str) -> None:
    """RFC 6120, section 5. The few tags are looked for as text: what a stranger sends is parsed by nothing."""
    opening = (
        f"<?xml version='1.0'?><stream:stream to={quoteattr(name)} version='1.0' xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    await dialogue.send(opening.encode())
    said = await _tag(dialogue, rb"(?:</(?:\w+:)?features\s*>|<(?:\w+:)?features\s*/>)", "stream features")
    if _XMPP_TLS not in said:
        raise _not_offered(dialogue, "starttls", _last(said))
    await dialogue.send(b"<starttls xmlns='" + _XMPP_TLS + b"'/>")
    said = await _tag(dialogue, rb"<(?:\w+:)?(?:proceed|failure)\b[^>]*>", "answer to starttls")
    if b"proceed" not in said:
        raise _not_offered(dialogue, "starttls", _last(said))
    if not said.endswith(b"/>"):
        await _tag(dialogue, rb"</(?:\w+:)?proceed\s*>", "answer to starttls")


async def _tag(dialogue: Dialogue, wanted: bytes, awaited: str) -> bytes:
    """What comes up to the wanted tag; a stream that is ended instead is a fault."""
    said = b""
    for _ in range(_MOST_TAGS):
        said += await dialogue.until(b">", awaited)
        end = said[-_LONGEST_TAG:]
        if re.search(wanted + rb"\Z", end):
            return said
        if re.search(rb"</(?:\w+:)?(?:stream|error)\s*>\Z", end):
            raise dialogue.refused("the stream", _last(said))
        if not said[:_LONGEST_TAG].lstrip().startswith(b"<"):
            raise dialogue.garbage(awaited, _last(said))
    raise dialogue.too_much(f"more than {_MOST_TAGS} tags")


def _last(said: bytes) -> str:
    return said[-200:].decode("utf-8", "replace")


async def _wanted(dialogue: Dialogue, code: str, awaited: str) -> list[str]:
    """The lines of an answer `250-…`, `250 …` that must have this code."""
    lines: list[str] = []
    while len(lines) < _MOST_LINES:
        lines.append(await dialogue.line(awaited))
        if not re.match(r"\d{3}(?:[ -]|$)", lines[-1]):
            raise dialogue.garbage(awaited, lines[-1])
        if lines[-1][3:4] != "-":
            if lines[-1][:3] != code:
                raise dialogue.refused(f"the connection ({awaited})", lines[-1])
            return lines
    raise dialogue.too_much(f"more than {_MOST_LINES} lines")


async def _consent(dialogue: Dialogue, code: str, command: str) -> None:
    for _ in range(_MOST_LINES):
        answer = await dialogue.line(f"answer to {command}")
        if answer[:3] != code:
            raise _not_offered(dialogue, command, answer)
        if answer[3:4] != "-":
            return
    raise dialogue.too_much(f"more than {_MOST_LINES} lines")


def _unfit(dialogue: Dialogue, greeting: str, refusal: str, awaited: str) -> Fault:
    if greeting.upper().startswith(refusal):
        return dialogue.refused("the connection", greeting)
    return dialogue.garbage(awaited, greeting)


_WAYS: Mapping[str, Callable[[Dialogue, str], Awaitable[None]]] = {
    "smtp": _smtp,
    "lmtp": _lmtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "ldap": ldap,
    "postgres": postgres,
    "mysql": mysql,
    "xmpp": _xmpp,
    "xmpp-server": _xmpp_server,
    "nntp": _nntp,
    "sieve": _sieve,
    "irc": _irc,
}
