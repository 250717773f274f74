"""What a hostile server says reaches no output as it is: no steering of terminals, no secrets, nothing endless."""

from __future__ import annotations

import json
import socket
import ssl
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.http.hostile import body
from tests.checks.tls.authorities import Wish, issued
from tests.end_to_end.bad_ports import HOST, Ports, listens, tls
from tests.end_to_end.daemon import Daemon, Page, tocsin, wait_for

TOKEN = "correct-horse-battery-staple"
UNKNOWN = "swordfish-7261"
STEERING = "\x1b[2J\x1b]0;owned\x07\u202e\u2066\u200b\r\x9b31m"
SAID = f"{STEERING} password={UNKNOWN} {TOKEN}"
LONGEST_LINE = 4096


def _echoes_in_http(connection: socket.socket) -> None:
    """All it was told, and more, wherever an answer has room for it."""
    asked = connection.recv(65536).decode("latin-1")
    assert TOKEN in asked
    nasty = SAID.replace("\r", "").encode().decode("latin-1")
    headers = (
        f"X-Echo: {nasty}",
        f"Set-Cookie: session={UNKNOWN}",
        "X-Long: " + "a" * 100_000,
        f"{nasty}: x",
    )
    connection.sendall(body(SAID.encode() * 9, *headers, status=f"500 {nasty}"))


def _sends_a_huge_header(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 " + SAID.encode().replace(b"\r", b"") + b"\r\nX: ")
    connection.sendall(TOKEN.encode() * 40_000 + b"\r\nContent-Length: 0\r\n\r\n")


def _redirects(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(body(b"", f"Location: ftp://u:{UNKNOWN}@{TOKEN}/\x1b[2J", status="302 Found"))


def _echoes(connection: socket.socket) -> None:
    connection.sendall(connection.recv(65536) + SAID.encode() + b"\r\n")


def _named_so(directory: Path) -> ssl.SSLContext:
    """A certificate whose subject, which is its issuer as well, is as nasty as its names allow."""
    title = f"\x1b[2J\u202epassword={UNKNOWN},{TOKEN}"  # at most 64 bytes
    shown = issued(Wish((f"{TOKEN}.example",), title=title))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*shown.saved(directory, "nasty"))
    return context


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Checks of servers that are hostile, as a part of the configuration."""
    monkeypatch.setenv("HOSTILE_TOKEN", TOKEN)
    ways = {
        "echo": _echoes_in_http,
        "huge": _sends_a_huge_header,
        "led": _redirects,
        "line": _echoes,
        "named": tls(_named_so(tmp_path), listens),
    }
    with Ports() as ports:
        opened = ports.open(ways)
        auth = {"bearer": "${env:HOSTILE_TOKEN}"}
        urls = {name: f"http://{HOST}:{opened[name]}/" for name in ("echo", "huge", "led")}
        checks: dict[str, Any] = {
            name: {"type": "http", "url": url, "auth": auth} for name, url in urls.items()
        }
        checks["echo"]["down"] = 'status > 499 and header "X-Echo" contains "owned" and body contains "owned"'
        line = {"type": "tcp", "host": HOST, "port": opened["line"], "send": "${env:HOSTILE_TOKEN}"}
        checks["line"] = {**line, "expect": "never said"}
        checks["well"] = {**line, "expect": "password"}
        checks["named"] = {"type": "http", "url": f"https://{HOST}:{opened['named']}/", "auth": auth}
        often = {"every": "1s", "timeout": "900ms", "retry_every": "100ms", "confirm": 1}
        yield {"hostile": {"checks": {name: {**check, **often} for name, check in checks.items()}}}


def assert_tame(said: str, where: str) -> None:
    """Lines of printable text, none of them endless, no secret in them. JSON's own escapes count as what they are."""
    for text in (said, _unescaped(said)):
        assert TOKEN not in text, where
        assert UNKNOWN not in text, where
    odd = {unicodedata.category(mark) for mark in _unescaped(said) if mark != "\n"} & {"Cc", "Cf", "Co", "Cs"}
    assert odd == set(), (where, odd)
    assert max(map(len, said.splitlines()), default=0) <= LONGEST_LINE, where


def _unescaped(said: str) -> str:
    """JSON's \\u001b and the like as the marks that they stand for to whoever reads the document."""
    try:
        return "\n".join(_texts(json.loads(said)))
    except ValueError:
        return said


def _texts(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(value)
    elif isinstance(found, str):
        yield from found.split("\n")


@pytest.mark.parametrize("options", [(), ("--verbose",), ("--json",), ("--verbose", "--json")], ids=" ".join)
def test_a_look_shows_nothing_of_it_as_it_was_said(
    services: dict[str, Any], tmp_path: Path, options: tuple[str, ...]
) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(json.dumps({"services": services}), encoding="utf-8")
    ended = tocsin("check", *options, config=path)
    assert (ended.code, ended.err) == (2, "")
    assert_tame(ended.out, " ".join(options))
    assert "\\x1b[2J" in _unescaped(ended.out), "what was said is shown, made harmless"
    if "--json" not in options and "--verbose" in options:
        assert max(map(len, ended.out.splitlines())) <= 80


def test_nothing_of_it_reaches_tickets_metrics_log_or_store(services: dict[str, Any], tmp_path: Path) -> None:
    failing = set(services["hostile"]["checks"]) - {"well"}
    with Daemon(tmp_path, services=services) as daemon:
        daemon.start()
        wait_for(lambda: len(daemon.tickets()) >= len(failing), "a ticket of each that fails")
        tickets = daemon.tickets()
        assert {ticket["check"] for ticket in tickets} == failing
        commands = [["tickets", "list"], ["incidents"], ["status"], ["uptime", "--period", "today"]]
        commands += [["tickets", "show", ticket["id"]] for ticket in tickets]
        said: dict[str, str] = {}
        for command in (*commands, *([*each, "--json"] for each in commands)):
            ended = daemon.tocsin(*command)
            assert ended.code == 0, ended
            said[" ".join(command)] = ended.out
            assert_tame(ended.out, " ".join(command))
        page = daemon.metrics()
        assert_tame(page.text, "/metrics")
        assert_kinds_are_told(said, tickets, page)
        for line in daemon.log_file.read_text(encoding="utf-8").splitlines():
            assert_tame(line, "log")
        daemon.stop()
    for file in daemon.state_dir.iterdir():
        if file.is_file():
            held = file.read_bytes()
            assert TOKEN.encode() not in held, file.name
            assert b"\x1b[2J" not in held, file.name


def assert_kinds_are_told(said: dict[str, str], tickets: list[dict[str, Any]], page: Page) -> None:
    """The kind of error is a label, a value, and a line of the ticket: the same word everywhere."""
    kinds = {"echo": "status", "huge": "content", "led": "protocol", "line": "content", "named": "tls"}
    shown = {each["check"]: each for each in json.loads(said["status --json"])["services"][0]["checks"]}
    assert {name: shown[name]["error_kind"] for name in shown} == {**kinds, "well": None}
    for name, kind in kinds.items():
        assert page.total("tocsin_check_error", check=name, error_kind=kind) == 1
    assert page.labels("tocsin_check_error", "check") == set(kinds)
    for kind in set(kinds.values()):
        assert page.total("tocsin_check_errors_total", error_kind=kind) >= 1
    for ticket in tickets:
        description = json.loads(said[f"tickets show {ticket['id']} --json"])["description"]
        assert f"\nKind of error: {kinds[ticket['check']]}\n" in description
