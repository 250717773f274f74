"""The e-mail channel against a real SMTP server (aiosmtpd), and against servers that behave badly."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting.connectors.base import Can, Letter, Outcome, Result, Setting
from alerting.connectors.email import TYPE, Email, EmailOptions
from alerting.connectors.mail import one_line, written
from alerting.messages import Comment, Desired, Known, RemoteState
from tests.checks.looks import AUTH, AUTHORITY, certificate
from tests.checks.mail.post_office import PostOffice, open_office

AT = 1_800_000_000_000_000
LETTER = Letter("note-1", "one@example.org", "Agent One", "[T-1] Slow", "It is slow.\n", AT)
DESIRED = Desired("toc-1", "T-1", "Shop is down", "Refused.", "high", "high", "open", "shop", "home", AT)


@dataclass
class Moody(PostOffice):
    """Answers recipients and mails as it is told: the next answer of each list, then as usual."""

    to_rcpt: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)

    async def handle_RCPT(
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.connections.add(id(session))
        if self.to_rcpt and (answer := self.to_rcpt.pop(0)):
            return answer
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:
        taken = await super().handle_DATA(server, session, envelope)
        answer = self.to_data.pop(0) if self.to_data else taken
        if answer == "hang up":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return str(file)


def email(port: int, **options: Any) -> Email:
    plain = {"from": "tocsin@example.org", "server": f"127.0.0.1:{port}", "tls": "none", "timeout": "5s"}
    made = EmailOptions.model_validate({**plain, **options})
    connector = TYPE.connect(made, Setting("mail", "jhb-1", time.time))
    assert isinstance(connector, Email)
    return connector


async def told(connector: Email, *letters: Letter) -> list[Result]:
    ended: list[Result] = []

    async def hear(_letter: Letter, result: Result) -> None:
        ended.append(result)

    await connector.tell(letters, hear)
    return ended


def sent(office: PostOffice, *letters: Letter, serve: Any = None, **options: Any) -> list[Result]:
    async def run() -> list[Result]:
        async with open_office(office, **(serve or {})) as post:
            return await told(email(post.port, **options), *letters)

    return asyncio.run(run())


def parsed(mail: bytes) -> EmailMessage:
    found = message_from_bytes(mail, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    return [result.outcome for result in results]


def test_mail_is_plain_text_marked_as_made_by_a_machine() -> None:
    office = PostOffice()
    letter = replace(LETTER, subject="[T-1] Größe ✓", text="über alles\n.\n..dots\nend", first="note-0")
    assert outcomes(sent(office, letter)) == [Outcome.OK]
    (raw,), mail = office.mails, parsed(office.mails[0])
    assert mail["Message-ID"] == "<note-1@jhb-1.tocsin>"
    assert mail["In-Reply-To"] == mail["References"] == "<note-0@jhb-1.tocsin>"
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
    assert mail["Subject"] == "[T-1] Größe ✓"
    assert mail["From"].addresses[0].addr_spec == "tocsin@example.org"
    assert mail["To"].addresses[0].display_name == "Agent One"
    assert mail["Date"].datetime.timestamp() == AT / 1_000_000
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == "über alles\n.\n..dots\nend\n"
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) < 999
    assert office.envelopes[0].mail_from == "tocsin@example.org"


def test_several_letters_go_over_one_connection_each_to_its_reader_alone() -> None:
    office = Moody()
    others = [replace(LETTER, key=f"note-{n}", to=f"agent{n}@example.org") for n in range(5)]
    assert outcomes(sent(office, *others)) == [Outcome.OK] * 5
    assert [envelope.rcpt_tos for envelope in office.envelopes] == [[each.to] for each in others]
    assert len(office.connections) == 1
    for letter, raw in zip(others, office.mails, strict=True):
        assert not [each for each in others if each is not letter and each.to.encode() in raw]


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_login_over_tls_that_a_private_authority_vouches_for(ca: str, way: str) -> None:
    office, options = PostOffice(), {"tls": way, "ca": ca, **AUTH}
    serve: dict[str, Any] = {way: certificate(), "auth_require_tls": way == "starttls"}
    assert outcomes(sent(office, LETTER, serve=serve, **options)) == [Outcome.OK]
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    ("serve", "options", "said"),
    [
        ({"starttls": True}, {"tls": "starttls"}, "certificate of 127.0.0.1"),
        ({"tls": True}, {"tls": "tls"}, "certificate of 127.0.0.1"),
        ({}, {"tls": "starttls"}, "does not offer STARTTLS"),
        ({"starttls": True}, {"tls": "starttls", "ca": True, "user": "joe", "password": "no"}, "the login of joe"),
        ({}, {"tls": "starttls", "ca": "/nowhere/ca.pem"}, "No such file"),
    ],
)  # fmt: skip
def test_server_that_cannot_be_trusted_gets_no_mail_and_no_letter_is_to_blame(
    ca: str, serve: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    office = PostOffice()
    given = {name: ca if name == "ca" and value is True else value for name, value in options.items()}
    (result,) = sent(office, LETTER, serve={name: certificate() for name in serve}, **given)
    assert result.outcome is Outcome.BROKEN
    assert said in result.reason
    assert office.mails == []


def test_password_never_goes_unencrypted() -> None:
    with pytest.raises(ValidationError, match="would send the password unencrypted"):
        EmailOptions.model_validate(
            {"from": "a@example.org", "server": "mail.example.org", "tls": "none", **AUTH}
        )


def test_recipient_that_is_refused_for_good_keeps_nobody_else_from_their_mail() -> None:
    office = Moody(to_rcpt=["550 5.1.1 no such user", "451 4.7.1 greylisted, come back", ""])
    letters = [replace(LETTER, key=f"note-{n}", to=f"agent{n}@example.org") for n in range(3)]
    results = sent(office, *letters)
    assert outcomes(results) == [Outcome.PERMANENT, Outcome.RETRY, Outcome.OK]
    assert "550 5.1.1 no such user" in results[0].reason
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("452 4.3.1 full", Outcome.RETRY), ("554 5.7.1 spam", Outcome.PERMANENT), ("hang up", Outcome.IN_DOUBT)],
)
def test_answer_to_the_mail_itself_decides(answer: str, outcome: Outcome) -> None:
    assert outcomes(sent(Moody(to_data=[answer]), LETTER)) == [outcome]


def test_what_came_after_a_lost_connection_was_not_begun() -> None:
    office = Moody(to_data=["hang up"])
    results = sent(office, LETTER, replace(LETTER, key="note-2"))
    assert outcomes(results) == [Outcome.IN_DOUBT, Outcome.RETRY]
    assert len(office.mails) == 1


def test_silence_after_the_mail_is_doubt() -> None:
    (result,) = sent(PostOffice(mute=True), LETTER, timeout="300ms")
    assert result.outcome is Outcome.IN_DOUBT


def test_name_that_no_host_can_have_is_no_letters_fault() -> None:
    (result,) = asyncio.run(told(email(25, server="smtp..example.org"), LETTER))
    assert result.outcome is Outcome.BROKEN
    assert "mend server:" in result.reason


def test_server_that_is_away_is_tried_again() -> None:
    office = PostOffice()

    async def run() -> list[Result]:
        async with open_office(office) as post:
            port = post.port
        return await told(email(port), LETTER)

    assert outcomes(asyncio.run(run())) == [Outcome.RETRY]


@contextlib.asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[int]:
    """A server that says one after another whatever it hears, all at once for the first."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError, OSError):
            for answer in answers:
                writer.write(answer)
                await reader.readline()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("answers", "tls", "outcome", "said"),
    [
        ([b"421 busy\r\n"], "none", Outcome.RETRY, "greets with 421 busy"),
        ([b"HTTP/1.1 400 Bad Request\r\n"], "none", Outcome.RETRY, "does not speak SMTP"),
        ([b"220 " + b"x" * 100_000], "none", Outcome.RETRY, "a line too long"),
        ([b"220-x\r\n" * 200], "none", Outcome.RETRY, "does not speak SMTP"),
        ([b"220 hi\r\n", b""], "none", Outcome.RETRY, "within 1s"),
        (
            [b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n250 injected\r\n"],
            "starttls",
            Outcome.BROKEN,
            "more in plain text",
        ),
        (
            [b"220 hi\r\n", b"250 x\r\n", b"553 not you\r\n", b"250 ok\r\n"],
            "none",
            Outcome.BROKEN,
            "the sender",
        ),
    ],
)
def test_bad_server_is_named(answers: list[bytes], tls: str, outcome: Outcome, said: str) -> None:
    async def run() -> list[Result]:
        async with saying(*answers) as port:
            return await told(email(port, tls=tls, timeout="1s"), LETTER)

    (result,) = asyncio.run(run())
    assert (result.outcome, said in result.reason) == (outcome, True), result


