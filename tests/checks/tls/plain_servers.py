"""Servers that begin in plain text and turn to TLS when asked in their protocol's words; scripts of what they say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext

from tests.checks.listeners import Serve


@dataclass(frozen=True, slots=True)
class Turn:
    """What must have come, to its last byte, and what is said to it. The first turn may wait for nothing."""

    wanted: bytes
    said: bytes


def scripted(turns: Sequence[Turn], given: SSLContext | None = None, after: bytes = b"") -> Serve:
    """A server of these turns. With proof it shakes hands at the end of them, and says what comes `after`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for turn in turns:
            if turn.wanted:
                await reader.readuntil(turn.wanted)
            writer.write(turn.said)
            await writer.drain()
        if given is not None:
            await writer.start_tls(given)
            writer.write(after)
            await writer.drain()
        await reader.read()

    return serve


@contextmanager
def exact(turns: Sequence[Turn], given: SSLContext) -> Iterator[int]:
    """The same for one connection, by its port; not a byte is read too many, for clients that wait for nothing."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for turn in turns:
                    heard = b""
                    while not heard.endswith(turn.wanted):
                        heard += connection.recv(1)
                    connection.sendall(turn.said)
                with given.wrap_socket(connection, server_side=True) as safe:
                    safe.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)


_LDAP_WANTED = b"1.3.6.1.4.1.1466.20037"
_MYSQL_GREETING = (
    b"\x0a8.0.36\0"
    + struct.pack("<I", 7)
    + b"12345678\0"
    + struct.pack("<HBHH", 0xFFFF, 45, 2, 0xC1FF)
    + b"\0" * 31
)


def mysql_packet(content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + b"\0" + content


def ldap_answer(code: int, text: bytes = b"") -> bytes:
    inner = bytes([0x0A, 1, code, 4, 0, 4, len(text)]) + text
    message = b"\x02\x01\x01\x78" + bytes([len(inner)]) + inner
    return b"\x30" + bytes([len(message)]) + message


_XMPP_OPEN = (
    b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
    b"id='1' version='1.0'>"
)
_XMPP_OFFER = (
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    b"</stream:features>"
)
_XMPP_GO = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

# Each protocol's way to TLS, as its standard shows it.
WILLING: Mapping[str, Sequence[Turn]] = {
    "smtp": (
        Turn(b"", b"220-mx.example ESMTP\r\n220 ready\r\n"),
        Turn(b"\r\n", b"250-mx.example\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 DSN\r\n"),
        Turn(b"STARTTLS\r\n", b"220-2.0.0 wait\r\n220 2.0.0 go ahead\r\n"),
    ),
    "lmtp": (
        Turn(b"", b"220 mx.example LMTP\r\n"),
        Turn(b"\r\n", b"250-mx.example\r\n250 STARTTLS\r\n"),
        Turn(b"STARTTLS\r\n", b"220 go ahead\r\n"),
    ),
    "imap": (
        Turn(b"", b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
        Turn(b"a1 STARTTLS\r\n", b"* NOTE\r\na1 OK begin\r\n"),
    ),
    "pop3": (Turn(b"", b"+OK ready\r\n"), Turn(b"STLS\r\n", b"+OK begin\r\n")),
    "ftp": (Turn(b"", b"220-welcome\r\n220 ready\r\n"), Turn(b"AUTH TLS\r\n", b"234 go ahead\r\n")),
    "nntp": (Turn(b"", b"201 ready\r\n"), Turn(b"STARTTLS\r\n", b"382 go ahead\r\n")),
    "sieve": (
        Turn(b"", b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "ready"\r\n'),
        Turn(b"STARTTLS\r\n", b"OK\r\n"),
    ),
    "irc": (
        Turn(b"STARTTLS\r\n", b":irc.example NOTICE * :looking\r\nPING :42\r\n"),
        Turn(b"PONG :42\r\n", b":irc.example 670 * :go ahead\r\n"),
    ),
    "ldap": (Turn(_LDAP_WANTED, ldap_answer(0)),),
    "postgres": (Turn(struct.pack("!II", 8, 80877103), b"S"),),
    "mysql": (Turn(b"", mysql_packet(_MYSQL_GREETING)), Turn(b"\0" * 23, b"")),
    "xmpp": (
        Turn(b"streams'>", _XMPP_OPEN + _XMPP_OFFER),
        Turn(b"xmpp-tls'/>", _XMPP_GO),
    ),
    "xmpp-server": (
        Turn(b"streams'>", _XMPP_OPEN + _XMPP_OFFER),
        Turn(b"xmpp-tls'/>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"),
    ),
}

# The same protocols where TLS is not to be had.
UNWILLING: Mapping[str, tuple[Sequence[Turn], str]] = {
    "smtp": (
        (WILLING["smtp"][0], Turn(b"\r\n", b"250-mx.example\r\n250 DSN\r\n")),
        "STARTTLS: it offers DSN",
    ),
    "lmtp": ((WILLING["lmtp"][0], Turn(b"\r\n", b"250 mx.example\r\n")), "STARTTLS: it offers nothing"),
    "imap": (
        (WILLING["imap"][0], Turn(b"a1 STARTTLS\r\n", b"a1 BAD unknown\r\n")),
        "STARTTLS: a1 BAD unknown",
    ),
    "pop3": ((WILLING["pop3"][0], Turn(b"STLS\r\n", b"-ERR unknown\r\n")), "STLS: -ERR unknown"),
    "ftp": ((WILLING["ftp"][0], Turn(b"AUTH TLS\r\n", b"502 no\r\n")), "AUTH TLS: 502 no"),
    "nntp": ((WILLING["nntp"][0], Turn(b"STARTTLS\r\n", b"502 no\r\n")), "STARTTLS: 502 no"),
    "sieve": ((Turn(b"", b'"IMPLEMENTATION" "x"\r\nOK\r\n'),), 'STARTTLS: it offers "IMPLEMENTATION" "x"'),
    "irc": ((Turn(b"STARTTLS\r\n", b":irc.example 421 * STARTTLS :no\r\n"),), "STARTTLS: :irc.example 421"),
    "ldap": ((Turn(_LDAP_WANTED, ldap_answer(2, b"no\x1b tls")),), "StartTLS: 2 protocol error, no\\x1b tls"),
    "postgres": ((Turn(b"\x04\xd2\x16\x2f", b"N"),), "SSLRequest: ssl is off there"),
    "mysql": (
        (Turn(b"", mysql_packet(_MYSQL_GREETING.replace(b"\xff\xff", b"\xff\xf7", 1))),),
        "its greeting: ssl is off there (version 8.0.36)",
    ),
    "xmpp": (
        (Turn(b"streams'>", _XMPP_OPEN + b"<stream:features><bind/></stream:features>"),),
        "starttls: ",
    ),
    "xmpp-server": (
        (WILLING["xmpp"][0], Turn(b"xmpp-tls'/>", b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")),
        "starttls: <failure",
    ),
}

# Not the protocol at all, or a server that will not talk.
ODD: Sequence[tuple[str, bytes, str]] = (
    ("smtp", b"554 no service for you\r\n", "refused the connection (greeting): 554 no service for you"),
    ("smtp", b"SSH-2.0-OpenSSH_9.2\r\n", "no greeting from"),
    ("imap", b"* BYE too many\r\n", "refused the connection: * BYE too many"),
    ("imap", b"* PREAUTH hello\r\n", "counts as logged in already"),
    ("imap", b"+OK pop\r\n", "no IMAP greeting from"),
    ("pop3", b"-ERR busy\r\n", "refused the connection: -ERR busy"),
    ("ftp", b"421 too many\r\n", "421 too many"),
    ("nntp", b"502 go away\r\n", "502 go away"),
    ("sieve", b"hello\r\n", "no greeting from"),
    ("ldap", b"HTTP/1.1 400\r\n", "no LDAP answer from"),
    ("ldap", b"\x30\x84\xff\xff\xff\xff", "an LDAP answer of 4,294,967,295 bytes"),
    ("ldap", b"\x30\x03\x02\x01\x01", "cannot be read"),
    ("postgres", b"E", "refused SSLRequest"),
    ("postgres", b"H", "no PostgreSQL answer from"),
    ("mysql", mysql_packet(b"\xff\x69\x04Host is blocked"), "error 1129, Host is blocked"),
    ("mysql", b"SSH-2.0-x\r\n", "MySQL greeting"),
    ("xmpp", b"HTTP/1.1 400 Bad>", "no stream features from"),
    (
        "xmpp",
        _XMPP_OPEN + b"<stream:error><host-unknown/></stream:error></stream:stream>",
        "refused the stream",
    ),
    ("smtp", b"220-more\r\n" * 300, "more than 200 lines"),
    ("xmpp", b"<a>" * 600, "more than 500 tags"),
)
