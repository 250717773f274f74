"""What was seen of a ticket is taken in once and never lost; what may be there already is looked for first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agent.courier import Courier
from agent.memory import Draft
from agent.outbox import Word
from agent.store.reader import reading
from alerting.connectors.base import Can, ConnectorType, Result, Setting
from alerting.messages import Desired, Known, Observed, further
from alerting.outgoing import Outgoing, Standing
from tests.agent.test_delivery import Case, Delivering, running, services
from tests.fakes.connector import TYPE, Fakedesk, FakedeskOptions
from tests.fakes.helpdesk import ANY, Call, Helpdesk
from tests.site import Site

pytestmark = pytest.mark.anyio
HOUR = 3600 * 1_000_000


async def wants(case: Case, entry: Outgoing) -> None:
    """What another version of the entry wants is due now."""
    due = replace(entry, version=entry.version + 1, state=Standing.WAITING, next_at=0)

    def change(draft: Draft) -> None:
        draft.outbox.put((entry.helpdesk, entry.key), due)

    await case.driven.app.pipeline.change(change)


async def says(case: Case, priority: str = "") -> None:
    """A line, and a priority, for the ticket over there."""
    entry = case.entry
    desired = further(entry.desired, entry.key, [(case.driven.clock.now(), "a line")])
    desired = replace(desired, priority=priority or desired.priority)
    await wants(case, replace(entry, desired=desired))


def told(case: Case, what: str) -> list[str]:
    """The lines of that sort in the timeline of our ticket."""
    with reading(case.driven.directory / "state", "test") as store:
        return [event.text for event in store.timeline(1) if event.what == what]


async def test_a_person_who_ended_it_is_heard_when_our_line_had_no_effect(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.human("resolve", 1)
        desk.expect("comment", times=ANY)
        desk.fault("comment", "no_effect")
        await says(case)
        await case.passes(120)
        assert (case.only["state"], case.ours) == ("resolved", "resolved")


async def test_a_remark_is_taken_in_though_it_could_not_be_read_back(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.human("comment", 1, text="looking")
        desk.expect("comment", times=ANY)
        desk.fault("read", "html")
        await says(case)
        await case.passes(60)
        assert (case.entry.state, told(case, "remark")) == (Standing.DONE, ["looking"])


@pytest.mark.parametrize("how", ["refused", "busy", "lose_reply"])
async def test_what_a_person_did_is_told_once_when_a_call_was_half_done(
    tmp_path: Path, site: Site, desk: Helpdesk, how: str
) -> None:
    desk.expect("create", times=2)
    desk.expect("comment", times=ANY)
    async with running(tmp_path, site, desk, poll_every="1h", on_remote_close="new") as case:
        await case.breaks()
        desk.human("comment", 1, text="not today")
        desk.human("resolve", 1)
        desk.expect("priority")
        desk.fault("priority", how)
        await says(case, priority="critical")
        await case.passes(60)
        assert [ticket["follows"] for ticket in desk.tickets.values()] == [None, "1"]
        assert (len(told(case, "remote_close")), told(case, "remark")) == (1, ["not today"])
        assert case.ours == "new"


async def test_a_person_who_ends_it_is_heard_while_our_line_is_refused(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        desk.expect("comment")
        desk.fault("comment", "refused")
        await says(case)
        await case.passes(5)
        parked = case.entry
        desk.human("resolve", 1)
        await case.passes(120)
        assert (parked.state, case.ours, case.only["state"]) == (Standing.PARKED, "resolved", "resolved")


async def test_what_may_have_been_made_is_ended_where_it_can_only_be_said_again(
    tmp_path: Path, site: Site, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deduping(Fakedesk):
        """Cannot be searched, and makes nothing new under a key that there is."""

        def __init__(self, options: FakedeskOptions, setting: Setting) -> None:
            super().__init__(options, setting)
            self.capabilities = self.capabilities - {Can.FIND} | {Can.DEDUPE}

        async def _create(self, desired: Desired) -> Observed:
            there = await super().read(Known(desired.key, 0))
            return there.observed or await super()._create(desired)

    kind = ConnectorType(TYPE.name, "", FakedeskOptions, Deduping)
    monkeypatch.setattr(Delivering, "connectors", {TYPE.name: kind})
    desk.expect("create")
    desk.expect("comment", times=ANY)
    desk.expect("resolve")
    desk.fault("create", "lose_reply")
    async with running(tmp_path, site, desk, lag=120, deliver_resolved="none") as case:
        await case.breaks(30)
        await case.heals(300)
        assert (case.only["state"], case.entry.state) == ("resolved", Standing.DONE)


async def test_what_may_have_been_ended_is_opened_again_where_nobody_can_look(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    desk.expect("comment", times=ANY)
    desk.expect("resolve", times=ANY)
    desk.expect("reopen", times=ANY)
    async with running(tmp_path, site, desk, without=["read", "find"]) as case:
        await case.breaks()
        desk.fault("resolve", "lose_reply", times=100)
        await case.heals(30)
        assert (case.only["state"], case.entry.state) == ("resolved", Standing.DOUBT)
        await case.breaks(600)
        assert (case.ours, case.only["state"], case.entry.state) == ("in_progress", "open", Standing.DONE)


async def test_a_look_that_is_older_than_what_we_did_undoes_nothing(
    tmp_path: Path, site: Site, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(Fakedesk):
        """Its first look takes its time on the way back."""

        async def read(self, known: Known) -> Result:
            result = await super().read(known)
            if known.observed is not None and not seen.is_set():
                seen.set()
                await goes_on.wait()
            return result

    kind = ConnectorType(TYPE.name, "", FakedeskOptions, Slow)
    monkeypatch.setattr(Delivering, "connectors", {TYPE.name: kind})
    for what in ("create", "comment", "resolve"):
        desk.expect(what, times=ANY)
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        seen.set()
        await case.breaks()
        seen.clear()
        desk.human("acknowledge", 1)
        app = case.driven.app
        courier = Courier(
            app.delivery.desks["desk"], app.pipeline, case.driven.clock, lambda _name, _failure: None
        )
        look = asyncio.create_task(courier.poll(("desk", case.entry.key)))
        async with asyncio.timeout(60):
            await seen.wait()
        await case.heals(60)
        assert (case.ours, case.only["state"]) == ("resolved", "resolved")
        goes_on.set()
        await look
        assert (case.ours, case.entry.observed and case.entry.observed.state) == ("resolved", "resolved")


async def test_what_was_refused_is_looked_for_before_it_is_made_at_a_persons_word(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    desk.fault("create", "refused")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        assert case.entry.state is Standing.PARKED
        desk.done(Call("create", None, {**desk.calls[-1].body}))  # it was made all the same
        await case.driven.app.delivery.follow(Word("jo", case.entry.key))
        await case.passes(30)
        assert (len(desk.tickets), desk.count("create")) == (1, 1)
        assert (case.entry.state, case.entry.observed and case.entry.observed.id) == (Standing.DONE, "1")


async def test_what_was_refused_is_made_at_a_persons_word_where_nobody_can_look(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "refused")
    async with running(tmp_path, site, desk, without=["find"]) as case:
        await case.breaks()
        await case.driven.app.delivery.follow(Word("jo", case.entry.key))
        await case.passes(5)
        assert (case.only["state"], case.entry.state) == ("open", Standing.DONE)


async def test_one_that_comes_to_light_late_is_found_before_the_next_is_made(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    desk.lag = 100  # its vendor says 20
    desk.fault("create", "lose_reply")
    desk.fault("create", "busy", after=120)
    async with running(tmp_path, site, desk, lag=20) as case:
        await case.breaks(60)
        assert desk.count("create") == 2
        await case.passes(300)
        assert (len(desk.tickets), desk.count("create")) == (1, 2)
        assert (case.entry.state, case.entry.observed and case.entry.observed.id) == (Standing.DONE, "1")


async def test_a_twin_that_nobody_can_end_keeps_nobody_from_looking(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()

        def change(draft: Draft) -> None:
            draft.outbox.put(("desk", case.entry.key), replace(case.entry, twins_at=0))

        await case.driven.app.pipeline.change(change)
        desk.human("acknowledge", 1)
        await case.passes(120)
        assert case.ours == "acknowledged"


async def test_when_it_answers_again_all_that_waits_for_it_is_due_at_once(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=ANY)
    async with running(tmp_path, site, desk) as case:
        desk.close()
        await case.breaks(300)
        first, now = case.entry, case.driven.clock.now()
        assert first.next_at is not None

        def change(draft: Draft) -> None:
            for number in range(20):
                key = f"toc-{number:032}"
                desired = replace(first.desired, key=key)
                other = replace(first, key=key, desired=desired, attempts=12, changed_at=now + number)
                draft.outbox.put(("desk", key), replace(other, next_at=now + HOUR))

        await case.driven.app.pipeline.change(change)
        desk.open()
        await case.passes((first.next_at - now) / 1_000_000 + 60)
        assert len(desk.tickets) == 21
        keys = [ticket["key"] for ticket in desk.tickets.values()]
        assert keys[0] == first.key


async def test_a_helpdesk_that_takes_nothing_starves_no_other(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    away = Helpdesk()
    away.fault("*", "busy", times=ANY, after=3600)
    both = {
        name: {"type": "fakedesk", "url": each.url, "token": desk.token, "poll_every": "1m"}
        for name, each in (("desk", desk), ("away", away))
    }
    desk.expect("create", times=ANY)
    away.expect("create", times=ANY)
    with away:
        both["away"]["url"] = away.url
        routes = [{"match": {"service": "web"}, "send_to": ["away", "desk"]}]
        driven = Delivering(tmp_path, services(site), helpdesks=both, routes=routes)
        async with driven:
            case = Case(driven, site, desk)
            await case.passes(20)
            await case.breaks(30)
            outbox = driven.app.pipeline.world.outbox
            (stuck,) = (entry for entry in outbox.values() if entry.helpdesk == "away")
            assert (stuck.unsent, driven.app.delivery.desks["away"].paused) == (True, "HTTP 429")

            def change(draft: Draft) -> None:
                """A hundred that are older than all others."""
                for number in range(100):
                    key = f"toc-{number:032}"
                    other = replace(
                        stuck, key=key, changed_at=number, next_at=0, desired=replace(stuck.desired, key=key)
                    )
                    draft.outbox.put(("away", key), other)

            await driven.app.pipeline.change(change)
            desk.expect("comment", times=ANY)
            desk.expect("resolve")
            await case.heals(60)
            assert case.only["state"] == "resolved"
            assert not away.tickets