ALWAYS = (
    "From", "Date", "Message-ID", "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
)  # fmt: skip


def readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


HOSTILE = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(
    [
        "a\r\nBcc: x@example.org",
        "a\nX: y\n\nbody",
        "a\u2028b",
        "\udcff",
        "=?utf-8?q?=0ABcc:_x?=",
        "a\x85b",
        "\r",
        "\x00",
    ]
)


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=60, deadline=None)
def test_no_text_begins_a_header_or_another_mail(subject: str, name: str, text: str) -> None:
    raw = written(replace(LETTER, subject=subject, name=name, text=text), "tocsin@example.org", "jhb-1")
    mail, head = message_from_bytes(raw), raw.partition(b"\r\n\r\n")[0]
    assert sorted(mail.keys()) == sorted(["Subject", "To", *ALWAYS])
    assert head.isascii()
    assert max(map(len, raw.split(b"\r\n"))) < 999
    assert getaddresses([mail["To"].replace("\r\n", "")])[0][1] == LETTER.to
    assert (
        str(make_header(decode_header(mail["Subject"]))).strip() == readable(one_line(subject, 200)).strip()
    )
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize(
    "to",
    [
        "a@example.org\r\nRCPT TO:<b@example.org>",
        "a@example.org, b@example.org",
        "a b@example.org",
        "a@b@c",
        "ü@example.org",
        "",
    ],
)
def test_what_is_no_single_address_gets_nothing(to: str) -> None:
    office = PostOffice()
    assert outcomes(sent(office, replace(LETTER, to=to))) == [Outcome.PERMANENT]
    assert office.envelopes == []


