"""Certificates and stapled answers that are damaged: nothing of it breaks the reader, and the reason is plain."""

from __future__ import annotations

import struct
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from checks.base import ErrorKind, Status
from checks.revocation import stapled
from tests.checks.listeners import says
from tests.checks.tls.authorities import NOW, Wish, authority, issued
from tests.checks.tls.conftest import House
from tests.checks.tls.looks import against

ROOT = authority()
LEAF = issued(Wish(("127.0.0.1",)), ROOT)


def _answer() -> bytes:
    """A sound OCSP answer about LEAF, its signer's certificate with it."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        LEAF.certificate,
        ROOT.certificate,
        hashes.SHA256(),
        ocsp.OCSPCertStatus.GOOD,
        NOW,
        NOW + timedelta(days=1),
        None,
        None,
    )
    named = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ROOT.certificate)
    whole = named.certificates([ROOT.certificate]).sign(ROOT.key, hashes.SHA256())
    return whole.public_bytes(Encoding.DER)


ANSWER = _answer()


def test_sound_answer_is_good() -> None:
    assert stapled(ANSWER, LEAF.der, ROOT.der, NOW.timestamp()).state == "good"


@pytest.mark.filterwarnings("ignore")  # the library's, about the damage
@given(st.integers(0, len(ANSWER) - 1), st.integers(0, 255))
def test_no_damage_breaks_the_reader_of_answers_nor_makes_another_of_them(place: int, value: int) -> None:
    damaged = bytearray(ANSWER)
    damaged[place] = value
    seen = stapled(bytes(damaged), LEAF.der, ROOT.der, NOW.timestamp())
    assert seen.state == "good" or seen.unusable


def test_answer_by_an_unheard_of_algorithm_proves_nothing() -> None:
    sha256, unheard_of = bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503047f01")
    seen = stapled(ANSWER.replace(sha256, unheard_of), LEAF.der, ROOT.der, NOW.timestamp())
    assert seen.unusable == "it cannot be read"


def _handshake(kind: int, body: bytes) -> bytes:
    message = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + struct.pack("!H", len(message)) + message


@pytest.mark.parametrize("kind", ["tls", "tcp"])
def test_damaged_certificate_is_told_as_that(house: House, kind: str) -> None:
    hello = b"\x03\x03" + b"\0" * 33 + b"\xc0\x2b\0\0\x05\xff\x01\0\x01\0"
    shown = b"\x30\x03abc"
    chain = len(shown).to_bytes(3, "big") + shown
    server = says(_handshake(2, hello) + _handshake(11, len(chain).to_bytes(3, "big") + chain))
    options = {"ca": house.ca} if kind == "tls" else {"ca": house.ca, "tls": True}
    reading = against(kind, server, **options)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TLS)
    assert reading.message.endswith("failed: its certificate is damaged and cannot be read")
