"""Talks in steps: lines that are waited for, parts of them kept and sent back, TLS in the midst of it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
import uvloop

from checks.base import ErrorKind, Reading, Status
from config.errors import ConfigError
from tests.checks.http.web import check_of
from tests.checks.listeners import Serve, says, stays_silent
from tests.checks.tls.authorities import Wish, issued, proof
from tests.checks.tls.conftest import House
from tests.checks.tls.looks import against, look
from tests.checks.tls.plain_servers import Turn, scripted


def talk(serve: Serve, *steps: Any, **options: Any) -> Reading:
    return against("tcp", serve, dialog=list(steps), **options)


async def hears_and_goes(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readline()


def test_lines_before_the_expected_one_are_skipped() -> None:
    reading = talk(says(b"* hello\r\n* there\r\n220 ready\r\n"), {"expect": "^220 ready$"})
    assert reading.status is Status.OK, reading.message
    assert reading.values["banner"] == "* hello\\r\\n* there\\r\\n220 ready"


def test_steps_follow_each_other_and_lines_are_ended() -> None:
    server = scripted(
        [Turn(b"", b"220 hi\r\n"), Turn(b"HELO x\r\n", b"250 a\r\n"), Turn(b"QUIT\n", b"221 bye\n")]
    )
    steps = [
        {"expect": "^220", "send": "HELO x"},
        {"expect": "^250"},
        {"send": "QUIT\\n"},
        {"expect": "^221"},
    ]
    assert talk(server, *steps).status is Status.OK


def test_groups_are_sent_back_and_kept_as_values() -> None:
    server = scripted(
        [Turn(b"", b"SSH-2.0-OpenSSH_6.9p1 Debian-2\n"), Turn(b"CONFIRM OpenSSH_6.9p1\r\n", b"bye\n")]
    )
    kept = {"ssh_version": "${1}", "ssh_comments": "${2}", "all_of_it": "${0}", "none": "${7}"}
    first = {"expect": "^SSH-2.0-([^ -]+)(?: (.*))?$", "send": "CONFIRM ${1}", "values": kept}
    reading = talk(server, first, {"expect": "bye"}, degraded='ssh_version != "OpenSSH_6.9p1"')
    assert reading.status is Status.OK, reading.message
    assert reading.values["ssh_version"] == "OpenSSH_6.9p1"
    assert reading.values["ssh_comments"] == "Debian-2"
    assert reading.values["all_of_it"] == "SSH-2.0-OpenSSH_6.9p1 Debian-2"
    assert reading.values["none"] == ""


def test_line_that_comes_in_pieces_is_waited_for() -> None:
    async def in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (b"SSH-2.0-Open", b"SSH_9", b".2\r", b"\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        await reader.read()

    reading = talk(in_pieces, {"expect": "^SSH-2.0-(.*)$", "values": {"version": "${1}"}})
    assert reading.values["version"] == "OpenSSH_9.2"


@pytest.mark.parametrize("ends", [True, False])
def test_prompt_without_a_line_end_is_enough(ends: bool) -> None:
    async def prompts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"login: ")
        await writer.drain()
        if not ends:
            await reader.read()

    assert talk(prompts, {"expect": "login: $"}).status is Status.OK


def test_line_end_in_a_group_makes_no_second_line() -> None:
    heard = bytearray()

    async def evil(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"token a\nDELETE ALL\nend\n")
        heard.extend(await reader.readuntil(b"ALL\r\n"))
        writer.write(b"done\n")
        await writer.drain()

    talk(evil, {"expect": "token ((?s).*)end", "send": "USE ${1}"}, {"expect": "done"})
    assert bytes(heard) == b"USE aDELETE ALL\r\n"


@pytest.mark.parametrize("runner", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    "options", [{"send": "QUIT\\n"}, {"dialog": [{"send": "QUIT"}]}], ids=["send", "dialog"]
)
def test_last_words_leave_before_the_connection_is_closed(options: dict[str, Any], runner: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, asyncio.Runner(loop_factory=runner) as loop:
        assert loop.run(look("tcp", listener.getsockname()[1], **options)).status is Status.OK
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(100).strip() == b"QUIT"


@pytest.mark.parametrize(
    ("serve", "words", "kind"),
    [
        (hears_and_goes, "the connection was closed, and not a word was said", ErrorKind.PROTOCOL),
        (stays_silent, "not within 300ms, and not a word was said", ErrorKind.TIMEOUT),
        (says(b"ERROR: blacklisted\n"), "not within 300ms, got: ERROR: blacklisted", ErrorKind.CONTENT),
        (says(b"x" * 70_000), "not in the first 64KiB, got: xxx", ErrorKind.CONTENT),
    ],
)
def test_what_was_not_heard_is_told_with_its_step(serve: Serve, words: str, kind: ErrorKind) -> None:
    reading = talk(serve, {"send": "NICK x"}, {"expect": "^:[^ ]+ 001"}, timeout="300ms")
    assert (reading.status, reading.error_kind) == (Status.DOWN, kind), reading.message
    assert "step 2 of `dialog`: `expect` not found, " in reading.message
    assert words in reading.message


_TO_TLS = (
    {"expect": "^220.*ESMTP.*$", "send": "EHLO tls.prober"},
    {"expect": "^250-STARTTLS", "send": "STARTTLS"},
    {"expect": "^220"},
    {"starttls": True},
    {"send": "EHLO tls.prober"},
    {"expect": "^250-AUTH", "send": "QUIT"},
)
_SERVER = (
    Turn(b"", b"220 ESMTP StartTLS pseudo-server\n"),
    Turn(b"EHLO tls.prober\r\n", b"250-x\n250-STARTTLS\n250 DSN\n"),
)


def test_tls_begins_in_the_midst_of_it(house: House) -> None:
    turns = [*_SERVER, Turn(b"STARTTLS\r\n", b"220 2.0.0 Ready\n")]
    server = scripted(turns, proof(house.leaf(ends=40), house.directory), after=b"250-AUTH\n250 DSN\n")
    reading = talk(server, *_TO_TLS, ca=house.ca)
    assert reading.status is Status.OK, reading.message
    assert reading.values["cert_days"] == pytest.approx(40, abs=0.01)
    assert reading.values["tls_version"] == "TLS 1.3"


def test_one_step_may_hear_and_speak_and_turn_to_tls(house: House) -> None:
    server = scripted(
        [Turn(b"", b"+OK caf\xe9 ready\r\n"), Turn(b"STLS\r\n", b"+OK\r\n")],
        proof(house.leaf(), house.directory),
    )
    steps = [{"expect": "^[+]OK .* ready$", "send": "STLS\\r"}, {"expect": "^[+]OK", "starttls": True}]
    assert talk(server, *steps, ca=house.ca).status is Status.OK


@pytest.mark.parametrize(
    "turn",
    [
        {"starttls": "pop3"},
        {"dialog": [{"expect": "OK", "send": "STLS"}, {"expect": "OK"}, {"starttls": True}]},
    ],
)
def test_tls_that_begins_later_heeds_the_same_options(house: House, turn: dict[str, Any]) -> None:
    stranger = issued(Wish(("other.example",)))
    server = scripted(
        [Turn(b"", b"+OK\r\n"), Turn(b"STLS\r\n", b"+OK\r\n")], proof(stranger, house.directory)
    )
    assert against("tcp", server, tls={"verify": False}, **turn).status is Status.OK
    assert against("tcp", server, tls={"ca": house.ca}, **turn).status is Status.DOWN


def test_words_put_in_before_tls_end_the_dialog(house: House) -> None:
    turns = [*_SERVER, Turn(b"STARTTLS\r\n", b"220 2.0.0 Ready\n250-AUTH PLAIN\n")]
    server = scripted(turns, proof(house.leaf(), house.directory))
    reading = talk(server, *_TO_TLS, ca=house.ca)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.PROTOCOL)
    assert "plain text before TLS began, which is not to be trusted" in reading.message


def test_secret_of_a_step_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCP_DIALOG_SECRET", "hunter2hunter2")
    server = scripted([Turn(b"", b"pass?\n"), Turn(b"hunter2hunter2\r\n", b"no hunter2hunter2\n")])
    reading = talk(
        server, {"expect": "pass", "send": "${env:TCP_DIALOG_SECRET}"}, {"expect": "yes"}, timeout="300ms"
    )
    assert reading.status is Status.DOWN
    assert "hunter2" not in f"{reading}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dialog": [{}]}, "wants `expect`, `send` or `starttls: true`"),
        ({"dialog": [{"expect": "("}]}, "not a RE2 pattern"),
        ({"dialog": [{"send": "x", "values": {"a": "${1}"}}]}, "groups of `expect`"),
        ({"dialog": [{"expect": "x", "values": {"latency": "${0}"}}]}, "is a value of every tcp check"),
        ({"dialog": [{"expect": "x", "values": {"A b": "${0}"}}]}, "is no name of a value"),
        ({"dialog": [{"expect": "x"}], "send": "x"}, "are steps of dialog:"),
        ({"dialog": [{"starttls": True}], "tls": True}, "TLS stands already"),
        ({"tls": True, "starttls": "smtp"}, "exclude each other"),
        ({"tls": {"ca": "/a"}, "ca": "/b"}, "give it once"),
        ({"tls": {"key": "/a"}}, "key: wants its cert:"),
        ({"resolver": "dns.example"}, "expected the address of a name server"),
    ],
)
def test_mistakes_in_the_file_are_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_of(type="tcp", host="h", port=1, **options)
    assert words in str(raised.value)


def test_wrong_certificate_is_told_with_every_reason(house: House) -> None:
    shown = issued(Wish(("other.example",), begins=-20, ends=-10), house.middle)
    reading = against("tcp", stays_silent, proof(shown, house.directory), tls=True, ca=house.ca)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.TLS)
    assert "expired 10 days ago" in reading.message
    assert "not valid for 127.0.0.1: it names other.example" in reading.message


def test_tls_may_be_left_unverified_and_days_still_count(house: House) -> None:
    shown = issued(Wish(("other.example",), ends=5))
    reading = against("tcp", stays_silent, proof(shown, house.directory), tls={"verify": False})
    assert reading.status is Status.DEGRADED
    assert reading.values["cert_days"] == pytest.approx(5, abs=0.01)


def test_chain_and_issuer_are_told_to_who_looks_closely(house: House) -> None:
    given = proof(house.leaf("inner.example", ends=40), house.directory)
    options = {"ca": house.ca, "server_name": "inner.example"}
    reading = against("tcp", stays_silent, given, tls=True, **options)
    assert reading.status is Status.OK, reading.message
    assert reading.values["issuer"] == "CN=Test Middle"
    assert reading.values["chain_days"] == pytest.approx(40, abs=0.01)
    assert reading.traces is not None
    assert [each.subject for each in reading.traces.chain] == ["CN=server", "CN=Test Middle"]


def test_client_certificate_is_shown_by_tcp_too(house: House) -> None:
    given = proof(house.leaf(), house.directory, client_ca=house.ca)
    cert, key = house.leaf("monitor").saved(house.directory, "tcp-client")
    tls = {"ca": house.ca, "cert": cert, "key": key}
    assert against("tcp", says(b"hello\n"), given, tls=tls, expect="hello").status is Status.OK
    refused = against("tcp", says(b"hello\n"), given, tls={"ca": house.ca}, expect="hello")
    assert refused.status is Status.DOWN
    gone = against("tcp", says(b"hello\n"), given, tls={"ca": house.ca, "cert": "/gone.pem"})
    assert (gone.status, "cannot read the client certificate" in gone.message) == (Status.UNKNOWN, True)
