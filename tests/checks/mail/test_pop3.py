"""POP3 against a real Dovecot, and against servers that behave badly."""

from __future__ import annotations

import pytest

from checks.base import ErrorKind
from checks.pop3 import Pop3Spec
from tests.checks.listeners import Serve, hangs_up, says, stays_silent
from tests.checks.looks import AUTH, TLS, against, script, seen_at
from tests.checks.mail.dovecot import Dovecot

READY = b"+OK ready <1.2@post>\r\n"
CAPA = (b"CAPA", b"+OK\r\nSTLS\r\nUSER\r\n..DOT\r\n.\r\n")
MAIL = b"Subject: hello\n\nworld\n"


def test_greeting_and_capabilities_without_a_login(server: Dovecot) -> None:
    seen = seen_at("pop3", server.pop3)
    assert (seen.failure, seen.blind) == (None, None)
    assert "Dovecot" in str(seen.values["banner"])
    assert {"STLS", "UIDL"} <= set(str(seen.values["capabilities"]).split(", "))
    assert "login" not in seen.values


@pytest.mark.parametrize("way", ["tls", "starttls"])
def test_login_over_tls_counts_the_mails(server: Dovecot, ca: str, way: str) -> None:
    server.deliver(MAIL)
    port = server.pop3s if way == "tls" else server.pop3
    seen = seen_at("pop3", port, **{way: True}, ca=ca, auth=AUTH)
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert seen.values["messages"] == len(server.mails())
    assert float(seen.values["size"] or 0) > 0
    assert float(seen.values["cert_days"] or 0) > 0


def test_dots_that_stand_for_themselves_are_read_so() -> None:
    seen = against("pop3", script(READY, CAPA))
    assert seen.values["capabilities"] == "STLS, USER, .DOT"


def test_server_that_knows_no_capa_is_well_all_the_same() -> None:
    seen = against("pop3", script(READY, (b"CAPA", b"-ERR what\r\n")))
    assert (seen.failure, "capabilities" in seen.values) == (None, False)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"-ERR [AUTH] no", ErrorKind.AUTH),
        (b"-ERR no", ErrorKind.AUTH),
        (b"-ERR [IN-USE] locked", ErrorKind.STATUS),
        (b"-ERR [SYS/TEMP] later", ErrorKind.STATUS),
        (b"235 what", ErrorKind.PROTOCOL),
    ],
)
def test_server_that_cannot_decide_a_login_is_no_wrong_password(answer: bytes, kind: ErrorKind) -> None:
    serve = script(READY, CAPA, (b"USER", b"+OK\r\n"), (b"PASS", answer + b"\r\n"))
    seen = against("pop3", serve, auth=AUTH, plain_login=True)
    assert (seen.error_kind, seen.values["login"]) == (kind, False)


HOSTILE: list[tuple[str, Serve, ErrorKind, str]] = [
    ("closes", hangs_up, ErrorKind.PROTOCOL, "closed the connection instead of giving the greeting"),
    ("silent", stays_silent, ErrorKind.TIMEOUT, "no greeting from 127.0.0.1"),
    ("refuses", says(b"-ERR [SYS/TEMP] busy\r\n"), ErrorKind.STATUS, "refused service: [SYS/TEMP] busy"),
    ("another protocol", says(b"* OK IMAP\r\n"), ErrorKind.PROTOCOL, "got: * OK IMAP"),
    ("looks alike", says(b"+OKAY\r\n"), ErrorKind.PROTOCOL, "got: +OKAY"),
    ("closes after its greeting", script(READY), ErrorKind.PROTOCOL, "instead of giving the answer to CAPA"),
    (
        "list without end",
        script(READY, (b"CAPA", b"+OK\r\nX\r\n")),
        ErrorKind.TIMEOUT,
        "no end of the capabilities",
    ),
    (
        "endless list",
        script(READY, (b"CAPA", b"+OK\r\n" + b"X\r\n" * 20_000)),
        ErrorKind.PROTOCOL,
        "more than 2,000 lines",
    ),
]


@pytest.mark.parametrize(
    ("serve", "kind", "text"), [case[1:] for case in HOSTILE], ids=[x[0] for x in HOSTILE]
)
def test_each_fault_has_its_own_reason(serve: Serve, kind: ErrorKind, text: str) -> None:
    seen = against("pop3", serve, timeout=1 if kind is ErrorKind.TIMEOUT else 20)
    assert text in str(seen.failure)
    assert seen.error_kind is kind


def test_count_that_is_none_is_a_fault() -> None:
    serve = script(READY, CAPA, (b"USER", b"+OK\r\n"), (b"PASS", b"+OK\r\n"), (b"STAT", b"+OK many\r\n"))
    seen = against("pop3", serve, auth=AUTH, plain_login=True)
    assert (seen.error_kind, seen.values["login"]) == (ErrorKind.PROTOCOL, True)
    assert "no count of the mails" in str(seen.failure)


def test_tls_that_is_not_offered_is_down_and_says_so() -> None:
    seen = against("pop3", script(READY, (b"CAPA", b"+OK\r\nUSER\r\n.\r\n")), starttls=True)
    assert seen.error_kind is ErrorKind.TLS
    assert "does not offer STLS" in str(seen.failure)


def test_words_put_in_before_tls_are_refused() -> None:
    seen = against("pop3", script(READY, CAPA, (b"STLS", b"+OK go\r\n+OK injected\r\n")), starttls=True)
    assert (seen.error_kind, "plain text before TLS" in str(seen.failure)) == (ErrorKind.PROTOCOL, True)


def test_password_is_sent_only_after_tls(ca: str) -> None:
    heard: list[bytes] = []
    serve = script(
        READY,
        CAPA,
        (b"STLS", (b"+OK go\r\n", TLS)),
        (b"USER", b"+OK\r\n"),
        (b"PASS", b"+OK\r\n"),
        (b"STAT", b"+OK 2 320\r\n"),
        heard=heard,
    )
    seen = against("pop3", serve, starttls=True, ca=ca, auth=AUTH)
    assert (seen.failure, seen.values["messages"], seen.values["size"]) == (None, 2, 320)
    assert heard[:5] == [b"CAPA", b"STLS", b"CAPA", b"USER joe", b"PASS open sesame"]


def test_ports_follow_the_way_to_tls() -> None:
    specs = [{}, {"starttls": True}, {"tls": True}]
    assert [Pop3Spec.model_validate({"host": "h", **each}).its_port for each in specs] == [110, 110, 995]
