"""The evidence in a ticket: real app, real sites, real store, moving time. What changed is said, secrets never."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.desk.tickets import PersonsMove
from agent.store.reader import reading
from alerting.desk.ticket import Move, Ticket, TicketEvent
from alerting.incidents.change import Change
from checks.registry import all_kinds
from config.loader import load
from tests.moving_clock import SECOND, Driven, MovingClock

CANARY = "canary-5318008-canary"
TOKEN = "the-token-of-the-pipeline"
FAST = {"every": "60s", "timeout": "2s", "confirm": 1, "recover": 1}
SOON = {"watch_for": "1s", "reopen_within": "0s"}


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


@dataclass
class Backend:
    """A web server on one address of loopback, which answers as it is told."""

    host: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "welcome"
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    @contextmanager
    def open(self) -> Iterator[Backend]:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = backend.body.encode()
                self.send_response(backend.status)
                for name, value in backend.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer((self.host, self.port), Handler)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def shop(url: str, **options: object) -> dict[str, object]:
    return {
        "shop": {"criticality": "high", "checks": {"home": {"type": "http", "url": url, **FAST}}, **options}
    }


def tickets(driven: Driven) -> list[Ticket]:
    with reading(driven.directory / "state", "test") as store:
        return list(reversed(store.tickets()))


def timeline(driven: Driven, number: int) -> list[TicketEvent]:
    with reading(driven.directory / "state", "test") as store:
        return store.timeline(number)


def changes(driven: Driven) -> list[Change]:
    with reading(driven.directory / "state", "test") as store:
        return store.changes(0, 100)


async def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def post(
    driven: Driven, body: bytes, token: str | None = TOKEN, method: str = "POST"
) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    request = urllib.request.Request(
        f"{driven.app.web.addresses[0]}/api/v1/changes", body, headers, method=method
    )

    def ask() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(ask)


def let_in(directory: Path) -> dict[str, Any]:
    state = str(directory / "state")
    return {"agent": {"id": "test", "listen": "127.0.0.1:0", "state_dir": state, "changes_token": TOKEN}}


@run
async def test_a_ticket_tells_status_address_version_and_the_deploy_before(tmp_path: Path) -> None:
    front = Backend("127.0.0.1", 302)
    old = Backend("127.0.0.2", 200, {"X-App-Version": "2.2"})
    new = Backend("127.0.0.3", 503, {"X-App-Version": "2.3", "X-Build-Token": CANARY})
    with front.open(), old.open(), new.open():
        front.headers["Location"] = old.url
        services = shop(front.url, labels={"runbook": "https://wiki.example/shop"})
        async with Driven(tmp_path, services, **let_in(tmp_path)) as driven:
            await driven.advance(180)
            told = {"service": "shop", "version": "2.3", "text": f"new basket, token={CANARY}", "by": "ci"}
            assert await post(driven, json.dumps(told).encode()) == (201, '{"id":"C-1"}')
            front.headers["Location"] = new.url
            await driven.advance(60)
            (ticket,) = tickets(driven)
    said = ticket.description
    assert "Changed since the last good reading" in said
    assert "  status: 200 -> 503\n" in said
    assert "  ip: 127.0.0.2 -> 127.0.0.3\n" in said
    assert "  header x-app-version: 2.2 -> 2.3\n" in said
    assert "deploy 2.3 (shop) by ci: new basket, token=***\n" in said
    assert "Severity: high service is down" in said
    assert "first_byte" in said
    assert "(last good " in said
    assert said.endswith("Runbook: https://wiki.example/shop")
    assert CANARY not in said


@run
async def test_the_last_good_reading_outlives_a_long_failure_and_a_restart(tmp_path: Path) -> None:
    site, clock = Backend("127.0.0.1", 200, {"Server": "a/1"}), MovingClock()
    with site.open():
        services = shop(site.url)
        async with Driven(tmp_path, services, clock) as driven:
            await driven.advance(60)
            good_at = driven.app.pipeline.memory(("shop", "home")).readings[-1].at
            site.status = 500
            await driven.advance(600)
            before = driven.app.pipeline.memory(("shop", "home"))
            assert all(each.at != good_at for each in before.readings)
        async with Driven(tmp_path, services, clock) as driven:
            good = driven.app.pipeline.memory(("shop", "home")).last_good
            assert good is not None
            assert (good.at, good.values["status"]) == (good_at, 200)
            assert good.versions == {"server": "a/1"}
            assert set(good.phases) == set(before.last_good.phases if before.last_good else ())


@run
async def test_no_secret_of_answers_notes_or_changes_comes_through(tmp_path: Path) -> None:
    site = Backend("127.0.0.1", 200, {"Server": f"nginx (password={CANARY})"})
    with site.open():
        async with Driven(tmp_path, shop(site.url), defaults=SOON, **let_in(tmp_path)) as driven:
            await driven.advance(60)
            assert (await post(driven, json.dumps({"text": f"see https://u:{CANARY}@ci.example/"}).encode()))[
                0
            ] == 201
            site.status, site.body = 500, f"<html>session={CANARY} api_key: {CANARY}"
            site.headers = {"Server": "nginx", "Set-Cookie": f"id={CANARY}"}
            await driven.advance(60)
            note = PersonsMove(Move.RESOLVE, "ann", f"changed the password={CANARY}")
            await driven.app.pipeline.move_ticket(1, note)
            site.status = 200
            await driven.advance(240)
            site.status = 500
            await driven.advance(60)
            await until(lambda: any(each.what == "evidence" for each in timeline(driven, 2)))
            first, second = tickets(driven)
            told = [each.text for each in timeline(driven, 2)]
    assert CANARY not in first.description + second.description + "".join(told)
    assert "see https://***@ci.example/" in first.description
    assert "header server: nginx (password=*** -> nginx" in first.description


@run
async def test_what_a_program_wrote_is_in_the_ticket_masked(tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    script.write_text(
        f"#!/bin/sh\necho 'CRITICAL: backup failed'\necho 'token={CANARY}'\necho 'disk gone'\nexit 2\n"
    )
    script.chmod(0o755)
    check = {"type": "command", "command": [str(script)], **FAST}
    async with Driven(tmp_path, {"host": {"checks": {"backup": check}}}) as driven:
        await driven.advance(60)
        (ticket,) = tickets(driven)
    assert "Output (masked):\n  CRITICAL: backup failed\n  token=***\n  disk gone\n" in ticket.description
    assert CANARY not in ticket.description


@run
async def test_a_new_ticket_is_told_of_earlier_ones_and_their_fix(tmp_path: Path) -> None:
    site = Backend("127.0.0.1", 500)
    with site.open():
        async with Driven(tmp_path, shop(site.url), defaults=SOON) as driven:
            await driven.advance(60)
            assert [each.what for each in timeline(driven, 1)] == ["opened"]
            await driven.app.pipeline.move_ticket(1, PersonsMove(Move.RESOLVE, "ann", "restarted php-fpm"))
            site.status = 200
            await driven.advance(240)
            site.status = 502
            await driven.advance(60)
            await until(lambda: len(timeline(driven, 2)) == 2)
            (event,) = [each for each in timeline(driven, 2) if each.what == "evidence"]
    assert event.by == "tocsin"
    assert event.text.startswith("similar incidents before:\n    T-1 shop.home, ")
    assert event.text.endswith("; fix: restarted php-fpm (ann)")


@run
async def test_the_month_s_budget_is_in_the_ticket_once_it_was_judged(tmp_path: Path) -> None:
    site = Backend("127.0.0.1")
    with site.open():
        async with Driven(tmp_path, shop(site.url)) as driven:
            await driven.advance(600)
            site.status = 500
            await driven.advance(60)
            (ticket,) = tickets(driven)
    assert "Error budget of January 2027: 0s of " in ticket.description
    assert "this has cost 0s so far" in ticket.description


@run
async def test_a_reload_that_changes_something_is_a_change_of_the_services_it_touched(tmp_path: Path) -> None:
    site = Backend("127.0.0.1")
    with site.open():
        services = {**shop(site.url), "mail": {"checks": {"home": {"type": "http", "url": site.url, **FAST}}}}
        async with Driven(tmp_path, services) as driven:
            await driven.app.reload(load(driven.file, all_kinds()))
            assert changes(driven) == []
            driven.write({**services, **shop(site.url, title="Web shop")})
            await driven.app.reload(load(driven.file, all_kinds()))
            await driven.advance(60)
            site.status = 500
            await driven.advance(60)
            found = {each.service: each.description for each in tickets(driven)}
            (change,) = changes(driven)
    assert (change.kind, change.services, change.by) == ("config", ("shop",), "reload")
    assert change.text == "changed shop (title)"
    assert "config (shop) by reload: changed shop (title)" in found["shop"]
    assert "Changes made" not in found["mail"]


@run
async def test_pipelines_are_let_in_by_the_token_alone(tmp_path: Path) -> None:
    async with Driven(tmp_path, shop("http://127.0.0.1:1/"), **let_in(tmp_path)) as driven:
        good = b'{"version": "1"}'
        for token in (None, "", "wrong", TOKEN[:-1], f"{TOKEN}x"):
            assert (await post(driven, good, token))[0] == 401
        assert (await post(driven, good, method="PUT"))[0] == 405
        for body in (b"", b"[]", b"{", b"[" * 9000, b'"text"', b"\xff\xfe", b"null"):
            assert (await post(driven, body))[0] == 400
        assert (await post(driven, b'{"text": "' + b"x" * 20_000 + b'"}'))[0] == 413
        assert changes(driven) == []
        assert (await post(driven, good))[0] == 201


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, "says nothing: give a text, a version, or both"),
        ({"service": "shp", "version": "1"}, 'no service is called "shp" (did you mean "shop"?)'),
        ({"sevice": "shop", "version": "1"}, 'unknown key "sevice" (did you mean "service"?)'),
        ({"version": 2.3}, "version: expected a text"),
        ({"version": "1", "services": [1]}, "services: expected the name of a service, or a list of them"),
        ({"version": "1", "services": ["shop"] * 101}, "services: at most 100, or none for all of them"),
        (
            {"version": "1", "kind": "config"},
            "kind: config is what reloads are recorded as; take another word",
        ),
        ({"version": "1", "kind": "A b"}, "kind: expected one short word such as deploy, in small letters"),
    ],
)
@run
async def test_what_is_no_marker_is_refused_with_the_reason(
    tmp_path: Path, told: dict[str, object], reason: str
) -> None:
    async with Driven(tmp_path, shop("http://127.0.0.1:1/"), **let_in(tmp_path)) as driven:
        assert await post(driven, json.dumps(told).encode()) == (400, f"{reason}\n")


@run
async def test_without_a_token_in_the_configuration_no_pipeline_is_let_in(tmp_path: Path) -> None:
    async with Driven(tmp_path, shop("http://127.0.0.1:1/")) as driven:
        for method, status in (("POST", 401), ("DELETE", 405), ("GET", 401)):
            assert (await post(driven, b'{"version": "1"}', method=method))[0] == status


@run
async def test_a_flood_of_markers_is_refused_until_a_while_has_passed(tmp_path: Path) -> None:
    async with Driven(tmp_path, shop("http://127.0.0.1:1/"), **let_in(tmp_path)) as driven:
        answers = [(await post(driven, b'{"version": "1"}'))[0] for _ in range(62)]
        assert answers == [201] * 60 + [429] * 2
        driven.clock.move(5)
        assert (await post(driven, b'{"version": "1"}'))[0] == 201
        assert [each.number for each in changes(driven)][:2] == [61, 60]


@run
async def test_what_is_only_foreseen_opens_low_and_is_as_severe_as_usual_once_it_is_noticed(
    tmp_path: Path,
) -> None:
    # The server's own clock counts, which is the machine's.
    site = Backend("127.0.0.1", headers={"Sunset": formatdate(time.time() + 10 * 86_400, usegmt=True)})
    with site.open():
        check = {"type": "api", "url": site.url, "degraded": "sunset_days < 30 or size > 100", **FAST}
        services: dict[str, object] = {"shop": {"criticality": "critical", "checks": {"vendor": check}}}
        async with Driven(tmp_path, services) as driven:
            await driven.advance(120)
            (foreseen,) = tickets(driven)
            site.body = "x" * 200
            await driven.advance(60)
            (noticed,) = tickets(driven)
            lines = [each.what for each in timeline(driven, 1)]
    assert (foreseen.severity, foreseen.priority) == ("low", "low")
    assert "Severity: nobody notices yet" in foreseen.description
    assert (noticed.severity, noticed.priority) == ("high", "high")
    assert lines == ["opened", "worsened"]


@run
async def test_the_share_of_requests_that_fails_makes_a_degraded_service_more_severe(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.touch()
    check = {
        "type": "access_log",
        "path": str(log),
        "down": "rate_5xx > 99%",
        "degraded": "rate_5xx > 5%",
        **FAST,
    }
    services: dict[str, object] = {"shop": {"criticality": "high", "checks": {"log": check}}}
    rules = [{"match": {"affected": "80%"}, "severity": "critical"}]

    def requests(driven: Driven, bad: int, well: int) -> None:
        at = datetime.fromtimestamp(driven.clock.now() / SECOND, UTC)
        line = f'192.0.2.1 - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET / HTTP/1.1" {{}} 5 "-" "-"\n'
        with log.open("a") as file:
            file.write(line.format(500) * bad + line.format(200) * well)
        os.utime(log, (at.timestamp(), at.timestamp()))  # the window ends where the file was written last

    async with Driven(tmp_path, services, severity=rules) as driven:
        await driven.advance(60)
        seen = []
        for bad, well in ((30, 70), (70, 0), (600, 0), (0, 400)):
            requests(driven, bad, well)
            await driven.advance(60)
            seen += [each.severity for each in tickets(driven)]
        (ticket,) = tickets(driven)
    assert seen == ["medium", "high", "critical", "critical"]
    assert "Requests: 30% of 100 fail" in ticket.description


@run
async def test_the_more_services_an_incident_affects_the_more_severe_it_may_be(tmp_path: Path) -> None:
    site = Backend("127.0.0.1")
    with site.open():
        check = {"type": "http", "url": site.url, **FAST}
        services: dict[str, object] = {
            f"s{number}": {"depends_on": ["host"], "checks": {"home": check}} for number in range(3)
        }
        services["host"] = {"criticality": "medium", "checks": {"home": check}}
        rules = [{"match": {"services": 4}, "raise_by": 2}]
        async with Driven(tmp_path, services, severity=rules) as driven:
            await driven.advance(60)
            site.status = 500
            await driven.advance(130)
            (ticket,) = tickets(driven)
    assert ticket.service == "host"
    assert ticket.severity == "critical"
