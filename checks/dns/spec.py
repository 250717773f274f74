"""DNS: the options an operator may set."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.base import Spec
from checks.dns.names import (
    as_address,
    known_class,
    name_or_address,
    question_name,
    rcode,
    record_type,
    reverse_name,
)
from checks.dns.servers import named_server
from checks.hosts import Host
from checks.network import Family
from checks.text import visible
from config.conditions.patterns import regex
from config.field_types import TextOrList

_MOST_SERVERS = 16
_MOST_WORDS = 64
_OTHER_WORDS = {"tls": "dot", "https": "doh"}


def _searchable(text: str) -> str:
    regex(text)
    return text


def _other_words(value: Any) -> Any:
    return _OTHER_WORDS.get(value.lower(), value.lower()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], TextOrList, Field(min_length=1, max_length=_MOST_WORDS)]
Patterns = Annotated[
    tuple[Annotated[str, AfterValidator(_searchable)], ...],
    TextOrList,
    Field(min_length=1, max_length=_MOST_WORDS),
]


class Section(Spec):
    """What the records of one section of the answer must be."""

    exactly: Words = Field(
        (),
        description="these records and no others, in any order; aliases and signatures beside them may be there",
        examples=[["192.0.2.1", "192.0.2.2"]],
    )
    contains: Words = Field((), description="these records, perhaps among others", examples=["192.0.2.1"])
    lacks: Words = Field((), description="none of these records", examples=["203.0.113.9"])
    must_match: Patterns = Field(
        (),
        description="each record matches each of these; no record at all fails",
        examples=[r"\.example\.net\.$"],
    )
    must_not_match: Patterns = Field((), description="no record matches any of these", examples=[r"\b7200\b"])
    fail_if_none_match: Patterns = Field(
        (),
        description="fails when no record matches any of these, or there is none",
        examples=[r"IN A 192\.0\.2\."],
    )
    fail_if_all_match: Patterns = Field(
        (),
        description="fails when every record matches all of these; no record at all passes",
        examples=["127\\."],
    )


class DnsSpec(Spec):
    """What to ask, whom, and what the answer must be."""

    name: Annotated[str, AfterValidator(name_or_address)] = Field(
        max_length=1024,
        description="name to ask for, always taken as complete; an address is asked for by its reverse name",
        examples=["www.example.org"],
    )
    record: Annotated[str, AfterValidator(record_type)] = Field(
        "A",
        description="record type: A, AAAA, CNAME, MX, NS, TXT, SOA, CAA, PTR, SRV, DS, HTTPS, ANY or any other known "
        "one, or `TYPE65280`; for an address PTR",
        examples=["MX"],
    )
    server: Annotated[
        tuple[Annotated[str, AfterValidator(named_server)], ...],
        TextOrList,
        Field(min_length=1, max_length=_MOST_SERVERS),
    ] = Field(
        (),
        description="name server to ask, or several: names or addresses, perhaps with `:port`, or for `doh` web "
        "addresses; default: those of /etc/resolv.conf, the next one only where one gives no answer or an error",
        examples=[["192.0.2.53", "ns2.example.org:5353"]],
    )
    port: int | None = Field(
        None, ge=1, le=65535, description="port of the servers; default 53, for `dot` 853, for `doh` 443"
    )
    transport: Annotated[Literal["udp", "tcp", "dot", "doh"], BeforeValidator(_other_words)] = Field(
        "udp",
        description="how to ask: by UDP (a truncated answer is asked for again by TCP), TCP, DNS over TLS or DNS over "
        "HTTPS; `tls` and `https` mean `dot` and `doh`",
    )
    ip: Family = Field("auto", description="ask the server by IPv4 or IPv6 only")
    recursion: bool = Field(True, description="ask the server to look elsewhere for what it does not know")
    dnssec: bool = Field(
        False, description="ask for signatures; an answer that the server has not authenticated is down"
    )
    query_class: Annotated[str, AfterValidator(known_class)] = Field(
        "IN", description="class of the question: IN, CH or HS"
    )
    accept_rcodes: Annotated[
        tuple[Annotated[str, AfterValidator(rcode)], ...] | None, TextOrList, Field(min_length=1)
    ] = Field(
        None,
        description="response codes that are right, whether or not there are records; default: NOERROR with records",
        examples=[["NXDOMAIN"]],
    )
    answer: Section | None = Field(None, description="what the records of the answer section must be")
    authority: Section | None = Field(None, description="what the records of the authority section must be")
    additional: Section | None = Field(None, description="what the records of the additional section must be")
    ca: str | None = Field(
        None,
        description="file of the CAs to trust (PEM), for `dot` and `doh`; default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
    server_name: Host | None = Field(
        None,
        description="name that the server's certificate must be valid for; default: the server's own",
        examples=["dns.example.org"],
    )

    @property
    def asked_type(self) -> str:
        """The record type; an address without one asks for its PTR."""
        return "PTR" if "record" not in self.model_fields_set and as_address(self.name) else self.record

    @property
    def asked_name(self) -> str:
        """The name as it is asked for, absolute."""
        return reverse_name(self.name) if as_address(self.name) else question_name(self.name)

    @model_validator(mode="after")
    def _fits_together(self) -> DnsSpec:
        if as_address(self.name) and self.asked_type != "PTR":
            raise ValueError(f"name: {visible(self.name, 60)} is an address (write record: PTR)")
        if self.transport == "doh" and not self.server:
            raise ValueError("transport: doh wants its server: (such as https://dns.example.org/dns-query)")
        if self.transport != "doh" and any("://" in each for each in self.server):
            raise ValueError("server: a web address goes with transport: doh")
        secure = self.transport in ("dot", "doh")
        for option in ("ca", "server_name"):
            if getattr(self, option) is not None and not secure:
                raise ValueError(f"{option}: goes with transport: dot or doh")
        return self
