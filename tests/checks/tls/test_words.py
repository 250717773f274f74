"""Alerts by name, and what counts as weak."""

from __future__ import annotations

import pytest

from checks.base import Certificate
from checks.tls_alerts import alert_name, alert_number, alert_words
from checks.tls_strength import weaknesses


@pytest.mark.parametrize(
    ("number", "name"),
    [(40, "handshake_failure"), (42, "bad_certificate"), (70, "protocol_version"), (199, "alert_199")],
)
def test_alerts_have_the_names_of_the_registry(number: int, name: str) -> None:
    assert alert_name(number) == name


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", 40),
        ("TLSV1_ALERT_PROTOCOL_VERSION", 70),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", 116),
        ("TLSV1_UNRECOGNIZED_NAME", 112),
        ("TLSV1_ALERT_USER_CANCELLED", 90),
        ("tlsv1 alert unknown ca", 48),
        ("WRONG_VERSION_NUMBER", None),
        ("INVALID_ALERT", None),
    ],
)
def test_words_of_openssl_are_traced_to_their_alert(said: str, number: int | None) -> None:
    assert alert_number(said) == number


def test_alert_says_what_it_means() -> None:
    assert alert_words(70).endswith("alert 70, protocol_version: no TLS version in common")
    assert alert_words(45).endswith("certificate_expired: it does not accept our client certificate")
    assert alert_words(10).endswith("alert 10, unexpected_message")


def _with_key(key: str) -> Certificate:
    return Certificate("CN=a", "CN=b", (), 0, 1, "00", "00", key)


@pytest.mark.parametrize(
    ("version", "cipher", "bits", "key", "weak"),
    [
        ("TLS 1.3", "TLS_AES_128_GCM_SHA256", 128, "RSA 2048", ()),
        ("TLS 1.2", "ECDHE-RSA-AES128-SHA", 128, "EC secp256r1", ()),
        ("TLS 1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", 256, "Ed25519", ()),
        ("TLS 1.0", "AES128-SHA", 128, "RSA 2048", ("TLS 1.0",)),
        ("TLS 1.2", "RC4-SHA", 128, "RSA 2048", ("cipher RC4-SHA",)),
        ("TLS 1.2", "DES-CBC3-SHA", 112, "RSA 1024", ("cipher DES-CBC3-SHA", "RSA 1024")),
        ("TLS 1.2", "EXP-RC2-CBC-MD5", 40, "DSA 1024", ("cipher EXP-RC2-CBC-MD5", "DSA 1024")),
        (None, None, None, "EC secp384r1", ()),
    ],
)
def test_what_is_out_of_date_is_named(
    version: str | None, cipher: str | None, bits: int | None, key: str, weak: tuple[str, ...]
) -> None:
    assert weaknesses(version, cipher, bits, [_with_key(key)]) == weak
