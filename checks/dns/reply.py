"""DNS: an answer in the operator's terms: code, flags, and its records as text."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.text import visible

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.rdata import Rdata
    from dns.rrset import RRset

_MOST_ALIASES = 32


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `data` is what it says, `serial` that of a SOA."""

    found: RRset
    type: str
    data: str
    serial: int | None = None

    @property
    def line(self) -> str:
        """All of it as a zone file has it, with single spaces."""
        text: str = self.found.to_text()
        return text

    @property
    def written(self) -> str:
        """The data as a zone file has it."""
        text: str = self.found[0].to_text()
        return text

    @property
    def plain(self) -> str:
        """The data in the one form that equal records share."""
        return plain(self.data) if self.type != "TXT" else self.data


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of `size` bytes. `answers` are the records of the asked type that the name leads to, in order."""

    rcode: str
    why: str
    authoritative: bool
    authenticated: bool
    recursion_available: bool
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    answers: tuple[Record, ...]
    size: int

    @property
    def ttl(self) -> int | None:
        """The least time to live of the answer section, in seconds."""
        return min((each.found.ttl for each in self.answer), default=None)

    @property
    def serial(self) -> int | None:
        return next((each.serial for each in self.answer if each.serial is not None), None)

    @property
    def says(self) -> tuple[str, frozenset[str]]:
        """What must be the same from every server that agrees."""
        return self.rcode, frozenset(each.plain for each in self.answers)

    @property
    def text(self) -> str:
        """All that the answers say, in one line."""
        return ", ".join(each.data for each in self.answers)


def plain(text: str) -> str:
    """Addresses in their usual form, names in small letters without a last dot, and no quotes."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return " ".join(text.lower().replace('"', "").split()).removesuffix(".") or "."


def reply(message: Message, name: Name, kind: int, size: int) -> Reply:
    """The answer to a question for the records of this type (a number) of `name`."""
    import dns.flags
    import dns.rcode

    answer = tuple(map(_record, message.answer))
    return Reply(
        rcode=dns.rcode.to_text(message.rcode()),
        why=_why(message),
        authoritative=bool(message.flags & dns.flags.AA),
        authenticated=bool(message.flags & dns.flags.AD),
        recursion_available=bool(message.flags & dns.flags.RA),
        answer=answer,
        authority=tuple(map(_record, message.authority)),
        additional=tuple(map(_record, message.additional)),
        answers=_ours(answer, name, kind),
        size=size,
    )


def _ours(answer: tuple[Record, ...], name: Name, kind: int) -> tuple[Record, ...]:
    """The records of the type at the name, or where its aliases lead. What a server adds of others is not it."""
    import dns.rdatatype

    everything = kind == dns.rdatatype.ANY
    for _ in range(_MOST_ALIASES):
        here = [each for each in answer if each.found.name == name]
        found = [each for each in here if everything or each.found.rdtype == kind]
        if found:
            return tuple(sorted(found, key=lambda each: (each.found.rdtype, each.found[0])))
        alias = next((each for each in here if each.found.rdtype == dns.rdatatype.CNAME), None)
        if alias is None:
            return ()
        name = alias.found[0].target
    return ()


def _record(found: RRset) -> Record:
    import dns.rdatatype

    rdata = found[0]  # the only one: each record was kept by itself
    return Record(
        found,
        dns.rdatatype.to_text(found.rdtype),
        _data(rdata),
        rdata.serial if found.rdtype == dns.rdatatype.SOA else None,
    )


def _data(rdata: Rdata) -> str:
    """As people write it: the strings of a TXT in one, the null MX (RFC 7505) as a single dot."""
    import dns.rdatatype
    from dns.rdtypes.txtbase import TXTBase

    if isinstance(rdata, TXTBase):
        return b"".join(rdata.strings).decode("utf-8", "replace")
    text: str = rdata.to_text()
    return "." if rdata.rdtype == dns.rdatatype.MX and text == "0 ." else text


def _why(message: Message) -> str:
    """What the server says of the cause (RFC 8914), one line or nothing."""
    import dns.edns

    told = [option for option in message.options if isinstance(option, dns.edns.EDEOption)]
    return visible("; ".join(option.to_text() for option in told), 120)
