"""Basic credentials are masked in either form; a signature counts only for its own body and secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from urllib.parse import quote

import pytest

from alerting.connectors.credentials import basic, is_signed
from config.masks import mask
from config.secrets import Secret

BODY = b'{"issue": 1}'
RIGHT = "sha256=" + hmac.new(b"secret-of-it", BODY, hashlib.sha256).hexdigest()


def test_basic_credentials_are_masked_packed_and_unpacked() -> None:
    packed = base64.b64encode(b"bot@example.org:pass-word-4711").decode()
    header = basic("bot@example.org", Secret("pass-word-4711"))
    assert header == f"Basic {packed}"
    assert mask(f"{header} pass-word-4711") == "Basic *** ***"


@pytest.mark.parametrize("name", ["x-hub-signature-256", "x-hub-signature"])
def test_a_body_with_its_signature_is_signed(name: str) -> None:
    assert is_signed(Secret("secret-of-it"), {name: RIGHT}, BODY)


@pytest.mark.parametrize(
    ("secret", "headers", "body"),
    [
        (Secret("secret-of-it"), {}, BODY),
        (Secret("secret-of-it"), {"x-hub-signature-256": RIGHT}, BODY + b" "),
        (Secret("another-secret"), {"x-hub-signature-256": RIGHT}, BODY),
        (Secret("secret-of-it"), {"x-hub-signature-256": RIGHT.removeprefix("sha256=")}, BODY),
        (Secret("secret-of-it"), {"x-hub-signature-256": "sha256=\udcff"}, BODY),
        (Secret("secret-of-it"), {"x-hub-signature-256": "sha256=0", "x-hub-signature": RIGHT}, BODY),
        (None, {"x-hub-signature": "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()}, BODY),
        (Secret(""), {"x-hub-signature": "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()}, BODY),
    ],
)
def test_anything_else_is_not(secret: Secret | None, headers: dict[str, str], body: bytes) -> None:
    assert not is_signed(secret, headers, body)


def test_a_secret_that_cannot_be_had_signs_nothing(tmp_path: Path) -> None:
    lacking = Secret(f"${{file:{tmp_path}/none}}")
    assert not is_signed(lacking, {"x-hub-signature": RIGHT}, BODY)


def test_basic_credentials_are_masked_as_they_come_back_in_an_address() -> None:
    pair = Secret("??>>~~secret-0815-4711")
    packed = basic("me", pair).removeprefix("Basic ")
    assert {"+", "/", "="} & set(packed)
    for form in (quote(packed), quote(packed, safe=""), packed.rstrip("=")):
        assert mask(f"said {form}!") == "said ***!"
