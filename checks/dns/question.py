"""DNS: one question as bytes, and what may be taken for its answer.

An answer comes from strangers. Its header is looked at before anything of it is read: what carries another
number or question was not meant for us, and is no answer at all.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.base import ErrorKind
from checks.connection import Fault
from checks.dns.reply import Reply, reply
from checks.dns.spec import DnsSpec
from checks.text import visible

if TYPE_CHECKING:
    from dns.message import Message
    from dns.rrset import RRset

_HEADER = struct.Struct("!HHHHHH")
_IS_ANSWER, _OPCODE, _TRUNCATED = 0x8000, 0x7800, 0x0200
# The least that IPv6 carries in one piece (RFC 8200), less its headers.
_PAYLOAD = 1232
# To read and search 64 KiB of hostile names takes longer than other checks should wait for the loop.
LONG = 4 * 1024
_MOST_RECORDS = 1000


class Stray(Exception):
    """A message that does not answer our question; the text says in what, after "an answer"."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its number, all of it as it goes over the wire, and what is asked."""

    number: int
    wire: bytes
    asked: RRset

    def is_truncated(self, wire: bytes) -> bool:
        """Whether this answer of ours was cut to fit a datagram. Raises Stray, Fault."""
        return bool(self._flags(wire) & _TRUNCATED)

    async def read(self, wire: bytes, where: str) -> Reply:
        """The answer, whole and to this question. Raises Stray, Fault."""
        self._flags(wire)
        return (
            await asyncio.to_thread(self._read, wire, where) if len(wire) > LONG else self._read(wire, where)
        )

    def _flags(self, wire: bytes) -> int:
        if len(wire) < _HEADER.size:
            raise Fault(f"{len(wire)} bytes came, which is no DNS message", ErrorKind.PROTOCOL)
        number, flags, _, *counts = _HEADER.unpack_from(wire)
        if number != self.number:
            raise Stray("with a wrong id")
        if not flags & _IS_ANSWER:
            raise Stray("that is a question itself")
        if flags & _OPCODE:
            raise Stray("to another sort of request")
        if sum(counts) > _MOST_RECORDS:
            raise Fault(f"an answer of {sum(counts)} records came, of which none is read", ErrorKind.PROTOCOL)
        return int(flags)

    def _read(self, wire: bytes, where: str) -> Reply:
        import dns.exception
        import dns.message

        try:
            answer = dns.message.from_wire(wire, one_rr_per_rrset=True)
        except (dns.exception.DNSException, ValueError, struct.error) as error:
            why = visible(str(error).strip().rstrip(".").lower(), 100)
            raise Fault(f"{where} sent a malformed DNS message: {why}", ErrorKind.PROTOCOL) from None
        if not self._is_asked(answer):
            raise Stray("to another question")
        return reply(answer, self.asked.name, self.asked.rdtype, len(wire))

    def _is_asked(self, answer: Message) -> bool:
        """Servers that could not read the question may leave it out (RFC 1035, 4.1.1), with an error."""
        if not answer.question:
            return bool(answer.rcode())
        return len(answer.question) == 1 and answer.question[0] == self.asked


def question(spec: DnsSpec, *, numbered: bool) -> Question:
    """The question of the options. Over HTTPS it has the number 0 (RFC 8484, 4.1), else one hard to guess."""
    number = secrets.randbelow(0x10000) if numbered else 0
    asked, wire = _written(spec)
    return Question(number, number.to_bytes(2, "big") + wire[2:], asked)


@lru_cache(maxsize=4096)
def _written(spec: DnsSpec) -> tuple[RRset, bytes]:
    """What is asked, and all of the message; its number is still to be set."""
    import dns.flags
    import dns.message

    message = dns.message.make_query(
        spec.asked_name,
        spec.asked_type,
        spec.query_class,
        use_edns=0 if spec.dnssec else False,
        want_dnssec=spec.dnssec,
        payload=_PAYLOAD,
        id=0,
    )
    # AD: tell us whether you have verified the answer (RFC 6840, 5.7).
    message.flags = dns.flags.AD | dns.flags.RD if spec.recursion else dns.flags.AD
    return message.question[0], message.to_wire()
