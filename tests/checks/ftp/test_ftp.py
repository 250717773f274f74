"""FTP against a real server (pyftpdlib), and against servers that behave badly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.base import ErrorKind
from checks.ftp import FtpSpec
from checks.ftp.replies import extended_port, passive_port
from tests.checks.ftp.conftest import FtpServer
from tests.checks.listeners import Serve, hangs_up, listening, says, stays_silent
from tests.checks.looks import AUTH, TLS, against, look_at, script, seen_at

READY = b"220 files\r\n"
FEAT = (b"FEAT", b"211-Features:\r\n EPSV\r\n UTF8\r\n211 End\r\n")
LET_IN = ((b"USER", b"331 password?\r\n"), (b"PASS", b"230 welcome\r\n"))
PLAIN: dict[str, Any] = {"auth": AUTH, "plain_login": True}


def test_greeting_and_features_without_a_login(server: FtpServer) -> None:
    seen = seen_at("ftp", server.port)
    assert (seen.failure, seen.blind) == (None, None)
    assert "file server" in str(seen.values["banner"])
    assert {"EPSV", "UTF8"} <= set(str(seen.values["capabilities"]).split(", "))
    assert "login" not in seen.values


def test_login_over_tls_and_an_encrypted_listing(tls_server: FtpServer, ca: str) -> None:
    seen = seen_at("ftp", tls_server.port, starttls=True, ca=ca, auth=AUTH, directory="/incoming")
    assert (seen.failure, seen.blind) == (None, None)
    assert (seen.values["login"], seen.values["entries"]) == (True, 3)
    assert float(seen.values["cert_days"] or 0) > 0


@pytest.mark.parametrize(
    "auth", [AUTH, {"user": "anonymous", "password": "probe@"}], ids=["user", "anonymous"]
)
def test_listing_without_tls(server: FtpServer, auth: dict[str, str]) -> None:
    allowed = {"plain_login": True} if auth is AUTH else {}
    seen = seen_at("ftp", server.port, auth=auth, directory="/incoming", **allowed)
    assert (seen.failure, seen.values["entries"]) == (None, 3)


def test_directory_that_is_not_there_is_down(server: FtpServer) -> None:
    seen = seen_at("ftp", server.port, **PLAIN, directory="/nowhere")
    assert seen.error_kind is ErrorKind.STATUS
    assert "refused to list /nowhere: 550" in str(seen.failure)


def test_wrong_password_is_told_apart_from_an_outage(server: FtpServer) -> None:
    seen = seen_at("ftp", server.port, auth={**AUTH, "password": "shut barley"}, plain_login=True)
    assert (seen.error_kind, seen.values["login"]) == (ErrorKind.AUTH, False)
    assert "refused the login of joe: 530" in str(seen.failure)


def test_server_without_tls_is_down_where_tls_is_wanted(server: FtpServer) -> None:
    seen = seen_at("ftp", server.port, starttls=True)
    assert seen.error_kind is ErrorKind.TLS
    assert "does not offer AUTH TLS, or somebody on the way removes it" in str(seen.failure)


def test_old_server_without_extended_passive_mode_is_listed_all_the_same() -> None:
    """It names an address that is not its own, which is not gone to."""

    async def files(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"a\r\nb\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def run() -> Any:
        async with listening(files) as port:
            named = f"227 Entering Passive Mode (192,0,2,1,{port // 256},{port % 256}).\r\n".encode()
            serve = script(
                READY,
                (b"FEAT", b"500 what\r\n"),
                *LET_IN,
                (b"TYPE", b"200 ok\r\n"),
                (b"EPSV", b"500 what\r\n"),
                (b"PASV", named),
                (b"NLST /", b"150 here\r\n226 done\r\n"),
            )
            async with listening(serve) as control:
                return await look_at("ftp", {"port": control, **PLAIN, "directory": "/"})

    seen = asyncio.run(run())
    assert (seen.failure, seen.values["entries"]) == (None, 2)


@pytest.mark.parametrize(
    ("answer", "entries", "failure"),
    [
        (b"550 No files found", 0, None),
        (b"450 no files found.", 0, None),
        (b"550 no such directory", None, "refused to list /: 550 no such directory"),
    ],
)
def test_directory_that_is_empty_is_told_from_one_that_is_not_there(
    answer: bytes, entries: int | None, failure: str | None
) -> None:
    async def run() -> Any:
        async with listening(stays_silent) as port:
            passive = (b"EPSV", b"229 (|||%d|)\r\n" % port)
            talk = (READY, FEAT, *LET_IN, (b"TYPE", b"200 ok\r\n"), passive, (b"NLST /", answer + b"\r\n"))
            async with listening(script(*talk)) as control:
                return await look_at("ftp", {"port": control, **PLAIN, "directory": "/"})

    seen = asyncio.run(run())
    assert seen.values.get("entries") == entries
    assert seen.failure is None if failure is None else failure in str(seen.failure)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"421 later", ErrorKind.STATUS),
        (b"530 no", ErrorKind.AUTH),
        (b"332 account?", ErrorKind.AUTH),
        (b"what", ErrorKind.PROTOCOL),
    ],
)
def test_server_that_cannot_decide_a_login_is_no_wrong_password(answer: bytes, kind: ErrorKind) -> None:
    serve = script(READY, FEAT, (b"USER", b"331 x\r\n"), (b"PASS", answer + b"\r\n"))
    assert against("ftp", serve, **PLAIN).error_kind is kind


def test_password_is_sent_only_after_tls(ca: str) -> None:
    heard: list[bytes] = []
    serve = script(READY, (b"AUTH TLS", (b"234 go\r\n", TLS)), FEAT, *LET_IN, heard=heard)
    seen = against("ftp", serve, starttls=True, ca=ca, auth=AUTH)
    assert (seen.failure, seen.values["login"]) == (None, True)
    assert heard[:4] == [b"AUTH TLS", b"FEAT", b"USER joe", b"PASS open sesame"]


def test_words_put_in_before_tls_are_refused() -> None:
    seen = against("ftp", script(READY, (b"AUTH", b"234 go\r\n230 injected\r\n")), starttls=True)
    assert (seen.error_kind, "plain text before TLS" in str(seen.failure)) == (ErrorKind.PROTOCOL, True)


def listing(answer: bytes) -> Serve:
    return script(READY, FEAT, *LET_IN, (b"TYPE", b"200 ok\r\n"), (b"EPSV", answer))


HOSTILE: list[tuple[str, Serve, dict[str, Any], ErrorKind, str]] = [
    ("closes", hangs_up, {}, ErrorKind.PROTOCOL, "closed the connection instead of giving the greeting"),
    ("silent", stays_silent, {}, ErrorKind.TIMEOUT, "no greeting from 127.0.0.1"),
    ("full", says(b"421 too many\r\n"), {}, ErrorKind.STATUS, "refused service: 421 too many"),
    ("another protocol", says(b"SSH-2.0-x\r\n"), {}, ErrorKind.PROTOCOL, "got: SSH-2.0-x"),
    ("no end", says(b"220-x\r\n221 y\r\n"), {}, ErrorKind.TIMEOUT, "no end of the greeting"),
    ("endless lines", says(b"220-x\r\n" * 20_000), {}, ErrorKind.PROTOCOL, "more than 2,000 lines"),
    (
        "closes after its greeting",
        script(READY),
        {},
        ErrorKind.PROTOCOL,
        "instead of giving the answer to FEAT",
    ),
    (
        "no port",
        listing(b"229 here (|||99999|)\r\n"),
        {**PLAIN, "directory": "/"},
        ErrorKind.PROTOCOL,
        "no port for the listing",
    ),
    (
        "nobody at the port",
        listing(b"229 here (|||1|)\r\n"),
        {**PLAIN, "directory": "/"},
        ErrorKind.REFUSED,
        "connection refused by 127.0.0.1:1",
    ),
]


@pytest.mark.parametrize(
    ("serve", "options", "kind", "text"), [case[1:] for case in HOSTILE], ids=[x[0] for x in HOSTILE]
)
def test_each_fault_has_its_own_reason(
    serve: Serve, options: dict[str, Any], kind: ErrorKind, text: str
) -> None:
    seen = against("ftp", serve, timeout=1 if kind is ErrorKind.TIMEOUT else 20, **options)
    assert text in str(seen.failure)
    assert seen.error_kind is kind


def test_lines_between_the_first_and_the_last_may_begin_with_anything() -> None:
    serve = script(b"220-one\r\n 220 two\r\n220-three\r\nfour\r\n220 five\r\n", FEAT)
    assert against("ftp", serve).values["banner"] == "one  220 two three four five"


@given(st.text(max_size=60))
def test_ports_are_ports_or_none(said: str) -> None:
    for port in (extended_port(said), passive_port(said)):
        assert port is None or 0 < port < 65536


def test_ports_are_read_as_they_are_written() -> None:
    assert extended_port("229 Entering Extended Passive Mode (|||6446|)") == 6446
    assert passive_port("227 Entering Passive Mode (192,0,2,7,25,46).") == 25 * 256 + 46
    assert passive_port("227 =192,0,2,7,256,46") is None


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"auth": AUTH}, "set tls: true or starttls: true"),
        ({"directory": "/"}, "wants auth:"),
        ({"directory": "/x\r\nDELE y", "auth": AUTH, "tls": True}, "control characters"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        FtpSpec.model_validate({"host": "h", **options})


def test_ports_follow_the_way_to_tls() -> None:
    specs = [{}, {"starttls": True}, {"tls": True}]
    assert [FtpSpec.model_validate({"host": "h", **each}).its_port for each in specs] == [21, 21, 990]