def applied(
    office: PostOffice, *steps: Callable[[Result], tuple[Desired, Known]], **options: Any
) -> list[Result]:
    """Each step is asked for with what came of the one before."""

    async def run() -> list[Result]:
        async with open_office(office) as post:
            connector, ended = (
                email(post.port, to=["web@example.org", "lead@example.org"], **options),
                list[Result](),
            )
            for step in steps:
                ended.append(await connector.apply(*step(ended[-1] if ended else Result.ok())))
            return ended

    return asyncio.run(run())


def first(_before: Result) -> tuple[Desired, Known]:
    return DESIRED, Known("toc-1", AT)


def over(before: Result) -> tuple[Desired, Known]:
    comments = (Comment("c-1", AT + 5, "recovered: good readings"),)
    resolved = replace(DESIRED, state="resolved", resolved_at=AT + 5, comments=comments, said=1)
    return resolved, Known("toc-1", AT, before.observed, "high")


def test_ticket_is_a_thread_of_mails_that_ends_with_it() -> None:
    office = PostOffice()
    opened, closed = applied(office, first, over)
    assert opened.observed is not None
    assert closed.observed is not None
    assert (opened.outcome, opened.observed.state) == (Outcome.OK, RemoteState.OPEN)
    assert (closed.outcome, closed.observed.state) == (Outcome.OK, RemoteState.RESOLVED)
    mails = [parsed(raw) for raw in office.mails]
    assert [mail["To"].addresses[0].addr_spec for mail in mails] == [
        "web@example.org",
        "lead@example.org",
    ] * 2
    assert {mail["Message-ID"] for mail in mails[:2]} == {"<toc-1@jhb-1.tocsin>"}
    assert {mail["In-Reply-To"] for mail in mails[2:]} == {"<toc-1@jhb-1.tocsin>"}
    assert len({mail["Message-ID"] for mail in mails}) == 2
    assert "recovered: good readings" in mails[2].get_content()


def test_repeated_call_sends_the_same_mail_again_and_only_to_who_lacks_it() -> None:
    office = Moody(to_rcpt=["", "451 greylisted"])
    results = applied(office, first, first, first)
    assert outcomes(results) == [Outcome.RETRY, Outcome.OK, Outcome.OK]
    assert [envelope.rcpt_tos for envelope in office.envelopes] == [["web@example.org"], ["lead@example.org"]]


def test_priority_that_comes_back_is_news_again() -> None:
    def turned(priority: str, before: str) -> Callable[[Result], tuple[Desired, Known]]:
        changed = replace(DESIRED, priority=priority)
        return lambda last: (changed, Known("toc-1", AT, last.observed, before))

    office = PostOffice()
    applied(office, first, turned("low", "high"), turned("high", "low"), turned("low", "high"))
    assert len({parsed(raw)["Message-ID"] for raw in office.mails}) == 4
    assert "priority is low" in parsed(office.mails[-1]).get_content()


def test_recipient_who_is_refused_is_said_though_others_have_the_mail() -> None:
    office = Moody(to_rcpt=["", "550 no such user"])
    (result,) = applied(office, first)
    assert result.outcome is Outcome.PERMANENT
    assert result.reason.startswith("lead@example.org: ")
    assert result.observed is not None  # so that it is not created again


def test_it_says_what_it_can_do_and_nothing_more() -> None:
    assert {Can.FIND, Can.READ, Can.COMMENT_IDS}.isdisjoint(email(1).capabilities)


@pytest.mark.parametrize(
    ("server", "tls", "host", "port"),
    [
        ("smtp.example.org", "starttls", "smtp.example.org", 587),
        ("smtp.example.org", "tls", "smtp.example.org", 465),
        ("smtp.example.org:2525", "starttls", "smtp.example.org", 2525),
        ("[::1]:2525", "none", "::1", 2525),
        ("[::1]", "none", "::1", 25),
    ],
)
def test_port_follows_from_how_the_connection_is_protected(
    server: str, tls: str, host: str, port: int
) -> None:
    options = EmailOptions.model_validate({"from": "a@example.org", "server": server, "tls": tls})
    assert (options.place.host, options.place.port) == (host, port)


@pytest.mark.parametrize(
    "server", ["", "a b", "smtp.example.org:", "smtp.example.org:0", "x:99999", "::1:25", "a\r\nb"]
)
def test_server_that_is_none_is_refused(server: str) -> None:
    with pytest.raises(ValidationError, match="expected a host like"):
        EmailOptions.model_validate({"from": "a@example.org", "server": server})
