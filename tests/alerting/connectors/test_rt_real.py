"""Debian's Request Tracker: what becomes of our tickets there, merged and lost ones too, and what RT only pretends."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Connector, Outcome, Result, Setting
from alerting.connectors.rt import TYPE, RtOptions
from alerting.connectors.rt_desk import RequestTracker
from alerting.messages import RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    OTHER,
    SINCE,
    Conformance,
    Rig,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.delivered import life
from tests.servers.rt import RequestTracker as Server

pytestmark = pytest.mark.anyio
QUEUE = "Alerts of all"
OVER = wanted(state="resolved", resolved_at=SINCE + 60_000_000)


@pytest.fixture(scope="module")
def server(program: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    setup = program("rt-setup-database-5", "request-tracker5 rt5-db-sqlite rt5-standalone")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    server = Server(setup, tmp_path_factory.mktemp("rt"), port)
    yield server
    server.stop()


class RtRig(Rig):
    """One queue for all tests; what is left of the test before is deleted."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.secrets = (server.bot,)
        self.clear()
        self.all_made: list[RequestTracker] = []
        self.connector: RequestTracker = self.made()

    def made(self, **options: Any) -> RequestTracker:
        written = {"url": self.server.url, "token": self.server.bot, "queue": QUEUE, **options}
        read = RtOptions.model_validate(written)
        self.all_made.append(RequestTracker(read, Setting("rt", "agent-1", time.time)))
        return self.all_made[-1]

    def clear(self) -> None:
        for each in self._listed("id > 0"):
            self.change(each["id"], Status="deleted")

    def change(self, number: str, **fields: Any) -> list[str]:
        """What Agent Two does to a ticket."""
        said: list[str] = self.server.ask("PUT", f"/ticket/{number}", fields)
        return said

    def other(self, key: str = KEY, token: str | None = None) -> str:
        """The number of a ticket that somebody else made."""
        body = {"Queue": QUEUE, "Subject": "other", "CustomFields": {"AlertKey": key}}
        made: str = self.server.ask("POST", "/ticket", body, token)["id"]
        return made

    async def there(self) -> list[There]:
        return [self._there(each["id"]) for each in self._listed("id > 0")]

    async def human(self, what: str, id: str) -> None:
        match what:
            case "close":
                self.change(id, Status="resolved")
            case "comment":
                body = {"Content": "<p>hello from Agent Two</p>", "ContentType": "text/html"}
                self.server.ask("POST", f"/ticket/{id}/comment", body)
            case _:
                self.change(id, Owner="agent-two")

    async def broken(self) -> Connector:
        return self.made(token="1-27-0123456789abcdef0123456789abcdef")

    def _listed(self, query: str) -> list[dict[str, Any]]:
        asked = f"/tickets?query={query.replace(' ', '%20')}&per_page=100&orderby=id"
        found: list[dict[str, Any]] = self.server.ask("GET", asked)["items"]
        return found

    def _there(self, number: str) -> There:
        ticket = self.server.ask("GET", f"/ticket/{number}")
        acts = self.server.ask("GET", f"/ticket/{number}/history?fields=Type&per_page=100")["items"]
        types = {each["id"]: each["Type"] for each in acts}
        asked = f"/ticket/{number}/attachments?fields=Content,TransactionId&per_page=100"
        texts = [
            (types[each["TransactionId"]], each["Content"]) for each in self.server.ask("GET", asked)["items"]
        ]
        return There(
            str(ticket["id"]),
            ticket["Subject"],
            "\n".join(text for _, text in texts),
            ticket["Status"] in ("resolved", "rejected"),
            tuple(text for what, text in texts if what in ("Comment", "Correspond")),
            tuple(text for what, text in texts if what == "Correspond"),
            ticket["Priority"],
        )


@pytest.fixture
async def rig(server: Server) -> AsyncIterator[RtRig]:
    rig = RtRig(server)
    yield rig
    for connector in rig.all_made:
        await connector.aclose()


class TestContract(Conformance):
    pass


async def opened(rig: RtRig, **changes: Any) -> Any:
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))


async def test_of_a_merged_ticket_the_survivor_is_seen_and_told_the_news(rig: RtRig) -> None:
    seen = await opened(rig)
    left = rig.other(OTHER)
    rig.change(seen.id, MergeInto=left)
    merged = await done(rig.connector.read(known(seen)))
    assert (merged.id, merged.state, merged.key) == (left, RemoteState.MERGED, None)
    assert await rig.connector.read(nothing_known()) == Result.ok(None)
    news = wanted(priority="critical", comments=comments("news"), said=1)
    await done(rig.connector.apply(news, known(merged)))
    (ticket,) = await rig.there()
    assert (len(ticket.comments), ticket.priority) == (1, "0")
    rig.change(left, Status="resolved")
    over = await done(rig.connector.read(known(merged)))
    assert (over.state, over.by, over.comments) == (RemoteState.RESOLVED, "agent-two", ("90c1d2e3-1",))


