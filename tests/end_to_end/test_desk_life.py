"""Tickets of people through the installed command and the API: opened, written on, given files, resolved."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.daemon import Daemon

TOKEN = "a-token-for-the-desk-7141"
PNG = b"\x89PNG\r\n\x1a\nrest"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("desk")
    (directory / "token").write_text(TOKEN, encoding="utf-8")
    made = Daemon(
        directory,
        desk={"token": f"${{file:{directory}/token}}", "attachments": {"max_size": "1KiB"}},
        services={"shop": {"criticality": "high", "checks": {"home": {"type": "cpu"}}}},
    )
    with made:
        made.start()
        yield made
        made.stop()


def post(daemon: Daemon, body: bytes, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Status, document and headers of what the API answers."""
    address = urlsplit(daemon.address)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        told = {
            "Authorization": f"Bearer {TOKEN}",
            **{name.replace("_", "-"): each for name, each in headers.items()},
        }
        connection.request("POST", "/api/v1/tickets", body, told)
        answer = connection.getresponse()
        return (
            answer.status,
            json.loads(answer.read()),
            {name.lower(): each for name, each in answer.getheaders()},
        )
    finally:
        connection.close()


def test_a_ticket_is_worked_on_from_the_terminal(daemon: Daemon, tmp_path: Path) -> None:
    opened = daemon.json(
        "tickets", "open", "Cannot pay", "--reporter", "Reporter One", "--email", "r1@example.org", "--service", "shop",
        "--field", "workaround=pay by phone", "--users", "25", "--by", "Agent One",
    )  # fmt: skip
    name = opened["id"]
    assert (opened["severity"], opened["channel"], opened["fields"]["users"]) == ("medium", "phone", "25")
    assert daemon.json("tickets", "ack", name, "--by", "Agent One")["assignee"] is not None
    daemon.json("tickets", "start", name)
    assert daemon.json("tickets", "pend", name, "--for", "reporter")["pauses"][0]["why"] == "reporter"
    assert daemon.json("tickets", "message", name, "card 1", "--from-reporter")["state"] == "in_progress"
    daemon.json("tickets", "note", name, "CANARY for us alone")
    (tmp_path / "screen.png").write_bytes(PNG)
    assert daemon.json("tickets", "attach", name, str(tmp_path / "screen.png"))["attachments"][0][
        "size"
    ] == len(PNG)
    saved = tmp_path / "saved.png"
    daemon.json("tickets", "save", name, "1", "--to", str(saved))
    assert saved.read_bytes() == PNG
    refused = daemon.tocsin("tickets", "resolve", name)
    assert (refused.code, "what was done" in refused.err) == (1, True)
    resolved = daemon.json("tickets", "resolve", name, "--note", "mended the form")
    assert (resolved["state"], resolved["fields"]["resolution"]) == ("resolved", "mended the form")
    shown = daemon.json("tickets", "show", name)
    assert [each["name"] for each in shown["attachments"]] == ["screen.png"]
    internal = {each["text"]: each["internal"] for each in shown["timeline"]}
    assert (internal["CANARY for us alone"], internal["card 1"]) == (True, False)
    page = daemon.tocsin("tickets", "show", name).out
    assert "(internal): CANARY for us alone" in page
    assert "Reporter One: card 1" in page


def test_a_hostile_file_is_refused_with_the_reason(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_bytes(b"MZ")
    ended = daemon.tocsin("tickets", "open", "Look at this", "--attach", str(tmp_path / "a.exe"))
    assert (ended.code, ended.out) == (64, "")
    assert "files that end in .exe are not taken" in ended.err


def test_an_overtaken_version_is_refused_with_the_newer_one(daemon: Daemon) -> None:
    opened = daemon.json("tickets", "open", "Two at once")
    seen = str(opened["version"])
    newer = daemon.json("tickets", "set", opened["id"], "next_step=call", "--version", seen)["version"]
    late = daemon.tocsin("tickets", "set", opened["id"], "next_step=wait", "--version", seen)
    assert (late.code, f"it is at version {newer}, not {seen}" in late.err) == (1, True)


def test_programs_open_tickets_and_repeat_themselves_safely(daemon: Daemon) -> None:
    body = json.dumps(
        {"title": "From a form", "reporter": {"email": "r3@example.org"}, "urgent": True}
    ).encode()
    status, first, _ = post(daemon, body, Idempotency_Key="form-1")
    assert (status, first["channel"], first["urgent"]) == (201, "api", True)
    status, again, headers = post(daemon, body, Idempotency_Key="form-1")
    assert (status, again["id"], headers["idempotency-replayed"]) == (201, first["id"], "true")
    status, problem, headers = post(daemon, b'{"title": "Another"}', Idempotency_Key="form-1")
    assert (status, headers["content-type"]) == (422, "application/problem+json")
    assert "another request" in problem["detail"]
    longest = "form-" + "3" * 195
    made = post(daemon, body, Idempotency_Key=longest)[1]
    assert post(daemon, body, Idempotency_Key=longest)[1]["id"] == made["id"] != first["id"]
    assert post(daemon, body, Idempotency_Key="form-2")[1]["id"] != first["id"]


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"{", 400, "expected a JSON object"),
        (b"[" * 100_000, 400, "expected a JSON object"),
        (b'{"title": "x", "by": "Agent One"}', 400, "by: is not for the API"),
        (b'{"title": "x", "origin": "inbound:a:b"}', 400, "origin: is not for the API"),
        (b'{"titel": "x"}', 400, 'did you mean "title"?'),
        (b'{"title": "x", "urgent": "yes"}', 400, "urgent: expected true or false"),
        (
            b'{"title": "x", "attachments": [{"name": "x.txt", "content": "a\\u00e4=="}]}',
            400,
            "is no base64",
        ),
        (
            b'{"title": "x", "attachments": [{"name": "../x.txt", "content": "aGk="}]}',
            400,
            "a name, not a path",
        ),
        (b'{"title": "' + b"x" * 300_000 + b'"}', 413, "bytes are read"),
    ],
)
def test_nonsense_is_answered_with_a_problem(daemon: Daemon, body: bytes, status: int, why: str) -> None:
    before = len(daemon.tickets())
    found, problem, _ = post(daemon, body)
    assert (found, problem["status"]) == (status, status)
    assert why in problem["detail"]
    assert len(daemon.tickets()) == before


def test_without_the_token_nobody_is_heard(daemon: Daemon) -> None:
    status, problem, headers = post(daemon, b'{"title": "x"}', Authorization="Bearer wrong")
    assert (status, headers["www-authenticate"], problem["title"]) == (401, "Bearer", "Unauthorized")
    assert TOKEN not in "".join(map(str, daemon.events()))
