"""ICMP echo as it goes over the wire: requests that nobody else can have sent, and answers known again by them.

Formats: RFC 792 for IPv4, RFC 4443 for IPv6.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Literal

Version = Literal[4, 6]
HEADER = struct.Struct("!BBHHH")
# Random bytes by which an answer is told from any other's: nobody can guess so many.
LEAST_PAYLOAD = 16
_REQUEST = {4: 8, 6: 128}
_ANSWER = {4: 0, 6: 129}


@dataclass(frozen=True, slots=True)
class Echo:
    """What marks the requests of one look: the ICMP id, the sequence number of the first, a random payload."""

    version: Version
    ident: int
    first: int
    payload: bytes

    @classmethod
    def new(cls, version: Version, ident: int, size: int) -> Echo:
        return cls(version, ident, int.from_bytes(os.urandom(2)), os.urandom(size))

    def request(self, number: int) -> bytes:
        """The message of a request; they are numbered from 0."""
        kind, sequence = _REQUEST[self.version], (self.first + number) & 0xFFFF
        blank = HEADER.pack(kind, 0, 0, self.ident, sequence) + self.payload
        # Over IPv6 the kernel reckons it, for it takes the addresses in; it does so for datagram sockets, too.
        return HEADER.pack(kind, 0, checksum(blank), self.ident, sequence) + self.payload

    def answered(self, message: bytes) -> int | None:
        """The number of the request that an ICMP message answers; None when it is no answer to one of these.

        An answer may bring back less of the payload, but nothing else than it.
        """
        payload = message[HEADER.size :]
        if len(payload) < LEAST_PAYLOAD or not self.payload.startswith(payload):
            return None
        return self._number(message, _ANSWER[self.version])

    def refused(self, quoted: bytes) -> int | None:
        """The number of the request that an error message quotes, of which often no more than the header is left."""
        payload = quoted[HEADER.size : HEADER.size + LEAST_PAYLOAD]
        if not self.payload.startswith(payload):
            return None
        return self._number(quoted, _REQUEST[self.version])

    def _number(self, message: bytes, wanted: int) -> int | None:
        if len(message) < HEADER.size:
            return None
        kind, code, _, ident, sequence = HEADER.unpack_from(message)
        if (kind, code, ident) != (wanted, 0, self.ident):
            return None
        number: int = (sequence - self.first) & 0xFFFF
        return number


def checksum(message: bytes) -> int:
    """The Internet checksum of RFC 1071."""
    even = message + b"\0" * (len(message) % 2)
    total: int = sum(struct.unpack(f"!{len(even) // 2}H", even))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def without_ip_header(packet: bytes) -> bytes:
    """The ICMP message in what a raw IPv4 socket hands out."""
    return packet[(packet[0] & 0x0F) * 4 :] if packet else b""