async def test_a_change_that_rt_only_pretends_is_told_in_its_own_words(rig: RtRig) -> None:
    seen = await opened(rig)
    odd = rig.made(resolved_status="no-such-status")
    news = wanted(state="resolved", comments=comments("news"), said=1)
    result = await odd.apply(news, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "isn't a valid status" in result.reason
    assert result.observed is not None
    assert (result.observed.state, result.observed.comments) == (RemoteState.OPEN, ("90c1d2e3-1",))


async def test_a_key_that_was_lost_is_told_with_what_mends_it(rig: RtRig) -> None:
    weak = rig.made(token=rig.server.stranger)
    result = await weak.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.PERMANENT
    assert "without AlertKey" in result.reason
    assert "ModifyCustomField" in result.reason
    assert result.observed is not None
    assert result.observed.key is None


async def test_other_fields_are_filled_in_and_missed(rig: RtRig) -> None:
    some = rig.made(fields={"Owner": "agent-two", "Nonesuch": "${service}"}, requester="boss@example.org")
    result = await some.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.PERMANENT
    assert "without Nonesuch" in result.reason
    assert result.observed is not None
    assert (result.observed.key, result.observed.assignee) == (KEY, None)  # whom we gave it did not take it
    ticket = rig.server.ask("GET", f"/ticket/{result.observed.id}")
    assert ticket["Owner"]["id"] == "agent-two"
    assert [each["id"] for each in ticket["Requestor"]] == ["boss@example.org"]
    fields = next(each for each in await some.check() if each.what == "fields")
    assert (fields.ok, "Nonesuch" in fields.text) == (False, True)


@pytest.mark.parametrize(
    ("queue", "says"), [("Nonesuch", "may not see it"), ("Keyless", "no custom field AlertKey")]
)
async def test_a_queue_that_cannot_hold_keys_takes_nothing(rig: RtRig, queue: str, says: str) -> None:
    odd = rig.made(queue=queue)
    for result in (await odd.apply(wanted(), nothing_known()), await odd.read(nothing_known())):
        assert result.outcome is Outcome.BROKEN
        assert says in result.reason
    assert any(each.ok is False and says in each.text for each in await odd.check())
    assert await rig.there() == []


async def test_twins_of_ours_are_ended_with_one_note_and_those_of_others_left_alone(rig: RtRig) -> None:
    first = await opened(rig)
    twin, _ = rig.other(token=rig.server.bot), rig.other()
    assert (await done(rig.connector.read(nothing_known()))).id == first.id
    result, twins = await rig.connector.twins(nothing_known())
    assert (result.outcome, [each.id for each in twins]) == (Outcome.OK, [first.id, twin])
    result, ours = await rig.connector.ours(10)
    assert (result.outcome, [each.id for each in ours]) == (Outcome.OK, [twin, first.id])
    for _ in range(2):
        ended = await done(rig.connector.end_twin(twins[1], first))
        assert ended.state is RemoteState.RESOLVED
    notes = {each.id: each.comments for each in await rig.there()}[twin]
    assert len(notes) == 1
    assert f"ticket {first.id} goes on" in notes[0]


async def test_what_is_deleted_is_gone_and_what_follows_is_linked(rig: RtRig) -> None:
    seen = await opened(rig)
    rig.change(seen.id, Status="deleted")
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    assert await rig.connector.read(nothing_known()) == Result.ok(None)
    missing = await rig.connector.read(known(type(seen)("999999", RemoteState.OPEN)))
    assert missing.observed is not None
    assert missing.observed.state is RemoteState.GONE
    first = await opened(rig)
    after = await done(rig.connector.apply(wanted(key=OTHER, follows=first.id), nothing_known(OTHER)))
    links = rig.server.ask("GET", f"/ticket/{after.id}")["_hyperlinks"]
    assert first.id in [each.get("id") for each in links if each["ref"] == "refers-to"]


async def test_a_user_with_a_password_is_let_in(rig: RtRig) -> None:
    connector = rig.made(user="tocsin", token="password of tocsin")
    assert (await connector.check())[0].text == "as tocsin"
    refused = await rig.made(user="tocsin", token="another").read(nothing_known())
    assert refused.outcome is Outcome.BROKEN


async def test_public_comments_are_replies(rig: RtRig) -> None:
    connector = rig.made(public_comments=True)
    await done(connector.apply(wanted(comments=comments("news"), said=1), nothing_known()))
    (ticket,) = await rig.there()
    assert len(ticket.public) == 1


async def test_who_begins_and_who_ends_it_is_seen(rig: RtRig) -> None:
    seen = await opened(rig)
    rig.change(seen.id, Status="open")
    begun = await done(rig.connector.read(known(seen)))
    assert (begun.acknowledged, begun.by) == (True, "agent-two")
    rig.change(seen.id, Status="rejected")
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.RESOLVED


async def test_a_site_that_breaks_heals_and_breaks_again_is_one_ticket(rig: RtRig, tmp_path: Path) -> None:
    written = {"url": rig.server.url, "token": rig.server.bot, "queue": QUEUE, "poll_every": "1m"}
    async with life(tmp_path, TYPE, section="helpdesks", **written) as alive:
        for begins, ended in ((alive.breaks, False), (alive.heals, True), (alive.breaks, False)):
            await begins()
            (there,) = await rig.there()
            assert there.ended is ended
        assert alive.entry.observed is not None
        assert alive.entry.observed.id == there.id
        rig.change(there.id, Status="resolved")  # a person, while it still fails
        await alive.passes(180)
        (there,) = await rig.there()
        assert there.ended
        assert alive.driven.app.pipeline.world.tickets[1].state.value == "resolved"
