"""What stands in an answer and is nobody's business does not leave in a ticket; all other words do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.masking import is_private, masked, masked_value
from config.masks import remember
from config.secrets import HIDDEN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DSN postgres://app:hunter2@db:5432/app", "DSN postgres://***@db:5432/app"),
        ("amqp://app:p@ss@mq/x", "amqp://***@mq/x"),
        ("redis://:hunter/2@cache:6379", "redis://***@cache:6379"),
        ("https://ghtoken@example.org/x", "https://***@example.org/x"),
        ("DJANGO_PRODUCTION_DATABASE_PASSWORD=hunter2", "DJANGO_PRODUCTION_DATABASE_PASSWORD=***"),
        ("'password' => 'hunter two',", "'password' => ***,"),
        ("MYSQL_PASS=hunter2", "MYSQL_PASS=***"),
        ("Server=db;Uid=sa;Pwd=hunter2;Timeout=30", "Server=db;Uid=sa;Pwd=***;Timeout=30"),
        ('{"user": "jo", "password": "hunter2"}', '{"user": "jo", "password": ***}'),
        ('"{\\"password\\":\\"hunter2\\"}"', '"{\\"password\\":***}"'),
        ("?page=2&access_token=abc123&sort=up", "?page=2&access_token=***&sort=up"),
        ("X-Api-Key: abc12345", "X-Api-Key: ***"),
        ("AWS_SECRET_ACCESS_KEY=abc/def+ghi", "AWS_SECRET_ACCESS_KEY=***"),
        ('<meta name="csrf-token" content="abcdef">', '<meta name="csrf-token" content=***>'),
        ('<input name="password" value="hunter2">', '<input name="password" value=***>'),
        ("Cookie: sid=abcdef; theme=dark\nHost: x", "Cookie: ***\nHost: x"),
        ("Set-Cookie: id=a3fWa; Secure", "Set-Cookie: ***"),
        ("JSESSIONID=0123ABCD", "JSESSIONID=***"),
        ("Authorization: Digest username=jo\r\nHost: x", "Authorization: ***\r\nHost: x"),
        ("headers.Authorization: ${env:A}: not set", "headers.Authorization: ${env:A}: not set"),
        (
            "${credential:shop-token}: known by its LoadCredential",
            "${credential:shop-token}: known by its LoadCredential",
        ),
        ("password: ${file:/etc/pw}", "password: ${file:/etc/pw}"),
        ("LoadCredential=pw:/etc/pw", "LoadCredential=pw:/etc/pw"),
        ("Authorization: ${env:A} hunter2", "Authorization: ***"),
        ("password=${env:A}hunter2", "password=***"),
        ("got Bearer abc123def and left", "got Bearer *** and left"),
        ("got Basic dXNlcjpwYXNz", "got Basic ***"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature!", "jwt ***!"),
        ("key AKIAIOSFODNN7EXAMPLE here", "key *** here"),
        ("ghp_0123456789abcdefghij0123", "***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END", "***-----END"),
        ("write to jane.doe+x@mail.example.org now", "write to *** now"),
        ("paid with 4111 1111 1111 1111 today", "paid with *** today"),
        ("card=378282246310005", "card=***"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN ***"),
    ],
)
def test_secrets_and_personal_data_are_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "token ring is fine",
        "password reset page",
        "your session has expired, sign in with your password",
        "basic authentication required",
        "a bearer of good news",
        "the cookie banner blocks the page",
        "token=null, password: none, secret: false",
        "obsession: great",
        "max_tokens: 4096, session_timeout: 3600, password_length: 12",
        "listening on http://127.0.0.1:8080/@status and [::1]:9090",
        "see https://example.org/@jane/articles?at=10:30",
        "size 4503599627370496 bytes of 17592186044416",
        "at 1700000000000 ms, 1700000000000000 us, 1700000000000000000 ns",
        "from 2026-11-21 to 2026-11-22, 2026-11-21T10:00:00.123456Z",
        "latency 0.4539578763621486",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "HTTP/1.1 503 Service Unavailable, Retry-After: 120",
        "react@18.2.0 failed to build",
    ],
)
def test_ordinary_words_and_numbers_are_left_alone(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("see postgres://app:hunt...", "hunt"),
        ("see eyJhbGciOiJIUzI1NiJ9...", "eyJ"),
        ("write to jane.doe@exam...", "jane"),
        ("'password' => 'hunter...", "hunter"),
    ],
)
def test_half_a_secret_at_a_cut_is_hidden_as_well(text: str, secret: str) -> None:
    assert secret not in masked(text)


def test_the_key_in_a_heartbeat_address_is_hidden_and_what_it_said_stays() -> None:
    line = '"POST /api/v1/heartbeat/6b1f3d0c9a7e4f25/start?rid=1 HTTP/1.1" 404'
    assert masked(line) == '"POST /api/v1/heartbeat/***/start?rid=1 HTTP/1.1" 404'


def test_a_revealed_secret_is_hidden_without_any_sign_around_it() -> None:
    remember("correct horse")
    assert masked("it says correct horse here") == f"it says {HIDDEN} here"


def test_masking_reaches_every_text_in_a_document_and_knows_its_names() -> None:
    seen = {
        "db": {"password": "hunter2", "port": 5432, "replicas": ["postgres://a:bcd@one/", None]},
        "set-cookie": ["id=1", "theme=dark"],
        "ok": True,
    }
    assert masked_value(seen) == {
        "db": {"password": HIDDEN, "port": 5432, "replicas": ["postgres://***@one/", None]},
        "set-cookie": [HIDDEN, HIDDEN],
        "ok": True,
    }
    assert masked_value("id=1", 'header "Set-Cookie"') == HIDDEN
    assert masked_value(503, "json $.token") == 503


def test_a_document_that_is_nested_without_end_is_cut_off() -> None:
    deep: object = "token=abcdef"
    for _ in range(5000):
        deep = [deep]
    assert "abcdef" not in json.dumps(masked_value(deep))


def test_names_that_only_speak_of_secrets_are_not_private() -> None:
    assert is_private("json $.auth.password") and is_private('header "Authorization"')
    assert not is_private("status") and not is_private("token_count") and not is_private("json $.keys")


@given(st.text(alphabet="aA1@.:/-= '\"_\nBearerpasswordtokencookieyJ", max_size=600))
def test_masking_is_settled_after_one_time(text: str) -> None:
    once = masked(text)
    assert masked(once).count("@") <= once.count("@")
    assert isinstance(once, str)


@given(
    st.sampled_from(["password=", "token: ", "mysql://root:", "Cookie: ", "X-Api-Key: ", "'pwd' => '"]),
    st.text(alphabet="abcdghijk0123456789", min_size=8, max_size=40),
    st.text(alphabet="xyz .,\n", max_size=50),
)
def test_what_follows_a_telling_name_never_stays(name: str, secret: str, around: str) -> None:
    ending = "@db/x" if "://" in name else "\n"
    assert secret not in masked(f"{around}\n{name}{secret}{ending}{around}")
