"""SSH: what a server says before any key is exchanged: its version and its algorithms (RFC 4253, 4.2 and 7.1)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from checks.base import ErrorKind
from checks.connection import Fault
from checks.dialogue import Dialogue

_OWN_VERSION = b"SSH-2.0-Tocsin"
_MOST_BEFORE = 50
_LONGEST_VERSION = 255
_LONGEST_PACKET = 256 * 1024
_MOST_PACKETS = 10
_DISCONNECT, _IGNORE, _DEBUG, _KEXINIT = 1, 2, 4, 20
_COOKIE = 16
_LISTS = 10
_BY_APPLICATION = 11
_VERSION = re.compile(r"SSH-([0-9]+\.[0-9]+)-([^\s-][^\s]*)?(?: (.*))?")
_SPEAKS_2 = frozenset({"2.0", "1.99"})


@dataclass(frozen=True, slots=True)
class Version:
    """`SSH-2.0-OpenSSH_9.2p1 Debian-2`, taken apart. Text from outside."""

    line: str
    protocol: str
    software: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The algorithms that a server offers, in its own order."""

    kex: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


async def greeted(dialogue: Dialogue) -> Version:
    """The server's version; ours is sent. Raises Fault."""
    before: list[str] = []
    while True:
        try:
            line = await dialogue.line("greeting")
        except Fault as fault:
            if before and fault.kind is ErrorKind.PROTOCOL:  # `Exceeded MaxStartups`, and closes
                raise dialogue.refused("service", " ".join(before)) from None
            raise
        if line.startswith("SSH-"):
            break
        before.append(line)
        if len(before) > _MOST_BEFORE:
            raise dialogue.garbage("SSH greeting", before[0])
    found = _VERSION.fullmatch(line)
    if found is None or len(line) > _LONGEST_VERSION:
        raise dialogue.garbage("SSH greeting", line)
    if found[1] not in _SPEAKS_2:
        text = f"{dialogue.where} speaks only version {found[1]} of SSH, which is not safe to use"
        raise Fault(text, ErrorKind.PROTOCOL)
    await dialogue.say(_OWN_VERSION)
    return Version(line, found[1], found[2] or "")


async def offered(dialogue: Dialogue) -> Offer:
    """The server's algorithms; the connection is ended with good manners. Raises Fault."""
    for _ in range(_MOST_PACKETS):
        payload = await _packet(dialogue)
        if payload[:1] == bytes([_DISCONNECT]):
            raise dialogue.refused("service", _text(payload[5:]))
        if payload[:1] == bytes([_KEXINIT]):
            await _part(dialogue)
            return _read(dialogue, payload[1 + _COOKIE :])
        if payload[:1] not in (bytes([_IGNORE]), bytes([_DEBUG])):
            break
    raise Fault(f"{dialogue.where} does not begin a key exchange after its greeting", ErrorKind.PROTOCOL)


async def _packet(dialogue: Dialogue) -> bytes:
    """The payload of the next packet, which is still in the open (RFC 4253, 6)."""
    length, padding = struct.unpack(">IB", await dialogue.exactly(5, "list of algorithms"))
    if not 1 + padding < length <= _LONGEST_PACKET:
        raise Fault(f"{dialogue.where} sent no SSH packet after its greeting", ErrorKind.PROTOCOL)
    rest = await dialogue.exactly(length - 1, "list of algorithms")
    return rest[: length - 1 - padding]


def _read(dialogue: Dialogue, rest: bytes) -> Offer:
    lists: list[tuple[str, ...]] = []
    for _ in range(_LISTS):
        size = int.from_bytes(rest[:4], "big")
        if len(rest) < 4 + size:
            text = f"{dialogue.where} sent a list of algorithms that is cut off"
            raise Fault(text, ErrorKind.PROTOCOL)
        names = rest[4 : 4 + size].decode("ascii", "replace")
        lists.append(tuple(name for name in names.split(",") if name))
        rest = rest[4 + size :]
    if not all(lists[:6]):
        raise Fault(f"{dialogue.where} offers no algorithms", ErrorKind.PROTOCOL)
    # Ciphers and MACs come once for each direction.
    ciphers, macs = (tuple(dict.fromkeys((*lists[at], *lists[at + 1]))) for at in (2, 4))
    return Offer(kex=lists[0], host_keys=lists[1], ciphers=ciphers, macs=macs)


async def _part(dialogue: Dialogue) -> None:
    words = b"looked"
    payload = struct.pack(">BII", _DISCONNECT, _BY_APPLICATION, len(words)) + words + struct.pack(">I", 0)
    padding = 8 - (len(payload) + 5) % 8 + 8
    packet = struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)
    try:
        await dialogue.send(packet)
    except Fault:
        return


def _text(field: bytes) -> str:
    """The text of a field that begins with its length."""
    return field[4 : 4 + int.from_bytes(field[:4], "big")].decode("utf-8", "replace")
