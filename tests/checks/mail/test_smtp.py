"""SMTP against a real server (aiosmtpd), and against servers that behave badly."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from pydantic import ValidationError

from checks.base import ErrorKind, Observation
from checks.smtp import SmtpSpec
from tests.checks.listeners import Serve, hangs_up, says, stays_silent
from tests.checks.looks import AUTH, TLS, against, certificate, look_at, script
from tests.checks.mail.post_office import PostOffice, open_office

EHLO = (b"EHLO", b"250-post\r\n250-SIZE 1000\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
READY = b"220 post ESMTP\r\n"


def at_office(options: dict[str, Any], *, office: PostOffice | None = None, **serve: Any) -> Observation:
    """One look at a real server."""

    async def run() -> Observation:
        async with open_office(office or PostOffice(), **serve) as post:
            return await look_at("smtp", {"port": post.port, **options})

    return asyncio.run(run())


def test_greeting_and_capabilities_without_a_login() -> None:
    seen = at_office({}, data_size_limit=5000)
    assert (seen.failure, seen.blind) == (None, None)
    assert "post.example" in str(seen.values["banner"])
    assert "SIZE 5000" in str(seen.values["capabilities"])
    assert seen.values["max_size"] == 5000
    assert set(seen.phases) == {"resolve", "connect", "greeting"}


@pytest.mark.parametrize("way", ["tls", "starttls"])
def test_login_over_tls(ca: str, way: str) -> None:
    proof: dict[str, Any] = {way: certificate()}
    more: dict[str, Any] = {"auth_require_tls": False} if way == "tls" else {}
    seen = at_office({way: True, "ca": ca, "auth": AUTH}, **proof, **more)
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert float(seen.values["cert_days"] or 0) > 0


def test_login_without_tls_only_where_that_is_allowed() -> None:
    seen = at_office({"auth": AUTH, "plain_login": True})
    assert (seen.failure, seen.values["login"]) == (None, True)


def test_wrong_password_is_told_apart_from_an_outage() -> None:
    seen = at_office({"auth": {**AUTH, "password": "shut barley"}, "plain_login": True})
    assert (seen.error_kind, seen.values["login"]) == (ErrorKind.AUTH, False)
    assert "refused the login of joe: 535" in str(seen.failure)


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        (b"LOGIN", [b"AUTH LOGIN", b"am9l", b"b3BlbiBzZXNhbWU="]),
        (b"PLAIN", [b"AUTH PLAIN AGpvZQBvcGVuIHNlc2FtZQ=="]),
    ],
)
def test_login_speaks_what_the_server_offers(ways: bytes, said: list[bytes]) -> None:
    heard: list[bytes] = []
    serve = script(
        READY,
        (b"EHLO", b"250-post\r\n250 AUTH " + ways + b"\r\n"),
        (b"AUTH LOGIN", b"334 VXNlcm5hbWU6\r\n"),
        (b"am9l", b"334 UGFzc3dvcmQ6\r\n"),
        (said[-1], b"235 welcome\r\n"),
        heard=heard,
    )
    seen = against("smtp", serve, auth=AUTH, plain_login=True)
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert heard[1 : 1 + len(said)] == said


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (b"454 4.7.0 later", ErrorKind.STATUS, "454 4.7.0 later"),
        (b"535 no", ErrorKind.AUTH, "535 no"),
        (b"334 ", ErrorKind.AUTH, "334"),
    ],
)
def test_server_that_cannot_decide_a_login_is_no_wrong_password(
    answer: bytes, kind: ErrorKind, text: str
) -> None:
    seen = against("smtp", script(READY, EHLO, (b"AUTH", answer + b"\r\n")), auth=AUTH, plain_login=True)
    assert (seen.error_kind, text in str(seen.failure)) == (kind, True)


def test_server_without_a_login_that_we_speak_is_named() -> None:
    serve = script(READY, (b"EHLO", b"250-post\r\n250 AUTH NTLM GSSAPI\r\n"))
    seen = against("smtp", serve, auth=AUTH, plain_login=True)
    assert seen.error_kind is ErrorKind.AUTH
    assert "offers only NTLM, GSSAPI, and not AUTH PLAIN or LOGIN" in str(seen.failure)


def test_secret_that_the_server_repeats_is_not_shown() -> None:
    coded = base64.b64encode(b"\0joe\0open sesame")
    said = b"535 " + b"x" * 100 + b" AUTH PLAIN " + coded + b"\r\n"
    seen = against("smtp", script(READY, EHLO, (b"AUTH", said)), auth=AUTH, plain_login=True)
    assert coded.decode()[:8] not in str(seen.failure)


@pytest.mark.parametrize(("refuses", "code"), [("", 250), ("@elsewhere.example", 550)])
def test_server_is_asked_for_a_recipient_and_sent_nothing(refuses: str, code: int) -> None:
    office = PostOffice(refuses=refuses)
    seen = at_office({"recipient": "joe@elsewhere.example"}, office=office)
    assert (seen.failure, seen.values["recipient_code"]) == (None, code)
    assert office.mails == []


HOSTILE: list[tuple[str, Serve, ErrorKind, str]] = [
    ("closes", hangs_up, ErrorKind.PROTOCOL, "closed the connection instead of giving the greeting"),
    ("silent", stays_silent, ErrorKind.TIMEOUT, "no greeting from 127.0.0.1"),
    ("busy", says(b"421 4.3.2 too many\r\n"), ErrorKind.STATUS, "refused service: 421 4.3.2 too many"),
    ("no service", says(b"554-no\r\n554 SMTP here\r\n"), ErrorKind.STATUS, "554 no SMTP here"),
    ("another protocol", says(b"* OK IMAP\r\n"), ErrorKind.PROTOCOL, "no greeting"),
    ("a web page", says(b"HTTP/1.1 400 Bad Request\r\n"), ErrorKind.PROTOCOL, "got: HTTP/1.1 400"),
    ("two codes", says(b"220-one\r\n250 two\r\n"), ErrorKind.PROTOCOL, "got: 250 two"),
    ("endless line", says(b"220 " + b"x" * 100_000), ErrorKind.PROTOCOL, "a line of more than 8KiB"),
    ("endless lines", says(b"220-x\r\n" * 20_000), ErrorKind.PROTOCOL, "more than 2,000 lines"),
    ("cut", says(b"220-x\r\n22"), ErrorKind.TIMEOUT, "no greeting"),
    ("closes after its greeting", script(READY), ErrorKind.PROTOCOL, "instead of giving the answer to EHLO"),
    ("EHLO later", script(READY, (b"EHLO", b"451 x\r\n")), ErrorKind.STATUS, "refused EHLO: 451 x"),
    (
        "knows neither",
        script(READY, (b"EHLO", b"500 x\r\n"), (b"HELO", b"502 y\r\n")),
        ErrorKind.STATUS,
        "refused EHLO and HELO: 502 y",
    ),
    ("steers the terminal", says(b"554 \x1b]0;owned\x07\r\n"), ErrorKind.STATUS, "\\x1b]0;owned\\x07"),
]


@pytest.mark.parametrize(
    ("serve", "kind", "text"), [case[1:] for case in HOSTILE], ids=[x[0] for x in HOSTILE]
)
def test_each_fault_has_its_own_reason(serve: Serve, kind: ErrorKind, text: str) -> None:
    seen = against("smtp", serve, timeout=1 if kind is ErrorKind.TIMEOUT else 20)
    assert text in str(seen.failure)
    assert seen.error_kind is kind


def test_server_that_knows_no_ehlo_is_well_all_the_same() -> None:
    seen = against("smtp", script(READY, (b"EHLO", b"502 no\r\n"), (b"HELO", b"250 post\r\n")))
    assert (seen.failure, seen.values["capabilities"], seen.values["max_size"]) == (None, "", None)


def test_tls_that_is_not_offered_is_down_and_says_so() -> None:
    seen = against("smtp", script(READY, (b"EHLO", b"250-post\r\n250 SIZE\r\n")), starttls=True)
    assert seen.error_kind is ErrorKind.TLS
    assert "does not offer STARTTLS, or somebody on the way removes it" in str(seen.failure)


def test_words_put_in_before_tls_are_refused() -> None:
    serve = script(READY, EHLO, (b"STARTTLS", b"220 go\r\n250-AUTH PLAIN\r\n"))
    seen = against("smtp", serve, starttls=True)
    assert (seen.error_kind, "plain text before TLS" in str(seen.failure)) == (ErrorKind.PROTOCOL, True)


def test_server_that_refuses_its_own_starttls_is_down() -> None:
    seen = against("smtp", script(READY, EHLO, (b"STARTTLS", b"454 no key\r\n")), starttls=True)
    assert (seen.error_kind, "refused STARTTLS: 454 no key" in str(seen.failure)) == (ErrorKind.TLS, True)


def test_password_is_sent_only_after_tls(ca: str) -> None:
    heard: list[bytes] = []
    serve = script(
        READY, EHLO, (b"STARTTLS", (b"220 go\r\n", TLS)), (b"AUTH", b"235 welcome\r\n"), heard=heard
    )
    seen = against("smtp", serve, starttls="required", ca=ca, auth=AUTH, helo="me.example")
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert [line[:10] for line in heard][:4] == [b"EHLO me.ex", b"STARTTLS", b"EHLO me.ex", b"AUTH PLAIN"]


def test_we_introduce_ourselves_by_our_address() -> None:
    heard: list[bytes] = []
    against("smtp", script(READY, EHLO, heard=heard))
    assert heard[0] == b"EHLO [127.0.0.1]"


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"auth": AUTH}, "set tls: true or starttls: true"),
        ({"sender": "a@b"}, "sender: wants a recipient:"),
        ({"recipient": "Joe <joe@example.org>"}, "expected a mail address"),
        ({"recipient": "a@b>\r\nDATA"}, "expected a mail address"),
        ({"helo": "x\r\nMAIL"}, "control characters"),
        ({"roundtrip": {"imap": {"host": "h", "tls": True, "auth": AUTH}}}, "wants sender: and recipient:"),
        ({"sender": "a@b", "recipient": "a@b", "roundtrip": {"imap": {"host": "h"}}}, "imap: wants auth:"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        SmtpSpec.model_validate({"host": "h", **options})


def test_ports_follow_what_is_asked_for() -> None:
    auth: dict[str, Any] = {"auth": AUTH}
    specs: list[dict[str, Any]] = [
        {},
        {"starttls": True},
        {"tls": True, **auth},
        {"starttls": True, **auth},
        {"tls": True, "port": 1},
    ]
    assert [SmtpSpec.model_validate({"host": "h", **each}).its_port for each in specs] == [
        25,
        25,
        465,
        587,
        1,
    ]
