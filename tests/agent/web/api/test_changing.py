"""The API that changes: who may, once however often it is asked, never over what somebody else has done."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.access.person import Role
from agent.web.rate import CHANGES
from tests.agent.scenarios.street import street
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
TEAMS = {
    "web": {"members": [{"name": "Agent One", "login": "agent", "email": "one@example.org"}]},
    "infra": {"title": "Infra"},
}


class Asking:
    """Programs that ask the daemon, each with a token."""

    def __init__(self, there: House, town: Any, client: httpx.AsyncClient) -> None:
        self.there, self.town, self.client = there, town, client

    async def token(self, scope: str, *teams: str) -> None:
        """From now on with a token of that scope."""
        told = {"name": f"{scope}-{len(self.there.app.reception.book.tokens)}", "scope": scope, "lasts": None}
        found = await self.there.app.commands.answer(
            "tokens.add", {**told, "teams": list(teams) or None}, "root"
        )
        self.client.headers["authorization"] = f"Bearer {found['token']}"

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/api/v1{path}", json={} if body is None else body, headers=sent)

    async def get(self, path: str) -> Any:
        return (await self.client.get(f"/api/v1{path}")).json()


@asynccontextmanager
async def asking(directory: Path, scope: str = "work") -> AsyncIterator[Asking]:
    """A shop of the team web is down and has a ticket; a mail server of infra is well."""
    with street() as town:
        services = {
            "shop": {"title": "Shop", "team": "web", "checks": {"site": town.check("shop")}},
            "mail": {"team": "infra", "checks": {"site": town.check("mail")}},
        }
        async with (
            house(directory, services, role=None, teams=TEAMS) as there,
            httpx.AsyncClient(base_url=there.address, trust_env=False, timeout=60) as client,
        ):
            await there.advance(61)
            town.broken.add("shop")
            await there.advance(90)
            made = Asking(there, town, client)
            await made.token(scope)
            yield made


async def test_a_ticket_goes_through_its_life(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        for verb, body, state in (
            ("take", {}, "acknowledged"),
            ("start", {"note": "on it"}, "in_progress"),
            ("pend", {"for": "vendor", "note": "asked them"}, "pending"),
            ("start", {}, "in_progress"),
            ("resolve", {"note": "new disk"}, "resolved"),
            ("close", {}, "closed"),
        ):
            answer = await api.post(f"/tickets/T-1/{verb}", body)
            assert answer.status_code == 200, (verb, answer.text)
            assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
            assert (await api.get("/tickets/T-1"))["state"] == state, verb
        timeline = (await api.get("/tickets/T-1"))["timeline"]
        assert {"work-0"} == {each["by"] for each in timeline if each["what"] in ("start", "resolve")}


async def test_who_saw_an_older_version_changes_nothing(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        seen = (await api.client.get("/api/v1/tickets/T-1")).headers["etag"]
        assert (await api.post("/tickets/T-1/start", if_match=seen)).status_code == 200
        assert (await api.post("/tickets/T-1/verify", if_match=seen)).status_code == 412
        late = await api.post("/tickets/T-1/resolve", {"note": "x"}, if_match=seen)
        assert (late.status_code, "was changed meanwhile" in late.json()["detail"]) == (412, True)
        assert (await api.post("/tickets/T-1/resolve", {"note": "x"}, if_match="nonsense")).status_code == 422
        assert (await api.get("/tickets/T-1"))["state"] == "in_progress"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tickets/T-1/reopen", {}, 409),
        ("/tickets/T-1/resolve", {}, 422),
        ("/tickets/T-9/ack", {}, 404),
        ("/tickets/no/ack", {}, 404),
        ("/tickets/T-1/ack", {"by": "Mallory"}, 422),
        ("/tickets/T-1/ack", {"note": "x" * 3000}, 422),
        ("/tickets/T-1/no-such-verb", {}, 404),
        ("/tickets/T-1/assign", {"to": "nobody here"}, 400),
        ("/tickets/T-1/link", {"other": "T-9"}, 404),
        ("/tickets", {"title": ""}, 422),
        ("/tickets", {"title": "x", "public": True}, 422),
    ],
)
async def test_what_cannot_be_done_is_said_as_a_problem(
    tmp_path: Path, path: str, body: Any, status: int
) -> None:
    async with asking(tmp_path) as api:
        answer = await api.post(path, body)
        assert (answer.status_code, answer.json().get("status")) == (status, status), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await api.get("/tickets/T-1"))["state"] == "new"


async def test_the_same_key_opens_one_ticket(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        body = {"title": "Cannot pay", "reporter": {"name": "Buyer", "email": "buyer@example.net"}}
        first, *others = await asyncio.gather(
            *(api.post("/tickets", body, idempotency_key="k-1") for _ in range(5))
        )
        assert first.status_code == 201
        assert {each.json()["id"] for each in others} == {first.json()["id"]}
        other = await api.post("/tickets", {**body, "title": "Cannot log in"}, idempotency_key="k-1")
        assert other.status_code == 422
        assert len(await api.get("/tickets")) == 2


async def test_the_same_key_announces_once_even_after_a_restart(tmp_path: Path) -> None:
    body = {"services": ["shop"], "lasts": "1h", "reason": "disks"}
    async with asking(tmp_path, "plan") as api:
        first = await api.post("/maintenance", body, idempotency_key="k-1")
        again = await api.post("/maintenance", body, idempotency_key="k-1")
        assert (first.status_code, again.status_code) == (201, 201)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
        other = await api.post("/maintenance", {**body, "reason": "others"}, idempotency_key="k-1")
        assert other.status_code == 422
        assert len(await api.get("/maintenance")) == 1
        key = api.client.headers["authorization"]
        at = api.there.clock.at
    async with asking(tmp_path, "plan") as api:
        api.there.clock.at = at
        api.client.headers["authorization"] = key
        after = await api.post("/maintenance", body, idempotency_key="k-1")
        assert after.json() == first.json()
        assert len(await api.get("/maintenance")) == 1


async def test_a_refused_request_may_be_mended_under_its_key(tmp_path: Path) -> None:
    async with asking(tmp_path, "plan") as api:
        body = {"services": ["shop"], "reason": "disks"}
        assert (await api.post("/maintenance", body, idempotency_key="k")).status_code == 400
        mended = await api.post("/maintenance", {**body, "lasts": "1h"}, idempotency_key="k")
        assert mended.status_code == 201


async def test_an_end_that_was_lost_is_not_done_again(tmp_path: Path) -> None:
    async with asking(tmp_path, "plan") as api:
        replays = api.there.app.replays
        answer = await api.post("/events", {"text": "v2"}, idempotency_key="k-1")
        assert answer.status_code == 201
        who = "token:plan-0"
        assert await replays.begin(who, "k-2", "request") is None
        lost = await api.post("/events", {"text": "v3"}, idempotency_key="k-2")
        assert lost.status_code == 422
        assert len(await api.get("/changes")) == 1


async def test_teams_change_their_own_alone(tmp_path: Path) -> None:
    async with asking(tmp_path, "plan") as api:
        silence = (await api.post("/silences", {"names": ["shop"], "lasts": "1h", "reason": "x"})).json()[
            "id"
        ]
        await api.token("plan", "infra")
        for path, body in (
            ("/tickets/T-1/ack", {}),
            ("/services/shop/recheck", {}),
            ("/maintenance", {"services": ["shop"], "lasts": "1h", "reason": "x"}),
            ("/silences", {"names": ["mail", "shop.site"], "lasts": "1h", "reason": "x"}),
            ("/pauses", {"name": "shop", "lasts": "1h", "reason": "x"}),
            ("/events", {"service": "shop", "text": "v2"}),
        ):
            assert (await api.post(path, body)).status_code == 404, path
        assert (await api.post("/events", {"text": "v2"})).status_code == 403
        assert (await api.client.delete(f"/api/v1/silences/{silence}")).status_code == 404
        assert (await api.post("/services/mail/recheck")).status_code == 200
        for body in ({"service": "shop"}, {"team": "web"}, {}):
            assert (await api.post("/tickets", {"title": "x", **body})).status_code == 422, body
        assert (await api.post("/tickets", {"title": "x", "team": "infra"})).status_code == 201


async def test_scopes_reach_as_far_as_they_say(tmp_path: Path) -> None:
    async with asking(tmp_path, "look") as api:
        assert (await api.post("/tickets", {"title": "x"})).status_code == 403
        assert (await api.post("/tickets/T-1/ack")).status_code == 403
        await api.token("work")
        assert (await api.post("/events", {"text": "v2"})).status_code == 403
        assert (await api.post("/tickets", {"title": "x"})).status_code == 201
        await api.token("plan")
        assert (await api.post("/reload")).status_code == 403


async def test_a_browser_needs_what_only_our_page_knows(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        del api.client.headers["authorization"]
        person = await api.there.as_(Role.AGENT)
        api.client.cookies.set("tocsin", api.there.cookie)
        assert (await api.post("/tickets/T-1/ack", origin=api.there.address)).status_code == 403
        assert (await api.post("/tickets/T-1/ack", x_csrf="x", origin=api.there.address)).status_code == 403
        done = await api.post("/tickets/T-1/ack", x_csrf=person.csrf, origin=api.there.address)
        assert done.status_code == 200


async def test_many_tickets_at_once_say_of_each_what_became_of_it(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        await api.post("/tickets", {"title": "x"})
        body = {"verb": "ack", "tickets": ["T-1", "T-2", "T-7"], "arguments": {"note": "mine"}}
        assert (await api.post("/tickets/T-2/resolve", {"note": "done"})).status_code == 200
        outcomes = {each["id"]: each for each in (await api.post("/tickets/bulk", body)).json()}
        assert [outcomes[each]["done"] for each in ("T-1", "T-2", "T-7")] == [True, False, False]
        assert outcomes["T-7"]["reason"] == "there is no such ticket"
        wrong = await api.post("/tickets/bulk", {**body, "arguments": {"by": "Mallory"}})
        assert wrong.status_code == 422


async def test_nobody_changes_without_a_pause(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        statuses = [(await api.post("/tickets/T-9/ack")).status_code for _ in range(int(CHANGES) + 1)]
        assert (set(statuses[:-1]), statuses[-1]) == ({404}, 429)


async def test_planned_things_are_made_and_ended(tmp_path: Path) -> None:
    async with asking(tmp_path, "plan") as api:
        work = (
            await api.post("/maintenance", {"services": ["shop"], "lasts": "1h", "reason": "disks"})
        ).json()
        await api.there.advance(60)
        ended = await api.client.delete(f"/api/v1/maintenance/{work['id']}")
        assert (ended.status_code, ended.json()["state"]) == (200, "over"), ended.text
        later = {"from": "2027-06-01T10:00:00Z", "to": "2027-06-01T12:00:00Z"}
        work = (await api.post("/maintenance", {"services": ["shop"], **later, "reason": "disks"})).json()
        assert (work["state"], work["from"]) == ("planned", "2027-06-01T10:00:00Z")
        assert (await api.client.delete(f"/api/v1/maintenance/{work['id']}")).status_code == 200
        assert (await api.post("/pauses", {"name": "shop", "lasts": "1h", "reason": "x"})).status_code == 201
        assert (await api.client.delete("/api/v1/pauses/shop")).status_code == 200
        assert (await api.client.delete("/api/v1/pauses/shop")).status_code == 422
        assert (await api.client.delete("/api/v1/silences/S-99")).status_code == 404
        looked = (await api.post("/services/shop/recheck")).json()
        assert looked["readings"]["shop.site"]["status"] == "down"


async def test_our_own_fault_is_a_problem_without_a_word_of_it(tmp_path: Path) -> None:
    async with asking(tmp_path) as api:
        with closing(sqlite3.connect(tmp_path / "state" / "tocsin.db")) as store:
            store.execute("ALTER TABLE spans RENAME TO lost")
            answer = await api.client.get("/api/v1/uptime")
            store.execute("ALTER TABLE lost RENAME TO spans")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert answer.json()["detail"] == "our own fault: the log of the daemon says more"
