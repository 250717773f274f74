"""Asking for TLS where a protocol speaks in packets instead of lines: LDAP, PostgreSQL, MySQL."""

from __future__ import annotations

import struct

from checks.base import ErrorKind
from checks.connection import Fault
from checks.dialogue import Dialogue
from checks.text import visible

_MOST_PACKET = 64 * 1024

# RFC 4511, section 4.14.1: an extended request with the name of StartTLS, as message 1.
_LDAP_NAME = b"1.3.6.1.4.1.1466.20037"
_LDAP_REQUEST = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + _LDAP_NAME
_LDAP_ANSWER, _ENUMERATED, _SEQUENCE = 0x78, 0x0A, 0x30
_LDAP_CODES = {1: "operations error", 2: "protocol error", 52: "unavailable", 53: "unwilling to perform"}

# https://www.postgresql.org/docs/current/protocol-message-formats.html (SSLRequest).
_POSTGRES_REQUEST = struct.pack("!II", 8, 80877103)

# https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets.html
_MYSQL_SSL, _MYSQL_41, _MYSQL_SECURE = 0x0800, 0x0200, 0x8000
_MYSQL_PROTOCOL, _MYSQL_ERROR = 10, 0xFF


async def ldap(dialogue: Dialogue, _name: str) -> None:
    """LDAP's extended operation StartTLS."""
    await dialogue.send(_LDAP_REQUEST)
    head = await dialogue.exactly(2, "answer to StartTLS")
    if head[0] != _SEQUENCE:
        raise dialogue.garbage("LDAP answer", head.decode("latin-1"))
    size = await _ber_size(dialogue, head[1])
    code, said = _ldap_result(await dialogue.exactly(size, "answer to StartTLS"))
    if code is None:
        raise Fault(f"the LDAP answer of {dialogue.where} cannot be read", ErrorKind.PROTOCOL)
    if code != 0:
        words = f"{code} {_LDAP_CODES.get(code, 'refused')}" + (f", {said}" if said else "")
        raise _not_offered(dialogue, "StartTLS", words)


async def _ber_size(dialogue: Dialogue, first: int) -> int:
    if first < 0x80:
        return first
    digits = first & 0x7F
    if not 0 < digits <= 4:
        raise dialogue.too_much("an LDAP answer of no sensible size")
    size = int.from_bytes(await dialogue.exactly(digits, "answer to StartTLS"), "big")
    if size > _MOST_PACKET:
        raise dialogue.too_much(f"an LDAP answer of {size:,} bytes")
    return size


def _ldap_result(message: bytes) -> tuple[int | None, str]:
    """Result code and diagnostic text: message number, then the answer with its code, DN and text."""
    _number, rest = _element(message, None)
    answer, _ = _element(rest, _LDAP_ANSWER)
    code, rest = _element(answer, _ENUMERATED)
    _dn, rest = _element(rest, None)
    text, _ = _element(rest, None)
    return (code[0] if len(code) == 1 else None), visible(text.decode("utf-8", "replace"), 100)


def _element(data: bytes, tag: int | None) -> tuple[bytes, bytes]:
    """Content and rest of the first BER element; nothing where it is not the wanted one or is cut short."""
    if len(data) < 2 or (tag is not None and data[0] != tag):
        return b"", b""
    size, begins = data[1], 2
    if size & 0x80:
        begins += size & 0x7F
        size = int.from_bytes(data[2:begins], "big")
    return data[begins : begins + size], data[begins + size :]


async def postgres(dialogue: Dialogue, _name: str) -> None:
    """PostgreSQL's SSLRequest: the answer is one letter."""
    await dialogue.send(_POSTGRES_REQUEST)
    answer = await dialogue.exactly(1, "answer to SSLRequest")
    if answer == b"S":
        return
    if answer == b"N":
        raise _not_offered(dialogue, "SSLRequest", "ssl is off there")
    if answer == b"E":
        raise dialogue.refused("SSLRequest", "an error, as servers before it was invented give")
    raise dialogue.garbage("PostgreSQL answer", answer.decode("latin-1"))


async def mysql(dialogue: Dialogue, _name: str) -> None:
    """MySQL and MariaDB: the greeting says whether TLS may be asked for."""
    head = await dialogue.exactly(4, "greeting")
    size = int.from_bytes(head[:3], "little")
    if not 0 < size <= _MOST_PACKET:
        raise dialogue.garbage("MySQL greeting", head.decode("latin-1"))
    greeting = await dialogue.exactly(size, "greeting")
    if greeting[0] == _MYSQL_ERROR:
        raise dialogue.refused("the connection", _mysql_words(greeting))
    if greeting[0] != _MYSQL_PROTOCOL:
        raise dialogue.garbage("MySQL greeting", (head + greeting[:40]).decode("latin-1"))
    version, _, rest = greeting[1:].partition(b"\0")
    # Thread number (4), first part of the challenge (8), filler (1), then the lower half of the capabilities.
    if len(rest) < 15 or not int.from_bytes(rest[13:15], "little") & _MYSQL_SSL:
        shown = visible(version.decode("utf-8", "replace"), 60)
        raise _not_offered(dialogue, "its greeting", f"ssl is off there (version {shown})")
    wanted = struct.pack("<IIB23x", _MYSQL_41 | _MYSQL_SSL | _MYSQL_SECURE, 1 << 24, 45)
    await dialogue.send(len(wanted).to_bytes(3, "little") + bytes([(head[3] + 1) & 0xFF]) + wanted)


def _mysql_words(error: bytes) -> str:
    number = int.from_bytes(error[1:3], "little")
    return f"error {number}, {error[3:200].decode('utf-8', 'replace')}"


def _not_offered(dialogue: Dialogue, command: str, answer: str) -> Fault:
    return Fault(f"{dialogue.where} does not offer TLS by {command}: {visible(answer, 120)}", ErrorKind.TLS)
