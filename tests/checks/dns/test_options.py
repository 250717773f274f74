"""What may stand in the file of a DNS check, and the remedy for what may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.connection import Fault
from checks.dns.servers import Server, given, of_the_system
from checks.dns.spec import DnsSpec


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"record": "B"}, 'no record type "B"'),
        ({"record": "AXFR"}, "zone transfers are not made"),
        ({"record": "TYPE99999999"}, "no record type"),
        ({"query_class": "X"}, "expected IN, CH or HS"),
        ({"accept_rcodes": ["NOT_A_VALID_RCODE"]}, 'no response code "NOT_A_VALID_RCODE"'),
        ({"accept_rcodes": []}, "at least 1"),
        ({"name": ""}, "expected a name"),
        ({"name": "a..b"}, "expected a name"),
        ({"name": "x" * 64 + ".example"}, "expected a name"),
        ({"name": "https://example.org/"}, "write the host alone"),
        ({"name": "example.org:53"}, "write the host alone"),
        ({"name": "example.org/health"}, "write the host alone"),
        ({"name": "192.0.2.256"}, "no address either"),
        ({"name": "192.0.2"}, "no address either"),
        ({"name": "exa mple.org"}, r"write a space as \032"),
        ({"name": "noc@example.org"}, r"@ as \064"),
        ({"name": "@"}, r"@ as \064"),
        ({"name": "192.0.2.1", "record": "A"}, "write record: PTR"),
        ({"server": "http://192.0.2.1/"}, "goes with transport: doh"),
        ({"server": "tls://192.0.2.1"}, "write server: 192.0.2.1 and transport:"),
        ({"server": "ftp://192.0.2.1/", "transport": "doh"}, "ftp:// does not go here"),
        ({"server": "53"}, "expected a server like"),
        ({"server": "192.0.2.256"}, "expected a server like"),
        ({"server": []}, "at least 1"),
        ({"server": "192.0.2.1:0"}, "expected a server like"),
        ({"server": "[ns.example]:53"}, "expected a server like"),
        ({"server": "a b"}, "expected a server like"),
        ({"transport": "doh"}, "wants its server:"),
        ({"transport": "quic"}, "udp"),
        ({"ca": "/etc/ca.pem"}, "goes with transport: dot or doh"),
        ({"server_name": "x.example"}, "goes with transport: dot or doh"),
        ({"answer": {"must_match": "["}}, "not a RE2 pattern"),
        ({"answer": {"must": "x"}}, "must"),
        ({"answer": {"exactly": []}}, "at least 1"),
        ({"answer": {"must_match": []}}, "at least 1"),
        ({"port": 0}, "1"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_with_the_remedy(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        DnsSpec.model_validate({"name": "example.org", **options})
    assert reason in str(refused.value)


def test_name_is_wanted() -> None:
    with pytest.raises(ValidationError):
        DnsSpec.model_validate({})


@pytest.mark.parametrize(
    ("written", "name", "record"),
    [
        ({"name": "example.org"}, "example.org.", "A"),
        ({"name": "_dmarc.example.org.", "record": "txt"}, "_dmarc.example.org.", "TXT"),
        ({"name": "*.example.org"}, "*.example.org.", "A"),
        ({"name": ".", "record": "NS"}, ".", "NS"),
        ({"name": "192.0.2.1"}, "1.2.0.192.in-addr.arpa.", "PTR"),
        ({"name": "192.0.2.1", "record": "ptr"}, "1.2.0.192.in-addr.arpa.", "PTR"),
        ({"name": "0/25.2.0.192.in-addr.arpa", "record": "NS"}, "0/25.2.0.192.in-addr.arpa.", "NS"),
        ({"name": r"our\032printer._ipp._tcp.example"}, r"our\032printer._ipp._tcp.example.", "A"),
        (
            {"name": "fe80::1%eth0"},
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa.",
            "PTR",
        ),
        ({"name": "bücher.example"}, "xn--bcher-kva.example.", "A"),
        ({"name": "example.org", "record": "type65"}, "example.org.", "HTTPS"),
    ],
    ids=str,
)
def test_question_is_read_from_what_is_written(written: dict[str, Any], name: str, record: str) -> None:
    spec = DnsSpec.model_validate(written)
    assert (spec.asked_name, spec.asked_type) == (name, record)


@pytest.mark.parametrize(
    ("written", "transport", "meant"),
    [
        ("192.0.2.1", "udp", Server("192.0.2.1", 53)),
        ("ns.example:5353", "tcp", Server("ns.example", 5353)),
        ("2001:db8::1", "dot", Server("2001:db8::1", 853)),
        ("[2001:db8::1]:99", "udp", Server("2001:db8::1", 99)),
        ("ns.example", "doh", Server("ns.example", 443, "https://ns.example:443/dns-query")),
        ("2001:db8::1", "doh", Server("2001:db8::1", 443, "https://[2001:db8::1]:443/dns-query")),
        ("https://ns.example/q?a=1", "doh", Server("", 0, "https://ns.example/q?a=1")),
        ("https://ns.example/q{?dns}", "doh", Server("", 0, "https://ns.example/q")),
    ],
)
def test_server_is_read_from_what_is_written(written: str, transport: str, meant: Server) -> None:
    spec = DnsSpec.model_validate({"name": "x", "server": written, "transport": transport})
    assert given(spec.server, None, transport) == (meant,)


def test_port_of_the_check_is_that_of_servers_without_their_own() -> None:
    found = given(("192.0.2.1", "192.0.2.2:99"), 5353, "udp")
    assert [each.port for each in found] == [5353, 99]


def test_other_words_for_the_transports_are_understood() -> None:
    found = [
        DnsSpec.model_validate({"name": "x", "server": "192.0.2.1", "transport": word}).transport
        for word in ("tls", "https", "DoT", "UDP")
    ]
    assert found == ["dot", "doh", "dot", "udp"]


def test_servers_of_the_system_are_the_first_three_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    lines = [
        "# nameserver 192.0.2.9",
        "search example.org",
        "nameserver 169.254.169.254",
        "nameserver",
        "nameserver x",
    ]
    path.write_text("\n".join([*lines, *(f"nameserver 192.0.2.{n}" for n in range(5))]), encoding="utf-8")
    found = of_the_system(None, "udp", path)
    assert [each.host for each in found] == ["169.254.169.254", "192.0.2.0", "192.0.2.1"]
    assert all(each.system and each.port == 53 for each in found)


def test_system_without_servers_is_our_own_lack(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    for wanted in ("cannot read", "no name server in"):
        with pytest.raises(Fault, match=wanted) as raised:
            of_the_system(None, "udp", path)
        assert raised.value.blind
        path.write_text("options edns0\n", encoding="utf-8")
