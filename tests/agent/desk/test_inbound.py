"""Alerts of other tools through the real door: who is let in, and what becomes of what they send."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agent.store.reader import reading
from alerting.desk.ticket import Ticket
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
SECOND, HOUR = 1_000_000, 3600
TOKEN = "correct-horse-battery-9"
# Of their own: those of the loop are what the app answers on.
CLIENTS = ThreadPoolExecutor(64)
SERVICES: dict[str, object] = {
    "shop": {"criticality": "high", "checks": {"a": {"type": "cpu", "every": "1h"}}},
    "mail": {"checks": {"a": {"type": "cpu", "every": "1h"}}},
}
MAPPING = {"key": "$.id", "title": "$.title", "text": "$.text", "state": "$.state", "severity": "$.severity",
           "service": "$.service", "started": "$.at", "ended": "$.until", "labels": "$.labels"}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def driven(directory: Path, clock: Any = None, **more: object) -> Driven:
    (directory / "token").write_text(TOKEN, encoding="utf-8")
    (directory / "token").chmod(0o600)
    secret = f"${{file:{directory}/token}}"
    inbound = {
        "any": {"type": "generic", "token": secret, "mapping": MAPPING, "services": {"front-end": "shop"}},
        "signed": {"type": "generic", "secret": secret, "timestamp": "X-Time", "mapping": MAPPING},
        "am": {"type": "alertmanager", "token": secret},
        "sentry": {"type": "sentry", "secret": secret},
        "pingdom": {"type": "pingdom", "token": secret, "service": "mail"},
        "cake": {"type": "statuscake", "token": secret},
        **more,
    }
    return Driven(directory, SERVICES, clock, inbound=inbound)


async def ask(of: Driven, verb: str, **arguments: object) -> Any:
    """What a command would ask of the desk."""
    return await of.app.commands.answer("desk", {"verb": verb, "arguments": arguments}, "one")


class Sender:
    """Somebody who posts to the door of a running app."""

    def __init__(self, of: Driven) -> None:
        self.of = of

    async def post(
        self, path: str, body: object, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> tuple[int, Any]:
        """Status and answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.of.app.web.addresses[0]}/api/v1/inbound/{path}"
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        return await asyncio.get_running_loop().run_in_executor(CLIENTS, _answer, request)

    async def tell(self, name: str = "any", **told: object) -> list[dict[str, Any]]:
        """An alert by the mapping; what became of it."""
        status, answer = await self.post(name, told, {"Authorization": f"Bearer {TOKEN}"})
        assert status == 200, answer
        found: list[dict[str, Any]] = answer["alerts"]
        return found

    def ticket(self, number: int) -> Ticket:
        return self.of.app.pipeline.world.tickets[number]

    def seconds(self, more: float = 0) -> int:
        return self.of.clock.at // SECOND + int(more)

    def lines(self, number: int) -> list[str]:
        with reading(self.of.directory / "state", "test") as store:
            return [event.text for event in store.timeline(number)]


