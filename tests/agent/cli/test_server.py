"""What is said of a daemon elsewhere that cannot be asked, or is none; and where the token goes."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.checks.tls.authorities import Wish, authority, issued

Tocsin = Callable[..., Any]
TOKEN = "toc_a-token-of-a-test"
AGENT = {"id": "far", "version": version("tocsin"), "timezone": "UTC", "now": "2026-11-21T00:00:00Z"}
INCIDENT = {
    "id": 1, "service": "shop", "rule": "home", "state": "open", "severity": "high", "ticket": "T-1", "affected": [],
    "opened_at": "2026-11-21T00:00:00Z", "resolved_at": None, "reason": "down",
}  # fmt: skip
Answer = tuple[int, dict[str, str], bytes]


class Elsewhere:
    """Answers each path with what is in `answers`, and notes what it was asked with which token."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {"/api/v1/agent": told(AGENT)}
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""


def told(document: Any, status: int = 200, link: str = "") -> Answer:
    kind = "application/json" if status < 400 else "application/problem+json"
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return status, {"Content-Type": kind, **headers}, json.dumps(document).encode()


def problem(status: int, detail: str) -> Answer:
    return told({"title": "", "status": status, "detail": detail}, status)


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Elsewhere]:
    there = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked.append((self.path, self.headers.get("Authorization")))
            status, headers, body = there.answers.get(self.path, problem(404, "not there"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        there.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield there
        server.shutdown()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with listening() as there:
        yield there


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", TOKEN)


def failed(tocsin: Tocsin, *words: str) -> tuple[int, str]:
    """Exit code and what was said; stdout stays empty, and nothing shows the token."""
    ended = tocsin("incidents", *words, "--json")
    assert ended.out == ""
    assert TOKEN not in ended.err
    return ended.code, ended.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (problem(401, "show a token"), "does not know the token, or it is over"),
        (problem(403, "this takes somebody who may look"), "refuses: this takes somebody who may look"),
        (problem(503, "nothing was stored yet"), "nothing was stored yet"),
        (problem(500, "our own fault"), "our own fault"),
        ((502, {"Content-Type": "text/html"}, b"<h1>Bad gateway"), "cannot answer now (HTTP 502)"),
        ((200, {"Content-Type": "text/html"}, b"<h1>Welcome"), "is no Tocsin with an API: it answers with text/html"),
        ((404, {"Content-Type": "text/html"}, b"<h1>Not found"), "is no Tocsin"),
        (problem(404, "no"), "is no Tocsin with an API: there is nothing at /api/v1/agent"),
        ((200, {"Content-Type": "application/json"}, b"{"), "its answer cannot be read"),
        ((200, {"Content-Type": "application/json"}, b"[" * 99_999), "its answer cannot be read"),
        (told({"status": "UP"}), "it says nothing of itself"),
        (told([1]), "it says nothing of itself"),
        (problem(403, "\x1b[31mred\nand more"), "\\x1b[31mred\\nand more"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said(tocsin: Tocsin, elsewhere: Elsewhere, answer: Answer, said: str) -> None:
    elsewhere.answers["/api/v1/agent"] = answer
    code, shown = failed(tocsin, "--url", elsewhere.url)
    assert (code, said in shown) == (1, True), shown


def test_a_token_is_not_sent_on(tocsin: Tocsin, elsewhere: Elsewhere) -> None:
    with listening() as other:
        elsewhere.answers["/api/v1/agent"] = (302, {"Location": f"{other.url}/api/v1/agent"}, b"")
        code, shown = failed(tocsin, "--url", elsewhere.url)
        assert (code, "name the address itself" in shown, other.asked) == (1, True, [])


def test_a_list_is_followed_to_its_end(tocsin: Tocsin, elsewhere: Elsewhere) -> None:
    second = "/api/v1/incidents?limit=200&after=2"
    third = "/api/v1/incidents?limit=200&after=1"
    elsewhere.answers["/api/v1/incidents?limit=200"] = told([{**INCIDENT, "id": 2}], link=second)
    elsewhere.answers["/api/v1/incidents?limit=200&after=2"] = told([INCIDENT], link=third)
    elsewhere.answers["/api/v1/incidents?limit=200&after=1"] = told([], link=second)  # it leads back
    found = tocsin("incidents", "--json", "--url", f"{elsewhere.url}/").document
    assert [each["id"] for each in found] == [2, 1]
    assert {shown for _, shown in elsewhere.asked} == {f"Bearer {TOKEN}"}


def test_another_version_is_said_where_its_answer_is_not_understood(
    tocsin: Tocsin, elsewhere: Elsewhere
) -> None:
    elsewhere.answers["/api/v1/agent"] = told({**AGENT, "version": "99.1"})
    elsewhere.answers["/api/v1/incidents?limit=200"] = told([INCIDENT])
    assert tocsin("incidents", "--url", elsewhere.url).code == 0
    elsewhere.answers["/api/v1/incidents?limit=200"] = told([{"number": 1}])
    ended = tocsin("incidents", "--url", elsewhere.url)
    assert (ended.code, "it has version 99.1, this is" in ended.err) == (1, True)


def test_nobody_there_is_said(tocsin: Tocsin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unheard:
        port = unheard.getsockname()[1]
    code, shown = failed(tocsin, "--url", f"http://127.0.0.1:{port}")
    assert (code, "cannot be asked: connection refused" in shown) == (1, True)


def test_tls_is_checked(tocsin: Tocsin, tmp_path: Path) -> None:
    root, other = authority(), authority()
    issued(Wish(("127.0.0.1",)), root).saved(tmp_path, "server")
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "other.pem").write_bytes(other.pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    with listening(tls) as there:
        there.answers["/api/v1/incidents?limit=200"] = told([INCIDENT])
        for trusted in ((), ("--ca", "other.pem")):
            code, shown = failed(tocsin, "--url", there.url, *trusted)
            assert (code, "its certificate is not trusted" in shown, there.asked) == (1, True, [])
        assert tocsin("incidents", "--url", there.url, "--ca", "root.pem", "--json").document == [INCIDENT]
        code, shown = failed(tocsin, "--url", there.url, "--ca", "server.key")
        assert (code, "cannot be used" in shown) == (64, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "tocsin.example.org"), "expected an address"),
        (("--url", "ftp://tocsin.example.org"), "expected an address"),
        (("--url", "https://[::1"), "expected an address"),
        (("--url", "https://tocsin.example.org/?a=b"), "expected an address"),
        (("--url", "https://one:secret@tocsin.example.org"), "names nobody"),
        (("--url", "http://tocsin.example.org"), "lets others read the token"),
        (("--url", "https://localhost", "--token-file", "none"), "none: cannot be read"),
        (("--url", "https://localhost", "--token-file", "empty"), "empty: holds no token"),
        (("--url", "https://localhost", "--token-file", "lines"), "signs that no token has"),
        (("--token-file", "lines"), "go with --url"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    tocsin: Tocsin, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "lines").write_text("one\r\nX-Other: two", encoding="utf-8")
    code, shown = failed(tocsin, *words)
    assert (code, said in shown) == (64, True), shown


def test_without_a_token_nobody_is_asked(
    tocsin: Tocsin, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOCSIN_TOKEN")
    code, shown = failed(tocsin, "--url", elsewhere.url)
    assert (code, "name a token" in shown, elsewhere.asked) == (64, True, [])


def test_no_proxy_hears_what_is_not_encrypted(
    tocsin: Tocsin, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.answers["/api/v1/incidents?limit=200"] = told([INCIDENT])
    with listening() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert tocsin("incidents", "--json", "--url", elsewhere.url).document == [INCIDENT]
        assert proxy.asked == []
