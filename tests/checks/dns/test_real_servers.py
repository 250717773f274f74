"""Looks at real name servers: unbound, which verifies signatures and speaks TLS and HTTPS, and dnsmasq."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from checks.base import ErrorKind, Observation
from tests.checks.dns.answering import look
from tests.checks.dns.resolvers import Resolver, dnsmasq, free_ports, unbound

Find = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def resolver(program: Find, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolver]:
    first, second, third = free_ports(3)
    with unbound(
        program("unbound", "unbound"), tmp_path_factory.mktemp("unbound"), (first, second, third)
    ) as found:
        yield found


def see(port: int, **options: Any) -> Observation:
    return asyncio.run(look(port, **{"timeout": 10, "name": "www.signed.test", **options}))


def ways(resolver: Resolver) -> dict[str, tuple[int, dict[str, Any]]]:
    secure = {"ca": resolver.ca}
    return {
        "udp": (resolver.port, {}),
        "tcp": (resolver.port, {"transport": "tcp"}),
        "dot": (resolver.dot, {"transport": "dot", **secure}),
        "doh": (resolver.doh, {"transport": "doh", **secure}),
    }


@pytest.mark.parametrize("transport", ["udp", "tcp", "dot", "doh"])
def test_every_transport_brings_the_same_answer(resolver: Resolver, transport: str) -> None:
    port, options = ways(resolver)[transport]
    seen = see(port, **options)
    assert (seen.failure, seen.blind) == (None, None)
    assert (seen.values["answers"], seen.values["transport"]) == ("192.0.2.8", transport)
    assert {"resolve", "connect", "request"} <= set(seen.phases)
    assert seen.values["ip"] == "127.0.0.1"


@pytest.mark.parametrize("transport", ["dot", "doh"])
def test_certificate_of_the_server_is_looked_at(resolver: Resolver, transport: str, tmp_path: Path) -> None:
    port, options = ways(resolver)[transport]
    assert float(str(see(port, **options).values["cert_days"])) > 1
    assert see(port, **options, server_name="dns.example.org").failure is None
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for wrong in ({"server_name": "else.example.org"}, {"ca": str(other)}):
        seen = see(port, **{**options, **wrong})
        assert seen.error_kind is ErrorKind.TLS
        assert "certificate" in (seen.failure or "")


def test_certificate_tells_more_than_an_address_that_is_not_there(resolver: Resolver) -> None:
    """localhost is ::1 as well, where nobody listens; its certificate is for another name."""
    seen = see(resolver.dot, server="localhost", transport="dot", ca=resolver.ca)
    assert seen.error_kind is ErrorKind.TLS
    assert (seen.failure or "").startswith("certificate of 127.0.0.1:")


@pytest.mark.parametrize("transport", ["dot", "doh"])
def test_ca_file_that_is_lacking_is_our_own_lack(resolver: Resolver, transport: str, tmp_path: Path) -> None:
    port, options = ways(resolver)[transport]
    seen = see(port, **{**options, "ca": str(tmp_path / "none.pem")})
    assert (seen.error_kind, seen.failure) == (ErrorKind.LOCAL, None)
    assert "none.pem" in (seen.blind or "")


@pytest.mark.parametrize("transport", ["udp", "tcp", "dot", "doh"])
def test_signed_answer_is_authenticated_and_an_unsigned_is_not(resolver: Resolver, transport: str) -> None:
    port, options = ways(resolver)[transport]
    signed = see(port, dnssec=True, **options)
    assert (signed.failure, signed.values["authenticated"]) == (None, True)
    plain = see(port, name="plain.test", dnssec=True, **options)
    assert (plain.values["authenticated"], plain.values["answers"]) == (False, "192.0.2.7")
    assert "without having authenticated it" in (plain.failure or "")


def test_resolver_tells_of_authentication_without_being_asked_for_signatures(resolver: Resolver) -> None:
    seen = see(resolver.port)
    assert (seen.values["authenticated"], seen.values["answer_count"]) == (True, 1)


def test_forged_zone_is_down_with_what_the_resolver_says_of_it(resolver: Resolver) -> None:
    seen = see(resolver.port, name="www.bogus.test", dnssec=True)
    assert (seen.error_kind, seen.values["rcode"]) == (ErrorKind.DNS, "SERVFAIL")
    assert "bogus" in (seen.failure or "").lower().replace("bogus.test", "")


def test_name_that_is_not_there_is_denied(resolver: Resolver) -> None:
    seen = see(resolver.port, name="none.signed.test")
    assert (seen.error_kind, seen.values["rcode"]) == (ErrorKind.DNS, "NXDOMAIN")


def test_web_address_without_dns_behind_it_says_so(resolver: Resolver) -> None:
    url = f"https://127.0.0.1:{resolver.doh}/elsewhere"
    seen = see(53, server=url, transport="doh", ca=resolver.ca)
    assert seen.error_kind is ErrorKind.STATUS
    assert "answered with HTTP status 404, not 200" in (seen.failure or "")


@pytest.fixture(scope="module")
def plain_server(program: Find) -> Iterator[int]:
    (port,) = free_ports(1)
    known = (
        "--host-record=www.plain.test,192.0.2.1,2001:db8::1",
        "--mx-host=plain.test,mail.plain.test,10",
        "--txt-record=plain.test,v=spf1 -all",
        *(f"--txt-record=many.test,{'x' * 200}{number}" for number in range(20)),
        "--ptr-record=1.2.0.192.in-addr.arpa,www.plain.test",
        "--cname=alias.plain.test,www.plain.test",
        "--srv-host=_http._tcp.plain.test,www.plain.test,80,1,2",
        "--caa-record=plain.test,0,issue,ca.example.net",
        "--dns-rr=plain.test,65280,010203",
    )
    with dnsmasq(program("dnsmasq", "dnsmasq-base"), port, *known) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "record", "answers"),
    [
        ("www.plain.test", "A", "192.0.2.1"),
        ("www.plain.test", "AAAA", "2001:db8::1"),
        ("alias.plain.test", "A", "192.0.2.1"),
        ("alias.plain.test", "CNAME", "www.plain.test."),
        ("plain.test", "MX", "10 mail.plain.test."),
        ("plain.test", "TXT", "v=spf1 -all"),
        ("192.0.2.1", "PTR", "www.plain.test."),
        ("_http._tcp.plain.test", "SRV", "1 2 80 www.plain.test."),
        ("plain.test", "CAA", '0 issue "ca.example.net"'),
        ("plain.test", "TYPE65280", r"\# 3 010203"),
    ],
)
def test_dnsmasq_is_read(plain_server: int, name: str, record: str, answers: str) -> None:
    seen = see(plain_server, name=name, record=record)
    assert (seen.failure, seen.values["answers"]) == (None, answers)


def test_what_does_not_fit_into_a_datagram_is_fetched_by_tcp(plain_server: int) -> None:
    seen = see(plain_server, name="many.test", record="TXT")
    assert (seen.failure, seen.values["truncated"], seen.values["answer_count"]) == (None, True, 20)


def test_server_that_knows_nobody_else_refuses(plain_server: int) -> None:
    seen = see(plain_server, name="example.org")
    assert (seen.error_kind, seen.values["rcode"]) == (ErrorKind.DNS, "REFUSED")