def _answer(request: urllib.request.Request) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def test_an_alert_opens_a_ticket_is_counted_and_resolves_it(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender, began = Sender(of), of.clock.at // SECOND - 60
        told: dict[str, Any] = {
            "id": "a1",
            "title": "Down",
            "state": "bad",
            "service": "front-end",
            "at": began,
        }
        assert await sender.tell(**told) == [{"key": "a1", "did": "opened", "ticket": "T-1"}]
        ticket = sender.ticket(1)
        assert (ticket.service, ticket.severity, ticket.channel, ticket.title) == (
            "shop",
            "high",
            "inbound",
            "Down",
        )
        assert (ticket.opened_at, ticket.origin) == (began * SECOND, "inbound:any:a1")
        version = ticket.version
        assert [(await sender.tell(**told))[0]["did"] for _ in range(2)] == ["counted", "counted"]
        assert sender.ticket(1).alarm is not None
        assert (sender.ticket(1).alarm.times, sender.ticket(1).version) == (3, version)  # type: ignore[union-attr]
        over = {**told, "state": "resolved", "until": sender.seconds(-5)}
        assert (await sender.tell(**over))[0] == {"key": "a1", "did": "resolved", "ticket": "T-1"}
        assert (sender.ticket(1).state, sender.ticket(1).resolved_at) == (
            "resolved",
            sender.seconds(-5) * SECOND,
        )
        assert (await sender.tell(**over))[0]["did"] == "already"
        assert (await sender.tell(**told))[0]["did"] == "late"
        assert sender.ticket(1).state == "resolved"
        assert len(of.app.pipeline.world.tickets) == 1


async def test_what_fires_anew_soon_opens_the_same_ticket_again_and_later_another(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        for hours, did in ((1, "opened"), (2, "reopened"), (25, "opened")):
            of.clock.move(hours * HOUR)
            assert (await sender.tell(id="a", state="bad", at=sender.seconds()))[0]["did"] == did
            of.clock.move(60)
            assert (await sender.tell(id="a", state="ok", until=sender.seconds()))[0]["did"] == "resolved"
        assert (sender.ticket(1).reopened, sender.ticket(1).came_back) == (1, False)
        earlier = sender.ticket(2).earlier
        assert earlier is not None
        assert (earlier.ticket, earlier.at) == (1, sender.ticket(1).resolved_at)


async def test_the_end_that_comes_before_its_beginning_leaves_nothing_open(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        assert (await sender.tell(id="a", state="ok", until=sender.seconds(-5)))[0]["did"] == "unknown"
        assert (await sender.tell(id="a", state="bad", at=sender.seconds(-60)))[0] == {
            "key": "a",
            "did": "late",
            "ticket": None,
        }
        assert (await sender.tell(id="a", state="bad", at=sender.seconds(-1)))[0]["did"] == "opened"
        assert (await sender.tell(id="a", state="ok", until=sender.seconds(-5)))[0]["did"] == "late"
        assert sender.ticket(1).is_open


async def test_what_a_person_ended_stays_so_until_it_is_over_there(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        await sender.tell(id="a", state="bad")
        await of.app.commands.answer(
            "tickets.move", {"number": 1, "move": "resolve", "note": "not ours"}, "one"
        )
        assert (await sender.tell(id="a", state="bad"))[0]["did"] == "counted"
        assert sender.ticket(1).state == "resolved"
        assert (await sender.tell(id="a", state="ok"))[0]["did"] == "already"
        assert (await sender.tell(id="a", state="bad"))[0]["did"] == "reopened"


async def test_what_an_alert_says_after_its_ticket_was_merged_is_noted_and_changes_nothing(
    tmp_path: Path,
) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        await sender.tell(id="small", title="Small", state="bad", severity="low")
        await sender.tell(id="large", title="Large", state="bad", severity="critical")
        await ask(of, "tickets.merge", ticket=1, other=2)
        before = sender.ticket(2)
        assert (await sender.tell(id="small", state="bad", severity="low"))[0]["did"] == "noted"
        assert (sender.ticket(2).severity, sender.ticket(2).alarm) == ("critical", before.alarm)
        assert (await sender.tell(id="small", state="ok"))[0] == {
            "key": "small",
            "did": "noted",
            "ticket": "T-2",
        }
        assert sender.ticket(2).is_open


async def test_what_fires_anew_after_its_ticket_was_merged_and_all_was_closed_is_never_lost(
    tmp_path: Path,
) -> None:
    async with driven(tmp_path) as of:
        sender, reporter = Sender(of), {"name": "Buyer", "email": "buyer@example.org"}
        await sender.tell(id="a", title="A", state="bad")
        await ask(of, "tickets.open", title="Slow", description="It is slow", reporter=reporter)
        await ask(of, "tickets.merge", ticket=1, other=2)
        for move in ("resolve", "close"):
            await of.app.commands.answer("tickets.move", {"number": 2, "move": move, "note": "done"}, "one")
        assert (await sender.tell(id="a", state="bad"))[0][
            "did"
        ] == "noted"  # a person ended it while it lasts
        assert (await sender.tell(id="a", state="ok"))[0]["did"] == "noted"
        of.clock.move(HOUR)
        assert (await sender.tell(id="a", title="A", state="bad"))[0] == {
            "key": "a",
            "did": "opened",
            "ticket": "T-3",
        }


async def test_what_a_person_says_of_its_severity_stands_while_the_tool_repeats_itself(
    tmp_path: Path,
) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        await sender.tell(id="a", state="bad", severity="low")
        await sender.tell(id="a", state="bad", severity="medium")
        assert sender.ticket(1).severity == "medium"
        await ask(of, "tickets.set", ticket=1, changes={"severity": "critical"})
        for word in ("medium", "low"):
            await sender.tell(id="a", state="bad", severity=word)
            assert (sender.ticket(1).severity, sender.ticket(1).priority) == ("critical", "high")


async def test_a_group_larger_than_is_opened_at_once_is_taken_in_whole(tmp_path: Path) -> None:
    alerts = [
        {"status": "firing", "labels": {"n": str(number)}, "fingerprint": f"f{number}"}
        for number in range(45)
    ]
    async with driven(tmp_path) as of:
        status, answer = await Sender(of).post("am", {"alerts": alerts}, {"X-Tocsin-Token": TOKEN})
        assert (status, [each["ticket"] for each in answer["alerts"]]) == (
            200,
            [f"T-{n}" for n in range(1, 46)],
        )
        many = [{**alerts[0], "fingerprint": f"g{number}"} for number in range(1001)]
        assert await Sender(of).post("am", {"alerts": many}, {"X-Tocsin-Token": TOKEN}) == (
            400,
            "what was sent has more than 1000 alerts\n",
        )


async def test_a_ticket_does_not_begin_decades_ago(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        for key, at, began in (
            ("a", 86_400, 0),
            ("b", sender.seconds(-86_400), -86_400),
            ("c", sender.seconds(60), 0),
        ):
            number = int((await sender.tell(id=key, state="bad", at=at))[0]["ticket"][2:])
            assert sender.ticket(number).opened_at == sender.seconds(began) * SECOND


async def test_a_ticket_that_was_closed_and_forgotten_is_found_again_after_a_restart(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        await sender.tell(id="a", state="bad")
        await sender.tell(id="a", state="ok")
        await of.app.commands.answer("tickets.move", {"number": 1, "move": "close", "note": ""}, "one")
        clock = of.clock
    async with driven(tmp_path, clock) as of:
        assert 1 not in of.app.pipeline.world.tickets
        assert (await Sender(of).tell(id="a", state="bad"))[0] == {
            "key": "a",
            "did": "reopened",
            "ticket": "T-1",
        }
        assert of.app.pipeline.world.tickets[1].came_back


async def test_strangers_are_told_nothing_not_even_which_names_there_are(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender, answers = Sender(of), set()
        basic = base64.b64encode(b"x:wrong").decode()
        for name in (
            "any",
            "am",
            "sentry",
            "signed",
            "cake",
            "pingdom?token=wrong",
            "nobody",
            "any%2f..%2fam"[:3],
        ):
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {basic}"},
                            {"Authorization": "Basic ?"}, {"X-Tocsin-Token": "é"}):  # fmt: skip
                safe = {key: value.encode().decode("latin-1") for key, value in headers.items()}
                answers.add(await sender.post(name, {"id": "a", "state": "bad"}, safe))
        assert answers == {(401, "show the token, or sign it\n")}
        assert (await sender.post(f"any?token={TOKEN}", {"id": "a"}))[
            0
        ] == 401  # this one can show it elsewhere
        assert (await sender.post("any", b"", method="PUT"))[0] == 405
        assert not of.app.pipeline.world.tickets


@pytest.mark.parametrize("way", ["bearer", "basic", "header", "address", "form"])
async def test_the_token_is_shown_in_the_way_that_the_tool_can(tmp_path: Path, way: str) -> None:
    basic = base64.b64encode(f"user:{TOKEN}".encode()).decode()
    name, headers, body = {
        "bearer": ("any", {"Authorization": f"bearer {TOKEN}"}, {"id": "a"}),
        "basic": ("any", {"Authorization": f"Basic {basic}"}, {"id": "a"}),
        "header": ("any", {"X-Tocsin-Token": TOKEN}, {"id": "a"}),
        "address": (f"pingdom?token={TOKEN}", {}, {"check_id": 1, "current_state": "DOWN"}),
        "form": (
            "cake", {"Content-Type": "application/x-www-form-urlencoded"}, f"Token={TOKEN}&Name=a&Status=Down".encode()
        ),
    }[way]  # fmt: skip
    async with driven(tmp_path) as of:
        status, answer = await Sender(of).post(str(name), body, headers)
        assert (status, answer["alerts"][0]["did"]) == (200, "opened")


def signed(body: bytes, moment: int | None = None) -> str:
    said = body if moment is None else f"{moment}:".encode() + body
    return hmac.new(TOKEN.encode(), said, hashlib.sha256).hexdigest()


async def test_sentry_signs_what_it_sends(tmp_path: Path) -> None:
    body = json.dumps(
        {"action": "created", "data": {"issue": {"id": "9", "title": "E", "level": "fatal"}}}
    ).encode()
    async with driven(tmp_path) as of:
        sender = Sender(of)
        assert (await sender.post("sentry", body + b" ", {"Sentry-Hook-Signature": signed(body)}))[0] == 401
        status, answer = await sender.post("sentry", body, {"Sentry-Hook-Signature": signed(body)})
        assert (status, answer["alerts"][0]["did"], sender.ticket(1).severity) == (200, "opened", "critical")


async def test_a_signed_moment_is_heard_once_and_not_much_later(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender, body = Sender(of), b'{"id": "a", "state": "bad"}'

        async def send(moment: object, signature: str) -> tuple[int, Any]:
            return await sender.post("signed", body, {"X-Time": str(moment), "X-Signature-256": signature})

        now = sender.seconds()
        assert (await send(now, f"sha256={signed(body, now)}"))[1]["alerts"][0]["did"] == "opened"
        assert (await send(now, signed(body, now).upper()))[1] == {
            "alerts": [],
            "ignored": 0,
            "repeated": True,
        }
        for moment in (now - 301, now + 301, "", "soon", -1, "1e9"):
            said = f"{moment}:".encode() + body
            assert (await send(moment, hmac.new(TOKEN.encode(), said, "sha256").hexdigest()))[0] == 401, (
                moment
            )
        assert (await send(now + 1, signed(body, now)))[0] == 401
        assert sender.ticket(1).alarm.times == 1  # type: ignore[union-attr]


async def test_secrets_and_hostile_marks_in_what_is_sent_go_nowhere(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        await sender.tell(
            id="one@example.org password=hunter2345", title="Down\x1b[31m password=hunter2345", severity="purple",
            text="a\nAuthorization: Bearer abcdef0123456789\u202e", labels={"api_key": "s3cr3tvalue", "x" * 500: "y"},
        )  # fmt: skip
        ticket = sender.ticket(1)
        said = f"{ticket} {sender.lines(1)}"
        for canary in (
            "hunter2345",
            "abcdef0123456789",
            "s3cr3tvalue",
            "\x1b",
            "\u202e",
            "one@example.org",
            "x" * 200,
        ):
            assert canary not in said
        assert ticket.title.startswith("Down\\x1b[31m")
        assert ticket.severity == "medium"


async def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender, shown = Sender(of), {"Authorization": f"Bearer {TOKEN}"}
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b"[" * 9000, 400),
            (b'{"x": 1}', 400),
            (b" " * 1_048_577, 413),
        ):
            answer = await sender.post("any", body, shown)
            assert answer[0] == status, body[:10]
            assert "Traceback" not in answer[1]


async def test_who_sends_without_a_pause_is_asked_to_wait(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        shown = {"X-Tocsin-Token": TOKEN}
        sent = await asyncio.gather(*(sender.post("any", {"id": "a"}, shown) for _ in range(62)))
        assert sorted(status for status, _ in sent) == [200] * 60 + [429] * 2
        of.clock.move(1)
        assert (await sender.post("any", {"id": "a"}, {"X-Tocsin-Token": TOKEN}))[0] == 200


async def test_a_service_that_nobody_knows_is_left_open(tmp_path: Path) -> None:
    async with driven(tmp_path) as of:
        sender = Sender(of)
        await sender.tell(id="a", service="elsewhere", labels={"service": "elsewhere"})
        assert sender.ticket(1).service == ""
        assert "service: elsewhere" in sender.ticket(1).description


async def test_a_group_of_alertmanager_is_a_ticket_an_alert(tmp_path: Path) -> None:
    def alert(mark: str, status: str) -> dict[str, Any]:
        labels = {"alertname": mark, "severity": "warning", "service": "shop"}
        return {"status": status, "labels": labels, "fingerprint": mark, "startsAt": "2020-01-01T00:00:00Z"}

    async with driven(tmp_path) as of:
        sender, shown = Sender(of), {"Authorization": f"Bearer {TOKEN}"}
        group = {"version": "4", "alerts": [alert("a", "firing"), alert("b", "firing"), alert("a", "firing")]}
        _, answer = await sender.post("am", group, shown)
        assert [(each["did"], each["ticket"]) for each in answer["alerts"]] == [
            ("opened", "T-1"), ("opened", "T-2"), ("counted", "T-1")
        ]  # fmt: skip
        await sender.post("am", {"version": "4", "alerts": [alert("b", "resolved")]}, shown)
        assert [sender.ticket(number).state.value for number in (1, 2)] == ["new", "resolved"]
