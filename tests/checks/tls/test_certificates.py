"""What is read in certificates, and for whom they speak."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from checks.certificates import (
    Unreadable,
    chain_days,
    days_until,
    in_order,
    leaf_days,
    names_keeper,
    read,
    speaks_for,
)
from tests.checks.tls.authorities import NOW, Wish, authority, issued

ROOT = authority()
MIDDLE = authority("Test Middle", ROOT, ends=10)
LEAF = issued(Wish(("a.example", "*.b.example", "10.0.0.1", "2001:db8::1"), ends=90), MIDDLE)


def test_certificate_is_read_whole() -> None:
    seen = read(LEAF.der)
    assert (seen.subject, seen.issuer) == ("CN=server", "CN=Test Middle")
    assert seen.names == ("a.example", "*.b.example", "10.0.0.1", "2001:db8::1")
    assert days_until(seen.ends, NOW.timestamp()) == 90
    assert days_until(seen.begins, NOW.timestamp()) == -10
    assert seen.key == "EC secp256r1"
    assert len(seen.sha256) == 64


def test_serial_keeps_its_leading_zero() -> None:
    serial = 0x0BFFBC11F1907D02AF719AFCD64FB253
    assert read(issued(Wish(serial=serial)).der).serial == "0bffbc11f1907d02af719afcd64fb253"


def test_days_are_those_of_the_leaf_and_of_the_first_to_end() -> None:
    chain = tuple(map(read, (LEAF.der, MIDDLE.der, ROOT.der)))
    assert (leaf_days(chain, NOW.timestamp()), chain_days(chain, NOW.timestamp())) == (90, 10)
    assert (leaf_days((), 0), chain_days((), 0)) == (None, None)


def test_chain_is_put_in_order_and_strangers_stand_last() -> None:
    stranger = issued(Wish(title="stranger"))
    mixed = (LEAF.der, ROOT.der, stranger.der, MIDDLE.der, ROOT.der)
    assert in_order(mixed) == (LEAF.der, MIDDLE.der, ROOT.der, stranger.der)
    assert in_order((LEAF.der,)) == (LEAF.der,)
    assert in_order(()) == ()


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("a.example", True),
        ("A.EXAMPLE.", True),
        ("x.b.example", True),
        ("b.example", False),
        ("x.y.b.example", False),
        ("10.0.0.1", True),
        ("10.0.0.2", False),
        ("[2001:DB8:0::1]", True),
        ("server", False),
        ("", False),
        (".b.example", False),
        ("a..example", False),
        ("x" * 64 + ".b.example", False),
    ],
)
def test_names_are_compared_as_the_standard_says(host: str, named: bool) -> None:
    assert speaks_for(LEAF.der, host) is named


@pytest.mark.parametrize(
    ("name", "host"),
    [("*.org", "eff.org"), ("*", "localhost"), ("w*.eff.org", "www.eff.org"), ("www.*.org", "www.eff.org")],
)
def test_odd_wildcards_speak_for_nobody(name: str, host: str) -> None:
    assert not speaks_for(issued(Wish((name,))).der, host)


def test_names_beyond_ascii_are_compared_in_their_wire_form() -> None:
    assert speaks_for(issued(Wish(("xn--bcher-kva.example",))).der, "bücher.example")


def test_address_must_be_named_as_one_and_not_as_text() -> None:
    as_text = x509.SubjectAlternativeName([x509.DNSName("10.0.0.1")])
    assert not speaks_for(issued(Wish(extensions=(as_text,))).der, "10.0.0.1")


def test_common_name_alone_speaks_for_nobody() -> None:
    assert not speaks_for(issued(Wish(title="a.example")).der, "a.example")


def test_hostile_text_is_shown_in_one_line_and_cut() -> None:
    seen = read(issued(Wish(title="evil\x1b[31m\n\u202e" + "x" * 40)).der)
    assert seen.subject.isprintable()
    assert "\\x1b" in seen.subject
    many = read(issued(Wish(tuple(f"n{number}.example" for number in range(500)))).der)
    assert len(many.names) == 100


def test_keeper_of_the_issuer_is_seen() -> None:
    assert names_keeper(issued(Wish(keeper="http://ca.example/x.crt")).der)
    assert not names_keeper(LEAF.der)


@pytest.mark.parametrize("bad", [b"", b"x" * 100, LEAF.der[:-1]])
def test_what_is_no_certificate_is_told(bad: bytes) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        read(bad)


@pytest.mark.filterwarnings(
    "ignore"
)  # the library's, which are silenced once a process; pytest hears them again
@given(st.integers(0, len(LEAF.der) - 1), st.integers(0, 255))
def test_no_damage_breaks_the_reader(place: int, value: int) -> None:
    damaged = bytearray(LEAF.der)
    damaged[place] = value
    try:
        seen = read(bytes(damaged))
        speaks_for(bytes(damaged), "a.example")
    except Unreadable:
        return
    assert all(text.isprintable() for text in (seen.subject, seen.issuer, seen.serial, seen.key, *seen.names))


def test_order_is_the_same_however_the_rest_was_sent() -> None:
    assert in_order((LEAF.der, MIDDLE.der, ROOT.der)) == in_order((LEAF.der, ROOT.der, MIDDLE.der))
