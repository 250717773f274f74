"""IMAP against a real Dovecot, and against servers that behave badly."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.base import ErrorKind
from checks.imap import ImapSpec
from checks.imap.words import mailbox_name, quoted
from tests.checks.listeners import Serve, hangs_up, says, stays_silent
from tests.checks.looks import AUTH, TLS, against, certificate, script, seen_at
from tests.checks.mail.dovecot import Dovecot

CAPABLE = b"* CAPABILITY IMAP4rev1 STARTTLS\r\nt1 OK\r\n"
MAIL = b"Subject: hello\n\nworld\n"


def test_greeting_and_capabilities_without_a_login(server: Dovecot) -> None:
    seen = seen_at("imap", server.imap)
    assert (seen.failure, seen.blind) == (None, None)
    assert "Dovecot" in str(seen.values["banner"])
    assert {"IMAP4rev1", "STARTTLS"} <= set(str(seen.values["capabilities"]).split(", "))
    assert float(seen.values["latency"] or 0) > 0
    assert "login" not in seen.values
    assert set(seen.phases) == {"resolve", "connect", "greeting"}


@pytest.mark.parametrize("way", ["tls", "starttls"])
def test_login_over_tls_and_a_look_into_the_mailbox(server: Dovecot, ca: str, way: str) -> None:
    server.deliver(MAIL)
    port = server.imaps if way == "tls" else server.imap
    seen = seen_at("imap", port, **{way: True}, ca=ca, auth=AUTH, mailbox="INBOX")
    assert (seen.failure, seen.blind) == (None, None)
    assert seen.values["login"] is True
    assert seen.values["messages"] == seen.values["unseen"] == len(server.mails())
    assert float(seen.values["cert_days"] or 0) > 0
    assert {"tls", "login"} <= set(seen.phases)


def test_what_was_offered_before_tls_is_asked_again_after_it(strict: Dovecot, ca: str) -> None:
    before = seen_at("imap", strict.imap, host=strict.address)
    after = seen_at("imap", strict.imap, host=strict.address, starttls=True, ca=ca)
    assert "LOGINDISABLED" in str(before.values["capabilities"])
    assert "LOGINDISABLED" not in str(after.values["capabilities"])


def test_server_that_forbids_logins_without_tls_is_sent_no_password(strict: Dovecot) -> None:
    seen = seen_at("imap", strict.imap, host=strict.address, auth=AUTH, plain_login=True)
    assert seen.error_kind is ErrorKind.AUTH
    assert str(seen.failure).endswith("takes no logins on this connection (LOGINDISABLED)")


@pytest.mark.parametrize("port", ["imaps", "pop3s"])
def test_wrong_password_is_told_apart_from_an_outage(server: Dovecot, ca: str, port: str) -> None:
    wrong = {**AUTH, "password": "shut barley"}
    seen = seen_at(port.removesuffix("s"), getattr(server, port), tls=True, ca=ca, auth=wrong)
    assert (seen.error_kind, seen.values["login"]) == (ErrorKind.AUTH, False)
    assert "refused the login of joe: [AUTH" in str(seen.failure)


def test_mailbox_that_is_not_there_is_down(server: Dovecot, ca: str) -> None:
    seen = seen_at("imap", server.imaps, tls=True, ca=ca, auth=AUTH, mailbox="Nowhere")
    assert "refused to look into the mailbox Nowhere" in str(seen.failure)
    assert seen.values["login"] is True


def test_certificate_of_another_name_is_refused_or_asked_for(server: Dovecot, ca: str) -> None:
    for port, way in ((server.imaps, "tls"), (server.imap, "starttls")):
        seen = seen_at("imap", port, **{way: True}, ca=ca, auth=AUTH, server_name="mail.example.org")
        assert (seen.error_kind, seen.values.get("login")) == (ErrorKind.TLS, None)
        assert "not valid for mail.example.org: it names 127.0.0.1" in str(seen.failure)
    seen = seen_at("imap", server.imaps, tls=True, verify=False, server_name="mail.example.org")
    assert seen.failure is None
    assert float(seen.values["cert_days"] or 0) > 0


@pytest.mark.parametrize("password", ['quo"ted \\ back', "Grüße", "x" * 1200, "{5}", "*"])
def test_no_password_breaks_out_of_its_command(password: str) -> None:
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        line = await reader.readline()
        heard.extend(line)
        if line.endswith(b"}\r\n"):
            writer.write(b"+ go on\r\n")
            heard.extend(await reader.readexactly(len(password.encode()) + 2))
        writer.write(b"t1 OK\r\n")
        await reader.read()

    seen = against("imap", serve, auth={"user": "joe", "password": password}, plain_login=True)
    assert (seen.failure, seen.values["login"]) == (None, True)
    raw = password.encode()
    literal = b't1 LOGIN "joe" {%d}\r\n%s\r\n' % (len(raw), raw)
    escaped = password.replace("\\", "\\\\").replace('"', '\\"').encode()
    assert bytes(heard) in (literal, b't1 LOGIN "joe" "%s"\r\n' % escaped)


def test_plain_authentication_waits_to_be_asked_where_it_must() -> None:
    heard: list[bytes] = []
    coded = base64.b64encode(b"\0joe\0open sesame")
    serve = script(
        b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN LOGINDISABLED] x\r\n",
        (b"t1 AUTHENTICATE PLAIN", b"+ \r\n"),
        (coded, b"t1 OK done\r\n"),
        heard=heard,
    )
    seen = against("imap", serve, auth=AUTH, plain_login=True)
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert heard[:2] == [b"t1 AUTHENTICATE PLAIN", coded]


def test_secret_that_the_server_repeats_is_not_shown() -> None:
    coded = base64.b64encode(b"\0joe\0open sesame").decode()
    bad = f"t1 NO what is AUTHENTICATE PLAIN {coded} or open sesame\r\n".encode()
    serve = script(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] x\r\n", (b"t1", bad))
    seen = against("imap", serve, auth=AUTH, plain_login=True)
    assert str(seen.failure).endswith("what is AUTHENTICATE PLAIN *** or ***")


def test_password_is_not_shown_as_it_was_quoted_either() -> None:
    word = b'"open \\"sesame\\\\'
    serve = script(b"* OK [CAPABILITY IMAP4rev1] x\r\n", (b"t1", b"t1 NO what is " + word + b"\r\n"))
    auth = {"user": "joe", "password": 'open "sesame\\'}
    assert str(against("imap", serve, auth=auth, plain_login=True).failure).endswith('what is "***')


def test_blanks_around_a_password_do_not_unmask_it() -> None:
    serve = script(b"* OK [CAPABILITY IMAP4rev1] x\r\n", (b"t1", b"t1 NO what is sesame street\r\n"))
    seen = against("imap", serve, auth={"user": "joe", "password": " sesame street "}, plain_login=True)
    assert str(seen.failure).endswith("what is ***")


@pytest.mark.parametrize("numbers", [b"MESSAGES " + b"9" * 5000, b"MESSAGES", b"", b"MESSAGES -1 UNSEEN 2"])
def test_mailbox_without_a_number_that_can_be_is_a_fault(numbers: bytes) -> None:
    serve = script(
        b"* OK [CAPABILITY IMAP4rev1] x\r\n",
        (b"t1", b"t1 OK in\r\n"),
        (b"t2 STATUS", b"* STATUS INBOX (" + numbers + b")\r\nt2 OK\r\n"),
    )
    seen = against("imap", serve, auth=AUTH, plain_login=True, mailbox="INBOX")
    assert seen.error_kind is ErrorKind.PROTOCOL
    assert "no STATUS of the mailbox" in str(seen.failure)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"NO [UNAVAILABLE] later", ErrorKind.STATUS),
        (b"NO [INUSE] later", ErrorKind.STATUS),
        (b"NO no", ErrorKind.AUTH),
        (b"BAD what", ErrorKind.AUTH),
    ],
)
def test_server_that_cannot_decide_a_login_is_no_wrong_password(answer: bytes, kind: ErrorKind) -> None:
    serve = script(b"* OK [CAPABILITY IMAP4rev1] x\r\n", (b"t1 LOGIN", b"t1 " + answer + b"\r\n"))
    assert against("imap", serve, auth=AUTH, plain_login=True).error_kind is kind


HOSTILE: list[tuple[str, Serve, ErrorKind, str]] = [
    ("closes", hangs_up, ErrorKind.PROTOCOL, "closed the connection instead of giving the greeting"),
    ("silent", stays_silent, ErrorKind.TIMEOUT, "no greeting from 127.0.0.1"),
    ("goodbye", says(b"* BYE too busy\r\n"), ErrorKind.STATUS, "refused service: too busy"),
    ("another protocol", says(b"220 ESMTP\r\n"), ErrorKind.PROTOCOL, "no greeting"),
    ("no state", says(b"* HELLO\r\n"), ErrorKind.PROTOCOL, "got: * HELLO"),
    ("empty line", says(b"\r\n"), ErrorKind.PROTOCOL, "got an empty line"),
    ("steers the terminal", says(b"\x1b[2J\xff\r\n"), ErrorKind.PROTOCOL, "\\x1b[2J"),
    ("endless line", says(b"* OK " + b"x" * 100_000), ErrorKind.PROTOCOL, "a line of more than 8KiB"),
    (
        "huge literal",
        script(b"* OK x\r\n", (b"t1", b"* CAPABILITY {999999999}\r\n")),
        ErrorKind.PROTOCOL,
        "more than 1MiB",
    ),
    (
        "endless literals",
        script(b"* OK x\r\n", (b"t1", b"* X {0}\r\n" + b"{0}\r\n" * 5000)),
        ErrorKind.PROTOCOL,
        "more than 100 literals",
    ),
    (
        "literal of 2 GB",
        script(b"* OK x\r\n", (b"t1", b"* X {2147483648}\r\nxxx\r\n")),
        ErrorKind.PROTOCOL,
        "more than 1MiB",
    ),
    (
        "endless lines",
        script(b"* OK x\r\n", (b"t1", b"* X\r\n" * 20_000)),
        ErrorKind.PROTOCOL,
        "more than 2,000 lines",
    ),
    (
        "closes after its greeting",
        script(b"* OK x\r\n"),
        ErrorKind.PROTOCOL,
        "closed the connection instead of giving the answer to CAPABILITY",
    ),
    (
        "goodbye in between",
        script(b"* OK x\r\n", (b"t1", b"* BYE restarting\r\nt1 ")),
        ErrorKind.STATUS,
        "refused service: restarting",
    ),
    (
        "wrong tag",
        script(b"* OK x\r\n", (b"t1", b"t9 OK\r\n")),
        ErrorKind.PROTOCOL,
        "got: t9 OK",
    ),
]


@pytest.mark.parametrize(
    ("serve", "kind", "text"), [case[1:] for case in HOSTILE], ids=[x[0] for x in HOSTILE]
)
def test_each_fault_has_its_own_reason(serve: Serve, kind: ErrorKind, text: str) -> None:
    seen = against("imap", serve, timeout=1 if kind is ErrorKind.TIMEOUT else 20)
    assert text in str(seen.failure)
    assert seen.error_kind is kind


def test_tls_that_is_not_offered_is_down_and_says_so() -> None:
    seen = against("imap", script(b"* OK [CAPABILITY IMAP4rev1 IDLE] x\r\n"), starttls=True)
    assert seen.error_kind is ErrorKind.TLS
    assert "does not offer STARTTLS, or somebody on the way removes it (it offers: IMAP4REV1" in str(
        seen.failure
    )


def test_words_put_in_before_tls_are_refused() -> None:
    serve = script(b"* OK x\r\n", (b"t1", CAPABLE), (b"t2", b"t2 OK go\r\n* BYE injected\r\n"))
    seen = against("imap", serve, starttls=True)
    assert seen.error_kind is ErrorKind.PROTOCOL
    assert "plain text before TLS" in str(seen.failure)


def test_login_that_nobody_asked_for_hides_no_lack_of_tls() -> None:
    seen = against("imap", script(b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] x\r\n"), starttls=True)
    assert (seen.error_kind, "refused TLS" in str(seen.failure)) == (ErrorKind.TLS, True)


def test_password_is_sent_only_after_tls(ca: str) -> None:
    heard: list[bytes] = []
    serve = script(
        b"* OK x\r\n",
        (b"t1", CAPABLE),
        (b"t2 STARTTLS", (b"t2 OK go\r\n", TLS)),
        (b"t3", b"* CAPABILITY IMAP4rev1\r\nt3 OK\r\n"),
        (b"t4 LOGIN", b"t4 OK\r\n"),
        heard=heard,
    )
    seen = against("imap", serve, starttls=True, ca=ca, auth=AUTH)
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert [line.split()[1] for line in heard][:4] == [b"CAPABILITY", b"STARTTLS", b"CAPABILITY", b"LOGIN"]


def test_tls_from_the_first_byte_on(ca: str) -> None:
    seen = against("imap", script(b"* OK x\r\n", (b"t1", CAPABLE)), proof=certificate(), tls=True, ca=ca)
    assert seen.failure is None
    assert float(seen.values["tls"] or 0) > 0


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"auth": AUTH}, "set tls: true or starttls: true"),
        ({"tls": True, "starttls": True}, "exclude each other"),
        ({"mailbox": "INBOX"}, "mailbox: wants auth:"),
        ({"auth": {"user": "a\r\nb", "password": "x"}, "tls": True}, "control characters"),
        ({"starttls": "sometimes"}, "required"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        ImapSpec.model_validate({"host": "h", **options})


def test_ports_follow_the_way_to_tls() -> None:
    specs: list[dict[str, Any]] = [{}, {"starttls": "required"}, {"tls": True}, {"tls": True, "port": 1}]
    assert [ImapSpec.model_validate({"host": "h", **each}).its_port for each in specs] == [143, 143, 993, 1]


def test_password_file_that_is_missing_is_our_fault(tmp_path: Path) -> None:
    auth = {"user": "joe", "password": f"${{file:{tmp_path}/none}}"}
    serve = script(b"* OK [CAPABILITY IMAP4rev1] x\r\n")
    seen = against("imap", serve, auth=auth, plain_login=True)
    assert (seen.failure, seen.error_kind) == (None, ErrorKind.LOCAL)


def test_names_of_mailboxes_are_written_in_imaps_own_way() -> None:
    assert mailbox_name("INBOX/R&D") == "INBOX/R&-D"
    assert mailbox_name("Gelöscht") == "Gel&APY-scht"
    assert mailbox_name("台北") == "&U,BTFw-"
    assert (quoted('a"b\\'), quoted("ü"), quoted("")) == ('"a\\"b\\\\"', None, '""')
