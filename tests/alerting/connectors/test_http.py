"""Connectors' HTTP against a real server that misbehaves: each fault is judged by what the request does."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from alerting.connectors.base import Finding, Outcome
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, found, look
from alerting.connectors.options import HttpOptions, is_here
from config.secrets import Secret
from tests.fakes.vendor import Fault, Reply, Request
from tests.fakes.vendor import Vendor as FakeVendor

pytestmark = pytest.mark.anyio
NOW = 1_790_000_000.0


class Echo(FakeVendor):
    """Answers with what it was sent, and counts what it was told to add."""

    def answer(self, request: Request) -> Reply:
        if request.method == "POST":
            self.state["added"] = self.state.get("added", 0) + 1
        status = int(request.first("status", "200"))
        return Reply(
            status, {"headers": dict(request.headers), "body": request.body, "error": "no such queue"}
        )


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as server:
        server.now = lambda: NOW
        yield server


def caller(base: str, token: str = "Bearer sesame-street", **options: Any) -> Caller:
    said = Vendor(lambda answer: str(answer.mapping().get("error", "")))
    return Caller(base, HttpOptions(**options), lambda: {"Authorization": token}, lambda: NOW, said)


@pytest.fixture
async def http(server: Echo) -> AsyncIterator[Caller]:
    http = caller(server.url)
    yield http
    await http.aclose()


async def ended(http: Caller, ask: Ask) -> Ended:
    with pytest.raises(Ended) as raised:
        await http.call(ask)
    return raised.value


def add(path: str = "/tickets") -> Ask:
    return Ask(Way.ONCE, "POST", path, {"a": 1})


async def test_a_request_carries_who_we_are_and_its_body_and_no_wish_for_packed_answers(http: Caller) -> None:
    answer = (await http.call(add())).mapping()
    assert answer["body"] == {"a": 1}
    sent = answer["headers"]
    assert (sent["authorization"], sent["accept-encoding"]) == ("Bearer sesame-street", "identity")
    assert (sent["content-type"], sent["user-agent"]) == ("application/json", "tocsin")


@pytest.mark.parametrize(
    ("fault", "reads", "adds"),
    [
        (Fault.LOST_ANSWER, Outcome.RETRY, Outcome.IN_DOUBT),
        (Fault.LOST_REQUEST, Outcome.RETRY, Outcome.IN_DOUBT),
        (Fault.LATE_502, Outcome.RETRY, Outcome.IN_DOUBT),
        (Fault.ERROR_PAGE, Outcome.RETRY, Outcome.IN_DOUBT),
        (Fault.BUSY, Outcome.RETRY, Outcome.IN_DOUBT),
        (Fault.LOGIN_PAGE, Outcome.BROKEN, Outcome.IN_DOUBT),
        (Fault.NOT_JSON, Outcome.BROKEN, Outcome.IN_DOUBT),
        (Fault.REVOKED, Outcome.BROKEN, Outcome.BROKEN),
        (Fault.FORBIDDEN, Outcome.BROKEN, Outcome.BROKEN),
        (Fault.MOVED, Outcome.BROKEN, Outcome.BROKEN),
        (Fault.RATE_SECONDS, Outcome.RETRY, Outcome.RETRY),
        (Fault.RATE_DATE, Outcome.RETRY, Outcome.RETRY),
        (Fault.GONE, Outcome.PERMANENT, Outcome.PERMANENT),
        (Fault.HUGE, Outcome.RETRY, Outcome.IN_DOUBT),
    ],
)
async def test_what_a_fault_means_depends_on_what_the_request_does(
    server: Echo, http: Caller, fault: Fault, reads: Outcome, adds: Outcome
) -> None:
    for ask, outcome in ((look("/tickets"), reads), (add(), adds)):
        server.misbehave(fault)
        with pytest.raises(Ended) as raised:
            (await http.call(ask)).json()
        assert raised.value.result.outcome is outcome
        assert raised.value.result.reason


@pytest.mark.parametrize("fault", [Fault.RATE_SECONDS, Fault.RATE_DATE])
async def test_both_forms_of_retry_after_are_heard(server: Echo, http: Caller, fault: Fault) -> None:
    server.misbehave(fault, seconds=90)
    assert (await ended(http, look("/"))).result.after == pytest.approx(90, abs=1)


async def test_a_moment_that_is_past_asks_for_no_wait(server: Echo) -> None:
    answer = Answer(429, {"retry-after": formatdate(NOW - 100, usegmt=True)}, b"")
    assert caller(server.url)._after(answer) == 0.0


async def test_a_limit_without_a_word_on_when_is_a_minute(http: Caller) -> None:
    assert (await ended(http, look("/?status=429"))).result.after == 60.0


async def test_the_vendors_own_words_are_in_the_reason(http: Caller) -> None:
    result = (await ended(http, Ask(Way.AGAIN, "PUT", "/?status=422"))).result
    assert (result.outcome, result.reason) == (Outcome.PERMANENT, "HTTP 422: no such queue")


async def test_statuses_that_are_answers_are_given_back(http: Caller) -> None:
    assert (await http.call(look("/?status=404", also=(404,)))).status == 404


async def test_where_it_moved_to_is_named_without_its_path(server: Echo, http: Caller) -> None:
    server.misbehave(Fault.MOVED)
    reason = (await ended(http, look("/"))).result.reason
    assert "https://moved.example.org" in reason
    assert "secret-path" not in reason


async def test_nobody_there_is_no_doubt(server: Echo) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    http = caller(f"http://127.0.0.1:{port}")
    assert (await ended(http, add())).result.outcome is Outcome.RETRY
    await http.aclose()


async def test_an_answer_that_takes_too_long_is_in_doubt_where_something_was_added(server: Echo) -> None:
    http = caller(server.url, timeout=1.0)
    server.misbehave(Fault.SLOW, seconds=60, times=2)
    assert (await ended(http, add())).result.outcome is Outcome.IN_DOUBT
    assert (await ended(http, look("/"))).result.outcome is Outcome.RETRY
    await http.aclose()


async def test_a_proxy_that_the_environment_names_is_not_asked(
    server: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    http = caller(server.url)
    assert (await http.call(look("/"))).status == 200
    await http.aclose()


@pytest.mark.parametrize(
    ("options", "says"),
    [({"ca": "/no/such/file.pem"}, "No such file"), ({"ca": __file__}, "holds no certificate")],
)
async def test_authorities_that_cannot_be_read_are_named(
    server: Echo, options: dict[str, Any], says: str
) -> None:
    result = (await ended(caller(server.url, **options), look("/"))).result
    assert result.outcome is Outcome.BROKEN
    assert says in result.reason


async def test_a_secret_that_cannot_be_read_is_named_and_nothing_is_sent(server: Echo) -> None:
    secret = Secret("${env:NO_SUCH_TOKEN_HERE}")
    http = Caller(server.url, HttpOptions(), lambda: {"Authorization": secret.reveal()}, lambda: NOW)
    result = (await ended(http, look("/"))).result
    assert result.outcome is Outcome.BROKEN
    assert "NO_SUCH_TOKEN_HERE" in result.reason
    assert server.requests == []
    await http.aclose()


async def test_a_secret_that_no_header_can_carry_is_named_and_nothing_is_sent(server: Echo) -> None:
    http = caller(server.url, token="Bearer schlüssel-4711")
    told = (await ended(http, add())).result
    assert (told.outcome, "schl" in told.reason) == (Outcome.BROKEN, False)
    assert not server.requests
    await http.aclose()


async def test_certificates_are_verified_and_a_private_authority_can_be_trusted(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run(
        ["openssl", *made, *subject, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    server = _with_tls(certificate, key)
    url = f"https://127.0.0.1:{server.server_address[1]}"
    strange, known = caller(url), caller(url, ca=str(certificate))
    refused = (await ended(strange, add())).result
    assert refused.outcome is Outcome.BROKEN
    assert "certificate of 127.0.0.1" in refused.reason
    assert (await known.call(look("/"))).status == 200
    for http in (strange, known):
        await http.aclose()
    server.shutdown()
    server.server_close()


async def test_findings_tell_wrong_from_unknown(server: Echo, http: Caller) -> None:
    async def seen(ask: Ask) -> str:
        await http.call(ask)
        return "as ops"

    assert await found("login", seen(look("/"))) == Finding("login", True, "as ops")
    assert (await found("login", seen(look("/?status=401")))).ok is False
    server.misbehave(Fault.LOST_REQUEST)
    assert (await found("login", seen(look("/")))).ok is None


async def test_no_address_is_logged(server: Echo, http: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await http.call(look("/services/T000/B000/XXXX"))
    assert "XXXX" not in caplog.text


@pytest.mark.parametrize("address", ["http://127.0.0.1:80", "http://localhost", "http://[::1]:8080"])
def test_this_host_is_known(address: str) -> None:
    assert is_here(address)
    assert not is_here("http://desk.example.org")


class _Quiet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _with_tls(certificate: Path, key: Path) -> HTTPServer:
    class Server(HTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that does not trust us hangs up."""

    server = Server(("127.0.0.1", 0), _Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
