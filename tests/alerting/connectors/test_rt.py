"""Request Tracker without a server: options, what counts as said, and answers that a sound one never gives."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import ValidationError

from alerting.connectors.base import Outcome, Setting
from alerting.connectors.rt import RtOptions
from alerting.connectors.rt_desk import RequestTracker
from alerting.connectors.rt_tickets import is_told, priority_of, said_in, ticket_body
from tests.alerting.connectors.conformance import KEY, SINCE, nothing_known, wanted

LEAST = {"url": "https://rt.example.org", "token": "1-27-of-the-token", "queue": "Monitoring"}
ACTS = {"1": {"Type": "Comment"}, "2": {"Type": "CommentEmailRecord"}}


class Nasty:
    """Answers every request alike: `status`, `headers`, `body`."""

    status, body = 200, b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def __init__(self) -> None:
        nasty = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(nasty.status)
                for name, value in nasty.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(nasty.body)))
                self.end_headers()
                self.wfile.write(nasty.body)

            do_POST = do_PUT = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def nasty() -> Iterator[Nasty]:
    nasty = Nasty()
    yield nasty
    nasty.server.shutdown()
    nasty.server.server_close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome"),
    [
        (200, (("Content-Type", "text/html"),), b"<html>log in</html>", Outcome.BROKEN),
        (200, (), b"[]", Outcome.BROKEN),
        (200, (), b'{"id": 27, "Name": "tocsin", "items": 5}', Outcome.BROKEN),
        (200, (), b'{"id": 27, "Name": "tocsin", "Disabled": "1"}', Outcome.BROKEN),
        (302, (("Location", "https://sso.example.org/secret-path"),), b"", Outcome.BROKEN),
        (401, (), b'{"message": "Unauthorized"}', Outcome.BROKEN),
        (403, (), b'{"message": "Forbidden"}', Outcome.BROKEN),
        (404, (), b'{"message": "Not Found"}', Outcome.BROKEN),
        (429, (("Retry-After", "90"),), b"", Outcome.RETRY),
        (500, (), b"<html>broken</html>", Outcome.RETRY),
    ],
)
async def test_nasty_answers_are_no_verdict_on_a_ticket(
    nasty: Nasty, status: int, headers: tuple[tuple[str, str], ...], body: bytes, outcome: Outcome
) -> None:
    nasty.status, nasty.headers, nasty.body = status, headers, body
    options = RtOptions.model_validate({**LEAST, "url": f"http://127.0.0.1:{nasty.server.server_address[1]}"})
    connector = RequestTracker(options, Setting("rt", "agent-1", lambda: SINCE / 1_000_000))
    for result in (
        await connector.read(nothing_known()),
        await connector.apply(wanted(), nothing_known()),
    ):
        assert result.outcome is outcome, result
        assert result.reason
        assert "of-the-token" not in result.reason
        assert "secret-path" not in result.reason
        assert result.after == (90 if status == 429 else None)
    findings = await connector.check()
    assert any(each.ok is not True for each in findings)
    await connector.aclose()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"queue": "it's"}, "queue"),
        ({"key_field": "a}b"}, "key_field"),
        ({"labels": ["x"]}, "no labels"),
        ({"priorities": {"critical": "urgent"}}, "no priority of RT"),
        ({"fields": {"Subject": "x"}}, "said by the connector"),
        ({"user": "a:b"}, "user"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        RtOptions.model_validate({**LEAST, **changes})


def test_priorities_are_numbers_however_they_are_written() -> None:
    options = RtOptions.model_validate({**LEAST, "priorities": {"critical": 90, "high": "80", "low": ""}})
    assert [priority_of(options, each) for each in ("critical", "high", "medium", "low")] == [
        "90",
        "80",
        "50",
        "",
    ]
    assert "Priority" not in ticket_body(options, wanted(priority="low"))


def test_fields_go_where_rt_has_them() -> None:
    options = RtOptions.model_validate({**LEAST, "fields": {"Owner": "agent-one", "Service": "${service}"}})
    body = ticket_body(options, wanted())
    assert body["Owner"] == "agent-one"
    assert body["CustomFields"] == {"Service": "shop", "AlertKey": KEY}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"ContentType": "image/png"}, False),
        ({"Filename": "log.txt"}, False),
        ({"Headers": "Content-Length: 99999999"}, False),
        ({"TransactionId": "2"}, False),
        ({"TransactionId": "3"}, False),
    ],
)
def test_only_texts_that_somebody_said_are_read(changes: dict[str, str], told: bool) -> None:
    assert is_told({"TransactionId": "1", "ContentType": "text/plain", **changes}, ACTS) is told


def test_html_is_read_as_text() -> None:
    said = said_in("<p>it is &lt;mine&gt;<br>now</p>[tocsin 90c1d2e3-1]", is_html=True)
    assert said.text == "it is <mine>\nnow\n[tocsin 90c1d2e3-1]"
    assert said.marks == ("90c1d2e3-1",)
